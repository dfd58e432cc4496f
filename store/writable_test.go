package store_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestFullDisk: while the disk is full, writes are refused and nothing of them
// is there, reads and conditional creates that find something go on, and writes
// go on when there is room.
func TestFullDisk(t *testing.T) {
	faulty := &kvtest.Faulty{Engine: mem.New()}
	db := openDB(t, faulty, store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	commit(t, db, put("a", patient(t, "1", "Ames")))
	require.NoError(t, db.Writable())
	faulty.Fill(true)
	for range 2 {
		e := refused(t, db, put("b", patient(t, "1", "Bell")))
		require.Equal(t, fhir.NoStore, e.Kind)
		require.True(t, e.NoSpace)
		require.ErrorIs(t, e, kv.ErrNoSpace)
		require.ErrorIs(t, db.Writable(), kv.ErrNoSpace)
	}
	_, err := db.Read(ctx, "Patient", "b")
	require.Equal(t, fhir.NotFound, fhir.KindOf(err))
	_, err = db.Read(ctx, "Patient", "a")
	require.NoError(t, err)
	faulty.Fill(false)
	require.NoError(t, db.Writable())
	commit(t, db, put("b", patient(t, "1", "Bell")))
	require.Equal(t, fhir.Seq(2), db.Head(), "what was refused took no place in the log")
}

// TestFailedWrite lets every write from the n-th on fail, under many writers:
// nothing is acknowledged that is not there, nothing more is acknowledged after
// the failure, and reads go on.
func TestFailedWrite(t *testing.T) {
	for n := 1; n <= 12; n++ {
		faulty := &kvtest.Faulty{Engine: mem.New()}
		db := openDB(t, faulty, store.Options{})
		commit(t, db, put("first", patient(t, "1", "Ames")))
		faulty.Fail(n)
		var writers sync.WaitGroup
		var mu sync.Mutex
		acknowledged, failures := map[string]bool{}, 0
		for i := range 32 {
			writers.Go(func() {
				id := string(rune('a'+i%26)) + string(rune('a'+i/26))
				_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{put(id, patient(t, "1", "Bell"))}})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					acknowledged[id] = true
				} else if failures++; fhir.KindOf(err) != fhir.NoStore {
					t.Errorf("another error: %v", err)
				}
			})
		}
		writers.Wait()
		if failures == 0 { // few groups were enough for all
			commitUntilBroken(t, db)
		}
		require.Equal(t, fhir.NoStore, refused(t, db, put("later", patient(t, "1", "Cole"))).Kind)
		require.ErrorIs(t, db.Writable(), kvtest.ErrFault)
		for id := range acknowledged {
			_, err := db.Read(ctx, "Patient", id)
			require.NoError(t, err, id)
		}
		_, err := db.Read(ctx, "Patient", "first")
		require.NoError(t, err)
		_, err = db.Read(ctx, "Patient", "later")
		require.Equal(t, fhir.NotFound, fhir.KindOf(err))
		require.NoError(t, db.Close())
	}
}

func commitUntilBroken(t *testing.T, db *store.DB) {
	t.Helper()
	for i := range 100 {
		if _, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{put(fmt.Sprint("x", i), patient(t, "1", "Dale"))}}); err != nil {
			return
		}
	}
	t.Fatal("no write failed")
}
