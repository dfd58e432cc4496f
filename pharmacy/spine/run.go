package spine

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Bounds of the calls.
const (
	callTime = 30 * time.Second // for one call
	inFlight = 4                // records that are worked on at a time
	reads    = 256              // commits of the log that are read at once
	rest     = time.Minute      // after which the clock is looked at again
)

// agent writes what came of calls.
var agent = fhir.Principal{Agent: "Device/nhs", Display: "nhs"}

// Run tells and asks until ctx ends: first what was left by the process before.
func (s *Service) Run(ctx context.Context) {
	if !s.On() {
		return
	}
	for ctx.Err() == nil {
		if err := s.run(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "what the NHS is told waits", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(pauses[0]):
			}
		}
	}
}

func (s *Service) run(ctx context.Context) error {
	seq := s.db.Head()
	ids, err := s.db.State(ctx).Find("Basic", nhs.Query("identifier", idState, waiting))
	if err != nil {
		return err
	}
	open := map[string]bool{}
	for _, id := range ids {
		open[id] = true
	}
	for ctx.Err() == nil {
		if err := s.work(ctx, open); err != nil {
			return err
		}
		within, cancel := context.WithTimeout(ctx, s.patience(len(open) > 0))
		err := s.db.Wait(within, seq)
		cancel()
		if err != nil {
			continue // it is time to look again, or to end
		}
		entries, err := s.db.Log(ctx, seq, reads)
		if err != nil {
			return err
		}
		for _, e := range entries {
			seq = e.Seq
			for _, v := range e.Versions {
				if x, err := read(v); err == nil && x != nil && x.has(waiting) {
					open[v.ID] = true
				}
			}
		}
	}
	return nil
}

// patience is how long to wait for the log: until a call may be made again.
func (s *Service) patience(open bool) time.Duration {
	pause := rest
	for i := range s.links {
		if ok, next := s.links[i].due(s.clock()); open && !ok {
			pause = min(pause, next.Sub(s.clock()))
		}
	}
	return max(pause, 10*time.Millisecond)
}

// work works on what is open, several at a time, and forgets what is done.
func (s *Service) work(ctx context.Context, open map[string]bool) error {
	ids := make([]string, 0, len(open))
	for id := range open {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	waits := make([]bool, len(ids))
	var group errgroup.Group
	group.SetLimit(inFlight)
	for i, id := range ids {
		group.Go(func() (err error) {
			waits[i], err = s.Attempt(ctx, id)
			return err
		})
	}
	err := group.Wait()
	for i, id := range ids {
		if !waits[i] {
			delete(open, id)
		}
	}
	return err
}

// Attempt does what a record waits for, as far as the NHS takes it now. It reports whether
// something waits still.
func (s *Service) Attempt(ctx context.Context, id string) (waits bool, err error) {
	for {
		state := s.db.State(ctx)
		x, err := current(state, id)
		if err != nil || x == nil || !x.has(waiting) {
			return err != nil, err
		}
		l := &s.links[x.kind]
		began := s.clock()
		if ok, _ := l.due(began); !ok {
			return true, nil
		}
		within, cancel := context.WithTimeout(ctx, callTime)
		outcome, failure := s.call(within, state, x)
		cancel()
		if ctx.Err() != nil {
			return true, nil // the next process tries again
		}
		var fault *fault
		if errors.As(failure, &fault) {
			return true, fault.error
		}
		if outcome.called {
			l.note(failure, began, s.clock())
		}
		if err := s.record(ctx, x, outcome, failure); err != nil || failure != nil {
			if failure != nil {
				s.log.WarnContext(ctx, "the NHS could not be reached", "of", x.kind.String(), "reason", words(failure))
			}
			return true, err
		}
	}
}

// fault is a failure that is not the NHS's: nothing is said of its link, and nothing is
// written, which would be read at once again.
type fault struct{ error }

func ours(err error) error { return &fault{err} }

// outcome is what became of entries, by their ids.
type outcome struct {
	called  bool // the NHS was called
	entries map[string]entry
}

func (s *Service) call(ctx context.Context, state fhir.State, x *record) (outcome, error) {
	if x.kind == demographics {
		return s.ask(ctx, state, x)
	}
	return s.tell(ctx, x)
}

// tries bounds how often an outcome is written anew because another writer was quicker.
const tries = 8

// record writes what came of a call.
func (s *Service) record(ctx context.Context, x *record, o outcome, failure error) (err error) {
	for range tries {
		x.failed, x.why = x.failed+1, ""
		if failure == nil {
			x.failed = 0
		} else {
			x.why = words(failure)
		}
		for i := range x.entries {
			if now, ok := o.entries[x.entries[i].id]; ok && x.entries[i].state == waiting {
				e := &x.entries[i]
				e.state, e.said, e.of, e.at = now.state, now.said, now.of, now.at
				if e.at.IsZero() { // else it is as old as the answer that it is taken from
					e.at = s.clock()
				}
			}
		}
		x.overtaken()
		_, err = s.db.Commit(context.WithoutCancel(ctx), &fhir.Transaction{Derived: true, Requester: agent, Changes: []fhir.Change{x.change()}})
		if err == nil || fhir.KindOf(err) != fhir.Conflict {
			return err
		}
		if x, err = current(s.db.State(ctx), x.id); err != nil || x == nil {
			return err
		}
	}
	return err
}

// isRefused reports whether an error is of [Refused].
func isRefused(err error) bool { return errors.Is(err, errRefused) }
