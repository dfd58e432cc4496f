package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
)

// known returns the client that a request is of, and what must be durable before it
// is answered: one that signed an assertion, that sent its secret, or a public app
// by its name alone.
func (s *Server) known(r *http.Request, form url.Values) (*Client, map[string][]byte, error) {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case form.Has("client_secret"):
		return nil, nil, unknownClient("client_secret", "a secret goes in the Authorization header alone (client_secret_basic)")
	case strings.EqualFold(scheme, "Basic"):
		if form.Has("client_assertion") {
			return nil, nil, badRequest("client_assertion", "expected one way of authentication")
		}
		c, err := s.bySecret(r, form)
		return c, map[string][]byte{}, err
	case form.Has("client_assertion") || form.Has("client_assertion_type") || scheme != "":
		return s.asserted(r, form)
	}
	id := form.Get("client_id")
	if id == "" {
		id = s.refreshed(form)
	}
	c := s.clients.get(id)
	_, _, refresh := splitRefresh(form.Get("refresh_token"))
	switch {
	case id == "" && refresh:
		return nil, nil, badGrant("refresh_token", "it has expired or was revoked")
	case id == "":
		return nil, nil, unknownClient("client_id", "expected a client_assertion, a secret in the Authorization header, or of a public app its client_id")
	case c == nil || c.Disabled:
		return nil, nil, unknownClient("client_id", "no client is registered under this client_id, or it is disabled")
	case !c.Public():
		return nil, nil, unknownClient("client_id", "the client is not a public one: it must prove who it is")
	}
	return c, map[string][]byte{}, nil
}

// refreshed is the client whose refresh token comes without a client_id, which the
// request of SMART App Launch does not have; "" for none.
func (s *Server) refreshed(form url.Values) string {
	id, _, ok := splitRefresh(form.Get("refresh_token"))
	if g := s.granted(id); ok && g != nil {
		return g.Client
	}
	return ""
}

// bySecret is the client that sent its secret: RFC 6749 section 2.3.1, whose
// members are in the form of a query.
func (s *Server) bySecret(r *http.Request, form url.Values) (*Client, error) {
	name, secret, ok := r.BasicAuth()
	id, errID := url.QueryUnescape(name)
	text, errSecret := url.QueryUnescape(secret)
	if !ok || errID != nil || errSecret != nil || len(r.Header.Values("Authorization")) > 1 {
		return nil, unknownClient("Authorization", "expected Basic with the client_id and the secret")
	}
	c := s.clients.get(id)
	sum := sha256.Sum256([]byte(text))
	if c == nil || c.Disabled || c.Secret == nil || subtle.ConstantTimeCompare(sum[:], c.Secret) != 1 {
		return nil, unknownClient("Authorization", "there is no such client, it is disabled, or its secret is another one")
	}
	if form.Has("client_id") && form.Get("client_id") != c.ID {
		return nil, unknownClient("client_id", "it is not that of the Authorization header")
	}
	if wait := s.limits.clients.Take(c.ID, s.now()); wait > 0 {
		return nil, tooMany(wait)
	}
	return c, nil
}

// NewSecret makes a secret for a client, and what is kept of it.
func NewSecret() (text string, kept []byte) {
	text = random(tokenSize)
	sum := sha256.Sum256([]byte(text))
	return text, sum[:]
}
