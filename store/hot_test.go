package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestHotBounded: what is kept has a bound whatever is added, what is read stays,
// and large versions are not kept.
func TestHotBounded(t *testing.T) {
	var h hot
	used := place{"Patient", 1, 1}
	h.add(used, &fhir.Version{JSON: []byte("{}")})
	for i := range 20_000 {
		h.add(place{"Patient", rid(i + 2), 1}, &fhir.Version{JSON: make([]byte, 2000)})
		require.NotNil(t, h.get(used), i)
	}
	most := 2 * (hotSize/(2000+hotEntry) + 2)
	require.LessOrEqual(t, len(h.young)+len(h.old), most)
	require.Nil(t, h.get(place{"Patient", 2, 1}), "the oldest are forgotten")
	large := place{"Binary", 1, 1}
	h.add(large, &fhir.Version{JSON: make([]byte, hotVersion+1)})
	require.Nil(t, h.get(large))
}

// TestHotIsDurable: a version that a guard refused, or that was rolled back, is
// never the current one, neither for the next of the group nor later, and
// a guard sees its own.
func TestHotIsDurable(t *testing.T) {
	refused := fhir.E("guard", fhir.BusinessRule, fhir.Issue{Message: "no"})
	seen := map[string]string{}
	guard := func(_ context.Context, s fhir.State, _ *fhir.Transaction, _, after *fhir.Version) error {
		now, err := s.Current(after.Type, after.ID)
		if err != nil {
			return err
		}
		r, err := now.Resource()
		if err != nil {
			return err
		}
		seen[after.ID] = r.Get("gender").Text()
		if r.Get("active").Text() == "false" {
			return refused
		}
		return nil
	}
	db, err := Open(mem.New(), Options{Guards: []fhir.Guard{guard}})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	put := func(id, rest string) error {
		r, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"` + id + `",` + rest + `}`))
		require.NoError(t, err)
		_, err = db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: id, Resource: r}}})
		return err
	}
	for i := range 50 {
		require.ErrorContains(t, put(fmt.Sprint("no", i), `"active":false,"gender":"male"`), "no")
		require.NoError(t, put(fmt.Sprint("yes", i), `"gender":"female"`)) // takes the number of the one before
		require.ErrorContains(t, put(fmt.Sprint("yes", i), `"active":false,"gender":"other"`), "no")
		require.Equal(t, "other", seen[fmt.Sprint("yes", i)], "a guard sees what it is to judge")
		v, err := db.State(t.Context()).Current("Patient", fmt.Sprint("yes", i))
		require.NoError(t, err)
		r, err := v.Resource()
		require.NoError(t, err)
		require.Equal(t, "female", r.Get("gender").Text())
		require.Equal(t, "1", v.VersionID)
	}
}
