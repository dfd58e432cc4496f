package tracing

import (
	"crypto/rand"
	"encoding/binary"
	"math"
	"strconv"
	"sync"
	"time"
)

// Kinds of spans, by the numbers of OTLP.
const (
	Internal = 1
	Server   = 2
	Client   = 3
)

// Span is a piece of work that is done.
type Span struct {
	Context
	Parent     [8]byte // zero of the first of a trace
	Name       string  // of low cardinality: "read Patient"
	Kind       int
	Begin, End time.Time
	Failed     bool
	Attributes []Attribute
}

// Attribute is a fact about a span, by a name of OpenTelemetry's conventions where there is
// one.
type Attribute struct {
	Name   string
	Text   string // where it is not a number; one that is empty is left out
	Number int64
	number bool
}

// Text makes an attribute of a text.
func Text(name, value string) Attribute { return Attribute{Name: name, Text: value} }

// Number makes an attribute of a number.
func Number(name string, value int) Attribute {
	return Attribute{Name: name, Number: int64(value), number: true}
}

// remembered is how many requests are known to what follows from them.
const remembered = 8192

// Tracer knows which trace a request belongs to, by the id of the request, so that what
// follows from it later belongs to the same: versions have that id. Without [Tracer.Send]
// it records nothing and only passes on what callers brought. A nil Tracer does
// neither. It may be used by any number of goroutines.
type Tracer struct {
	// Share is the part of the traces that begin here that are recorded, 0 to 1; of
	// those that callers began they decide.
	Share float64
	// Send takes each span that is recorded; it must not wait. nil for none.
	Send func(Span)

	mu    sync.Mutex
	of    map[string]*request
	order []string // by which they are forgotten, a ring
	next  int
}

type request struct{ span, commit Context }

// Begin returns the span of a request, from the traceparent header that it came with, and
// what it is a child of. It has no Context where nobody asks for one.
func (t *Tracer) Begin(id, header string) (span Context, parent [8]byte) {
	if t == nil || header == "" && t.Send == nil {
		return span, parent
	}
	if caller, ok := Parse(header); ok {
		span, parent = caller, caller.Span
	} else {
		if t.Send == nil {
			return Context{}, parent
		}
		_, _ = rand.Read(span.Trace[:])
		span.Sampled = float64(binary.BigEndian.Uint64(span.Trace[8:])>>1) < t.Share*math.MaxInt64
	}
	if t.Send != nil {
		span.Span = newSpan()
	}
	t.remember(id, span)
	return span, parent
}

func newSpan() (id [8]byte) {
	_, _ = rand.Read(id[:]) // which never fails
	return id
}

func (t *Tracer) remember(id string, span Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of, t.order = map[string]*request{}, make([]string, remembered)
	}
	if _, known := t.of[id]; !known {
		delete(t.of, t.order[t.next])
		t.order[t.next] = id
		t.next = (t.next + 1) % remembered
	}
	t.of[id] = &request{span: span}
}

// Of returns the span that what follows from a request is a child of: its commit, or
// itself.
func (t *Tracer) Of(id string) Context {
	if t == nil || id == "" {
		return Context{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.of[id]
	switch {
	case r == nil:
		return Context{}
	case r.commit.Valid():
		return r.commit
	}
	return r.span
}

// Recording reports whether spans of a Context are sent.
func (t *Tracer) Recording(c Context) bool {
	return t != nil && t.Send != nil && c.Valid() && c.Sampled
}

// End records the span of a request, which [Tracer.Begin] returned.
func (t *Tracer) End(s Span) {
	if t.Recording(s.Context) {
		t.Send(s)
	}
}

// Committed records that a request was committed. What follows from it is a child of
// that.
func (t *Tracer) Committed(id string, begin, end time.Time, failed bool, facts ...Attribute) {
	if t == nil || t.Send == nil {
		return
	}
	t.mu.Lock()
	r := t.of[id]
	if r == nil || !r.span.Sampled {
		t.mu.Unlock()
		return
	}
	s := Span{Context: r.span, Parent: r.span.Span, Name: "commit", Kind: Internal, Begin: begin, End: end, Failed: failed, Attributes: facts}
	s.Span = newSpan()
	if !failed {
		r.commit = s.Context
	}
	t.mu.Unlock()
	t.Send(s)
}

// Followed records work that follows from a request.
func (t *Tracer) Followed(id, name string, begin, end time.Time, failed bool, facts ...Attribute) {
	of := t.Of(id)
	if !t.Recording(of) {
		return
	}
	s := Span{Context: of, Parent: of.Span, Name: name, Kind: Internal, Begin: begin, End: end, Failed: failed, Attributes: facts}
	s.Span = newSpan()
	t.Send(s)
}

// Status is the attribute with the status of an HTTP answer.
func Status(code int) Attribute { return Number("http.response.status_code", code) }

// decimal is a number as OTLP has those of 64 bits in JSON.
func decimal(n int64) string { return strconv.FormatInt(n, 10) }
