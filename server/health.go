package server

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// live answers as long as the process does.
func (s *Server) live(w http.ResponseWriter, _ *http.Request) { health(w, http.StatusOK, "pass") }

// health tells whether requests can be served.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if !s.ready(r.Context()) {
		health(w, http.StatusServiceUnavailable, "fail")
		return
	}
	health(w, http.StatusOK, "pass")
}

// ready reports whether the store answers a read within two seconds.
func (s *Server) ready(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, _, err := s.config.Repository.ReceiptFor(ctx, "health")
	if err != nil {
		s.config.Logger.ErrorContext(ctx, "not ready", "error", err)
	}
	return err == nil
}

func health(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "application/health+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"status":%q}`+"\n", word)
}
