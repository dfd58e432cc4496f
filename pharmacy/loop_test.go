package pharmacy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// fake is a database in a slice: enough of one for the loop.
type fake struct {
	mu      sync.Mutex
	log     []fhir.LogEntry
	cursors map[string]fhir.Seq
	now     map[string]*fhir.Version
	moved   chan struct{}
	fail    func(tx *fhir.Transaction) error // called before a commit
}

func newFake() *fake {
	return &fake{cursors: map[string]fhir.Seq{}, now: map[string]*fhir.Version{}, moved: make(chan struct{})}
}

func (f *fake) Commit(_ context.Context, tx *fhir.Transaction) (*fhir.Commit, error) {
	if f.fail != nil {
		if err := f.fail(tx); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := tx.Cursor; c.Name != "" && f.cursors[c.Name] != c.Was {
		return nil, fhir.E("commit", fhir.Conflict, fhir.Issue{Message: "The cursor has moved."})
	}
	entry := fhir.LogEntry{Seq: fhir.Seq(len(f.log) + 1)}
	for _, c := range tx.Changes {
		before := f.now[c.Type+"/"+c.ID]
		if c.IfAbsent && before != nil {
			continue
		}
		v := &fhir.Version{Type: c.Type, ID: c.ID, VersionID: "1", Seq: entry.Seq, Method: c.Method}
		if before != nil {
			n, _ := strconv.Atoi(before.VersionID)
			v.VersionID = strconv.Itoa(n + 1)
		}
		if c.Resource != nil {
			v.JSON = c.Resource.Stamp(c.ID, v.VersionID, time.Time{})
		}
		f.now[c.Type+"/"+c.ID] = v
		entry.Versions = append(entry.Versions, v)
	}
	f.log = append(f.log, entry)
	if tx.Cursor.Name != "" {
		f.cursors[tx.Cursor.Name] = tx.Cursor.Seq
	}
	close(f.moved)
	f.moved = make(chan struct{})
	return &fhir.Commit{Seq: entry.Seq}, nil
}

func (f *fake) State(context.Context) fhir.State { return f }

func (f *fake) Current(typ, id string) (*fhir.Version, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now[typ+"/"+id], nil
}

func (f *fake) Bare(typ, id string) (*fhir.Version, error) { return f.Current(typ, id) }

func (f *fake) First(typ, id string) (*fhir.Version, error) { return f.Current(typ, id) }

func (f *fake) Find(string, string) ([]string, error) { return nil, nil }

func (f *fake) Newest(string, string, int) ([]string, error) { return nil, nil }

func (f *fake) Log(_ context.Context, after fhir.Seq, limit int) ([]fhir.LogEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]fhir.LogEntry(nil), f.log[after:min(int(after)+limit, len(f.log))]...), nil
}

func (f *fake) Wait(ctx context.Context, after fhir.Seq) error {
	f.mu.Lock()
	moved, there := f.moved, len(f.log) > int(after)
	f.mu.Unlock()
	if there {
		return nil
	}
	select {
	case <-moved:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *fake) CursorAt(_ context.Context, name string) (fhir.Seq, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cursors[name], nil
}

func (f *fake) put(t *testing.T, typ, id string) {
	t.Helper()
	r := fhir.Obj("resourceType", typ, "id", id).Resource()
	_, err := f.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: typ, ID: id, Resource: r}}})
	require.NoError(t, err)
}

// echo writes a List for every Basic.
type echo struct {
	step func(v *fhir.Version) error
}

func (echo) Name() string       { return "echo" }
func (echo) Consumes() []string { return []string{"Basic", "Task"} }
func (echo) Produces() []string { return []string{"List"} }
func (e echo) Step(_ context.Context, _ fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	if e.step != nil {
		if err := e.step(v); err != nil {
			return nil, err
		}
	}
	id := ID("List", v.Ref(), v.VersionID)
	return []fhir.Change{{Method: fhir.Create, Type: "List", ID: id, Resource: fhir.Obj("resourceType", "List").Resource(), IfAbsent: true}}, nil
}

// follow runs a loop and gives how to stop it.
func follow(t *testing.T, l *Loop) (stop func()) {
	t.Helper()
	l.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	l.Pause = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-done)
	}
}

func (f *fake) count(typ string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, v := range f.now {
		if v.Type == typ {
			n++
		}
	}
	return n
}

