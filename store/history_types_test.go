package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestHistoryOfTypes compares the history of some types with that of everything, from
// which the others are left out: both ways round, page by page, since commits of
// several resources.
func TestHistoryOfTypes(t *testing.T) {
	db := openDB(t, mem.New(), store.Options{})
	rnd := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // random histories
	types := []string{"Basic", "Group", "List", "Patient"}
	for range 60 {
		var changes []fhir.Change
		for n := range 1 + rnd.IntN(4) {
			typ := types[rnd.IntN(len(types))]
			text := map[string]string{
				"Basic": `"code":{"text":"a"}`, "Group": `"type":"person","actual":true`, "List": `"status":"current","mode":"working"`, "Patient": `"active":true`,
			}[typ]
			id := fmt.Sprintf("%d-%d", n, rnd.IntN(5))
			r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":%q,"id":%q,"language":"l%d",%s}`, typ, id, rnd.IntN(1000), text))
			require.NoError(t, err)
			changes = append(changes, fhir.Change{Method: fhir.Update, Type: typ, ID: id, Resource: r})
		}
		_, err := db.Commit(t.Context(), &fhir.Transaction{Changes: changes})
		require.NoError(t, err)
	}
	pages := func(q fhir.HistoryQuery) (refs []string) {
		for {
			h, err := db.History(t.Context(), q)
			require.NoError(t, err)
			for _, v := range h.Versions {
				refs = append(refs, v.Ref()+"/"+v.VersionID)
			}
			if q.Before = h.Next; q.Before == (fhir.LogPlace{}) {
				require.Equal(t, len(refs), h.Total)
				return refs
			}
		}
	}
	all := pages(fhir.HistoryQuery{Count: 1000})
	require.Greater(t, len(all), 100)
	for _, some := range [][]string{{"Patient"}, {"List", "Basic"}, {"Patient", "Group", "Basic"}, types, {"Patient", "Claim"}} {
		want := slices.DeleteFunc(slices.Clone(all), func(ref string) bool {
			return !slices.ContainsFunc(some, func(typ string) bool { return len(ref) > len(typ) && ref[:len(typ)+1] == typ+"/" })
		})
		for _, count := range []int{1, 3, 7, 1000} {
			require.Equal(t, want, pages(fhir.HistoryQuery{Types: some, Count: count}))
		}
		slices.Reverse(want)
		require.Equal(t, want, pages(fhir.HistoryQuery{Types: some, Count: 3, Oldest: true}))
	}
	slices.Reverse(all)
	require.Equal(t, all, pages(fhir.HistoryQuery{Count: 7, Oldest: true}))
}
