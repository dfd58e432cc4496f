package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// code is an authorization code: what it gives, and to whom. It is taken once; one
// that was presented in vain is used too.
type code struct {
	Grant     grant  `json:"grant"`
	Redirect  string `json:"redirect_uri"`
	Challenge string `json:"code_challenge"`
	Nonce     string `json:"nonce,omitempty"`
	Expires   int64  `json:"exp"`
	Used      string `json:"used,omitempty"` // the grant that it gave, or nothing where it gave none

	again bool // it came again while its first use was under way
}

const (
	codeLife = time.Minute      // SMART App Launch: "should be about one minute"
	usedLife = 10 * time.Minute // how long a code that was used is remembered, so that using it again ends what it gave
	nothing  = "nothing"
)

// challengeForm is that of a code_challenge by S256, and verifierForm that of a
// code_verifier: RFC 7636 section 4.
var (
	challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	verifierForm  = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)
)

// newCode makes a code, durable when it returns.
func (s *Server) newCode(k *code) (string, error) {
	text := random(tokenSize)
	key := hash(sha256.Sum256([]byte(text)))
	now := s.now()
	k.Expires = now.Add(codeLife).Unix()
	values := map[string][]byte{codeName + string(key[:]): k.record()}
	s.sweep(now, values)
	if err := s.writer.write(values); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[key] = k
	return text, nil
}

func (k *code) record() []byte {
	text, err := json.Marshal(k)
	if err != nil {
		panic(err) // texts and numbers
	}
	return text
}

func badGrant(member, message string) error {
	return &failure{status: http.StatusBadRequest, code: "invalid_grant", member: member, message: message}
}

// redeem returns an app's tokens for a code: RFC 6749 section 4.1.3.
func (s *Server) redeem(r *http.Request, c *Client, form url.Values, values map[string][]byte) (map[string]any, error) {
	if form.Get("code") == "" {
		return nil, badRequest("code", "expected the code that came to redirect_uri")
	}
	key := hash(sha256.Sum256([]byte(form.Get("code"))))
	id := random(grantIDSize)
	k, first := s.use(key, id)
	switch {
	case k == nil:
		return nil, s.unsettled(values, badGrant("code", "it has expired or was never given"))
	case !first:
		return nil, s.unsettled(values, s.usedTwice(k))
	}
	values[codeName+string(key[:])] = k.record()
	if err := s.fits(k, c, form); err != nil {
		k.Used = nothing
		values[codeName+string(key[:])] = k.record()
		return nil, s.unsettled(values, err)
	}
	p, there := s.current(k.Grant.Person)
	if !there {
		return nil, s.unsettled(values, badGrant("code", "it is of somebody who has left"))
	}
	g := k.Grant
	g.Person = p
	g.ID, g.Issued, g.Expires = id, s.now().Unix(), k.Grant.limit(s.now())
	answer, err := s.begin(r, &g, k.Nonce, values)
	if err == nil && s.cameAgain(key) {
		return nil, s.usedTwice(k)
	}
	return answer, err
}

func (s *Server) cameAgain(key hash) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.codes[key] != nil && s.codes[key].again
}

// use takes a code out of force and returns a copy of it; first reports that nobody
// did before.
func (s *Server) use(key hash, grant string) (k *code, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.codes[key]
	if known == nil {
		return nil, false
	}
	used := *known
	if first = used.Used == ""; first {
		used.Used = grant
	}
	used.again = !first
	s.codes[key] = &used
	out := used
	return &out, first
}

// usedTwice ends what a code gave that comes again: it, or its first use, is by
// somebody who has stolen it.
func (s *Server) usedTwice(k *code) error {
	if err := s.endGrant(k.Used); err != nil {
		return err
	}
	return badGrant("code", "it was used before; what it gave is revoked")
}

// fits refuses a code that was given to another client, for another address or for
// another verifier, or that has expired.
func (s *Server) fits(k *code, c *Client, form url.Values) error {
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case k.Grant.Client != c.ID:
		return badGrant("code", "it was given to another client")
	case s.now().Unix() >= k.Expires:
		return badGrant("code", "it has expired: a code lasts for 60 seconds")
	case form.Get("redirect_uri") != k.Redirect:
		return badGrant("redirect_uri", "it is not that of the authorization request")
	case !verifierForm.MatchString(form.Get("code_verifier")):
		return badGrant("code_verifier", "expected 43 to 128 letters, digits and - . _ ~ (RFC 7636)")
	case subtle.ConstantTimeCompare([]byte(challenge), []byte(k.Challenge)) != 1:
		return badGrant("code_verifier", "its SHA-256 is not the code_challenge of the authorization request")
	}
	return nil
}

// unsettled stores what must be durable before a refusal, and returns the refusal.
func (s *Server) unsettled(values map[string][]byte, refusal error) error {
	if len(values) == 0 {
		return refusal
	}
	if err := s.writer.write(values); err != nil {
		return err
	}
	return refusal
}
