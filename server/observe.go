package server

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/pestle-fhir/pestle/internal/tracing"
)

// observe surrounds everything else: it names the request, counts it, logs it
// once it is answered, and turns a panic into an answer. The log names the caller
// as the token does. It holds no query and no id of a resource, since both may
// tell about a patient.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		r.URL = plainPath(r.URL)
		x := s.begin(r)
		set(w.Header(), headerRequestID, x.requestID)
		if id := r.Header.Get(headerCorrelationID); isToken(id) {
			w.Header().Set(headerCorrelationID, id)
		}
		w.Header()["Cache-Control"] = uncached
		w.Header()["X-Content-Type-Options"] = unsniffed
		w.Header()["Vary"] = varying
		x.connection = http.NewResponseController(w)
		if r.ContentLength != 0 { // a body must begin to arrive
			x.deadline(started.Add(min(pace, s.config.Timeout)))
		}
		out := &counted{ResponseWriter: w}
		out.before = func(status int) bool {
			if x.claim != nil {
				x.claim.rest()
			}
			return s.recordedOr(w, r, x, status)
		}
		s.metrics.inFlight.Inc()
		defer func() {
			s.metrics.inFlight.Dec()
			took := time.Since(started)
			s.metrics.observe(x, out.status, took)
			s.keep(x, out.status)
			s.traced(r, x, out.status, started, took)
			s.log(r, x, out, took)
		}()
		r = r.WithContext(x.into(r.Context()))
		defer s.recovered(out, r)
		next.ServeHTTP(out, r)
		out.begin(http.StatusOK)
	})
}

// unsniffed is on every answer.
var unsniffed = []string{"nosniff"}

func (s *Server) log(r *http.Request, x *exchange, out *counted, took time.Duration) {
	level := slog.LevelInfo
	slow := s.config.Slow > 0 && took >= s.config.Slow
	if slow {
		level = slog.LevelWarn
	}
	if out.status >= 500 {
		level = slog.LevelError
	}
	if !s.config.Logger.Enabled(r.Context(), level) {
		return
	}
	message, more := "request", []slog.Attr(nil)
	if x.span.Valid() {
		more = append(more, slog.String("trace_id", x.span.TraceID()))
	}
	if slow {
		if message = "slow request"; x.explain != nil {
			more = append(more, slog.String("plan", x.explain()))
		}
	}
	s.config.Logger.LogAttrs(r.Context(), level, message, append([]slog.Attr{
		slog.String("request_id", x.logID()),
		slog.String("caller", x.identity.Requester.Agent),
		slog.String("organisation", x.identity.Requester.OnBehalf),
		slog.String("client", x.identity.Requester.Client),
		slog.String("method", r.Method),
		slog.String("interaction", x.interaction),
		slog.String("type", x.resourceType),
		slog.Int("status", out.status),
		slog.Duration("took", took),
		slog.Int64("bytes", out.bytes),
	}, more...)...)
}

// traced records the span of a request. It has no query and no id of a resource, as the
// log.
func (s *Server) traced(r *http.Request, x *exchange, status int, started time.Time, took time.Duration) {
	if !s.config.Traces.Recording(x.span) {
		return
	}
	name := x.interaction
	if x.resourceType != "" {
		name += " " + x.resourceType
	}
	s.config.Traces.End(tracing.Span{Context: x.span, Parent: x.parent, Name: name, Kind: tracing.Server, Begin: started, End: started.Add(took), Failed: status >= http.StatusInternalServerError,
		Attributes: []tracing.Attribute{tracing.Text("http.request.method", r.Method), tracing.Status(status), tracing.Text("fhir.interaction", x.interaction), tracing.Text("fhir.type", x.resourceType),
			tracing.Text("client.organisation", x.identity.Requester.OnBehalf), tracing.Text("request.id", x.logID())}})
}

// aborted reports whether a panic is the one by which a handler breaks the
// connection off on purpose.
func aborted(p any) bool {
	err, ok := p.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

// recovered answers for a handler that panicked.
func (s *Server) recovered(out *counted, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if aborted(p) {
		panic(p)
	}
	err := panicked(p)
	if out.status != 0 {
		s.report(r, err) // too late for another answer
		return
	}
	s.fail(out, r, err)
}

// counted is a response writer that remembers the status and counts the bytes.
// Before the first of them it asks whether the answer may be sent: another one has
// been sent in its place where not.
type counted struct {
	http.ResponseWriter
	before   func(status int) bool
	status   int
	bytes    int64
	withheld bool
}

// begin notes the status, once, and reports whether the answer is sent.
func (w *counted) begin(status int) bool {
	if w.status == 0 {
		w.status = status
		if w.withheld = !w.before(status); w.withheld {
			w.status = http.StatusServiceUnavailable
		}
	}
	return !w.withheld
}

func (w *counted) WriteHeader(status int) {
	if w.begin(status) {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *counted) Write(b []byte) (int, error) {
	if !w.begin(http.StatusOK) {
		return len(b), nil
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *counted) Unwrap() http.ResponseWriter { return w.ResponseWriter }
