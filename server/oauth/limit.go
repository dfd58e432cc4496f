package oauth

import (
	"sync"
	"time"
)

// Rate is how many requests are taken in a second, and how many at once.
type Rate struct{ Second, Burst float64 }

func (r Rate) or(other Rate) Rate {
	if r == (Rate{}) {
		return other
	}
	return r
}

// limits bound the requests of each client and from each address. That of an
// address is asked first of all. That of a client is asked when its signature is
// verified: what anybody may say in its name does not count against it.
type limits struct{ clients, addresses *limiter }

func newLimits(client, address Rate) limits {
	return limits{&limiter{rate: client, of: map[string]bucket{}}, &limiter{rate: address, of: map[string]bucket{}}}
}

type limiter struct {
	rate  Rate
	mu    sync.Mutex
	of    map[string]bucket
	swept time.Time
}

type bucket struct {
	left float64
	at   time.Time
}

// most is how many names are followed; beyond it, all others share one bucket.
const most = 10_000

// take takes a request, or says after how long one is taken again.
func (l *limiter) take(name string, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.of[name]
	if !ok && len(l.of) >= most {
		if now.Sub(l.swept) >= time.Second {
			l.drop(now)
		}
		if len(l.of) >= most {
			name = ""
			b, ok = l.of[name]
		}
	}
	if !ok {
		b = bucket{left: l.rate.Burst, at: now}
	}
	b.left = min(l.rate.Burst, b.left+l.rate.Second*max(0, now.Sub(b.at).Seconds()))
	b.at = now
	if b.left >= 1 {
		b.left--
	} else {
		wait = time.Duration((1 - b.left) / l.rate.Second * float64(time.Second))
	}
	l.of[name] = b
	return wait
}

// drop forgets who would have a full bucket by now.
func (l *limiter) drop(now time.Time) {
	l.swept = now
	for name, b := range l.of {
		if b.left+l.rate.Second*now.Sub(b.at).Seconds() >= l.rate.Burst {
			delete(l.of, name)
		}
	}
}
