package warehouse

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Run tells the warehouse of orders, and does with prescriptions what follows from its
// events, until ctx ends. What is to be told and done is stored with the orders, so
// that a restart forgets nothing: what is told twice has the same id, and what is done
// twice the same key.
func (s *Service) Run(ctx context.Context) {
	if s.off {
		return
	}
	r := runner{s: s, pending: map[string]bool{}}
	for ctx.Err() == nil {
		if err := r.run(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "orders of the warehouse wait", "error", err)
			wait(ctx, time.Second)
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// runner is Run under way.
type runner struct {
	s       *Service
	pending map[string]bool // ids of orders of which something may be to be told or done
	next    time.Time       // when the warehouse is told again, after a failure
}

// sides bounds how many orders are worked on at once.
const sides = 8

func (r *runner) run(ctx context.Context) error {
	at := r.s.db.Head()
	state := r.s.db.State(ctx)
	for _, system := range []string{idAct, idSend} {
		ids, err := state.Find("SupplyRequest", nhs.Query("identifier", system, pending))
		if err != nil {
			return err
		}
		for _, id := range ids {
			r.pending[id] = true
		}
	}
	for ctx.Err() == nil {
		if err := r.work(ctx); err != nil {
			return err
		}
		entries, err := r.s.db.Log(ctx, at, batch)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			within, cancel := context.WithTimeout(ctx, r.patience())
			err = r.s.db.Wait(within, at)
			cancel()
			if err != nil && ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
		}
		for _, e := range entries {
			at = e.Seq
			for _, v := range e.Versions {
				if v.Type == "SupplyRequest" && !v.Deleted() {
					r.pending[v.ID] = true
				}
				if v.Type == "Basic" && v.ID == r.s.linkID() {
					r.next = time.Time{}
				}
			}
		}
	}
	return nil
}

// patience is how long to wait for the log: until the warehouse is told again.
func (r *runner) patience() time.Duration {
	if !r.next.IsZero() {
		until := r.next.Sub(r.s.clock())
		return min(max(until, 10*time.Millisecond), time.Minute)
	}
	return time.Minute
}

// work does what is pending, and forgets the orders of which nothing is.
func (r *runner) work(ctx context.Context) error {
	if !r.next.IsZero() && !r.s.clock().Before(r.next) {
		r.next = time.Time{}
	}
	l, err := r.s.linkOf(r.s.db.State(ctx))
	if err != nil {
		return err
	}
	if !l.Due(r.s.clock()) {
		r.next = l.Next
		if l.Over {
			r.next = r.s.clock().Add(time.Minute)
		}
	}
	ids := make([]string, 0, len(r.pending))
	for id := range r.pending {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var group errgroup.Group
	group.SetLimit(sides)
	var mu sync.Mutex
	for _, id := range ids {
		group.Go(func() error {
			left, err := r.order(ctx, id)
			mu.Lock()
			defer mu.Unlock()
			if !left {
				delete(r.pending, id)
			}
			return err
		})
	}
	return group.Wait()
}

// order does what an order waits for; left says that something is left that no further
// version of it will bring about.
func (r *runner) order(ctx context.Context, id string) (left bool, err error) {
	for range 2 * len(rank) {
		state := r.s.db.State(ctx)
		b := newBook(state, r.s.clock(), fhir.Principal{})
		o, err := b.order(id)
		if err != nil || o == nil {
			return false, err
		}
		switch {
		case len(o.acts) > 0 && o.trouble == "" && r.s.acts != nil:
			if err := r.act(ctx, o); err != nil {
				return true, err
			}
		case o.sent < o.revision && r.s.warehouse != nil:
			told, err := r.tell(ctx, b, o)
			if err != nil || !told {
				return true, err
			}
		default:
			return false, nil
		}
	}
	return true, nil
}

// act does the first act of an order, and notes that it is done, or why not.
func (r *runner) act(ctx context.Context, o *order) error {
	a := o.next()
	err := r.s.acts.Do(ctx, a)
	if err != nil {
		if kind := fhir.KindOf(err); ctx.Err() != nil || kind == fhir.Exception || kind == fhir.Timeout || kind == fhir.Throttled || kind == fhir.NoStore || kind == fhir.Conflict {
			return err
		}
		r.s.log.WarnContext(ctx, "an order of the warehouse waits for a person", "order", o.id, "act", string(a.Kind))
	}
	return r.s.change(ctx, o.id, func(b *book, now *order) {
		switch {
		case now.acted != o.acted || len(now.acts) == 0: // another runner was quicker
		case err != nil:
			b.stop(now, string(a.Kind)+": "+saidBy(err))
		default:
			now.acts, now.acted = now.acts[1:], now.acted+1
			b.wrote("SupplyRequest", now.id)
		}
	})
}

// saidBy is what an error tells.
func saidBy(err error) string {
	var known *fhir.Error
	if !errors.As(err, &known) || len(known.Issues) == 0 {
		return err.Error()
	}
	texts := make([]string, 0, len(known.Issues))
	for _, i := range known.Issues {
		texts = append(texts, i.Text())
	}
	return strings.Join(texts, " ")
}

// tell tells the warehouse of an order; false where that has failed, or is not due.
func (r *runner) tell(ctx context.Context, b *book, o *order) (bool, error) {
	now := r.s.clock()
	l, err := r.s.linkOf(b.state)
	if err != nil || !l.Due(now) {
		return false, err
	}
	v, err := b.state.Current("SupplyRequest", o.id)
	if err != nil || v == nil {
		return false, err
	}
	m, err := b.message(o, v.LastUpdated.UTC())
	if err != nil {
		return false, err
	}
	result := r.s.warehouse.Send(ctx, m)
	if ctx.Err() != nil {
		return false, nil
	}
	if !result.Delivered {
		return false, r.failed(ctx, result)
	}
	if l.Failures > 0 {
		if err := r.s.mend(ctx); err != nil {
			return false, err
		}
	}
	return true, r.s.change(ctx, o.id, func(b *book, now *order) {
		if now.sent < o.revision {
			now.sent = o.revision
			b.wrote("SupplyRequest", now.id)
		}
	})
}

// failed notes a failure of the warehouse, once for all messages that fail together.
func (r *runner) failed(ctx context.Context, result webhook.Result) error {
	r.s.moving.Lock()
	defer r.s.moving.Unlock()
	state, now := r.s.db.State(ctx), r.s.clock()
	l, err := r.s.linkOf(state)
	if err != nil || !l.Due(now) {
		return err
	}
	l.Retry = l.After(result, now.UTC(), jitter(l.Failures))
	r.s.log.WarnContext(ctx, "the warehouse was not told", "reason", result.Reason, "failures", l.Failures, "next", l.Next, "over", l.Over)
	_, err = r.s.db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{r.s.linkChange(l)}, Derived: true, Requester: fhir.Principal{Agent: "Device/pestle", Display: "pestle"}})
	if fhir.KindOf(err) == fhir.Conflict && err != nil {
		return nil
	}
	return err
}

