package signin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/limit"
	"github.com/pestle-fhir/pestle/server/people"
)

// LogoutPath is where the provider says that somebody has signed out there: OpenID
// Connect Back-Channel Logout 1.0, the backchannel_logout_uri below the origin.
const LogoutPath = openIDPath + "/logout"

// logoutEvent is the member of the claim events of a logout token.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutRate is how many logout tokens of one address are looked at: all people of a
// pharmacy may sign out at once.
var logoutRate = limit.Rate{Second: 10, Burst: 200}

// logout ends the sessions that a logout token is about. There is no session of a
// browser: the provider calls.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if wait := s.logouts.Take(limit.Address(r), s.config.Clock()); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	raw, status, problem := logoutToken(w, r)
	if problem != nil {
		answerLogout(w, status, problem)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), openIDTime)
	defer cancel()
	provider, err := s.config.OpenID.find(s.config.Clock())
	if err != nil {
		s.config.Logger.Error("the OpenID provider does not answer", "issuer", s.config.OpenID.Issuer, "error", err)
		answerLogout(w, http.StatusServiceUnavailable, errors.New("the keys of the provider cannot be read at present"))
		return
	}
	about, err := s.logoutClaims(ctx, provider, raw)
	if err != nil {
		s.config.Logger.Warn("a logout token is refused", "issuer", s.config.OpenID.Issuer, "fault", err)
		s.failed(r, signedOut, nil)
		answerLogout(w, http.StatusBadRequest, err)
		return
	}
	if err := s.signedOutThere(r, about); err != nil {
		s.ids.forget(about.id)
		s.config.Logger.Error("a sign-out at the OpenID provider", "error", err)
		answerLogout(w, http.StatusServiceUnavailable, errors.New("what must be stored or recorded cannot be at present"))
		return
	}
	w.WriteHeader(http.StatusOK)
}

// answerLogout says why a logout token is not taken: section 2.8.
func answerLogout(w http.ResponseWriter, status int, problem error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	code := "invalid_request"
	if status >= http.StatusInternalServerError {
		code = "temporarily_unavailable"
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": problem.Error()})
}

// logoutToken is the token of a request: section 2.5.
func logoutToken(w http.ResponseWriter, r *http.Request) (raw string, status int, problem error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return "", http.StatusMethodNotAllowed, errors.New("this address takes POST")
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" {
		return "", http.StatusUnsupportedMediaType, errors.New("expected application/x-www-form-urlencoded in the body, and nothing in the URL")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return "", http.StatusBadRequest, errors.New("the body is longer than 64 kB, or broke off")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form["logout_token"]) != 1 {
		return "", http.StatusBadRequest, errors.New("logout_token: expected it once")
	}
	return form.Get("logout_token"), 0, nil
}

// signOutThere is what a logout token says.
type signOutThere struct {
	id       string // jti
	sub, sid string // one of them at least
	issued   time.Time
}

// logoutClaims verifies a logout token: section 2.6.
func (s *Server) logoutClaims(ctx context.Context, provider *oidc.Provider, raw string) (about signOutThere, err error) {
	if _, _, err := auth.Parts(raw, "logout+jwt", "jwt"); err != nil {
		return about, err
	}
	now := s.config.Clock()
	token, err := provider.Verifier(&oidc.Config{ClientID: s.config.OpenID.ClientID, SupportedSigningAlgs: openIDAlgorithms, Now: func() time.Time { return now.Add(-openIDSkew) }}).Verify(ctx, raw)
	if err != nil {
		return about, &auth.Fault{Member: "logout_token", Message: "its signature, iss, aud or exp is not as expected"}
	}
	claims := claimSet{}
	if err := token.Claims(&claims); err != nil {
		return about, err
	}
	events, _ := claims["events"].(map[string]any)
	_, event := events[logoutEvent].(map[string]any)
	_, nonce := claims["nonce"]
	about = signOutThere{id: claims.text("jti"), sub: claims.text("sub"), sid: claims.text("sid"), issued: token.IssuedAt}
	fault := func(member, message string) (signOutThere, error) {
		return about, &auth.Fault{Member: member, Message: message}
	}
	switch {
	case !event:
		return fault("events", "expected the member "+logoutEvent+", an object")
	case nonce:
		return fault("nonce", "a logout token has none")
	case token.IssuedAt.After(now.Add(openIDSkew)) || now.Sub(token.IssuedAt) > openIDLife:
		return fault("iat", "it was issued in the future, or long ago: compare the clocks")
	case about.id == "" || len(about.id) > maxClaim:
		return fault("jti", "expected a text of at most 255 bytes")
	case !isTextOrNothing(claims["sub"]) || !isTextOrNothing(claims["sid"]) || about.sub == "" && about.sid == "":
		return fault("sub", "expected sub or sid, a text of at most 255 bytes")
	case !s.ids.take(about.id, now, token.Expiry.Add(openIDSkew)):
		return fault("jti", "it was used before")
	}
	return about, nil
}

// maxClaim is the longest sub, sid or jti, in bytes.
const maxClaim = 255

// isTextOrNothing reports whether a claim is not there, or is a text as it may be.
func isTextOrNothing(claim any) bool {
	text, ok := claim.(string)
	return claim == nil || ok && text != "" && len(text) <= maxClaim
}

// signedOutThere ends the sessions here that were begun by signing in there, before the
// token was issued, and what apps may do as long as the person is signed in.
func (s *Server) signedOutThere(r *http.Request, about signOutThere) error {
	person := ""
	if about.sub != "" {
		p, ok := s.config.People.BySubject(people.Subject(s.config.OpenID.Issuer, about.sub))
		if !ok {
			return nil // nobody here
		}
		person = p.ID
	}
	return s.config.People.EndProvided(s.config.OpenID.Issuer, about.sid, person, about.issued.Add(openIDSkew), func(p people.Person) error {
		if err := s.done(r, signedOut, &p); err != nil || s.config.Apps == nil {
			return err
		}
		return s.config.Apps.EndOnline(p.ID)
	})
}

// usedIDs are the jti of logout tokens that were taken, until they expire.
type usedIDs struct {
	mu sync.Mutex
	of map[string]time.Time
}

// mostIDs bounds how many are remembered: a provider that sends more in the time of a
// token is not answered.
const mostIDs = 100_000

// take takes an id; false where it was taken before.
func (u *usedIDs) take(id string, now, expires time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.of == nil {
		u.of = map[string]time.Time{}
	}
	if len(u.of) >= mostIDs {
		for old, until := range u.of {
			if !now.Before(until) {
				delete(u.of, old)
			}
		}
	}
	if until, before := u.of[id]; before && now.Before(until) || len(u.of) >= mostIDs {
		return false
	}
	u.of[id] = expires
	return true
}

// forget lets an id be used again, of which nothing came.
func (u *usedIDs) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.of, id)
}