func TestFollowing(t *testing.T) {
	db := newFake()
	for i := range 10 {
		db.put(t, "Basic", fmt.Sprint(i))
		db.put(t, "Patient", fmt.Sprint(i))
	}
	var mu sync.Mutex
	stepped := 0
	stop := follow(t, &Loop{DB: db, Follower: echo{}, Observe: func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		stepped += p.Stepped
	}})
	require.Eventually(t, func() bool { return db.count("List") == 10 }, time.Second, time.Millisecond)
	db.put(t, "Basic", "late")
	require.Eventually(t, func() bool { return db.count("List") == 11 }, time.Second, time.Millisecond)
	stop()
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, 11, stepped)
}

func TestReplayIsHarmless(t *testing.T) {
	db := newFake()
	for i := range 5 {
		db.put(t, "Basic", fmt.Sprint(i))
	}
	stop := follow(t, &Loop{DB: db, Follower: echo{}})
	require.Eventually(t, func() bool { return db.count("List") == 5 }, time.Second, time.Millisecond)
	stop()
	db.cursors["echo"] = 0
	stop = follow(t, &Loop{DB: db, Follower: echo{}})
	require.Eventually(t, func() bool { at, _ := db.CursorAt(t.Context(), "echo"); return at >= 5 }, time.Second, time.Millisecond)
	stop()
	require.Equal(t, 5, db.count("List"))
}

// blind is a database whose cursors cannot be read at first.
type blind struct {
	*fake
	left atomic.Int32
}

func (b *blind) CursorAt(ctx context.Context, name string) (fhir.Seq, error) {
	if b.left.Add(-1) >= 0 {
		return 0, errors.New("damaged")
	}
	return b.fake.CursorAt(ctx, name)
}

// TestCursorCannotBeRead: the follower shows the lag, and goes on when it can.
func TestCursorCannotBeRead(t *testing.T) {
	db := &blind{fake: newFake()}
	db.put(t, "Basic", "1")
	db.left.Store(1 << 20)
	l := &Loop{DB: db, Follower: echo{}, Pause: time.Millisecond}
	stop := follow(t, l)
	require.Eventually(t, func() bool { return l.Lag(7) == 7 }, time.Second, time.Millisecond)
	db.left.Store(0)
	require.Eventually(t, func() bool { return db.count("List") == 1 }, time.Second, time.Millisecond)
	stop()
}

func TestParking(t *testing.T) {
	db := newFake()
	for i := range 3 {
		db.put(t, "Basic", fmt.Sprint(i))
	}
	broken := errors.New("the second one is broken")
	stop := follow(t, &Loop{DB: db, Follower: echo{func(v *fhir.Version) error {
		if v.ID == "1" {
			return broken
		}
		return nil
	}}})
	require.Eventually(t, func() bool { return db.count("List") == 2 && db.count("Task") == 1 }, time.Second, time.Millisecond)
	time.Sleep(5 * time.Millisecond) // the Task comes by in the log and is passed over
	stop()
	require.Equal(t, 2, db.count("List"))
	v := db.now["Task/"+ID("Task", "parked", "echo", "Basic/1", "1")]
	require.NotNil(t, v)
	r, err := v.Resource()
	require.NoError(t, err)
	require.Equal(t, "failed", r.Get("status").Text())
	require.Equal(t, broken.Error(), r.Root().Path("statusReason", "text").Text())
	require.Equal(t, "Basic/1/_history/1", r.Root().Path("focus", "reference").Text())
}

func TestRefusedOutputIsParked(t *testing.T) {
	db := newFake()
	db.put(t, "Basic", "1")
	db.put(t, "Basic", "2")
	db.fail = func(tx *fhir.Transaction) error {
		for _, c := range tx.Changes {
			if c.Type == "List" && c.ID == ID("List", "Basic/1", "1") {
				return fhir.E("commit", fhir.BusinessRule, fhir.Issue{Message: "A guard refuses this."})
			}
		}
		return nil
	}
	stop := follow(t, &Loop{DB: db, Follower: echo{}})
	require.Eventually(t, func() bool { return db.count("List") == 1 && db.count("Task") == 1 }, time.Second, time.Millisecond)
	stop()
}

func TestPassingFailuresAreTriedAgain(t *testing.T) {
	for _, kind := range []fhir.Code{fhir.Exception, fhir.Timeout, fhir.Throttled, fhir.NoStore} {
		db := newFake()
		db.put(t, "Basic", "1")
		steps, commits := 0, 0
		db.fail = func(*fhir.Transaction) error {
			if commits++; commits < 3 {
				return fhir.E("commit", kind, fhir.Issue{Message: "The disk is full."})
			}
			return nil
		}
		stop := follow(t, &Loop{DB: db, Follower: echo{func(*fhir.Version) error {
			if steps++; steps < 3 {
				return fhir.E("read", kind, fhir.Issue{Message: "The disk is full."})
			}
			return nil
		}}})
		require.Eventually(t, func() bool { return db.count("List") == 1 }, time.Second, time.Millisecond, kind)
		stop()
		require.Zero(t, db.count("Task"), kind)
	}
}

