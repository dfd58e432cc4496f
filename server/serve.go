package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// serve does for each request from outside what entries of Bundles are spared:
// CORS, a place among those in flight, the time limit, and who is asking.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if s.cors(w, r) {
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		s.fail(w, r, fhir.E("serve", fhir.Throttled, fhir.Issue{
			Message: "The server is answering as many requests as it can.", Fix: "Send the request again after the time that Retry-After names.",
		}))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.config.Timeout)
	defer cancel()
	x := exchangeIn(ctx)
	r = r.WithContext(ctx)
	if s.open(w, r) {
		return
	}
	if err := s.identify(x, r); err != nil {
		s.fail(w, r, err)
		return
	}
	r.URL = withoutTrailingSlash(r.URL)
	s.engine.ServeHTTP(w, r)
}

// identify asks the Authenticator, but for what anybody may ask.
func (s *Server) identify(x *exchange, r *http.Request) (err error) {
	x.identity = auth.Identity{Requester: fhir.Requester{Agent: "anonymous"}, Scopes: auth.Full}
	if s.config.Authenticator == nil || r.Method == http.MethodOptions || r.URL.Path == x.prefix+"/metadata" {
		return nil
	}
	x.identity, err = s.config.Authenticator.Authenticate(r)
	return err
}

func withoutTrailingSlash(u *url.URL) *url.URL {
	if !strings.HasSuffix(u.Path, "/") || len(u.Path) == 1 {
		return u
	}
	short := *u
	short.Path = strings.TrimRight(u.Path, "/")
	return &short
}

// cors answers a browser's questions when origins are configured. It reports
// whether the request was a preflight and is done with.
func (s *Server) cors(w http.ResponseWriter, r *http.Request) (done bool) {
	origin := r.Header.Get("Origin")
	if origin == "" || len(s.config.Origins) == 0 {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	allowed := false
	for _, o := range s.config.Origins {
		allowed = allowed || o == "*" || o == origin
	}
	if !allowed {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "ETag, Location, Content-Location, Last-Modified, X-Request-ID, X-Correlation-ID, Retry-After")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, If-Match, If-None-Match, If-None-Exist, If-Modified-Since, Prefer, X-Request-ID, X-Correlation-ID, NHSD-Session-URID")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
