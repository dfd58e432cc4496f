package server

import (
	"bytes"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// bundle takes what is posted to the base: a transaction or a batch.
// https://hl7.org/fhir/R4/http.html#transaction
func (s *Server) bundle(c *gin.Context) error {
	b, err := s.needBody(c.Request)
	if err != nil {
		return err
	}
	x := exchangeOf(c)
	kind := b.Get("type").Text()
	if b.Type() != "Bundle" || kind != "transaction" && kind != "batch" {
		return notABundle(b, kind)
	}
	x.interaction = kind
	list, issues := entries(b, x)
	if kind == "batch" {
		return s.batch(c, list, issues)
	}
	if issues != nil {
		return &fhir.Error{Op: kind, Kind: fhir.Invalid, Issues: fhir.SortIssues(issues)}
	}
	return s.transaction(c, list)
}

func notABundle(b *fhir.Resource, kind string) error {
	issue := fhir.Issue{
		Message:    "The base address takes a Bundle of type transaction or batch.",
		Expression: "Bundle.type", Position: b.Get("type").Position(), Expected: "transaction or batch", Found: kind,
	}
	switch {
	case b.Type() != "Bundle":
		issue.Expression, issue.Found, issue.Position = b.Type(), b.Type(), b.Get("resourceType").Position()
		issue.Fix = "A single resource is posted to its type: POST " + b.Type() + "."
	case kind == "message":
		issue.Fix = "A message is posted to $process-message."
	default:
		issue.Fix = "A Bundle that is to be kept as it is, is posted to Bundle."
	}
	return fhir.E("bundle", fhir.Invalid, issue)
}

// recorder keeps the answer to an entry's request.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// request makes the request of an entry as if it had come by itself.
func (s *Server) request(c *gin.Context, e *entry) *recorder {
	outer := exchangeOf(c)
	x := &exchange{
		requestID: outer.requestID, given: outer.given, identity: outer.identity,
		base: outer.base, prefix: outer.prefix, format: format{codec: &s.codecs[0]},
		nested: true, resource: e.resource, entry: "/" + e.expression,
	}
	header := e.header.Clone()
	for _, name := range []string{"Prefer", headerRequestID} {
		header[name] = c.Request.Header[name]
	}
	r := &http.Request{
		Method: e.method, Header: header, Body: http.NoBody, Host: c.Request.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL: &url.URL{Path: outer.prefix + "/" + e.path, RawQuery: e.query},
	}
	out := &recorder{header: http.Header{}}
	s.engine.ServeHTTP(out, r.WithContext(x.into(c.Request.Context())))
	out.WriteHeader(http.StatusOK)
	return out
}
