package server

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// ledger accounts for the memory of all requests in flight, so that their sum
// is bounded and no client has all of it. The zero value takes nothing.
type ledger struct {
	limit int64         // bytes
	slots int           // requests that are answered at a time
	heavy chan struct{} // as many as may do much work at a time

	mu      sync.Mutex
	used    int64
	running int
	clients map[string]*account
	freed   chan struct{} // closed when something is returned; nil while nobody waits for that
}

// account is what one client has in flight.
type account struct {
	used     int64
	running  int
	requests int // that hold anything
}

func newLedger(limit int64, slots, heavy int) *ledger {
	return &ledger{limit: limit, slots: slots, heavy: make(chan struct{}, heavy), clients: map[string]*account{}}
}

// little is what a usual request needs at most. It does not wait for memory that
// larger ones hold.
const little = 1 << 20

// patience is how long a request waits for the memory that others hold.
const patience = 5 * time.Second

// claim is what one request holds of a ledger. It is safe for concurrent use by
// the entries of a Bundle.
type claim struct {
	ledger *ledger
	client string
	of     *account
	used   int64
	slot   bool
	place  bool // among the requests that do much work

	decided chan struct{} // closed when it is known whether it has a place; nil before it asks
	refused error         // why it has none
}

func (l *ledger) open(client string) *claim {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.clients[client]
	if a == nil {
		a = &account{}
		l.clients[client] = a
	}
	a.requests++
	return &claim{ledger: l, client: client, of: a}
}

// close returns everything.
func (c *claim) close() {
	l := c.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used, c.of.used = l.used-c.used, c.of.used-c.used
	if c.slot {
		l.running--
		c.of.running--
	}
	if c.of.requests--; c.of.requests == 0 {
		delete(l.clients, c.client)
	}
	if c.place {
		<-l.heavy
	}
	c.used, c.slot, c.place = 0, false, false
	if l.freed != nil {
		close(l.freed)
		l.freed = nil
	}
}

// take reserves bytes. It waits a while for those that others hold and then
// fails with Throttled; what never fits fails with TooLong.
func (c *claim) take(ctx context.Context, bytes int64) error {
	var timer <-chan time.Time
	for {
		freed, err := c.try(bytes)
		if freed == nil {
			return err
		}
		if timer == nil {
			timer = time.After(patience)
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return ctx.Err()
		case <-timer:
			return crowded("The requests in flight need as much memory as the server has for them.")
		}
	}
}

// try reserves bytes, or returns what says that others have returned some.
func (c *claim) try(bytes int64) (freed <-chan struct{}, err error) {
	l := c.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.used+bytes > l.limit {
		return nil, tooHeavy(c.used+bytes, l.limit)
	}
	limit, fair := l.limit, true
	if c.used+bytes > little {
		limit = max(limit-limit/8, c.used+bytes) // the rest is for those that need little
		fair = c.of.used+bytes <= limit/2 || c.of.used == c.used
	}
	if l.used+bytes > limit || !fair {
		if l.freed == nil {
			l.freed = make(chan struct{})
		}
		return l.freed, nil
	}
	l.used, c.of.used, c.used = l.used+bytes, c.of.used+bytes, c.used+bytes
	return nil, nil
}

// enter takes a place among the requests that are answered.
func (c *claim) enter() error {
	l := c.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running >= l.slots {
		return crowded("The server is answering as many requests as it can.")
	}
	if c.of.running >= max(1, l.slots/2) {
		return crowded("The server is answering as many requests of one client as it can.")
	}
	l.running++
	c.of.running++
	c.slot = true
	return nil
}

func crowded(message string) error {
	return fhir.E("serve", fhir.Throttled, fhir.Issue{
		Message: message, Fix: "Send the request again after the time that Retry-After names.",
	})
}

func tooHeavy(needs, limit int64) error {
	return fhir.E("serve", fhir.TooLong, fhir.Issue{
		Message:  "The request needs more memory than the server has for requests.",
		Expected: "a request that needs at most " + megabytes(limit), Found: megabytes(needs),
		Fix: "Send the content in several requests.",
	})
}

func megabytes(n int64) string {
	return strconv.FormatInt(max(1, n>>20), 10) + " MB"
}
