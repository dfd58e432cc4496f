package signin

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/pestle-fhir/pestle/server/page"
	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/webauthn"
)

// invitation takes the code of an invitation, and then the passkey of whom it invites.
func (s *Server) invitation(w http.ResponseWriter, r *http.Request, form url.Values) {
	view := &page.Invitation{Site: s.config.Site}
	if r.Method != http.MethodPost {
		show(w, http.StatusOK, view)
		return
	}
	code := form.Get("code")
	p, replace, err := s.config.People.Invited(code)
	if err != nil {
		s.failed(r, registered, nil)
		view.Problem = "The code is not valid: it was used, has expired or was never issued. Ask who runs this server for another one."
		show(w, http.StatusForbidden, view)
		return
	}
	ask := func(status int, problem string) {
		view.Problem, view.Code, view.Person, view.Organisation, view.Replace = problem, code, p.Name, p.Organisation, replace
		view.Passkey = s.creation(&p, registered+" "+code)
		show(w, status, view)
	}
	if !form.Has("answer") {
		ask(http.StatusOK, "")
		return
	}
	c, challenge, problem := s.made(form, registered+" "+code)
	if problem != "" {
		if form.Get("answer") != "" {
			s.failed(r, registered, &p)
		}
		ask(http.StatusUnprocessableEntity, problem)
		return
	}
	if err := s.done(r, registered, &p); err != nil {
		s.unavailable(w, err)
		return
	}
	p, err = s.config.People.Register(code, c)
	switch {
	case errors.Is(err, people.ErrInvite):
		view.Problem = "The code was used meanwhile."
		show(w, http.StatusForbidden, view)
	case errors.Is(err, people.ErrPasskeys):
		ask(http.StatusUnprocessableEntity, "The passkey is not registered: "+err.Error()+".")
	case err != nil:
		s.unavailable(w, err)
	default:
		s.challenges.take(challenge, s.config.Clock())
		s.begin(w, r, s.passkeySession(p.ID, c.ID), AccountPath)
	}
}

// creation is the form that makes a passkey for a person.
func (s *Server) creation(p *people.Person, purpose string) page.Passkey {
	text := func(b []byte) string {
		out, _ := webauthn.Bytes(b).MarshalText()
		return string(out)
	}
	var algorithms, before []map[string]any
	for _, a := range webauthn.Algorithms() {
		algorithms = append(algorithms, map[string]any{"type": "public-key", "alg": a})
	}
	for _, k := range p.Passkeys {
		before = append(before, map[string]any{"type": "public-key", "id": text(k.ID)})
	}
	options := map[string]any{
		"rp": map[string]any{"id": s.party.ID, "name": s.config.Site.Name}, "user": map[string]any{"id": text(p.Handle), "name": p.ID, "displayName": p.Name},
		"pubKeyCredParams": algorithms, "attestation": "none",
		"authenticatorSelection": map[string]any{"residentKey": "required", "requireResidentKey": true, "userVerification": "required"},
	}
	if before != nil {
		options["excludeCredentials"] = before
	}
	return s.passkey("create", purpose, "Create a passkey", options)
}

// made is the passkey that a browser made for a purpose, or the problem with it.
func (s *Server) made(form url.Values, purpose string) (c *webauthn.Credential, challenge []byte, problem string) {
	a, err := answerIn(form)
	if a == nil && err == nil {
		return nil, nil, needsScript
	}
	if challenge = s.challenges.read(form.Get("challenge"), purpose, s.config.Clock()); challenge == nil {
		return nil, nil, tooLate
	}
	if err == nil {
		c, err = s.party.Register(a, challenge)
	}
	if err != nil {
		return nil, nil, "The passkey is not registered: " + err.Error() + "."
	}
	return c, challenge, ""
}
