package server

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Issuer issues tokens at paths of its own.
type Issuer interface {
	http.Handler
	Serves(path string) bool
}

// SMART says where clients get the tokens that the server takes: from its own
// Issuer, or from another server. Without either it does not claim SMART App
// Launch. An endpoint that begins with "/" is of this server.
type SMART struct {
	Issuer            string // as in the tokens
	TokenEndpoint     string // URL; "" where SMART is not claimed
	AuthorizeEndpoint string // URL; "" where there are only backend services
	KeysURL           string // of the JSON Web Key Set that signs tokens

	// Of the server's own Issuer.
	IntrospectionEndpoint, RevocationEndpoint string
	Algorithms                                []string // by which clients sign their assertions
	GrantTypes, AuthMethods                   []string
	LaunchScopes                              []string // beside those on resources
	ManagementEndpoint                        string   // where people see what apps may do for them, and end it
}

// smartPath is where clients look for it, below each base:
// https://hl7.org/fhir/smart-app-launch/conformance.html
const smartPath = "/.well-known/smart-configuration"

// discovery reports whether a request asks how to use the server, which anybody
// may, from anywhere.
func (x *exchange) discovery(r *http.Request) bool {
	return describes(r.URL.Path) || r.URL.Path == x.prefix+"/metadata" || r.URL.Path == x.prefix+smartPath
}

// smart answers with the configuration as plain JSON.
func (s *Server) smart(w http.ResponseWriter, r *http.Request) {
	x := exchangeIn(r.Context())
	x.interaction = "smart-configuration"
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.fail(w, r, refuse(http.StatusMethodNotAllowed, fhir.NotSupported, fhir.Issue{
			Message: "This address does not take the method.", Expected: "GET, HEAD", Found: r.Method,
		}).with("Allow", "GET, HEAD, OPTIONS"))
		return
	}
	config := s.config.SMART
	if config.TokenEndpoint == "" {
		s.fail(w, r, fhir.E("smart", fhir.NotFound, fhir.Issue{
			Message: "The server has no SMART configuration: no token endpoint is configured.",
			Fix:     "Ask the operator of the server where tokens are issued; the server is told with --token-endpoint.",
		}))
		return
	}
	text, err := json.Marshal(config.document(s.origin(r)))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text)
	}
}

func (c *SMART) document(origin string) map[string]any {
	if strings.HasPrefix(c.TokenEndpoint, "/") {
		return c.own(origin)
	}
	document := map[string]any{
		"token_endpoint":                                   c.TokenEndpoint,
		"grant_types_supported":                            []string{"client_credentials"},
		"token_endpoint_auth_methods_supported":            []string{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS384", "ES384"},
		"scopes_supported":                                 []string{"system/*.cruds", "user/*.cruds"},
		"code_challenge_methods_supported":                 []string{"S256"},
		"capabilities":                                     []string{"client-confidential-asymmetric", "permission-v2"},
	}
	if c.Issuer != "" {
		document["issuer"] = c.Issuer
	}
	if c.KeysURL != "" {
		document["jwks_uri"] = c.KeysURL
	}
	if c.AuthorizeEndpoint != "" {
		document["authorization_endpoint"] = c.AuthorizeEndpoint
		document["grant_types_supported"] = []string{"authorization_code", "client_credentials"}
		document["response_types_supported"] = []string{"code"}
		document["capabilities"] = []string{"client-confidential-asymmetric", "permission-v2", "permission-user"}
	}
	return document
}

// own is what the server's own Issuer serves. Where nobody can sign in there is
// neither an issuer nor an endpoint to authorize at.
func (c *SMART) own(origin string) map[string]any {
	document := map[string]any{
		"token_endpoint":                                   origin + c.TokenEndpoint,
		"introspection_endpoint":                           origin + c.IntrospectionEndpoint,
		"revocation_endpoint":                              origin + c.RevocationEndpoint,
		"grant_types_supported":                            c.GrantTypes,
		"token_endpoint_auth_methods_supported":            c.AuthMethods,
		"token_endpoint_auth_signing_alg_values_supported": c.Algorithms,
		"scopes_supported":                                 []string{"system/*.cruds", "system/*.rs", "system/*.read", "system/*.write"},
		"code_challenge_methods_supported":                 []string{"S256"},
		"capabilities":                                     []string{"client-confidential-asymmetric", "permission-v1", "permission-v2"},
	}
	if c.AuthorizeEndpoint == "" {
		return document
	}
	if c.ManagementEndpoint != "" {
		document["management_endpoint"] = origin + c.ManagementEndpoint
	}
	document["issuer"] = origin
	document["jwks_uri"] = origin + c.KeysURL
	document["authorization_endpoint"] = origin + c.AuthorizeEndpoint
	document["authorization_response_iss_parameter_supported"] = true
	document["response_types_supported"] = []string{"code"}
	document["scopes_supported"] = append([]string{"patient/*.cruds", "patient/*.rs", "user/*.cruds", "user/*.rs", "system/*.cruds", "system/*.rs"}, c.LaunchScopes...)
	document["capabilities"] = []string{"launch-ehr", "launch-standalone", "authorize-post", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric",
		"sso-openid-connect", "context-banner", "context-ehr-patient", "context-ehr-encounter", "context-standalone-patient", "context-standalone-encounter",
		"permission-offline", "permission-online", "permission-patient", "permission-user", "permission-v1", "permission-v2"}
	return document
}

// extension is what a CapabilityStatement says of where tokens are: the extension
// oauth-uris of SMART App Launch. nil where nothing is served.
func (c *SMART) extension(origin string) []fhir.Value {
	at := func(endpoint string) string {
		if strings.HasPrefix(endpoint, "/") {
			return origin + endpoint
		}
		return endpoint
	}
	var list []fhir.Value
	for _, e := range []struct{ name, url string }{{"token", c.TokenEndpoint}, {"authorize", c.AuthorizeEndpoint}, {"introspect", c.IntrospectionEndpoint}, {"revoke", c.RevocationEndpoint}} {
		if e.url != "" {
			list = append(list, fhir.Obj("url", e.name, "valueUri", at(e.url)))
		}
	}
	return list
}
