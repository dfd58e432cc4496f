package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"
)

// recordedOr reports whether an answer may be sent: what it shows is recorded.
// Otherwise it sends the reason in the place of the answer.
func (s *Server) recordedOr(w http.ResponseWriter, r *http.Request, x *exchange, status int) bool {
	err := s.recorded(r, x, status)
	if err == nil {
		return true
	}
	if !errors.Is(err, context.Canceled) { // then nobody is left to tell
		s.report(r, err)
	}
	_, _, issues := s.explain(x, err)
	codec := x.format.codec
	x.format = format{codec: &s.codecs[0]}
	text := s.outcome(x, issues)
	if codec != &htmlCodec {
		x.format.codec = codec
	}
	body, e := x.format.encode(text)
	if e != nil {
		x.format, body = format{codec: &s.codecs[0]}, text
	}
	h := w.Header()
	for name := range h {
		if !kept[name] {
			delete(h, name)
		}
	}
	h["Cache-Control"] = uncached
	h.Set("Content-Type", x.format.contentType())
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Retry-After", "5")
	w.WriteHeader(http.StatusServiceUnavailable)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
	return false
}

// kept are the headers that do not tell of the answer itself.
var kept = map[string]bool{
	headerRequestID: true, headerCorrelationID: true, "X-Content-Type-Options": true, "Vary": true,
	"Access-Control-Allow-Origin": true, "Access-Control-Allow-Credentials": true, "Access-Control-Expose-Headers": true,
}
