package pharmacy

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// egg is boiled three minutes after it was put on: a Basic that becomes a List.
type egg struct {
	mu  sync.Mutex
	due []string // put on before the timer began
}

func (*egg) Name() string                 { return "egg" }
func (*egg) Next(now time.Time) time.Time { return now.Add(3 * time.Minute) }

func (e *egg) Due(fhir.State, time.Time) ([]string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.due, nil
}

func (*egg) Looks(v *fhir.Version, _ time.Time) (string, error) {
	if v.Type == "Basic" && v.ID[0] == 'l' { // late
		return v.ID, nil
	}
	return "", nil
}

func (*egg) Pass(state fhir.State, id string, _ time.Time) ([]fhir.Change, error) {
	if v, err := state.Current("List", id); err != nil || v != nil {
		return nil, err
	}
	return []fhir.Change{{Method: fhir.Create, Type: "List", ID: id, Resource: fhir.Obj("resourceType", "List").Resource(), IfAbsent: true}}, nil
}

// TestTimer: what is due at the start, at an instant and by a commit is done, once;
// a failure that passes is tried again, and a refusal does not keep the others.
func TestTimer(t *testing.T) {
	db := newFake()
	var mu sync.Mutex
	now, failures := time.Now(), 2
	db.fail = func(tx *fhir.Transaction) error {
		mu.Lock()
		defer mu.Unlock()
		if tx.Requester.Agent != "timer|egg" {
			return nil
		}
		if tx.Changes[0].ID == "refused" {
			return fhir.E("commit", fhir.BusinessRule, fhir.Issue{Message: "No."})
		}
		if failures--; failures >= 0 {
			return fhir.E("commit", fhir.Throttled, fhir.Issue{Message: "Later."})
		}
		return nil
	}
	timed := &egg{due: []string{"refused", "early"}}
	timer := &Timer{DB: db, Timed: timed, Logger: slog.New(slog.DiscardHandler), Pause: time.Millisecond,
		Head: func() fhir.Seq {
			db.mu.Lock()
			defer db.mu.Unlock()
			return fhir.Seq(len(db.log))
		},
		Clock: func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		}}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- timer.Run(ctx) }()
	boiled := func(id string) func() bool {
		return func() bool { v, _ := db.Current("List", id); return v != nil }
	}
	require.Eventually(t, boiled("early"), 5*time.Second, time.Millisecond)
	db.put(t, "Basic", "late")
	require.Eventually(t, boiled("late"), 5*time.Second, time.Millisecond)

	timed.mu.Lock()
	timed.due = append(timed.due, "then")
	timed.mu.Unlock()
	db.put(t, "Basic", "another")
	time.Sleep(20 * time.Millisecond)
	require.False(t, boiled("then")(), "it is not time yet")
	mu.Lock()
	now = now.Add(4 * time.Minute)
	mu.Unlock()
	db.put(t, "Basic", "more") // or the minute after which the clock is looked at
	require.Eventually(t, boiled("then"), 5*time.Second, time.Millisecond)
	stop()
	require.NoError(t, <-done)
	v, err := db.Current("List", "early")
	require.NoError(t, err)
	require.Equal(t, "1", v.VersionID)
}

// manyEggs are so many that were put on before the timer began.
func manyEggs(n int) *egg {
	e := &egg{}
	for i := range n {
		e.due = append(e.due, fmt.Sprintf("early-%03d", i))
	}
	return e
}

// timing runs a timer until all of its eggs are boiled, and returns the ids of each of
// its commits that was taken.
func timing(t *testing.T, db *fake, timer *Timer, all int, refuse func(tx *fhir.Transaction) error) (commits [][]string) {
	db.fail = func(tx *fhir.Transaction) error {
		if tx.Requester.Agent != "timer|egg" {
			return nil
		}
		if err := refuse(tx); err != nil {
			return err
		}
		var ids []string
		for _, c := range tx.Changes {
			ids = append(ids, c.ID)
		}
		commits = append(commits, ids)
		return nil
	}
	timer.DB, timer.Logger, timer.Pause, timer.Clock = db, slog.New(slog.DiscardHandler), time.Millisecond, time.Now
	timer.Head = func() fhir.Seq { return 0 }
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- timer.Run(ctx) }()
	require.Eventually(t, func() bool { return db.count("List") == all }, 20*time.Second, time.Millisecond)
	stop()
	require.NoError(t, <-done)
	return commits
}

// TestTimerInParts: of a hundred resources that are due at once some are passed in
// each commit, and what is committed meanwhile does not wait for all of them.
func TestTimerInParts(t *testing.T) {
	db := newFake()
	late := make(chan struct{})
	commits := timing(t, db, &Timer{Timed: manyEggs(100), Behind: func() fhir.Seq {
		select {
		case <-late:
			return calm
		default:
			db.put(t, "Basic", "late")
			close(late)
			return calm + 1
		}
	}}, 101, func(*fhir.Transaction) error { return nil })
	require.Len(t, commits, 8, "%v", commits)
	require.Len(t, commits[0], together)
	require.Equal(t, []string{"late"}, commits[1])
	require.Len(t, commits[7], 100%together)
}

// TestTimerByItself: where several at once are refused, or take too long, each is
// passed by itself; a failure that passes is waited for.
func TestTimerByItself(t *testing.T) {
	for _, kind := range []fhir.Code{fhir.Throttled, fhir.Conflict, fhir.BusinessRule} {
		commits := timing(t, newFake(), &Timer{Timed: manyEggs(20)}, 20, func(tx *fhir.Transaction) error {
			if len(tx.Changes) > 1 {
				return fhir.E("commit", kind, fhir.Issue{Message: "It is too much at once."})
			}
			return nil
		})
		require.Len(t, commits, 20, kind)
	}
	full := 3
	commits := timing(t, newFake(), &Timer{Timed: manyEggs(20)}, 20, func(*fhir.Transaction) error {
		if full--; full >= 0 {
			return fhir.E("commit", fhir.NoStore, fhir.Issue{Message: "The disk is full."})
		}
		return nil
	})
	require.Len(t, commits, 2)
}

// TestTimerPassesAStuckFollower: it waits for followers for a while, and not for ever.
func TestTimerPassesAStuckFollower(t *testing.T) {
	begin := time.Now()
	timing(t, newFake(), &Timer{Timed: manyEggs(2 * together), Behind: func() fhir.Seq { return calm + 1 }}, 2*together, func(*fhir.Transaction) error { return nil })
	require.GreaterOrEqual(t, time.Since(begin), delay)
}
