package signin

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/pestle-fhir/pestle/server/page"
	"github.com/pestle-fhir/pestle/server/people"
	"github.com/pestle-fhir/pestle/server/webauthn"
)

// What the pages say where there is no answer of a passkey, and where there is one
// that is not taken: nobody is told more.
const (
	needsScript = "The browser sent no passkey. Passkeys need JavaScript: allow it for this address and try again, or use another browser."
	tooLate     = "The page waited for more than 5 minutes, was sent before, or the server was restarted. Try again."
	notTaken    = "You are not signed in: the passkey is not one of this server, was removed, or its user is disabled. Ask who runs this server."
)

// signIn asks for a passkey, and takes the answer.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, form url.Values) {
	back := backOf(form.Get("back"))
	if r.Method != http.MethodPost {
		s.signInPage(w, http.StatusOK, back, "")
		return
	}
	a, err := answerIn(form)
	if a == nil && err == nil {
		s.signInPage(w, http.StatusUnprocessableEntity, back, needsScript)
		return
	}
	challenge := s.challenges.read(form.Get("challenge"), signedIn, s.config.Clock())
	if challenge == nil || !s.challenges.take(challenge, s.config.Clock()) {
		s.signInPage(w, http.StatusForbidden, back, tooLate)
		return
	}
	p, err := s.verified(a, challenge, err)
	if err != nil {
		s.challenges.putBack(challenge)
	}
	switch {
	case err != nil && !refusal(err):
		s.unavailable(w, err)
	case err != nil:
		s.config.Logger.Warn("sign-in refused", "user", p.ID, "fault", err)
		s.failed(r, signedIn, known(&p))
		s.signInPage(w, http.StatusForbidden, back, notTaken)
	default:
		if err := s.done(r, signedIn, &p); err != nil {
			s.unavailable(w, err)
			return
		}
		s.begin(w, r, s.passkeySession(p.ID, a.ID), back)
	}
}

// verified returns whose passkey answered a challenge.
func (s *Server) verified(a *webauthn.Answer, challenge []byte, err error) (people.Person, error) {
	if err != nil {
		return people.Person{}, err
	}
	return s.config.People.Use(a.ID, a.Response.User, func(c webauthn.Credential) (webauthn.Credential, error) {
		return s.party.Assert(a, challenge, c)
	})
}

// refusal reports whether an error is about what was sent: others are the server's.
func refusal(err error) bool {
	for _, kind := range []error{people.ErrUnknown, people.ErrInvite, webauthn.ErrForm, webauthn.ErrType, webauthn.ErrChallenge, webauthn.ErrOrigin, webauthn.ErrParty,
		webauthn.ErrPresence, webauthn.ErrKey, webauthn.ErrSignature, webauthn.ErrCount, webauthn.ErrStatement} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// known is a person of whom something is known, nil for nobody.
func known(p *people.Person) *people.Person {
	if p.Agent() == "" {
		return nil
	}
	return p
}

func (s *Server) signInPage(w http.ResponseWriter, status int, back, problem string) {
	other, way := "", ""
	if o := s.config.OpenID; o != nil {
		other, way = o.Name, openIDPath+"?"+url.Values{"back": {back}}.Encode()
	}
	show(w, status, &page.SignIn{Site: s.config.Site, Back: back, Problem: problem, Other: other, OtherWay: way, Passkey: s.passkey("get", signedIn, "Sign in with a passkey",
		map[string]any{"rpId": s.party.ID, "userVerification": "required"})})
}

// signOut ends the session of the browser.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		lead(w, AccountPath)
		return
	}
	name := s.nameIn(r)
	if p, _, ok := s.config.People.Signed(name); ok {
		if err := s.done(r, signedOut, &p); err != nil {
			s.config.Logger.Error("a sign-out cannot be recorded", "error", err) // it ends all the same
		}
	}
	if err := s.config.People.End(name); err != nil {
		s.unavailable(w, err)
		return
	}
	s.setCookie(w, "", -1)
	lead(w, SignInPath)
}