func TestOvertakenStepsAreTakenAnew(t *testing.T) {
	db := newFake()
	db.put(t, "Basic", "1")
	conflicts := 0
	db.fail = func(tx *fhir.Transaction) error {
		if tx.Cursor.Name != "" && conflicts < 5 {
			conflicts++
			return fhir.E("commit", fhir.Conflict, fhir.Issue{Message: "Somebody was quicker."})
		}
		return nil
	}
	stop := follow(t, &Loop{DB: db, Follower: echo{}})
	require.Eventually(t, func() bool { return db.count("List") == 1 }, time.Second, time.Millisecond)
	stop()
	require.Equal(t, 5, conflicts)
}

func TestTwoLoopsOfOneFollower(t *testing.T) {
	db := newFake()
	for i := range 50 {
		db.put(t, "Basic", fmt.Sprint(i))
	}
	a, b := follow(t, &Loop{DB: db, Follower: echo{}}), follow(t, &Loop{DB: db, Follower: echo{}})
	require.Eventually(t, func() bool { return db.count("List") == 50 }, 5*time.Second, time.Millisecond)
	a()
	b()
	require.Equal(t, 50, db.count("List"))
}

// TestCursorNeverGoesBack lets another loop come to the end of what one has
// just read.
func TestCursorNeverGoesBack(t *testing.T) {
	db := newFake()
	for i := range 5 {
		db.put(t, "Basic", fmt.Sprint(i))
	}
	overtaken := false
	db.fail = func(tx *fhir.Transaction) error {
		db.mu.Lock()
		defer db.mu.Unlock()
		switch {
		case tx.Cursor.Name == "":
		case !overtaken:
			overtaken = true
			db.cursors["echo"] = 5
		case tx.Cursor.Seq <= tx.Cursor.Was:
			t.Errorf("from %d to %d", tx.Cursor.Was, tx.Cursor.Seq)
		}
		return nil
	}
	reached := make(chan struct{}, 16)
	stop := follow(t, &Loop{DB: db, Follower: echo{step: func(v *fhir.Version) error { reached <- struct{}{}; return nil }}})
	<-reached
	db.put(t, "Basic", "late")
	require.Eventually(t, func() bool { return db.count("List") > 0 }, time.Second, time.Millisecond)
	stop()
	require.Equal(t, 1, db.count("List"), "of what came late")
}

type arrow struct{ from, to []string }

func (arrow) Name() string         { return "arrow" }
func (a arrow) Consumes() []string { return a.from }
func (a arrow) Produces() []string { return a.to }
func (arrow) Step(context.Context, fhir.State, *fhir.Version) ([]fhir.Change, error) {
	return nil, nil
}

func TestCheckAcyclic(t *testing.T) {
	order := arrow{[]string{"MedicationRequest"}, []string{"Task"}}
	claim := arrow{[]string{"Task", "MedicationDispense"}, []string{"Claim", "ClaimResponse"}}
	require.NoError(t, CheckAcyclic([]Follower{order, claim}))
	back := arrow{[]string{"ClaimResponse"}, []string{"MedicationRequest"}}
	require.ErrorContains(t, CheckAcyclic([]Follower{order, claim, back}), "MedicationRequest -> Task -> ClaimResponse -> MedicationRequest")
	require.Error(t, CheckAcyclic([]Follower{arrow{[]string{"Task"}, []string{"Task"}}}))
}

func TestID(t *testing.T) {
	require.Equal(t, ID("Task", "a", "1"), ID("Task", "a", "1"))
	require.NotEqual(t, ID("Task", "a1"), ID("Task", "a", "1"))
	require.NotEqual(t, ID("a", "bc"), ID("ab", "c"))
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, ID("Task", "a"))
}

