package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

func order(t testing.TB, subject string) *fhir.Resource {
	return parse(t, `{'resourceType':'MedicationRequest','status':'active','intent':'order','subject':{'reference':'%s'},'note':[{'authorReference':{'reference':'Patient/a'}}]}`, subject)
}

func deletion(typ, id string) fhir.Change { return fhir.Change{Method: fhir.Delete, Type: typ, ID: id} }

// TestReferencesLeadSomewhere: what the pharmacy owns refers to what is there,
// in the state that the transaction leaves.
func TestReferencesLeadSomewhere(t *testing.T) {
	db := openDB(t, mem.New(), store.Options{References: true})
	defer db.Close() //nolint:errcheck // a memory engine
	commit(t, db, put("a", patient(t, "1", "Ames")), put("b", patient(t, "2", "Bell")))
	e := refused(t, db, full("", 4, post(order(t, "Patient/none"))))
	require.Equal(t, fhir.Processing, e.Kind)
	require.Equal(t, "Bundle.entry[4].resource.subject.reference", e.Issues[0].Expression)
	commit(t, db, put("o", order(t, "Patient/b")), put("x", parse(t, `{'resourceType':'Observation','subject':{'reference':'Patient/none'}}`)))
	commit(t, db, put("p", order(t, "Patient/c")), put("c", patient(t, "3", "Cole")))
	commit(t, db, put("q", order(t, "http://elsewhere.test/fhir/Patient/none")))
	_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{post(order(t, "http://here.test/fhir/Patient/none"))}, Base: "http://here.test/fhir"})
	require.Equal(t, fhir.Processing, fhir.KindOf(err), "an absolute address of this server")
	for _, text := range []string{"b", "/Patient/b", "patient/b", "/fhir/Patient/b", "Patient/b ", " Patient/b", "Patient/b/name", "http://here.test/fhir//Patient/b", "http://here.test/fhir/patient/b", "http://here.test/fhir/Patient?_id=b", "http://here.test/fhir/"} {
		_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{post(order(t, text))}, Base: "http://here.test/fhir"})
		require.Equal(t, fhir.Processing, fhir.KindOf(err), text)
		require.ErrorContains(t, err, "which resource of this server", text)
	}
	for _, text := range []string{"http://elsewhere.test/fhir/patient/b", "urn:isbn:0451450523", "#"} {
		_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{post(order(t, text))}, Base: "http://here.test/fhir"})
		require.NoError(t, err, text)
	}

	for id, by := range map[string]string{"a": "MedicationRequest/o", "b": "MedicationRequest/o", "c": "MedicationRequest/p"} {
		e = refused(t, db, deletion("Patient", id))
		require.Equal(t, fhir.Conflict, e.Kind)
		require.Contains(t, e.Issues[0].Found, by)
	}
	_ = refused(t, db, deletion("Patient", "b"), put("o", order(t, "Patient/b")), post(order(t, "Patient/a")))
	commit(t, db, deletion("Patient", "b"), put("o", order(t, "Patient/a")))
	_ = refused(t, db, put("o", order(t, "Patient/b")))
	commit(t, db, deletion("Patient", "c"), deletion("MedicationRequest", "p"))
	commit(t, db, deletion("Patient", "none"))
}

// TestReferencesOfOldData: what dangles already does not stop other changes.
func TestReferencesOfOldData(t *testing.T) {
	dir := t.TempDir()
	open := func(o store.Options) *store.DB {
		e, err := badger.Open(dir, nil)
		require.NoError(t, err)
		return openDB(t, e, o)
	}
	db := open(store.Options{})
	commit(t, db, put("a", patient(t, "1", "Ames")), put("o", order(t, "Patient/none")))
	require.NoError(t, db.Close())
	db = open(store.Options{References: true})
	defer func() { require.NoError(t, db.Close()) }()
	changed := parse(t, `{'resourceType':'MedicationRequest','status':'stopped','intent':'order','subject':{'reference':'Patient/none'}}`)
	commit(t, db, put("o", changed))
	_ = refused(t, db, put("o", order(t, "Patient/other")))
}

// TestReferencesAreExact has writers refer to what others delete.
func TestReferencesAreExact(t *testing.T) {
	db := openDB(t, mem.New(), store.Options{References: true})
	defer db.Close() //nolint:errcheck // a memory engine
	commit(t, db, put("a", patient(t, "1", "Ames")))
	for round := range 100 {
		id := fmt.Sprint("p", round)
		commit(t, db, put(id, patient(t, id, "Bell")))
		var all sync.WaitGroup
		var deleted, ordered atomic.Int32
		for range 4 {
			all.Go(func() {
				if _, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{post(order(t, "Patient/"+id))}}); err == nil {
					ordered.Add(1)
				}
			})
			all.Go(func() {
				if c, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{deletion("Patient", id)}}); err == nil && c.Results[0].Applied == fhir.Removed {
					deleted.Add(1)
				}
			})
		}
		all.Wait()
		require.True(t, (deleted.Load() == 1) != (ordered.Load() > 0), "%d deleted, %d ordered", deleted.Load(), ordered.Load())
	}
}
