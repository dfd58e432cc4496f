package webhook

import (
	"net/http"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/internal/outbound"
)

// schedule is how long after each failure the next attempt is made, by the
// specification: ten attempts in all, the last one three days after the first.
var schedule = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

// longestWait bounds Retry-After.
const longestWait = 24 * time.Hour

// Result is what became of an attempt.
type Result struct {
	Delivered bool
	Gone      bool          // 410: the endpoint wants no more calls
	Status    int           // 0 where there was no answer
	Reason    string        // of a failure, in words that an operator reads
	After     time.Duration // Retry-After; 0 where the answer has none
}

// Judge reads what a call came to: the answer, or why there is none. A redirect is a
// failure.
func Judge(answer *http.Response, err error, now time.Time) Result {
	if err != nil {
		return Result{Reason: outbound.Reason(err)}
	}
	r := Result{Status: answer.StatusCode, Delivered: answer.StatusCode >= 200 && answer.StatusCode < 300, Gone: answer.StatusCode == http.StatusGone}
	switch {
	case r.Delivered:
		return r
	case answer.StatusCode >= 300 && answer.StatusCode < 400:
		r.Reason = "it answered with a redirect, which is not followed: " + strconv.Itoa(r.Status)
	default:
		r.Reason = "it answered " + strconv.Itoa(r.Status)
	}
	r.After = retryAfter(answer.Header.Get("Retry-After"), now)
	return r
}

// retryAfter reads the seconds or the date of RFC 9110 section 10.2.3.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, longestWait)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), longestWait)
	}
	return 0
}

// Retry is what is remembered of what has failed, a call or all of an endpoint. The zero
// value is that of one that has not failed. It is stored as it is.
type Retry struct {
	Failures int       `json:"failures,omitempty"` // in a row
	Since    time.Time `json:"since,omitzero"`     // the first of them
	Next     time.Time `json:"next,omitzero"`      // when the next attempt is due
	Status   int       `json:"status,omitempty"`   // of the last answer
	Reason   string    `json:"reason,omitempty"`
	Over     bool      `json:"over,omitempty"` // no attempt is made any more: it is disabled
}

// After is what is remembered after an attempt. jitter, 0 to 1, spreads the attempts of
// many calls that failed together by up to a fifth of the delay.
func (r Retry) After(result Result, now time.Time, jitter float64) Retry {
	if result.Delivered {
		return Retry{}
	}
	if r.Failures == 0 {
		r.Since = now
	}
	r.Failures++
	r.Status, r.Reason = result.Status, result.Reason
	if result.Gone || r.Failures > len(schedule) {
		r.Over, r.Next = true, time.Time{}
		return r
	}
	wait := schedule[r.Failures-1]
	wait += time.Duration(jitter * float64(wait) / 5)
	r.Next = now.Add(max(wait, result.After))
	return r
}

// Due reports whether an attempt is to be made.
func (r Retry) Due(now time.Time) bool { return !r.Over && !now.Before(r.Next) }
