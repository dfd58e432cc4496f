package oauth

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// failure is a refusal by RFC 6749 section 5.2: a code, and the parameter or claim
// that is at fault with what was expected.
type failure struct {
	status          int
	code            string
	member, message string
	wait            time.Duration // before the request may be sent again
}

// The codes of RFC 6749 section 5.2.
const (
	invalidRequest = "invalid_request"
	invalidClient  = "invalid_client"
	invalidScope   = "invalid_scope"
)

func (f *failure) Error() string { return f.code + ": " + f.description() }

// reason is a failure as the log may have it: nothing that the client sent.
func reason(err error) string {
	var f *failure
	if !errors.As(err, &f) {
		return "store"
	}
	return strings.TrimSpace(f.code + " " + f.member)
}

// description is error_description, whose characters RFC 6749 limits.
func (f *failure) description() string {
	text := f.message
	if f.member != "" {
		text = f.member + ": " + text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, text)
}

func badRequest(member, message string) error {
	return &failure{status: http.StatusBadRequest, code: invalidRequest, member: member, message: message}
}

func unknownClient(member, message string) error {
	return &failure{status: http.StatusUnauthorized, code: invalidClient, member: member, message: message}
}

func tooMany(wait time.Duration) error {
	return &failure{status: http.StatusTooManyRequests, code: "temporarily_unavailable", message: "too many requests; a token lasts for several requests: keep it until it expires", wait: wait}
}

// fail answers with an error.
func (s *Server) fail(w http.ResponseWriter, err error) {
	var f *failure
	if !errors.As(err, &f) {
		s.config.Logger.Error("token endpoint", "error", err)
		f = &failure{status: http.StatusServiceUnavailable, code: "temporarily_unavailable", message: "what must be remembered cannot be stored now", wait: 5 * time.Second}
	}
	if f.wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.wait.Seconds()))))
	}
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="token"`)
	}
	respond(w, f.status, map[string]any{"error": f.code, "error_description": f.description()})
}

func respond(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // texts and numbers
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
