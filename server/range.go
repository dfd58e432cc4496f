package server

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"
)

// inBytes reports whether the Range of a request is one that the server knows.
// Another unit, and a Range of a method besides GET, are ignored: RFC 9110
// section 14.2.
func inBytes(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.HasPrefix(strings.ToLower(r.Header.Get("Range")), "bytes=")
}

// noBytes is a range of the last zero bytes, which cannot be satisfied.
var noBytes = regexp.MustCompile(`^(?i:bytes)=\s*-0+\s*$`)

// rangeWriter holds back the answer that there is no such range: it is text,
// where clients expect an OperationOutcome.
type rangeWriter struct {
	gin.ResponseWriter
	unsatisfiable bool
}

func (w *rangeWriter) WriteHeader(status int) {
	if status == http.StatusRequestedRangeNotSatisfiable {
		w.unsatisfiable = true
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *rangeWriter) Write(b []byte) (int, error) {
	if w.unsatisfiable {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}
