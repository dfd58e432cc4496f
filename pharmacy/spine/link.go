package spine

import (
	"errors"
	"strings"
	"sync"
	"time"
)

// pauses are how long nothing is sent to an API after a call that failed, by how many
// failed in a row.
var pauses = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute}

// link is how an API of the NHS answers. After a restart it is tried at once.
type link struct {
	mu     sync.Mutex
	failed int
	since  time.Time // of the first failure in a row
	next   time.Time
}

// due reports whether a call may be made, else when.
func (l *link) due(now time.Time) (bool, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !now.Before(l.next), l.next
}

// note notes what a call came to. Calls that were made together count once.
func (l *link) note(err error, began, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.failed, l.since, l.next = 0, time.Time{}, time.Time{}
		return
	case l.failed > 0 && began.Before(l.next):
		return
	case l.failed == 0:
		l.since = now
	}
	l.failed++
	pause := pauses[min(l.failed, len(pauses))-1]
	var asks interface{ Wait() time.Duration }
	if errors.As(err, &asks) {
		pause = max(pause, asks.Wait())
	}
	l.next = now.Add(pause)
}

// Failing is for how long no call to one of the APIs has succeeded, 0 while they do.
func (s *Service) Failing() (longest time.Duration) {
	for i := range s.links {
		l := &s.links[i]
		l.mu.Lock()
		if !l.since.IsZero() {
			longest = max(longest, s.clock().Sub(l.since))
		}
		l.mu.Unlock()
	}
	return longest
}

// words are what is recorded of a failure: bounded, and in one line.
func words(err error) string {
	text := strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), errRefused.Error())), " ")
	return strings.ToValidUTF8(text[:min(len(text), 300)], "")
}
