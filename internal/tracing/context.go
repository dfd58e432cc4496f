// Package tracing follows a request through the program and beyond it: the trace context
// of W3C (https://www.w3.org/TR/trace-context-1/) is taken from whoever calls, is passed on
// to whoever is called, and spans of it are sent to a collector of OpenTelemetry by OTLP.
//
// Spans hold names of interactions and types, times, statuses and the id of the request:
// nothing of patients, and no id of a resource.
package tracing

import (
	"context"
	"encoding/hex"
)

// Context names a span: the trace that it belongs to and its own id. The zero Context is
// none.
type Context struct {
	Trace   [16]byte
	Span    [8]byte
	Sampled bool // who began the trace wants it recorded
}

// Header is the name of the header, in the spelling of net/http.
const Header = "Traceparent"

const (
	versionLen = 2
	formLen    = 55 // 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
)

// Parse reads the value of a traceparent header. One of a later version is read as far as
// version 00 goes, as the specification has it; what is not valid is no Context.
func Parse(text string) (c Context, ok bool) {
	if len(text) < formLen || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return Context{}, false
	}
	for i := range formLen {
		if b := text[i]; b != '-' && (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return Context{}, false // capitals are not taken
		}
	}
	switch version := text[:versionLen]; {
	case version == "ff", version == "00" && len(text) != formLen, len(text) > formLen && text[formLen] != '-':
		return Context{}, false
	}
	var flags [1]byte
	_, err1 := hex.Decode(c.Trace[:], []byte(text[3:35]))
	_, err2 := hex.Decode(c.Span[:], []byte(text[36:52]))
	_, err3 := hex.Decode(flags[:], []byte(text[53:55]))
	if err1 != nil || err2 != nil || err3 != nil { // a hyphen where a digit belongs
		return Context{}, false
	}
	if !c.Valid() || c.Span == [8]byte{} {
		return Context{}, false
	}
	c.Sampled = flags[0]&1 != 0
	return c, true
}

// Valid reports whether the Context names a span.
func (c Context) Valid() bool { return c.Trace != [16]byte{} }

// TraceID is the id of the trace in hexadecimal digits; "" of none.
func (c Context) TraceID() string {
	if !c.Valid() {
		return ""
	}
	return hex.EncodeToString(c.Trace[:])
}

// String is the value of a traceparent header; "" of none.
func (c Context) String() string {
	if !c.Valid() {
		return ""
	}
	flags := "-00"
	if c.Sampled {
		flags = "-01"
	}
	return "00-" + c.TraceID() + "-" + hex.EncodeToString(c.Span[:]) + flags
}

type key struct{}

type scope struct {
	tracer *Tracer
	parent Context
}

// Into has calls of others that are made in a context belong to the trace of a request.
// Where that is not known, nothing changes.
func (t *Tracer) Into(ctx context.Context, request string) context.Context {
	if parent := t.Of(request); parent.Valid() {
		return context.WithValue(ctx, key{}, scope{t, parent})
	}
	return ctx
}
