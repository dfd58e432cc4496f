package signin

import (
	"net"
	"net/http"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/people"
)

// What is recorded.
const (
	signedIn       = "sign-in"
	signedOut      = "sign-out"
	registered     = "passkey-register"
	removed        = "passkey-remove"
	sessionsEnded  = "sessions-end"
	appEnded       = "app-end"
	anonymousAgent = "anonymous"
)

// done records what a person does, before it has an effect. An error says that it
// must have none.
func (s *Server) done(r *http.Request, what string, p *people.Person) error {
	return s.config.Audit.Record(r.Context(), s.access(r, what, http.StatusOK, p))
}

// failed records a failure; p is whose passkey or invitation it was, nil where that is
// not known. What anybody can cause is bounded by [limit.Denials].
func (s *Server) failed(r *http.Request, what string, p *people.Person) {
	unrecorded, take := s.denials.Take(s.config.Clock())
	if !take {
		return
	}
	a := s.access(r, what, http.StatusUnauthorized, p)
	a.Unrecorded = unrecorded
	if err := s.config.Audit.Record(r.Context(), a); err != nil {
		s.config.Logger.Error("a failed sign-in cannot be recorded", "error", err)
	}
}

func (s *Server) access(r *http.Request, what string, status int, p *people.Person) *fhir.Access {
	a := &fhir.Access{Time: s.config.Clock(), Interaction: what, Status: status, By: fhir.Principal{Agent: anonymousAgent}, Address: r.RemoteAddr, Method: r.Method, Target: r.URL.Path}
	if p != nil {
		a.By = fhir.Principal{Agent: p.Agent(), Display: p.Name, OnBehalf: p.Organisation, Roles: p.Roles}
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		a.Address = host
	}
	return a
}
