package store

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestNewestIsTheEndOfFind compares what is found newest first with all that is
// found, in a database in which some were deleted and brought back.
func TestNewestIsTheEndOfFind(t *testing.T) {
	db := observed(t, mem.New(), 3000)
	var tx fhir.Transaction
	for i := 0; i < 3000; i += 7 {
		tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Delete, Type: "Observation", ID: fmt.Sprintf("o%d", i)})
	}
	_, err := db.Commit(t.Context(), &tx)
	require.NoError(t, err)
	state := db.State(t.Context())
	for _, query := range []string{"status=final", "patient=Patient/p3", "patient=Patient/p299", "patient=Patient/none", "code=urn:c|3&patient=Patient/p150", "date=ge2012-01-01", "patient.gender=male"} {
		all, err := state.Find("Observation", query)
		require.NoError(t, err)
		slices.Reverse(all)
		for _, n := range []int{0, 1, 3, 20, 4000} {
			got, err := state.Newest("Observation", query, n)
			require.NoError(t, err)
			require.Equal(t, append([]string{}, all[:min(n, len(all))]...), append([]string{}, got...), "%s: %d", query, n)
		}
	}
	require.NoError(t, db.Close())

	empty, err := Open(mem.New(), Options{})
	require.NoError(t, err)
	none, err := empty.State(t.Context()).Newest("Observation", "status=final", 3)
	require.NoError(t, err)
	require.Empty(t, none)
	require.NoError(t, empty.Close())
}

// TestNewestIsFlat: the newest 20 of one patient cost the same whether there are 40
// before them or 4,000.
func TestNewestIsFlat(t *testing.T) {
	moves := map[int]int{}
	for _, n := range []int{60, 4000} {
		db, err := Open(mem.New(), Options{})
		require.NoError(t, err)
		for from := 0; from < n; from += 20 {
			tx := &fhir.Transaction{}
			for i := from; i < from+20; i++ {
				for _, p := range []string{"a", "b"} {
					r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Observation","id":"%s%d","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/%s"}}`, p, i, p))
					require.NoError(t, err)
					tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: "Observation", ID: r.ID(), Resource: r})
				}
			}
			_, err := db.Commit(t.Context(), tx)
			require.NoError(t, err)
		}
		snap, err := db.engine.Snapshot()
		require.NoError(t, err)
		count := 0
		ids, err := view{r: counting{snap, &count}, at: db.Head()}.newest(t.Context(), "Observation", "patient=Patient/a", 20)
		require.NoError(t, err)
		require.Len(t, ids, 20)
		require.Equal(t, fmt.Sprintf("a%d", n-1), ids[0])
		snap.Close()
		moves[n] = count
		require.NoError(t, db.Close())
	}
	t.Log(moves)
	require.LessOrEqual(t, moves[4000], moves[60]+moves[60]/2)
}