// TestFolding: commits that wait are committed together, each output with the
// request that it follows from; what fails is parked alone.
func TestFolding(t *testing.T) {
	db := newFake()
	for i := range 200 {
		db.put(t, "Basic", fmt.Sprint(i))
		db.log[i].Versions[0].RequestID = fmt.Sprint("request ", i)
	}
	commits, requests := 0, map[string]bool{}
	db.fail = func(tx *fhir.Transaction) error {
		if tx.Cursor.Name == "" {
			return nil
		}
		commits++
		for _, c := range tx.Changes {
			if c.Type == "List" && c.ID == ID("List", "Basic/77", "1") {
				return fhir.E("commit", fhir.BusinessRule, fhir.Issue{Message: "A guard refuses this."})
			}
		}
		for _, c := range tx.Changes {
			requests[c.RequestID] = true
		}
		return nil
	}
	l := &Loop{DB: db, Follower: echo{func(v *fhir.Version) error {
		if v.ID == "5" {
			return errors.New("it is broken")
		}
		return nil
	}}}
	stop := follow(t, l)
	require.Eventually(t, func() bool { at, _ := db.CursorAt(t.Context(), "echo"); return at >= 200 }, 5*time.Second, time.Millisecond)
	stop()
	require.GreaterOrEqual(t, l.At(), fhir.Seq(200))
	require.Equal(t, 198, db.count("List"))
	require.Equal(t, 2, db.count("Task"), "of 5, which cannot be stepped, and 77, whose output is refused")
	require.Len(t, requests, 200)
	require.Less(t, commits, 75, "64, 64 one by one, 64 and the rest")
}

// sums counts in one List, which each step reads.
type sums struct{ echo }

func (sums) Step(_ context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	list, err := state.Current("List", "sum")
	if err != nil {
		return nil, err
	}
	change := fhir.Change{Method: fhir.Update, Type: "List", ID: "sum", Resource: fhir.Obj("resourceType", "List", "id", "sum").Resource(), IfAbsent: list == nil}
	if list != nil {
		change.IfMatch = list.VersionID
	}
	return []fhir.Change{change}, nil
}

// TestFoldingSeesItsOutput: a step that reads what an earlier one writes has it
// before it.
func TestFoldingSeesItsOutput(t *testing.T) {
	db := newFake()
	for i := range 20 {
		db.put(t, "Basic", fmt.Sprint(i))
	}
	stop := follow(t, &Loop{DB: db, Follower: sums{}})
	require.Eventually(t, func() bool { at, _ := db.CursorAt(t.Context(), "echo"); return at >= 20 }, 5*time.Second, time.Millisecond)
	stop()
	require.Equal(t, "20", db.now["List/sum"].VersionID)
}

// counted counts its steps.
type counted struct {
	sums
	steps *atomic.Int64
}

func (c counted) Step(ctx context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	c.steps.Add(1)
	return c.sums.Step(ctx, state, v)
}

// TestFoldingWastesLittle: where each step has to see what the one before it
// wrote, commits are not stepped again and again.
func TestFoldingWastesLittle(t *testing.T) {
	for _, n := range []int{1, 1000} {
		db, steps := newFake(), new(atomic.Int64)
		for i := range n {
			db.put(t, "Basic", fmt.Sprint(i))
		}
		stop := follow(t, &Loop{DB: db, Follower: counted{steps: steps}})
		require.Eventually(t, func() bool { at, _ := db.CursorAt(t.Context(), "echo"); return at >= fhir.Seq(n) }, 20*time.Second, time.Millisecond)
		stop()
		require.Equal(t, fmt.Sprint(n), db.now["List/sum"].VersionID)
		require.LessOrEqual(t, steps.Load(), int64(2*n+foldEntries))
	}
}

// TestOnce: what the steps of one commit have in common is computed once for
// them, and again for the next commit.
func TestOnce(t *testing.T) {
	calls := 0
	get := func(ctx context.Context, key string) (string, error) {
		return Once(ctx, key, func() (string, error) { calls++; return key, io.EOF })
	}
	for range 2 {
		ctx := remembering(t.Context())
		for _, key := range []string{"a", "b", "a"} {
			value, err := get(ctx, key)
			require.Equal(t, key, value)
			require.ErrorIs(t, err, io.EOF)
		}
	}
	require.Equal(t, 4, calls)
	_, err := get(t.Context(), "a")
	require.ErrorIs(t, err, io.EOF, "it is computed outside a commit too")
}

// TestTooMuchAtOnce: commits that are refused together because they take too long are
// taken one by one.
func TestTooMuchAtOnce(t *testing.T) {
	db := newFake()
	for i := range 10 {
		db.put(t, "Basic", fmt.Sprint(i))
	}
	db.fail = func(tx *fhir.Transaction) error {
		if len(tx.Changes) > 1 {
			return fhir.E("commit", fhir.Throttled, fhir.Issue{Message: "It takes too long."})
		}
		return nil
	}
	stop := follow(t, &Loop{DB: db, Follower: echo{}})
	require.Eventually(t, func() bool { return db.count("List") == 10 }, 5*time.Second, time.Millisecond)
	stop()
	require.Zero(t, db.count("Task"))
}
