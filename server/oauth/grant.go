package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/server/auth"
)

// token is the token endpoint: RFC 6749 sections 4.1.3, 4.4 and 6.
func (s *Server) token(r *http.Request, form url.Values) (client string, answer map[string]any, err error) {
	var handle func(*http.Request, *Client, url.Values, map[string][]byte) (map[string]any, error)
	switch grant := form.Get("grant_type"); grant {
	case "":
		return "", nil, badRequest("grant_type", "expected client_credentials, authorization_code or refresh_token")
	case "client_credentials":
		return s.ofItself(r, form)
	case "authorization_code":
		handle = s.redeem
	case "refresh_token":
		handle = s.refresh
	default:
		return "", nil, &failure{status: http.StatusBadRequest, code: "unsupported_grant_type", member: "grant_type", message: "expected client_credentials, authorization_code or refresh_token"}
	}
	c, values, err := s.known(r, form)
	if err != nil {
		return "", nil, err
	}
	if c.Kind != App {
		return c.ID, nil, s.unsettled(values, wrongKind("the client gets tokens for itself: grant_type client_credentials"))
	}
	answer, err = handle(r, c, form, values)
	return c.ID, answer, err
}

func wrongKind(message string) error {
	return &failure{status: http.StatusBadRequest, code: "unauthorized_client", member: "grant_type", message: message}
}

// ofItself is the token of a client that acts for itself, known by its assertion:
// RFC 6749 section 4.4.
func (s *Server) ofItself(r *http.Request, form url.Values) (client string, answer map[string]any, err error) {
	c, values, err := s.asserted(r, form)
	if err != nil {
		return "", nil, err
	}
	if c.Kind != Backend {
		return c.ID, nil, s.unsettled(values, wrongKind("the client acts for people: grant_type authorization_code"))
	}
	scope, err := grantable(form.Get("scope"), c.Scopes)
	if err == nil {
		answer, err = s.grant(&token{Client: c.ID, Scope: scope}, values)
		return c.ID, answer, err
	}
	return c.ID, nil, s.unsettled(values, err)
}

// asserted returns the client whose assertion a form has.
func (s *Server) asserted(r *http.Request, form url.Values) (*Client, map[string][]byte, error) {
	if r.Header.Get("Authorization") != "" || form.Has("client_secret") {
		return nil, nil, unknownClient("client_assertion", "clients are known by a signed assertion (private_key_jwt) alone, not by a secret")
	}
	if form.Get("client_assertion_type") != assertionType {
		return nil, nil, badRequest("client_assertion_type", "expected "+assertionType)
	}
	if form.Get("client_assertion") == "" {
		return nil, nil, badRequest("client_assertion", "expected a JSON Web Token that the client signed")
	}
	c, values, err := s.authenticate(r.Context(), form.Get("client_assertion"))
	if err == nil && form.Has("client_id") && form.Get("client_id") != c.ID {
		err = unknownClient("client_id", "it is not that of the assertion")
	}
	return c, values, err
}

func (s *Server) grant(t *token, values map[string][]byte) (map[string]any, error) {
	text, err := s.issue(t, values)
	if err != nil {
		return nil, err
	}
	return map[string]any{"access_token": text, "token_type": "bearer", "expires_in": t.Expires - t.Issued, "scope": t.Scope}, nil
}

// grantable is what a client gets of the scopes that it asks for: never more than
// it asks for or may have. A scope that the server could not enforce as it is
// written refuses the whole request.
func grantable(asked string, allowed []string) (string, error) {
	refuse := func(message string) (string, error) {
		return "", &failure{status: http.StatusBadRequest, code: invalidScope, member: "scope", message: message}
	}
	if strings.TrimSpace(asked) == "" {
		return refuse("expected at least one, such as system/Patient.rs; the client may have: " + strings.Join(allowed, " "))
	}
	var most []auth.Scope
	for _, text := range allowed {
		if scope, err := auth.ParseScope(text); err == nil {
			most = append(most, scope)
		}
	}
	var granted []string
	for _, text := range strings.Fields(asked) {
		scope, err := auth.ParseScope(text)
		if err != nil {
			return refuse(err.Error())
		}
		if scope.Context != "system" {
			return refuse("'" + text + "': a client without a user has scopes of the context system alone")
		}
		for _, g := range scope.Within(most) {
			if !slices.Contains(granted, g.String()) {
				granted = append(granted, g.String())
			}
		}
	}
	if granted == nil {
		return refuse("the client may have none of them; it may have: " + strings.Join(allowed, " "))
	}
	return strings.Join(granted, " "), nil
}
