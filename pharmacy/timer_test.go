package pharmacy

import (
	"context"
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
