package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

func TestLogAndWait(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		woken := make(chan error, 1)
		go func() { woken <- db.Wait(ctx, 1) }()
		tx := &fhir.Transaction{Changes: []fhir.Change{put("a", patient(t, "1", "Ames")), put("b", patient(t, "2", "Bell"))},
			Requester: fhir.Principal{Agent: "Practitioner/1", Display: "Dr One", OnBehalf: "A1"}, RequestID: "r-1", Time: epoch}
		c, err := db.Commit(ctx, tx)
		require.NoError(t, err)
		select {
		case err := <-woken:
			require.NoError(t, err)
			t.Fatal("nothing is behind 1 yet")
		case <-time.After(5 * time.Millisecond):
		}
		commit(t, db, put("a", patient(t, "1", "Cole")))
		require.NoError(t, <-woken)
		entries, err := db.Log(ctx, 0, 1)
		require.NoError(t, err)
		for i, v := range entries[0].Versions {
			entries[0].Versions[i] = v.Bare()
		}
		require.Equal(t, []fhir.LogEntry{{Seq: 1, Time: epoch, Requester: tx.Requester, RequestID: "r-1",
			Versions: []*fhir.Version{c.Results[0].Version, c.Results[1].Version}}}, entries)
		entries, err = db.Log(ctx, 1, 100)
		require.NoError(t, err)
		require.Len(t, entries, 1)

		ended, cancel := context.WithCancel(ctx)
		cancel()
		require.ErrorIs(t, db.Wait(ended, 2), context.Canceled)
	})
}

// TestTimeNeverFalls sets the clock back.
func TestTimeNeverFalls(t *testing.T) {
	db := openDB(t, mem.New(), store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	for i, at := range []time.Time{epoch.Add(time.Hour), epoch, epoch.Add(time.Hour + 1500*time.Microsecond)} {
		c, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{put("a", patient(t, "1", fmt.Sprint(i)))}, Time: at})
		require.NoError(t, err)
		require.Equal(t, epoch.Add(time.Hour).Add(time.Duration(i/2)*time.Millisecond), c.Time)
		require.Equal(t, c.Time, c.Results[0].Version.LastUpdated)
	}
	sound(t, db)
}

func TestGivenUp(t *testing.T) {
	db := openDB(t, mem.New(), store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err := db.Commit(ended, &fhir.Transaction{Changes: []fhir.Change{put("a", patient(t, "1", "Ames"))}})
	require.Equal(t, fhir.Timeout, fhir.KindOf(err))
	late, stop := context.WithDeadline(ctx, time.Now())
	defer stop()
	_, err = db.Commit(late, &fhir.Transaction{Changes: []fhir.Change{put("a", patient(t, "1", "Ames"))}})
	require.Contains(t, []fhir.Code{fhir.Throttled, fhir.Timeout}, fhir.KindOf(err))
	_, err = db.Read(ctx, "Patient", "a")
	require.Equal(t, fhir.NotFound, fhir.KindOf(err))
}

// TestClose answers everybody, whatever is under way.
func TestClose(t *testing.T) {
	db := openDB(t, mem.New(), store.Options{})
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			for n := 0; ; n++ {
				_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{put(fmt.Sprintf("%d-%d", i, n), patient(t, "1", "Ames"))}})
				if err != nil {
					if !errors.Is(err, kv.ErrClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	all.Go(func() {
		if err := db.Wait(ctx, 1<<40); !errors.Is(err, kv.ErrClosed) {
			t.Error(err)
		}
	})
	time.Sleep(10 * time.Millisecond)
	require.NoError(t, db.Close())
	all.Wait()
	require.NoError(t, db.Close(), "again")
}

// TestBrokenEngine takes no more writes when it cannot know what is on the disk.
func TestBrokenEngine(t *testing.T) {
	faulty := &kvtest.Faulty{Engine: mem.New()}
	db := openDB(t, faulty, store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	commit(t, db, put("a", patient(t, "1", "Ames")))
	faulty.Break(1, false)
	for range 2 {
		e := refused(t, db, put("b", patient(t, "1", "Bell")))
		require.Equal(t, fhir.NoStore, e.Kind)
		require.ErrorIs(t, e, kvtest.ErrFault)
	}
}

// small is an engine that takes small batches only.
type small struct{ kv.Engine }

func (small) Limits() (ops int, size int64) { return 200, 20_000 }

func (s small) Write(ops []kv.Op) error {
	if len(ops) > 200 {
		return kv.ErrTooBig
	}
	return s.Engine.Write(ops)
}

// TestTooBig refuses what does not fit, and lets no other transaction of the
// group suffer.
func TestTooBig(t *testing.T) {
	db := openDB(t, small{mem.New()}, store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	e := refused(t, db, put("a", patient(t, "1", strings.Repeat("x", 30_000))))
	require.Equal(t, fhir.TooCostly, e.Kind)
	require.NotEmpty(t, e.Issues[0].Fix)
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			var tx fhir.Transaction
			for k := range 5 {
				tx.Changes = append(tx.Changes, put(fmt.Sprintf("%d-%d", i, k), patient(t, "1", "Ames")))
			}
			if _, err := db.Commit(ctx, &tx); err != nil {
				t.Error(err)
			}
			for k := range 50 {
				tx.Changes = append(tx.Changes, put(fmt.Sprintf("%d-%d", i, 10+k), patient(t, "1", "Ames")))
			}
			if _, err := db.Commit(ctx, &tx); fhir.KindOf(err) != fhir.TooCostly {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 64*5, sound(t, db).Versions)
}

// TestLogEndsByItsBytes: large commits come a few at a time, and all come.
func TestLogEndsByItsBytes(t *testing.T) {
	defer store.SetLogBytes(2500)()
	both(t, func(t *testing.T, db *store.DB) {
		for i := range 7 {
			commit(t, db, fhir.Change{Method: fhir.Create, Type: "Patient", Resource: patient(t, fmt.Sprint(i), strings.Repeat("a", 1000))})
		}
		var at fhir.Seq
		for _, want := range []int{3, 3, 1, 0} {
			entries, err := db.Log(ctx, at, 100)
			require.NoError(t, err)
			require.Len(t, entries, want)
			at += fhir.Seq(want)
		}
	})
}
