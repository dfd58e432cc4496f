package server

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// recorder keeps the answer to an entry's request.
type recorder struct {
	header    http.Header
	status    int
	body      bytes.Buffer
	modified  time.Time // when the version that it is about was written, zero without one
	allowance *allowance
	nobody    bool // it tells of nobody: nothing of it is hidden from a caller from whom other things are
	spilt     bool // the body was more than the Bundle's allowance and is gone
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if r.spilt = r.spilt || !r.allowance.take(len(b)); r.spilt {
		r.body = bytes.Buffer{}
		return len(b), nil
	}
	return r.body.Write(b)
}

// allowance is what the answers to the entries of a Bundle may be together: a
// short Bundle can ask for the whole database a thousand times.
type allowance struct {
	limit  int64
	left   atomic.Int64
	claim  *claim
	weight int64
}

// newAllowance is that of a Bundle that answers in a format. What must be parsed
// to be written takes more memory, and may be less.
func newAllowance(limit int64, x *exchange) *allowance {
	a := &allowance{limit: 2 * limit / x.weight(), claim: x.claim, weight: x.weight()}
	a.left.Store(a.limit)
	return a
}

func (a *allowance) take(n int) bool {
	if a.left.Add(-int64(n)) < 0 {
		return false
	}
	freed, err := a.claim.try(a.weight * int64(n))
	if freed == nil && err == nil {
		return true
	}
	a.left.Store(-1)
	return false
}

func (a *allowance) spent() bool { return a.left.Load() < 0 }

// beyond is the answer to a read that the allowance has no room for.
func (a *allowance) beyond() *recorder {
	out := &recorder{header: http.Header{}, status: http.StatusBadRequest}
	out.body.Write(fhir.Outcome([]fhir.Issue{{
		Severity: fhir.Err, Code: fhir.TooCostly, Message: "The answers to the entries of the Bundle are too large together.",
		Expected: fmt.Sprintf("at most %d bytes", a.limit), Fix: "Send this read by itself, or in a smaller Bundle.",
	}}).JSON())
	return out
}

// request makes the request of an entry as if it had come by itself.
func (s *Server) request(c *gin.Context, e *entry) *recorder {
	outer := exchangeOf(c)
	if c.Request.Context().Err() != nil {
		return tooLate()
	}
	if !e.writes() && outer.allowance.spent() {
		return outer.allowance.beyond()
	}
	x := &exchange{
		requestID: outer.requestID, given: outer.given, once: outer.once, identity: outer.identity,
		base: outer.base, own: outer.own, custom: outer.custom, learned: outer.learned, prefix: outer.prefix, format: format{codec: &s.codecs[0]},
		nested: true, repository: outer.repository, effort: outer.effort, allowance: outer.allowance, resource: e.resource, entry: "/" + e.expression, trail: outer.trail, message: outer.message,
	}
	r := &http.Request{
		Method: e.method, Header: s.entryHeader(c, e), Body: http.NoBody, Host: c.Request.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL: &url.URL{Path: outer.prefix + "/" + e.path, RawQuery: e.query},
	}
	x.read(r.URL)
	out := &recorder{header: http.Header{}, allowance: outer.allowance}
	s.engine.ServeHTTP(out, r.WithContext(x.into(c.Request.Context())))
	out.WriteHeader(http.StatusOK)
	s.follow(r, x, out.status)
	if out.spilt && !e.writes() {
		return outer.allowance.beyond()
	}
	out.nobody = x.identity.Hidden == nil && outer.identity.Hidden != nil
	if x.version != nil {
		out.modified = x.version.LastUpdated
	}
	return out
}

// entryHeader is the header of an entry's request. A write gives its resource
// back only to who asks for it.
func (s *Server) entryHeader(c *gin.Context, e *entry) http.Header {
	header := e.header.Clone()
	for _, name := range []string{"Prefer", headerRequestID} {
		header[name] = slices.Clone(c.Request.Header[name])
	}
	if e.writes() && e.method != http.MethodDelete && !strings.Contains(e.path, "$") && prefer(header).back == "" {
		header.Add("Prefer", "return="+string(minimal))
	}
	return header
}
