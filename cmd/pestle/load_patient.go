package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// patient sends a request again while the server says that it is to be sent
// later: after the time that the server names, for patience in all.
type patient struct{ next http.Handler }

const (
	patience    = 10 * time.Minute
	longestWait = 30 * time.Second
)

func (p patient) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for began := time.Now(); ; {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		p.next.ServeHTTP(answer, again)
		wait, later := retryAfter(answer)
		if !later || time.Since(began)+wait > patience {
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
			return
		}
		select {
		case <-r.Context().Done():
		case <-time.After(wait):
		}
	}
}

// retryAfter is how long to wait before a request is sent again, if it is to be.
func retryAfter(answer *httptest.ResponseRecorder) (time.Duration, bool) {
	if answer.Code != http.StatusTooManyRequests {
		return 0, false
	}
	seconds, err := strconv.Atoi(answer.Header().Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0, false
	}
	return min(time.Duration(seconds)*time.Second, longestWait), true
}
