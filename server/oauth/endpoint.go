package oauth

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/limit"
)

// The paths of the endpoints.
const (
	TokenPath      = "/token"
	IntrospectPath = "/introspect"
	RevokePath     = "/revoke"
	AuthorizePath  = "/authorize"
	LaunchPath     = "/launch"
	KeysPath       = "/jwks"
	OpenIDPath     = "/.well-known/openid-configuration"
)

// Serves reports whether a path is one of an endpoint. Those of launches are served
// where people can sign in.
func (s *Server) Serves(path string) bool {
	switch path {
	case TokenPath, IntrospectPath, RevokePath:
		return true
	case AuthorizePath, LaunchPath, KeysPath, OpenIDPath:
		return s.config.SignIn != nil
	}
	return false
}

// serveOpen answers at the endpoints that browsers, and anybody, may ask. It reports
// whether a path is one of them.
func (s *Server) serveOpen(w http.ResponseWriter, r *http.Request) bool {
	switch r.URL.Path {
	case AuthorizePath:
		s.authorize(w, r)
		return true
	case KeysPath, OpenIDPath:
	default:
		return false
	}
	document, err := s.configuration(r), error(nil)
	if r.URL.Path == KeysPath {
		document, err = s.jwks()
	}
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		s.fail(w, &failure{status: http.StatusMethodNotAllowed, code: invalidRequest, message: "expected GET"})
	case err != nil:
		s.fail(w, err)
	default:
		w.Header().Set("Access-Control-Allow-Origin", "*")
		respond(w, http.StatusOK, document)
	}
	return true
}

// maxForm is the longest body that is read, in bytes.
const maxForm = 64 << 10

// ServeHTTP answers at the endpoints.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	if r.Method != http.MethodOptions && s.serveOpen(w, r) {
		return
	}
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", "POST, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	form, err := s.form(w, r)
	var answer map[string]any
	var client string
	if err == nil {
		switch r.URL.Path {
		case TokenPath:
			client, answer, err = s.token(r, form)
		case IntrospectPath:
			client, answer, err = s.introspect(r, form)
		case LaunchPath:
			client, answer, err = s.launchFor(r, form)
		default:
			client, answer, err = s.revoke(r, form)
		}
	}
	if client != "" { // for who records the request
		fhir.Identify(r.Context(), fhir.Principal{Agent: client, Client: client})
	}
	log := s.config.Logger.With("endpoint", r.URL.Path, "client", client, "took", time.Since(started))
	if err != nil {
		log.Info("token refused", "fault", reason(err))
		s.fail(w, err)
		return
	}
	log.Info("token answered")
	respond(w, http.StatusOK, answer)
}

// form reads the parameters of a request: in a body alone, each once.
func (s *Server) form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if wait := s.limits.addresses.Take(limit.Address(r), s.now()); wait > 0 {
		return nil, tooMany(wait)
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST, OPTIONS")
		return nil, &failure{status: http.StatusMethodNotAllowed, code: invalidRequest, message: "expected POST"}
	}
	if r.URL.RawQuery != "" {
		return nil, badRequest("", "expected the parameters in the body, not in the URL, where logs would keep them")
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return nil, badRequest("Content-Type", "expected application/x-www-form-urlencoded")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return nil, badRequest("", "the body is longer than 64 kB, or broke off")
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, badRequest("", "the body is not in the form of application/x-www-form-urlencoded")
	}
	for name, values := range form {
		if len(values) > 1 {
			return nil, badRequest("", "a parameter is given more than once: "+parameter(name))
		}
	}
	return form, nil
}

// parameter is a name as an answer may repeat it.
func parameter(name string) string {
	if len(name) > 40 {
		return "a parameter"
	}
	return name
}
