package server

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// deferred is a request that is answered later as it would have been at once.
type deferred struct {
	Path  string `json:"path"`
	Query string `json:"query"`
	Host  string `json:"host"`
	// Handling and Language are what the client preferred.
	Handling string `json:"handling,omitempty"`
	Language string `json:"language,omitempty"`
}

// result is the answer to a deferred request: a Bundle with the one entry, and what it
// tells of whom.
type result struct {
	text     []byte
	shown    []*fhir.Access
	needed   bool
	validity string // as [Server.validity] was before it was made
}

// deferrable reports whether an interaction is answered later where the client
// prefers that: whatever finds, and changes nothing. An export defers itself.
func deferrable(c *gin.Context, x *exchange) bool {
	if x.nested || c.Request.Method != http.MethodGet || !prefer(c.Request.Header).later || strings.HasSuffix(c.Request.URL.Path, "/$export") {
		return false
	}
	switch x.interaction {
	case "search-type", "search-system", "history-instance", "history-type", "history-system", "operation":
		return true
	}
	return false
}

// deferAnswer takes a request on, for an answer later.
func (s *Server) deferAnswer(c *gin.Context) error {
	x := exchangeOf(c)
	one := s.newJob(x, x.base+strings.TrimPrefix(c.Request.URL.RequestURI(), x.prefix))
	one.Deferred = &deferred{Path: c.Request.URL.Path, Query: c.Request.URL.RawQuery, Host: c.Request.Host,
		Handling: prefer(c.Request.Header).handling, Language: c.GetHeader("Accept-Language")}
	x.interaction = "job-start"
	return s.accepted(c, one)
}

// answerLater makes the request of a job, and keeps the answer:
// https://hl7.org/fhir/R5/async-bundle.html
func (s *Server) answerLater(ctx context.Context, one *job, asked *exchange) error {
	one.say("searching")
	validity := s.validity(asked)
	d := one.Deferred
	own := asked.apart()
	own.format, own.nested = format{codec: &s.codecs[0]}, true
	if s.config.Audit != nil {
		own.trail = &trail{}
	}
	r := &http.Request{Method: http.MethodGet, Header: http.Header{}, Body: http.NoBody, Host: d.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL: &url.URL{Path: d.Path, RawQuery: d.Query}}
	if d.Handling != "" {
		r.Header.Set("Prefer", "handling="+d.Handling)
	}
	if d.Language != "" {
		r.Header.Set("Accept-Language", d.Language)
	}
	own.read(r.URL)
	claim := s.ledger.open(one.Owner)
	defer claim.close()
	a := &allowance{limit: heldResults, claim: claim, weight: 1}
	a.left.Store(a.limit)
	out := &recorder{header: http.Header{}, allowance: a}
	s.engine.ServeHTTP(out, r.WithContext(own.into(ctx)))
	out.WriteHeader(http.StatusOK)
	if err := ctx.Err(); err != nil {
		return err
	}
	if out.spilt {
		return fhir.E("async", fhir.TooCostly, fhir.Issue{Message: "The answer is longer than one answer may be.", Expected: fmt.Sprintf("at most %d bytes", heldResults), Fix: "Ask for fewer at a time with _count, or for an export with $export."})
	}
	body := out.body.Bytes()
	response := fhir.Obj("status", fmt.Sprintf("%d %s", out.status, http.StatusText(out.status)), "etag", out.header.Get(headerETag))
	b := newBundle(s.bundleHead("batch-response", -1))
	if out.status >= 400 {
		b.entry("", nil, fhir.Obj("response", fhir.Obj("status", fmt.Sprintf("%d %s", out.status, http.StatusText(out.status)), "outcome", fhir.Raw(body))))
	} else {
		b.entry("", body, fhir.Obj("response", response))
	}
	made := &result{text: bytes.Join(b.close(), nil), validity: validity}
	if own.trail != nil {
		if a, needed := s.access(r, own, out.status); a != nil {
			made.shown, made.needed = []*fhir.Access{a}, needed
		}
	}
	s.jobs.hold(one, made)
	one.mu.Lock()
	one.Done = true
	one.mu.Unlock()
	return nil
}

// sendResult answers with the result of a deferred request. Who is shown it is
// recorded as if it had been answered at once.
func (s *Server) sendResult(c *gin.Context, r *result) error {
	x := exchangeOf(c)
	if x.trail != nil {
		for _, a := range r.shown {
			now := *a
			now.Time, now.Address, now.RequestID = s.now(), x.trail.address, x.requestID
			x.trail.entries = append(x.trail.entries, &now)
		}
		x.trail.needed = x.trail.needed || r.needed
	}
	return s.send(c, http.StatusOK, r.text)
}
