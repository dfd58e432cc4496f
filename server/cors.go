package server

import (
	"net/http"
	"strings"
)

// LocalOrigins are the origins of web programs under development: pages of this
// machine, on any port.
var LocalOrigins = []string{
	"http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*", "https://localhost:*", "https://127.0.0.1:*", "https://[::1]:*",
}

// exposed are the headers of an answer that a web program may read besides
// those that every one may.
const exposed = "ETag, Location, Content-Location, Last-Modified, WWW-Authenticate, X-Request-ID, X-Correlation-ID, Retry-After, X-Progress, " +
	"Allow, Accept-Ranges, Content-Range, Content-Disposition, Accept-Patch, " + headerReceipt + ", " + headerSequence

// cors answers a browser's questions about the origins that are configured. It
// reports whether the request was a preflight and is done with. What says how to
// use the server may be read from anywhere.
func (s *Server) cors(w http.ResponseWriter, r *http.Request) (done bool) {
	h := w.Header()
	public := exchangeIn(r.Context()).discovery(r)
	if asksPeople(r) {
		return false // a page for people, which no other one may read
	}
	if !public && len(s.config.Origins) == 0 {
		return false
	}
	origin := r.Header.Get("Origin")
	if !public {
		h.Add("Vary", "Origin")
	}
	switch {
	case origin == "":
		return false
	case public:
		h.Set("Access-Control-Allow-Origin", "*")
	case s.allowsOrigin(origin):
		h.Set("Access-Control-Allow-Origin", origin)
	default:
		return false
	}
	h.Set("Access-Control-Expose-Headers", exposed)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	if asked := strings.Join(r.Header.Values("Access-Control-Request-Headers"), ", "); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Add("Vary", "Access-Control-Request-Headers")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// asksPeople reports whether a request is for the page on which people let apps act for
// them.
func asksPeople(r *http.Request) bool { return r.URL.Path == "/"+authorize }

// allowsOrigin reports whether an origin is configured: by its name, with any
// port where that is written as *, or by * alone.
func (s *Server) allowsOrigin(origin string) bool {
	for _, allowed := range s.config.Origins {
		if allowed == "*" || allowed == origin {
			return true
		}
		host, anyPort := strings.CutSuffix(allowed, ":*")
		if rest, ok := strings.CutPrefix(origin, host); anyPort && ok && (rest == "" || isPort(rest)) {
			return true
		}
	}
	return false
}

// isPort reports whether s is a colon and a number.
func isPort(s string) bool {
	digits, ok := strings.CutPrefix(s, ":")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}
