package server

import (
	"context"
	"time"
)

// A request does much work by its body, its entries, or the page that it asks
// for; of a search, see [search.Query.Heavy]. Only so many are carried out at a
// time that a processor is left for all others, however many clients send them.
const (
	heavyBody    = 512 << 10 // bytes of memory
	heavyEntries = 100
	heavyPage    = 200
)

// toil takes a place among the requests that do much work, until the answer is
// sent: of the request, or of the one whose Bundle the entry is in.
func (x *exchange) toil(ctx context.Context) error {
	if x.effort == nil {
		return nil
	}
	return x.effort.toil(ctx)
}

// toil waits a while for a place among the requests that do much work, and then
// fails with Throttled. A request takes one place, whatever its entries ask for.
func (c *claim) toil(ctx context.Context) error {
	if first, decided := c.ask(); !first {
		<-decided
		return c.refused
	}
	c.refused = c.queue(ctx)
	close(c.decided)
	return c.refused
}

// ask reports whether nothing of the request has asked for a place before, and
// else what is closed when that is decided.
func (c *claim) ask() (first bool, decided <-chan struct{}) {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	if c.decided != nil {
		return false, c.decided
	}
	c.decided = make(chan struct{})
	return true, c.decided
}

// rest returns the place when the work is done and the answer is to be sent: a
// client that reads slowly holds none.
func (c *claim) rest() {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	if c.place {
		<-c.ledger.heavy
		c.place = false
	}
}

func (c *claim) queue(ctx context.Context) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case c.ledger.heavy <- struct{}{}:
		c.ledger.mu.Lock()
		defer c.ledger.mu.Unlock()
		c.place = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return crowded("The server is carrying out as many requests that take much work as it can.")
	}
}
