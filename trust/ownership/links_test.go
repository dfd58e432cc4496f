package ownership_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/trust/ownership"
)

// TestLinksAreBounded: the write that would link one resource too many to another
// one is refused, and what is there can get and lose owners as before. The last links
// are left for the server's business.
func TestLinksAreBounded(t *testing.T) {
	db := open(t, mem.New(), ownership.New("FA565"))
	who := principal("X99CL")
	commit := func(derived bool, changes ...fhir.Change) error {
		_, err := db.Commit(as(who), &fhir.Transaction{Requester: who, Derived: derived, Changes: changes})
		return err
	}
	order := func(pharmacy string) fhir.Change {
		return change(t, fhir.Update, "MedicationRequest", "X99CL-m", fmt.Sprintf(`{"resourceType":"MedicationRequest","id":"X99CL-m","dispenseRequest":{"performer":{"identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"%s"}}}}`, pharmacy))
	}
	follows := func(n int) (list []fhir.Change) {
		for range n {
			list = append(list, change(t, fhir.Create, "Provenance", "", `{"resourceType":"Provenance","target":[{"reference":"MedicationRequest/X99CL-m"}]}`))
		}
		return list
	}
	require.NoError(t, commit(false, order("FA565")))
	require.NoError(t, commit(false, follows(899)...))
	for _, n := range []int{2, 200} {
		err := commit(false, follows(n)...)
		require.Equal(t, fhir.BusinessRule, fhir.KindOf(err))
		require.ErrorContains(t, err, "has as many resources that follow from it as one may have")
	}
	require.NoError(t, commit(false, follows(1)...))
	require.Error(t, commit(false, follows(1)...))
	require.NoError(t, commit(true, follows(100)...))
	require.Error(t, commit(true, follows(1)...))
	require.Equal(t, 1000, seen(t, db, "FA565"))
	require.NoError(t, commit(true, order("X99PH")), "its owners change all the same")
	require.Equal(t, 0, seen(t, db, "FA565"))
	require.Equal(t, 1000, seen(t, db, "X99PH"))
}

func change(t *testing.T, method fhir.Method, typ, id, text string) fhir.Change {
	t.Helper()
	r, err := fhir.Parse([]byte(text))
	require.NoError(t, err)
	return fhir.Change{Method: method, Type: typ, ID: id, Resource: r}
}

// seen is how many Provenances an organisation sees.
func seen(t *testing.T, db *store.DB, org string) int {
	t.Helper()
	ids, err := db.State(as(principal(org))).Find("Provenance", "_lastUpdated=gt2000-01-01")
	require.NoError(t, err)
	list := 0
	for _, id := range ids {
		if _, err := db.Read(as(principal(org)), "Provenance", id); err == nil {
			list++
		}
	}
	return list
}

// TestCheckOfManyOwners: what a check works out beside a large database goes to an
// engine of its own, and says the same.
func TestCheckOfManyOwners(t *testing.T) {
	made, engine := 0, mem.New()
	db, err := store.Open(engine, store.Options{Owners: ownership.New("FA565"), Scratch: func() (kv.Engine, error) { made++; return mem.New(), nil }})
	require.NoError(t, err)
	who := principal("X99CL")
	for range 15 {
		tx := &fhir.Transaction{Requester: who}
		for range 1000 {
			tx.Changes = append(tx.Changes, change(t, fhir.Create, "Patient", "", `{"resourceType":"Patient"}`))
		}
		_, err := db.Commit(as(who), tx)
		require.NoError(t, err)
	}
	f, err := db.Check(context.Background())
	require.NoError(t, err)
	require.Empty(t, f.Wrong)
	require.Equal(t, 1, made)
	stray := []byte("oPatient\x00X99CL\x00\x00\x00\x00\x2f\x00\x00\x00\x00\x00\x00\x01")
	require.NoError(t, engine.Write([]kv.Op{{Key: stray, Value: []byte{}}}))
	f, err = db.Check(context.Background())
	require.NoError(t, err)
	require.Empty(t, f.Wrong, "the snapshot of the database is older")
	_, err = db.Commit(as(who), &fhir.Transaction{Requester: who, Changes: []fhir.Change{change(t, fhir.Create, "Patient", "", `{"resourceType":"Patient"}`)}})
	require.NoError(t, err)
	f, err = db.Check(context.Background())
	require.NoError(t, err)
	require.Len(t, f.Wrong, 1)
}
