package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// report logs a failure of the server under its incident.
func (s *Server) report(r *http.Request, err error) {
	x := exchangeIn(r.Context())
	attrs := []slog.Attr{
		slog.String("request_id", x.logID()), slog.String("incident", x.incident),
		slog.String("interaction", x.interaction), slog.Any("error", err),
	}
	var p *panicError
	if errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", string(p.stack)))
	}
	s.config.Logger.LogAttrs(r.Context(), slog.LevelError, "failure", attrs...)
}

// panicError is a panic as an error, with the stack for the log.
type panicError struct {
	value any
	stack []byte
}

func panicked(value any) error { return &panicError{value, debug.Stack()} }

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }
