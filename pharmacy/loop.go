package pharmacy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Loop drives one follower along the log. Run it in a goroutine of its own;
// any number of loops may share a database.
type Loop struct {
	DB       Database
	Follower Follower
	Logger   *slog.Logger // slog.Default when nil
	// Observe, when set, is told of every commit that was read: how many
	// versions were stepped, how many changes and parked versions came of them
	// and how far the follower now is.
	Observe func(Progress)
	// Pause is how long to wait after a failure that may pass; a second when 0.
	Pause time.Duration

	passed int           // versions behind the stored cursor
	wide   int           // how many commits are stepped at once; 0 at first
	apart  int           // how many commits are to be taken one by one
	at     atomic.Uint64 // the last commit that was taken
	begun  atomic.Bool   // at is known
}

// At returns the last commit of the log that the follower has taken: its lag is
// how far the log has gone since. It may be called at any time.
func (l *Loop) At() fhir.Seq { return fhir.Seq(l.at.Load()) }

// Lag returns how many commits of a log that ends with head the follower has not
// taken yet; 0 before it runs. It may be called at any time.
func (l *Loop) Lag(head fhir.Seq) fhir.Seq {
	if at := l.At(); l.begun.Load() && head > at {
		return head - at
	}
	return 0
}

// Progress is what became of one commit of the log.
type Progress struct {
	Follower                 string
	Seq                      fhir.Seq
	RequestID                string // of the request that the commit follows from
	Stepped, Changes, Parked int
	Begun                    time.Time
	Took                     time.Duration // without the commit, where several are committed at once
}

const (
	batch = 256 // commits read at once
	// leap is how many versions without output pass before the cursor is moved
	// all the same, so that a restart does not read them all again.
	leap = 4096
	// tries bounds how often a step that another writer overtook is taken anew.
	tries = 100
)

