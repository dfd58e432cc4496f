package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Health answers as /health, /health/live and /health/ready do, for a listener of its own.
func (s *Server) Health() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", s.health)
	mux.HandleFunc("GET /health/live", s.live)
	mux.HandleFunc("GET /health/ready", s.healthReady)
	return mux
}

// live answers as long as the process does.
func (s *Server) live(w http.ResponseWriter, _ *http.Request) {
	health(w, http.StatusOK, "pass", "", nil)
}

// health tells whether requests can be answered.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if !s.ready(r.Context()) {
		s.healthy(w, http.StatusServiceUnavailable, "fail", noReads)
		return
	}
	s.healthy(w, http.StatusOK, "pass", "")
}

// healthReady tells whether requests can be served: 503 with the reason where they
// cannot.
func (s *Server) healthReady(w http.ResponseWriter, r *http.Request) {
	status, causes := s.Ready(r.Context())
	code := http.StatusOK
	if status == "fail" {
		code = http.StatusServiceUnavailable
	}
	s.healthy(w, code, status, causes)
}

// Ready tells whether requests can be served, writes among them: "fail" with
// the reasons where the store takes none, or where answers may be wrong. Damage to
// the data is a warning, since what is not damaged is served, and so is a backlog
// that refuses new prescriptions alone. All that is wrong is told, since one cause may
// stop several things; "" and "pass" for nothing.
func (s *Server) Ready(ctx context.Context) (status, causes string) {
	why := s.unready(ctx)
	warnings := s.warnings()
	switch {
	case why != nil:
		return "fail", strings.TrimSpace(strings.Join(append(why, warnings), " "))
	case !s.ready(ctx):
		return "fail", noReads
	case warnings != "":
		return "warn", warnings
	}
	return "pass", ""
}

// noReads is said where the store does not answer.
const noReads = "The store answers no reads."

// unready is why requests are not served, sentences; nil where they are.
func (s *Server) unready(ctx context.Context) (why []string) {
	if s.config.Writable != nil {
		if err := s.config.Writable(); err != nil {
			s.config.Logger.ErrorContext(ctx, "not ready", "error", err)
			why = append(why, reason(err))
		}
	}
	if s.config.Wrong != nil {
		if wrong := s.config.Wrong(); wrong != "" {
			s.config.Logger.ErrorContext(ctx, "not ready", "error", wrong)
			why = append(why, wrong)
		}
	}
	return why
}

// warnings are what is wrong although requests are served; "" for nothing.
func (s *Server) warnings() string {
	var all []string
	for _, warning := range s.config.Warnings {
		if text := warning(); text != "" {
			all = append(all, text)
		}
	}
	return strings.Join(all, " ")
}

// reason is an error in the words for a client, without its cause.
func reason(err error) string {
	var e *fhir.Error
	if !errors.As(err, &e) || len(e.Issues) == 0 {
		return "The store takes no writes."
	}
	return e.Issues[0].Message
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

// healthy is health with what is told of the server.
func (s *Server) healthy(w http.ResponseWriter, status int, word, output string) {
	var notes []string
	if s.config.Notes != nil {
		notes = s.config.Notes()
	}
	health(w, status, word, output, notes)
}

// health writes a health check response, as draft-inadarei-api-health-check has
// it: the status and, where that is no pass, why.
func health(w http.ResponseWriter, status int, word, output string, notes []string) {
	w.Header().Set("Content-Type", "application/health+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(fhir.Obj("status", word, "output", output, "notes", notes).JSON(), '\n'))
}
