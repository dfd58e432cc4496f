package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestPostedKeys: what is kept in memory of a key finds, at every moment of the past and
// between any commits, what the rows of a database find that keeps nothing.
func TestPostedKeys(t *testing.T) {
	defer store.SetPosted(2, 4)()
	rnd := rand.New(rand.NewPCG(7, 7))
	db := openDB(t, mem.New(), store.Options{})
	status := []string{"active", "completed", "stopped"}
	held := map[fhir.Seq]map[string]string{0: {}}
	at := fhir.Seq(0)
	for range 300 {
		now := map[string]string{}
		for id, s := range held[at] {
			now[id] = s
		}
		var changes []fhir.Change
		for range 1 + rnd.IntN(3) {
			id := fmt.Sprint("m", rnd.IntN(40))
			if _, twice := find(changes, id); twice {
				continue
			}
			if now[id] != "" && rnd.IntN(6) == 0 {
				changes = append(changes, fhir.Change{Method: fhir.Delete, Type: "MedicationRequest", ID: id})
				delete(now, id)
				continue
			}
			now[id] = status[rnd.IntN(3)]
			changes = append(changes, put(id, parse(t, `{'resourceType':'MedicationRequest','id':'%s','status':'%s','intent':'order','subject':{'reference':'Patient/p'}}`, id, now[id])))
		}
		before := db.Head()
		commit(t, db, changes...)
		if at = db.Head(); at == before {
			continue // nothing was changed
		}
		held[at] = now
		for range 2 {
			asOf, s := at-min(at-1, fhir.Seq(rnd.IntN(8))), status[rnd.IntN(3)]
			if held[asOf] == nil {
				continue
			}
			q, _, err := search.Parse("MedicationRequest", map[string][]string{"status": {s}, "subject": {"Patient/p"}, "_count": {"100"}}, search.Options{})
			require.NoError(t, err)
			q.Page.AsOf = asOf
			r, err := db.Search(ctx, q)
			require.NoError(t, err)
			got, want := map[string]bool{}, map[string]bool{}
			for _, m := range r.Matches {
				got[m.ID] = true
			}
			for id, is := range held[asOf] {
				if is == s {
					want[id] = true
				}
			}
			require.Equal(t, want, got, "%s at %d of %d", s, asOf, at)
		}
	}
	require.NotZero(t, store.Posted(db), "keys are kept")
	require.NoError(t, db.Close())
}

func find(changes []fhir.Change, id string) (fhir.Change, bool) {
	for _, c := range changes {
		if c.ID == id {
			return c, true
		}
	}
	return fhir.Change{}, false
}
