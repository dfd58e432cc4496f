package store

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// tallied counts the keys that are read and the iterators that are opened.
type tallied struct {
	kv.Reader
	keys, iterators *int
}

func (r tallied) Get(key []byte) ([]byte, bool, error) {
	*r.keys++
	return r.Reader.Get(key)
}

func (r tallied) Iterate(low, high []byte, reverse bool) kv.Iterator {
	*r.iterators++
	return r.Reader.Iterate(low, high, reverse)
}

// TestStateFindsOnce: what a state found once it does not look for again, and a search
// opens no more iterators when its first parameter finds nothing.
func TestStateFindsOnce(t *testing.T) {
	db := observed(t, mem.New(), 1000)
	defer func() { require.NoError(t, db.Close()) }()
	snap, err := db.engine.Snapshot()
	require.NoError(t, err)
	defer snap.Close()
	keys, iterators := 0, 0
	s := state{t.Context(), view{r: tallied{snap, &keys, &iterators}, at: db.Head()}, &finds{}}
	cost := func(f func()) [2]int {
		keys, iterators = 0, 0
		f()
		return [2]int{keys, iterators}
	}
	search := func(patient string, n, found int) func() {
		return func() {
			ids, err := s.Newest("Observation", "patient=Patient/"+patient+"&code=urn:c|1,urn:c|2,urn:c|3&status=final", n)
			require.NoError(t, err)
			require.Len(t, ids, found)
		}
	}
	require.Equal(t, [2]int{1, 1}, cost(search("none", 4, 0)), "the head, and the rows of the patient")
	require.Equal(t, [2]int{0, 0}, cost(search("none", 4, 0)))
	require.Positive(t, cost(search("p3", 4, 3))[1])
	require.Equal(t, [2]int{0, 0}, cost(search("p3", 4, 3)))
	require.Positive(t, cost(search("p3", 1, 1))[1], "fewer are another question")
	require.Equal(t, [2]int{0, 0}, cost(search("p3", 0, 0)))
}
