package store

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// HoldSteps has the work for stored SearchParameters wait, and its steps be of so many
// resources. The result lets it go on, after the next commit.
func HoldSteps(most int) (restore func()) {
	before := stepMost
	stepMost = most
	stepsLeft.Store(0)
	return func() {
		stepMost = before
		stepsLeft.Store(-1)
	}
}

// Step has one step done of the work that is held; it wakes the committer by a write.
func Step(t testing.TB, db *DB) {
	stepsLeft.Store(1)
	_, err := db.Commit(context.Background(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Basic", Resource: parsed(t)}}})
	require.NoError(t, err)
	for stepsLeft.Load() > 0 {
		if _, _, waiting := db.newest.Load().parameters.waiting(func(string, string) bool { return false }); !waiting {
			stepsLeft.Store(0)
		}
		runtime.Gosched()
	}
}

func parsed(t testing.TB) *fhir.Resource {
	r, err := fhir.Parse([]byte(`{"resourceType":"Basic","code":{"text":"a"}}`))
	require.NoError(t, err)
	return r
}

// Settled waits until no work for stored SearchParameters is left.
func Settled(t testing.TB, db *DB) {
	for {
		m := db.newest.Load()
		if _, _, waiting := m.parameters.waiting(func(string, string) bool { return false }); !waiting {
			return
		}
		runtime.Gosched()
	}
}

// Impatient has parked work of stored SearchParameters tried again at once. The result ends
// that.
func Impatient() (restore func()) {
	before := indexPause
	indexPause = 1
	return func() { indexPause = before }
}

// CustomKeys are the keys of index rows of stored SearchParameters.
func CustomKeys(t testing.TB, db *DB) (keys []string) {
	require.NoError(t, db.look("rows", 0, func(v view) error {
		it := v.r.Iterate([]byte{tableCustom}, after([]byte{tableCustom}), false)
		for it.Next() {
			keys = append(keys, string(it.Key()))
		}
		return it.Close()
	}))
	return keys
}
