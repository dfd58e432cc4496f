package store

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
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

// TestStateReadsOnce: what a state was asked once it does not read again, and a search
// opens no more iterators when its first parameter finds nothing.
func TestStateReadsOnce(t *testing.T) {
	db := observed(t, mem.New(), 1000)
	defer func() { require.NoError(t, db.Close()) }()
	snap, err := db.engine.Snapshot()
	require.NoError(t, err)
	defer snap.Close()
	keys, iterators := 0, 0
	s := stateOf(t.Context(), view{r: tallied{snap, &keys, &iterators}, at: db.Head()})
	cost := func(f func()) [2]int {
		keys, iterators = 0, 0
		f()
		return [2]int{keys, iterators}
	}
	read := func() {
		ver, err := s.Current("Observation", "o7")
		require.NoError(t, err)
		require.Equal(t, "o7", ver.ID)
		first, err := s.First("Observation", "o7")
		require.NoError(t, err)
		require.Equal(t, ver.Seq, first.Seq)
	}
	require.Equal(t, [2]int{3, 0}, cost(read), "the numbers of the resource, and two versions")
	require.Equal(t, [2]int{2, 0}, cost(read))
	unknown := func() {
		ver, err := s.Current("Observation", "none")
		require.NoError(t, err)
		require.Nil(t, ver)
	}
	require.Equal(t, [2]int{1, 0}, cost(unknown))
	require.Equal(t, [2]int{0, 0}, cost(unknown))

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

	now := db.State(t.Context())
	_, err = now.Current("Observation", "o7")
	require.NoError(t, err)
	_, err = db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Delete, Type: "Observation", ID: "o7"}}})
	require.NoError(t, err)
	for _, state := range []fhir.State{now, db.StateAt(t.Context(), db.Head()-1)} {
		ver, err := state.Current("Observation", "o7")
		require.NoError(t, err)
		require.False(t, ver.Deleted(), "a state stays as it is")
	}
}
