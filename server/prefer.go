package server

import (
	"cmp"
	"net/http"
	"strings"
)

// preferences are what a client says in Prefer:
// https://hl7.org/fhir/R4/http.html#ops and RFC 7240.
type preferences struct {
	back     returned
	handling string // strict or lenient about unknown search parameters
	later    bool   // respond-async
}

// returned is what a write is answered with.
type returned string

// The values of return. The zero value leaves it to the server.
const (
	minimal        returned = "minimal"
	representation returned = "representation"
	outcomeOnly    returned = "OperationOutcome"
)

// prefer reads the header. What it does not know is left aside, and of what is said
// twice the first counts, as RFC 7240 section 2 wants it.
func prefer(h http.Header) preferences {
	var p preferences
	for _, line := range h.Values("Prefer") {
		for _, item := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ';' }) {
			name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "return":
				p.back = returned(cmp.Or(string(p.back), value))
			case "respond-async":
				p.later = true
			case "handling":
				p.handling = cmp.Or(p.handling, strings.ToLower(value))
			}
		}
	}
	return p
}

// lenient reports whether unknown search parameters are left out, with a
// warning: as the client prefers, else as the server is configured.
func (s *Server) lenient(h http.Header) bool {
	switch prefer(h).handling {
	case "lenient":
		return true
	case "strict":
		return false
	}
	return s.config.Lenient
}
