package webhook

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Tolerance is how far the time of a call may be from that of its receiver, both ways:
// the value of the reference libraries.
const Tolerance = 5 * time.Minute

// Why a call is refused. What is told to the caller is the same for all of them: that it
// is not authenticated.
var (
	ErrHeaders   = errors.New("webhook: webhook-id, webhook-timestamp and webhook-signature are expected, each once")
	ErrTimestamp = errors.New("webhook: webhook-timestamp is not a number of seconds, or more than 5 minutes from now")
	ErrSignature = errors.New("webhook: no signature is of a secret of this receiver")
)

// Verify checks a call that was received, with its body as it came, and returns its id.
// Several secrets are taken while one replaces another. An id may come again, because the
// sender did not hear that it arrived: what is done for a call has a key that follows
// from its id, or its receiver asks a [Window].
func Verify(h http.Header, body []byte, now time.Time, secrets ...Secret) (id string, err error) {
	for _, name := range []string{HeaderID, HeaderTimestamp, HeaderSignature} {
		if values := h.Values(name); len(values) != 1 || values[0] == "" {
			return "", ErrHeaders
		}
	}
	id = h.Get(HeaderID)
	timestamp := h.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return "", ErrTimestamp
	}
	if off := seconds - now.Unix(); off > int64(Tolerance.Seconds()) || off < -int64(Tolerance.Seconds()) {
		return "", ErrTimestamp
	}
	matched := 0
	for _, s := range secrets {
		if len(s) < leastSecret {
			continue
		}
		want := []byte(s.signature(id, timestamp, body))
		for i, entry := range strings.Split(h.Get(HeaderSignature), " ") {
			if i == mostSignatures {
				break
			}
			if got, ok := strings.CutPrefix(entry, version); ok {
				matched |= subtle.ConstantTimeCompare([]byte(got), want)
			}
		}
	}
	if matched == 0 {
		return "", ErrSignature
	}
	return id, nil
}

// mostSignatures bounds the work that a call makes before it is authenticated.
const mostSignatures = 16

// Window remembers the ids of calls that were taken, as long as the same bytes could be
// sent again: a replay is found by it, and afterwards by its timestamp. It is kept in
// memory, for effects that do no harm when they happen once more after a restart. The
// zero value is ready.
type Window struct {
	mu   sync.Mutex
	ids  map[string]time.Time
	next time.Time // when those that are over are dropped
}

// Take reports whether an id is new. One whose effect failed is to be forgotten again,
// so that the next attempt is taken.
func (w *Window) Take(id string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ids == nil {
		w.ids = map[string]time.Time{}
	}
	if now.After(w.next) {
		for other, until := range w.ids {
			if now.After(until) {
				delete(w.ids, other)
			}
		}
		w.next = now.Add(Tolerance)
	}
	if until, known := w.ids[id]; known && !now.After(until) {
		return false
	}
	w.ids[id] = now.Add(2*Tolerance + time.Second)
	return true
}

// Forget makes an id new again.
func (w *Window) Forget(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.ids, id)
}
