package tracing

import (
	"net/http"
	"time"
)

// Call is a call of somebody else, which belongs to a trace.
type Call struct {
	scope
	span         Context
	begin        time.Time
	method, host string
}

// Calling returns a call that is made in a context of [Tracer.Into] with the traceparent
// header; of any other, the call as it is.
func Calling(r *http.Request) (*http.Request, Call) {
	s, ok := r.Context().Value(key{}).(scope)
	if !ok {
		return r, Call{}
	}
	c := Call{scope: s, span: s.parent, begin: time.Now(), method: r.Method, host: r.URL.Hostname()}
	if s.tracer.Recording(s.parent) {
		c.span.Span = newSpan()
	}
	r = r.Clone(r.Context()) // whoever made it keeps it as it was
	r.Header.Set(Header, c.span.String())
	return r, c
}

// Ended records the call, with its answer; nil for none.
func (c Call) Ended(answer *http.Response) {
	if !c.tracer.Recording(c.parent) {
		return
	}
	status := 0
	if answer != nil {
		status = answer.StatusCode
	}
	c.tracer.Send(Span{Context: c.span, Parent: c.parent.Span, Name: c.method, Kind: Client, Begin: c.begin, End: time.Now(), Failed: status == 0 || status >= http.StatusBadRequest,
		Attributes: []Attribute{Text("http.request.method", c.method), Text("server.address", c.host), Status(status)}})
}
