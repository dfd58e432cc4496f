package oauth

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/server/limit"
)

// authorization is what an app asks for at the authorization endpoint.
type authorization struct {
	client    *Client
	redirect  string
	state     string
	challenge string
	nonce     string
	scope     string
	prompt    []string
	maxAge    time.Duration // since the person proved who they are; 0 for any
	strength  int           // how strongly they must have proved it; see [fhir.Principal]
	since     time.Time     // when they were sent to prove it anew; zero where they were not
	launch    string
	given     url.Values // as it came, to come back with after a sign-in
}

// authorize is the authorization endpoint: RFC 6749 section 4.1.1, as SMART App
// Launch asks for it. What cannot be trusted to come from an app that is registered
// is answered with a page, everything else at the address of the app.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	if wait := s.limits.addresses.Take(limit.Address(r), s.now()); wait > 0 {
		s.refusePage(w, http.StatusTooManyRequests, "There were too many requests from this address. Try again in a minute.")
		return
	}
	values, problem := parameters(w, r)
	if problem != "" {
		s.refusePage(w, http.StatusBadRequest, problem)
		return
	}
	if r.Method == http.MethodPost && values.Has(askingName) {
		s.decide(w, r, values)
		return
	}
	a, problem := s.authorization(values)
	if problem != "" {
		s.refusePage(w, http.StatusBadRequest, problem)
		return
	}
	if err := s.check(a, values); err != nil {
		s.back(w, r, a, url.Values{"error": {err.code}, "error_description": {err.description()}})
		return
	}
	s.ask(w, r, a)
}

// parameters are those of the URL of a GET, or of the body of a POST.
func parameters(w http.ResponseWriter, r *http.Request) (url.Values, string) {
	text := r.URL.RawQuery
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || media != "application/x-www-form-urlencoded" || text != "" {
			return nil, "The app sent its request in another form than this server takes: expected application/x-www-form-urlencoded in the body, and nothing in the URL."
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
		if err != nil {
			return nil, "The request is longer than 64 kB, or broke off."
		}
		text = string(body)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST, OPTIONS")
		return nil, "This address takes GET and POST."
	}
	values, err := url.ParseQuery(text)
	if err != nil || len(text) > maxForm {
		return nil, "The parameters that the app sent cannot be read."
	}
	for name, list := range values {
		if len(list) > 1 && (name != scopeName || !values.Has(askingName)) {
			return nil, "The app sent a parameter more than once: " + parameter(name) + "."
		}
	}
	return values, ""
}

// authorization finds out which app asks, and where it may be answered. Nothing is
// sent to an address before both are known.
func (s *Server) authorization(values url.Values) (*authorization, string) {
	a := &authorization{client: s.clients.get(values.Get("client_id")), redirect: values.Get("redirect_uri"), state: values.Get("state"), given: values}
	switch {
	case s.config.SignIn == nil:
		return nil, "This server signs nobody in, so that no app can act for a person here."
	case a.client == nil || a.client.Kind != App || a.client.Disabled:
		return nil, "The app is not registered with this server: its client_id is not known, is not that of an app, or is disabled. Ask who runs the server to register it (pestle client add --kind app)."
	case !a.client.redirects(a.redirect):
		return nil, "The app asks to be answered at an address that it is not registered with (redirect_uri). Nothing was sent there. Ask who runs the server to register the address."
	}
	return a, ""
}

// check reads the rest of a request.
func (s *Server) check(a *authorization, values url.Values) *failure {
	refuse := func(code, member, message string) *failure {
		return &failure{code: code, member: member, message: message}
	}
	a.challenge, a.nonce, a.scope, a.launch = values.Get("code_challenge"), values.Get("nonce"), values.Get("scope"), values.Get("launch")
	if f := s.readAge(a, values); f != nil {
		return f
	}
	switch {
	case values.Has("request"):
		return refuse("request_not_supported", "request", "expected the parameters themselves")
	case values.Has("request_uri"):
		return refuse("request_uri_not_supported", "request_uri", "expected the parameters themselves")
	case values.Get("response_type") != "code":
		return refuse("unsupported_response_type", "response_type", "expected code")
	case values.Has("response_mode") && values.Get("response_mode") != "query":
		return refuse(invalidRequest, "response_mode", "expected query, or nothing")
	case a.state == "" || len(a.state) > 2000:
		return refuse(invalidRequest, "state", "expected a text of at most 2000 bytes that nobody can guess, another one for each request")
	case values.Get("code_challenge_method") != "S256":
		return refuse(invalidRequest, "code_challenge_method", "expected S256")
	case !challengeForm.MatchString(a.challenge):
		return refuse(invalidRequest, "code_challenge", "expected the SHA-256 of a code_verifier in base64url: 43 characters")
	case len(a.nonce) > 500:
		return refuse(invalidRequest, "nonce", "expected at most 500 bytes")
	case !slices.Contains(s.audiences(), strings.TrimSuffix(values.Get("aud"), "/")):
		return refuse(invalidRequest, "aud", "expected the base URL of the FHIR service: "+strings.Join(s.audiences(), " or "))
	}
	return nil
}

// origins are those by which clients know the server.
func (s *Server) origins() (list []string) {
	for _, endpoint := range s.config.Audience() {
		list = append(list, strings.TrimSuffix(endpoint, TokenPath))
	}
	return list
}

// Origin is the first of the origins by which clients know the server.
func (s *Server) Origin() string { return s.origins()[0] }

// issuer is the origin by which a request came, else the first one.
func (s *Server) issuer(r *http.Request) string {
	list := s.origins()
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	if slices.Contains(list, scheme+r.Host) || len(list) == 0 {
		return scheme + r.Host
	}
	return list[0]
}

// audiences are the base URLs of the FHIR service.
func (s *Server) audiences() (list []string) {
	for _, origin := range s.origins() {
		for _, base := range s.config.Bases {
			list = append(list, origin+base)
		}
	}
	return list
}

// back sends the browser to the app with an answer: RFC 6749 sections 4.1.2 and
// 4.1.2.1, and which server it is from, so that an app that uses several does not
// mistake one for another (RFC 9207).
func (s *Server) back(w http.ResponseWriter, r *http.Request, a *authorization, answer url.Values) {
	u, err := url.Parse(a.redirect)
	if err != nil {
		panic(err) // it was registered
	}
	query := u.Query()
	for name, values := range answer {
		query[name] = values
	}
	query.Set("iss", s.issuer(r))
	if a.state != "" {
		query.Set("state", a.state)
	}
	u.RawQuery = query.Encode()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", u.String())
	w.WriteHeader(http.StatusSeeOther)
}
