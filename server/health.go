package server

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// live answers as long as the process does.
func (s *Server) live(w http.ResponseWriter, _ *http.Request) { health(w, http.StatusOK, "pass") }

// health tells whether requests can be served: the store must answer a read
// within two seconds.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if _, _, err := s.config.Repository.ReceiptFor(ctx, "health"); err != nil {
		s.config.Logger.ErrorContext(ctx, "not ready", "error", err)
		health(w, http.StatusServiceUnavailable, "fail")
		return
	}
	health(w, http.StatusOK, "pass")
}

func health(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "application/health+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"status":%q}`+"\n", word)
}
