package store

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	memlog "github.com/pestle-fhir/pestle/store/log/mem"
)

// TestReach: a database that follows waits for a commit, in the goroutine of who
// asks, until it comes, the context ends or the time is over.
func TestReach(t *testing.T) {
	defer func(was time.Duration) { reachTime = was }(reachTime)
	other, db := opened(t, mem.New()), opened(t, mem.New())
	defer func() { require.NoError(t, other.Close()); require.NoError(t, db.Close()) }()
	_, err := db.Commit(t.Context(), updates(t, "p", "other"))
	require.NoError(t, err)
	first, err := db.Position(t.Context(), 1)
	require.NoError(t, err)
	require.NoError(t, db.Reach(t.Context(), first))
	require.NoError(t, db.Reach(t.Context(), fhir.LogPosition{}), "before the first commit")
	require.Equal(t, fhir.Conflict, fhir.KindOf(other.Reach(t.Context(), first)), "another history")
	first.Chain++
	require.Equal(t, fhir.Conflict, fhir.KindOf(db.Reach(t.Context(), first)))
	later := fhir.LogPosition{Seq: 3, Chain: 1}
	require.Equal(t, fhir.Conflict, fhir.KindOf(db.Reach(t.Context(), later)), "who is alone has all that there is")

	shared := memlog.New()
	leader, db := openLogged(t, mem.New(), shared), openLogged(t, mem.New(), shared)
	defer func() { require.NoError(t, leader.Close()); require.NoError(t, db.Close()) }()
	_, err = leader.Lead(t.Context(), 1)
	require.NoError(t, err)
	for range 2 {
		_, err = leader.Commit(t.Context(), updates(t, "p", "first"))
		require.NoError(t, err)
		_, err = leader.Commit(t.Context(), updates(t, "p", "second"))
		require.NoError(t, err)
	}
	head, err := leader.Position(t.Context(), leader.Head())
	require.NoError(t, err)
	require.NoError(t, db.Reach(t.Context(), head))
	goroutines := runtime.NumGoroutine()
	var group sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for range 50 {
		group.Go(func() { require.ErrorIs(t, db.Reach(ctx, fhir.LogPosition{Seq: 1 << 40}), context.Canceled) })
		group.Go(func() {
			_, err := db.Search(t.Context(), &search.Query{Type: "Patient", Count: 1, Page: search.Page{AsOf: head.Seq + 1}})
			require.NoError(t, err)
			_, err = db.State(t.Context()).Current("Patient", "p")
			require.NoError(t, err)
		})
	}
	_, err = leader.Commit(t.Context(), updates(t, "p", "third"))
	require.NoError(t, err)
	cancel()
	group.Wait()
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines+3)

	reachTime = time.Millisecond
	for _, err := range []error{
		db.Reach(t.Context(), fhir.LogPosition{Seq: head.Seq + 2}),
		func() error { _, err := db.History(t.Context(), fhir.HistoryQuery{AsOf: head.Seq + 2}); return err }(),
		func() error { _, err := db.StateAt(t.Context(), head.Seq+2).Find("Patient", ""); return err }(),
	} {
		require.Equal(t, fhir.Timeout, fhir.KindOf(err))
		require.ErrorContains(t, err, "behind the one that took it")
	}
}
