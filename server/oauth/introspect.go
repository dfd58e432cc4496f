package oauth

import (
	"crypto/sha256"
	"net/http"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/server/auth"
)

// introspectAny is the operation whose scope, system/$introspect, lets a caller
// introspect the tokens of other clients.
const introspectAny = "$introspect"

// introspect is RFC 7662. A caller is known by an access token or by an assertion,
// and learns of its own client's tokens; with the scope system/$introspect, of
// all. Everything else is a token that is not active.
func (s *Server) introspect(r *http.Request, form url.Values) (client string, answer map[string]any, err error) {
	client, all, err := s.caller(r, form)
	if err != nil {
		return "", nil, err
	}
	text := form.Get("token")
	if text == "" {
		return client, nil, badRequest("token", "expected the token")
	}
	t := s.find(text)
	if t == nil || t.Client != client && !all {
		return client, map[string]any{"active": false}, nil
	}
	answer = map[string]any{"active": true, "scope": t.Scope, "client_id": t.Client, "exp": t.Expires, "iat": t.Issued, "token_type": "bearer",
		"sub": t.identity.Requester.Agent, "organisation": t.identity.Requester.OnBehalf}
	if t.Person != nil {
		answer["fhirUser"] = t.Person.Agent
	}
	if t.Proved > 0 {
		answer["auth_time"] = t.Proved // RFC 9470 section 6.2
	}
	if t.Grant != "" {
		answer["iss"] = s.issuer(r)
		if answer["fhirUser"] = s.fhirUser(r, t.Person); answer["fhirUser"] == "" {
			delete(answer, "fhirUser")
		}
	}
	for name, value := range map[string]string{"patient": t.Patient, "encounter": t.Encounter} {
		if value != "" {
			answer[name] = value
		}
	}
	return client, answer, nil
}

// revoke is RFC 7009: a client takes back a token of its own. Of all others the
// answer is the same, and nothing is done.
func (s *Server) revoke(r *http.Request, form url.Values) (client string, answer map[string]any, err error) {
	if client, err = s.owner(r, form); err != nil {
		return "", nil, err
	}
	if form.Get("token") == "" {
		return client, nil, badRequest("token", "expected the token")
	}
	if id, secret, ok := splitRefresh(form.Get("token")); ok {
		return client, map[string]any{}, s.endGrants(func(g *grant) bool { return g.ID == id && g.Client == client && g.fits(secret) })
	}
	key := hash(sha256.Sum256([]byte(form.Get("token"))))
	t := s.find(form.Get("token"))
	if t == nil || t.Client != client {
		return client, map[string]any{}, nil
	}
	return client, map[string]any{}, s.revoked(key)
}

// caller is who asks about tokens: the client of an access token, or one that
// signed an assertion.
func (s *Server) caller(r *http.Request, form url.Values) (client string, all bool, err error) {
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Basic") {
		c, err := s.bySecret(r, form)
		if err != nil {
			return "", false, err
		}
		return c.ID, false, nil
	}
	if r.Header.Get("Authorization") != "" {
		text, err := auth.Token(r)
		if err != nil {
			return "", false, unknownClient("Authorization", "expected one Bearer token")
		}
		t := s.find(text)
		if t == nil {
			return "", false, unknownClient("Authorization", "the token is not in force")
		}
		return t.Client, t.identity.MayInvoke(introspectAny, ""), nil
	}
	c, values, err := s.asserted(r, form)
	if err != nil {
		return "", false, err
	}
	return c.ID, false, s.writer.write(values)
}

// owner is who takes a token back: as [Server.caller], or in the way in which it got
// the token, a public app by its name.
func (s *Server) owner(r *http.Request, form url.Values) (client string, err error) {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") || form.Has("client_assertion") || scheme == "" && !form.Has("client_id") {
		client, _, err = s.caller(r, form)
		return client, err
	}
	c, values, err := s.known(r, form)
	if err != nil {
		return "", err
	}
	return c.ID, s.unsettled(values, nil)
}
