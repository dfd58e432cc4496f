package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/internal/tracing"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/messages"
)

// exchange is what the server knows about the request it is answering. It
// travels in the request's context.
type exchange struct {
	requestID string
	given     bool // the client sent the request id itself, and it is a GUID
	// once names the request for its repeats: Idempotency-Key, or the request id
	// that the client sent; "" where the client sent neither.
	once      string
	identity  auth.Identity
	base      string // the base URL by which the client came: http://host/fhir
	prefix    string // its path: /fhir
	own       search.Own
	custom    *search.Custom // the SearchParameters that are stored
	explain   func() string  // how a search was answered; nil without one
	elsewhere []string       // types that are not in the database, so that no condition finds them
	learned   string         // the base, where it names the server and nothing else does
	format    format
	refused   error // why the format is not the one asked for
	query     url.Values
	malformed error // the query string cannot be read
	content   bool  // the content of a Binary is asked for, not the resource
	eps       bool  // an NHS EPS call, whose refusals follow EPS

	// Of a request from outside: its connection, its body, what it holds of the
	// server's memory, and the end of its time limit.
	connection *http.ResponseController
	text       []byte
	brought    *brought // the body, where it is the content of a Binary and not in text
	claim      *claim
	limited    context.Context // with the time limit; nil before the request is admitted
	cancel     context.CancelFunc

	effort *claim // whose place among the requests of much work it takes: of an entry, that of its Bundle

	// Of an audited server: the trail of the request from outside, what this one
	// tells of, and the condition by which it writes.
	trail     *trail
	shown     []fhir.Shown
	condition string

	repository Repository // for the resources on which it depends what the caller sees

	message *messages.Message // of a server that keeps messages: what was sent; of an entry, its Bundle

	version   *fhir.Version // the one that the answer is about, if any
	allowance *allowance    // of a Bundle: what its entries may still answer with

	interaction, resourceType string          // for the log and the figures
	span                      tracing.Context // that the request is; none where nobody traces it
	parent                    [8]byte         // the span that it is a child of
	incident                  string          // id of the failure, when the server is at fault

	// Of an entry of a Bundle: the resource as it was parsed there, and the
	// place of the entry.
	nested   bool
	resource *fhir.Resource
	entry    string
}

// The headers that name a request, in the spelling of net/http, which is looked
// up without an allocation.
const (
	headerRequestID     = "X-Request-Id"
	headerIdempotency   = "Idempotency-Key"
	headerCorrelationID = "X-Correlation-Id"
	headerETag          = "Etag"
)

type exchangeKey struct{}

func exchangeIn(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

func exchangeOf(c *gin.Context) *exchange { return exchangeIn(c.Request.Context()) }

func (x *exchange) into(ctx context.Context) context.Context {
	return context.WithValue(auth.WithIdentity(fhir.WithPrincipal(ctx, &x.identity.Requester), &x.identity), exchangeKey{}, x)
}

// begin makes the exchange of a request that comes from outside.
func (s *Server) begin(r *http.Request) *exchange {
	x := &exchange{prefix: Bases[0], interaction: "unknown", elsewhere: s.config.ReadOnly, repository: s.config.Repository, format: format{codec: &s.codecs[0]}}
	x.identity.Requester.Agent = anonymous // until it is known who asks
	x.requestID = r.Header.Get(headerRequestID)
	x.given = isGUID(x.requestID)
	switch key := r.Header.Get(headerIdempotency); {
	case isToken(key):
		x.once = "Idempotency-Key/" + key
	case isToken(x.requestID):
		x.once = "X-Request-ID/" + x.requestID
	}
	if !x.given && !isToken(x.requestID) {
		x.requestID = s.config.NewID()
	}
	x.span, x.parent = s.config.Traces.Begin(x.requestID, r.Header.Get(tracing.Header))
	for _, prefix := range Bases {
		if r.URL.Path == prefix || strings.HasPrefix(r.URL.Path, prefix+"/") {
			x.prefix = prefix
		}
	}
	x.base = s.origin(r) + x.prefix
	if s.config.Audit != nil {
		x.trail = &trail{address: x.host(r)}
	}
	s.name(x)
	x.read(r.URL)
	x.format, x.refused = s.negotiate(r, x.query)
	return x
}

// logID is the request's id in the log: only a UUID, since anything else that a
// client sends may tell about a patient.
func (x *exchange) logID() string {
	if isGUID(x.requestID) {
		return x.requestID
	}
	return ""
}

// read takes the query of an address.
func (x *exchange) read(u *url.URL) {
	var err error
	if x.query, err = search.ReadQuery(u.RawQuery); err != nil {
		x.malformed = fhir.E("serve", fhir.Invalid, fhir.Issue{Message: "The query string is malformed.", Expected: "names and values with % and & escaped", Found: u.RawQuery})
	}
}

func (s *Server) origin(r *http.Request) string {
	if s.config.PublicURL != "" {
		return s.config.PublicURL
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// now is the time of the server in UTC.
func (s *Server) now() time.Time { return s.config.Clock().UTC() }

// isGUID reports whether s has the form of X-Request-ID that EPS asks for:
// 8-4-4-4-12 hexadecimal digits.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
				return false
			}
		}
	}
	return true
}

// isToken reports whether s is fit to be repeated in headers and logs.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= 128
}