// Run follows the log until ctx ends, which is no error. The commit under way
// is finished first; nothing of it is lost or done twice either way.
func (l *Loop) Run(ctx context.Context) error {
	saved, err := l.DB.CursorAt(ctx, l.Follower.Name())
	for err != nil && ctx.Err() == nil {
		l.begun.Store(true) // its lag is that of the whole log
		l.logger().ErrorContext(ctx, "follower waits", "follower", l.Follower.Name(), "error", err)
		sleep(ctx, l.Pause)
		saved, err = l.DB.CursorAt(ctx, l.Follower.Name())
	}
	if err != nil {
		return nil //nolint:nilerr // it was told to end
	}
	at := saved
	l.at.Store(uint64(at))
	l.begun.Store(true)
	for {
		entries, err := l.DB.Log(ctx, at, batch)
		if err == nil && len(entries) == 0 {
			err = l.DB.Wait(ctx, at)
		}
		for err == nil && len(entries) > 0 {
			n := 1
			if entries[0].Seq > saved { // else another loop of this follower was here
				n, saved, err = l.take(ctx, saved, entries)
			}
			if err == nil {
				at = entries[n-1].Seq
				l.at.Store(uint64(at))
				entries = entries[n:]
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			l.logger().ErrorContext(ctx, "follower waits", "follower", l.Follower.Name(), "after", at, "error", err)
			sleep(ctx, l.Pause)
		}
	}
}

// take takes the next commits: several at once, or where that is refused the
// first by itself. It returns how many, and the cursor that is now stored.
func (l *Loop) take(ctx context.Context, saved fhir.Seq, entries []fhir.LogEntry) (n int, _ fhir.Seq, err error) {
	if l.apart == 0 {
		n, saved, err = l.fold(ctx, saved, entries)
		if err != nil || n > 0 {
			return n, saved, err
		}
		l.apart = foldEntries
	}
	l.apart--
	saved, err = l.advance(ctx, saved, &entries[0])
	return 1, saved, err
}

// advance steps one commit and commits what comes of it with the cursor. It
// gives the cursor that is now stored.
func (l *Loop) advance(ctx context.Context, saved fhir.Seq, entry *fhir.LogEntry) (fhir.Seq, error) {
	start := time.Now()
	for range tries {
		progress := Progress{Follower: l.Follower.Name(), Seq: entry.Seq, RequestID: entry.RequestID, Begun: start}
		changes, err := l.step(ctx, l.DB.State(ctx), entry, &progress)
		if err != nil {
			return saved, err
		}
		if len(changes) == 0 && l.passed+len(entry.Versions) < leap {
			l.passed += len(entry.Versions)
			l.observe(progress, start)
			return saved, nil
		}
		_, err = l.DB.Commit(context.WithoutCancel(ctx), l.transaction(changes, saved, entry.Seq))
		switch {
		case err == nil:
			l.passed = 0
			l.observe(progress, start)
			return entry.Seq, nil
		case passing(err):
			return saved, err
		case fhir.KindOf(err) != fhir.Conflict:
			return l.parkAll(ctx, saved, entry, err)
		}
		// Another writer was quicker, perhaps another loop of this follower.
		if now, err := l.DB.CursorAt(ctx, l.Follower.Name()); err != nil || now >= entry.Seq {
			return now, err
		} else if now != saved {
			saved = now
		}
	}
	return saved, fmt.Errorf("pharmacy: %s could not commit its output for %d: other writers were always quicker", l.Follower.Name(), entry.Seq)
}

// parkAll moves past a commit whose output the database refuses for good.
func (l *Loop) parkAll(ctx context.Context, saved fhir.Seq, entry *fhir.LogEntry, cause error) (fhir.Seq, error) {
	tx := l.transaction(nil, saved, entry.Seq)
	for _, v := range entry.Versions {
		if l.takes(v) {
			tx.Changes = append(tx.Changes, l.park(v, cause))
		}
	}
	l.logger().WarnContext(ctx, "commit parked", "follower", l.Follower.Name(), "seq", entry.Seq)
	if _, err := l.DB.Commit(context.WithoutCancel(ctx), tx); err != nil {
		return saved, err
	}
	l.observe(Progress{Follower: l.Follower.Name(), Seq: entry.Seq, RequestID: entry.RequestID, Begun: time.Now(), Stepped: len(tx.Changes), Parked: len(tx.Changes)}, time.Now())
	return entry.Seq, nil
}

// transaction moves the cursor with changes.
func (l *Loop) transaction(changes []fhir.Change, was, seq fhir.Seq) *fhir.Transaction {
	return &fhir.Transaction{
		Changes: changes,
		Cursor:  fhir.Cursor{Name: l.Follower.Name(), Seq: seq, Was: was},
		Derived: true, Requester: fhir.Principal{Agent: "follower|" + l.Follower.Name()},
	}
}

func (l *Loop) park(v *fhir.Version, cause error) fhir.Change {
	c := Park(l.Follower.Name(), v, cause)
	c.RequestID = v.RequestID
	return c
}

// takes reports whether a version is for the follower.
func (l *Loop) takes(v *fhir.Version) bool {
	return slices.Contains(l.Follower.Consumes(), v.Type) && !isParked(v)
}

// step returns what follows from all versions of a commit in a state, each as of the
// request that wrote the version.
func (l *Loop) step(ctx context.Context, state fhir.State, entry *fhir.LogEntry, progress *Progress) ([]fhir.Change, error) {
	var out output
	ctx = remembering(ctx)
	var taken []*fhir.Version
	for _, v := range entry.Versions {
		if l.takes(v) {
			taken = append(taken, v)
		}
	}
	progress.Stepped = len(taken)
	if together, ok := l.Follower.(Together); ok {
		return l.stepTogether(ctx, together, state, taken, progress)
	}
	for _, v := range taken {
		changes, err := l.Follower.Step(ctx, state, v)
		for i := range changes {
			changes[i].RequestID = v.RequestID
		}
		if err == nil {
			err = out.add(changes)
		}
		if passing(err) {
			return nil, err
		}
		if err != nil {
			l.logger().WarnContext(ctx, "version parked", "follower", l.Follower.Name(), "version", v.Ref()+"/_history/"+v.VersionID)
			progress.Parked++
			out.changes = append(out.changes, l.park(v, err))
		}
	}
	progress.Changes = len(out.changes)
	return out.changes, nil
}

// stepTogether returns what follows from the versions of a commit that are taken at once.
func (l *Loop) stepTogether(ctx context.Context, f Together, state fhir.State, taken []*fhir.Version, progress *Progress) ([]fhir.Change, error) {
	if len(taken) == 0 {
		return nil, nil
	}
	changes, err := f.StepAll(ctx, state, taken)
	if passing(err) {
		return nil, err
	}
	for i := range changes {
		changes[i].RequestID = taken[0].RequestID
	}
	if err != nil {
		l.logger().WarnContext(ctx, "commit parked", "follower", l.Follower.Name(), "error", err)
		progress.Parked, changes = len(taken), nil
		for _, v := range taken {
			changes = append(changes, l.park(v, err))
		}
	}
	progress.Changes = len(changes)
	return changes, nil
}

// passing reports whether a failure may go away by itself, so that the version
// is stepped again instead of being parked.
func passing(err error) bool {
	if err == nil {
		return false
	}
	var known *fhir.Error
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	return errors.As(err, &known) && (known.Kind == fhir.Exception || known.Kind == fhir.Timeout || known.Kind == fhir.Throttled || known.Kind == fhir.NoStore)
}

// output collects changes. Versions of one commit often lead to the same
// resource; writing it once is enough.
type output struct{ changes []fhir.Change }

func (o *output) add(changes []fhir.Change) error {
	for _, c := range changes {
		i := slices.IndexFunc(o.changes, func(have fhir.Change) bool { return have.Type == c.Type && have.ID == c.ID })
		switch {
		case i < 0:
			o.changes = append(o.changes, c)
		case !c.IfAbsent && c.IfMatch == "":
			return fhir.E("follow", fhir.Processing, fhir.Issue{
				Message: fmt.Sprintf("Two versions of one commit lead to different writes of %s/%s.", c.Type, c.ID)})
		}
	}
	return nil
}

func (l *Loop) observe(p Progress, start time.Time) {
	if l.Observe != nil {
		p.Took = time.Since(start)
		l.Observe(p)
	}
}

func (l *Loop) observeAll(all []Progress) {
	for _, p := range all {
		if l.Observe != nil {
			l.Observe(p)
		}
	}
}

func (l *Loop) logger() *slog.Logger {
	if l.Logger == nil {
		return slog.Default()
	}
	return l.Logger
}

// sleep waits after a failure: a second unless another pause is configured.
func sleep(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(cmp.Or(pause, time.Second)):
	}
}
