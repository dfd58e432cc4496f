package pharmacy

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Timed is what follows from the passing of time, as [Follower] is what follows from
// a version. Implementations hold no state: what is due is found in the database, so
// that nothing is forgotten by a restart and nothing done twice.
type Timed interface {
	// Name names it in the log of the server and as the agent of its commits.
	Name() string
	// Next returns the instant after now at which more may become due.
	Next(now time.Time) time.Time
	// Due lists the ids of the resources of which something may be due.
	Due(state fhir.State, now time.Time) ([]string, error)
	// Looks returns the id of a resource of which something may be due because of a
	// version that was committed; "" for none.
	Looks(v *fhir.Version, now time.Time) (string, error)
	// Pass returns the changes that are due of one resource, each with IfMatch; none
	// where nothing is.
	Pass(state fhir.State, id string, now time.Time) ([]fhir.Change, error)
}

// Timer drives one Timed: when it starts, at each instant that it names, and after
// each commit. Its clock is never before that of the log. Where much is due at once it
// does a part of it, then what the log has meanwhile, and waits while those who follow
// the log are behind: what is ordered at that time must not wait for all of it.
type Timer struct {
	DB    Database
	Head  func() fhir.Seq // the last commit of the log
	Timed Timed
	Clock func() time.Time
	// Behind returns by how many commits the followers are behind; nil where there
	// are none.
	Behind func() fhir.Seq
	Logger *slog.Logger  // slog.Default when nil
	Pause  time.Duration // after a failure that may pass; a second when 0
}

const (
	together = 16 // resources that are passed in one commit
	calm     = 32 // commits that the followers may be behind before the next part
	// delay bounds how long a part waits for the followers: one that does not move
	// must not keep the time from passing.
	delay = time.Second
)

// Run follows time until ctx ends, which is no error.
func (t *Timer) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		seq, last, err := t.end(ctx)
		if err == nil {
			err = t.run(ctx, seq, last)
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		t.logger().ErrorContext(ctx, "timer waits", "timer", t.Timed.Name(), "error", err)
		sleep(ctx, t.Pause)
	}
	return nil
}

// end is the end of the log, and the time of its last commit: what is before it a
// sweep finds.
func (t *Timer) end(ctx context.Context) (seq fhir.Seq, last time.Time, err error) {
	if seq = t.Head(); seq == 0 {
		return 0, last, nil
	}
	entries, err := t.DB.Log(ctx, seq-1, 1)
	if len(entries) > 0 {
		last = entries[0].Time
	}
	return seq, last, err
}

// run does what is due now and at the instants that are named, part by part, and
// follows the log in between.
func (t *Timer) run(ctx context.Context, seq fhir.Seq, last time.Time) error {
	now := t.now(last)
	due, err := t.Timed.Due(t.DB.State(ctx), now)
	if err != nil {
		return err
	}
	for next := t.Timed.Next(now); ctx.Err() == nil; {
		entries, err := t.DB.Log(ctx, seq, batch)
		if err == nil && len(entries) == 0 && len(due) == 0 {
			err = t.wait(ctx, seq, next)
		}
		if err != nil {
			return err
		}
		for i := range entries {
			seq, last = entries[i].Seq, entries[i].Time
			if err := t.look(ctx, &entries[i], t.now(last)); err != nil {
				return err
			}
		}
		if now := t.now(last); !now.Before(next) {
			if due, err = t.Timed.Due(t.DB.State(ctx), now); err != nil {
				return err
			}
			next = t.Timed.Next(now)
		}
		if due, err = t.part(ctx, due, t.now(last)); err != nil {
			return err
		}
	}
	return nil
}

// part does the first of what is due, and returns the rest.
func (t *Timer) part(ctx context.Context, due []string, now time.Time) (rest []string, err error) {
	if len(due) == 0 {
		return nil, nil
	}
	n := min(len(due), together)
	if err := t.passAll(ctx, due[:n], now); err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, delay)
	defer cancel()
	for t.Behind != nil && t.Behind() > calm && within.Err() == nil {
		sleep(within, 5*time.Millisecond)
	}
	return due[n:], nil
}

// passAll passes resources in one commit; each by itself where that is refused, or
// takes too long, or two of them write the same.
func (t *Timer) passAll(ctx context.Context, ids []string, now time.Time) error {
	done, err := t.passTogether(ctx, ids, now)
	for i := 0; !done && err == nil && i < len(ids); i++ {
		err = t.pass(ctx, ids[i], now)
	}
	return err
}

func (t *Timer) passTogether(ctx context.Context, ids []string, now time.Time) (done bool, err error) {
	if len(ids) < 2 {
		return false, nil
	}
	state, all, written := t.DB.State(ctx), []fhir.Change(nil), map[string]bool{}
	for _, id := range ids {
		changes, err := t.Timed.Pass(state, id, now)
		if err != nil {
			return false, nil //nolint:nilerr // by itself it is told
		}
		for _, c := range changes {
			if written[c.Type+"/"+c.ID] {
				return false, nil
			}
			written[c.Type+"/"+c.ID] = true
		}
		all = append(all, changes...)
	}
	err = t.commit(ctx, all)
	if passing(err) && fhir.KindOf(err) != fhir.Throttled {
		return false, err
	}
	return err == nil, nil
}

// commit commits what was passed.
func (t *Timer) commit(ctx context.Context, changes []fhir.Change) error {
	if len(changes) == 0 {
		return nil
	}
	_, err := t.DB.Commit(context.WithoutCancel(ctx), &fhir.Transaction{Changes: changes, Derived: true, Requester: fhir.Principal{Agent: "timer|" + t.Timed.Name()}})
	return err
}

// wait returns when there is a further commit or the instant has come. A clock may
// be set, and a machine may sleep, so that it looks once a minute.
func (t *Timer) wait(ctx context.Context, seq fhir.Seq, next time.Time) error {
	within, cancel := context.WithTimeout(ctx, min(time.Minute, max(next.Sub(t.now(time.Time{})), time.Millisecond)))
	defer cancel()
	err := t.DB.Wait(within, seq)
	if ctx.Err() == nil && within.Err() != nil {
		return nil
	}
	return err
}

func (t *Timer) look(ctx context.Context, entry *fhir.LogEntry, now time.Time) error {
	var ids []string
	for _, v := range entry.Versions {
		id, err := t.Timed.Looks(v, now)
		if err != nil {
			return err
		}
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		if err := t.pass(ctx, id, now); err != nil {
			return err
		}
	}
	return nil
}

// pass commits what is due of one resource. What the database refuses for good is
// told and left: it must not keep the others.
func (t *Timer) pass(ctx context.Context, id string, now time.Time) error {
	var err error
	for range tries {
		var changes []fhir.Change
		changes, err = t.Timed.Pass(t.DB.State(ctx), id, now)
		if err == nil {
			err = t.commit(ctx, changes)
		}
		switch {
		case err == nil || passing(err):
			return err
		case fhir.KindOf(err) != fhir.Conflict:
			t.logger().ErrorContext(ctx, "what is due was refused", "timer", t.Timed.Name(), "id", id, "error", err)
			return nil
		}
	}
	return fmt.Errorf("pharmacy: %s could not commit what is due of %s: other writers were always quicker: %w", t.Timed.Name(), id, err)
}

// now is the time by the clock, and never before the last commit.
func (t *Timer) now(last time.Time) time.Time {
	now := t.Clock()
	if now.Before(last) {
		return last
	}
	return now
}

func (t *Timer) logger() *slog.Logger {
	if t.Logger == nil {
		return slog.Default()
	}
	return t.Logger
}
