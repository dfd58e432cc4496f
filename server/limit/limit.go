// Package limit bounds how much is asked of the server by one client, in the name
// of one person, or from one address.
package limit

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Rate is how many requests are taken in a second, and how many at once.
type Rate struct{ Second, Burst float64 }

// Or returns another rate where this one is zero.
func (r Rate) Or(other Rate) Rate {
	if r == (Rate{}) {
		return other
	}
	return r
}

// Limiter bounds the requests of each name. Make one with [New].
type Limiter struct {
	rate  Rate
	mu    sync.Mutex
	of    map[string]bucket
	swept time.Time
}

// New returns a limiter that has seen nothing.
func New(rate Rate) *Limiter { return &Limiter{rate: rate, of: map[string]bucket{}} }

type bucket struct {
	left float64
	at   time.Time
}

// most is how many names are followed; beyond it, all others share one bucket.
const most = 10_000

// Take takes a request, or says after how long one is taken again.
func (l *Limiter) Take(name string, now time.Time) (wait time.Duration) {
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
func (l *Limiter) drop(now time.Time) {
	l.swept = now
	for name, b := range l.of {
		if b.left+l.rate.Second*now.Sub(b.at).Seconds() >= l.rate.Burst {
			delete(l.of, name)
		}
	}
}

// Address is whom a request counts for: the address that it comes from, of IPv6
// the network of 64 bits, of which one machine has all addresses.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}