// jitter spreads the attempts of servers that fail together.
func jitter(n int) float64 { return float64((n*7919)%100) / 100 }

// mend notes that the warehouse takes messages.
func (s *Service) mend(ctx context.Context) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	l, err := s.linkOf(s.db.State(ctx))
	if err != nil || l.Failures == 0 {
		return err
	}
	l.Retry = webhook.Retry{}
	_, err = s.db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{s.linkChange(l)}, Derived: true, Requester: fhir.Principal{Agent: "Device/pestle", Display: "pestle"}})
	return err
}

// change changes an order by itself, again where another writer was quicker.
func (s *Service) change(ctx context.Context, id string, f func(b *book, o *order)) error {
	for range attempts {
		b := newBook(s.db.State(ctx), time.Time{}, fhir.Principal{})
		o, err := b.order(id)
		if err != nil || o == nil {
			return err
		}
		f(b, o)
		changes := b.changes()
		if len(changes) == 0 {
			return nil
		}
		_, err = s.db.Commit(context.WithoutCancel(ctx), &fhir.Transaction{Changes: changes, Derived: true, Requester: fhir.Principal{Agent: "Device/pestle", Display: "pestle"}})
		if err == nil || fhir.KindOf(err) != fhir.Conflict {
			return err
		}
	}
	return fhir.E("stock", fhir.Throttled, fhir.Issue{Message: "Other writers changed the order SupplyRequest/" + id + " at the same time, again and again."})
}
