package ownership_test

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/trust/ownership"
)

// counting counts the keys that are read and walked.
type counting struct {
	*mem.Engine
	reads *atomic.Int64
}

func (c counting) Snapshot() (kv.Snapshot, error) {
	s, err := c.Engine.Snapshot()
	return counted{s, c.reads}, err
}

type counted struct {
	kv.Snapshot
	reads *atomic.Int64
}

func (c counted) Get(key []byte) ([]byte, bool, error) {
	c.reads.Add(1)
	return c.Snapshot.Get(key)
}

func (c counted) Iterate(low, high []byte, reverse bool) kv.Iterator {
	return walked{c.Snapshot.Iterate(low, high, reverse), c.reads}
}

type walked struct {
	kv.Iterator
	reads *atomic.Int64
}

func (w walked) Next() bool { w.reads.Add(1); return w.Iterator.Next() }

func (w walked) Seek(key []byte) bool { w.reads.Add(1); return w.Iterator.Seek(key) }

// A commit about a patient reads as much whether they have one record or twenty
// thousand (a hundred thousand among the long proofs), also where the patient gets
// another owner or loses one.
func TestCommitIsFlatInThePatientsRecords(t *testing.T) {
	many := 20_000
	if os.Getenv("PESTLE_PROOF") != "" {
		many = 100_000
	}
	cost := func(records int) (n []int) {
		reads := &atomic.Int64{}
		db, err := store.Open(counting{mem.New(), reads}, store.Options{Owners: ownership.New("FA565"), Clock: func() time.Time { return time.Unix(1_800_000_000, 0) }})
		require.NoError(t, err)
		defer func() { _ = db.Close() }()
		order := func(id, pharmacy string) fhir.Change {
			r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"MedicationRequest","id":"%s","subject":{"reference":"Patient/p"},
"dispenseRequest":{"performer":{"identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"%s"}}}}`, id, pharmacy))
			require.NoError(t, err)
			return fhir.Change{Method: fhir.Update, Type: "MedicationRequest", ID: id, Resource: r}
		}
		commit := func(changes ...fhir.Change) int {
			before := reads.Load()
			p := principal("X99CL")
			_, err := db.Commit(sees("X99CL"), &fhir.Transaction{Changes: changes, Derived: true, Requester: p})
			require.NoError(t, err)
			return int(reads.Load() - before)
		}
		patient, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"p"}`))
		require.NoError(t, err)
		commit(fhir.Change{Method: fhir.Update, Type: "Patient", ID: "p", Resource: patient})
		for i := 0; i < records; i += 100 {
			var batch []fhir.Change
			for k := range min(100, records) {
				batch = append(batch, order(fmt.Sprint("m", i+k), "FA565"))
			}
			commit(batch...)
		}
		n = append(n, commit(order("x", "X99PH")))                                                           // the patient gets an owner
		n = append(n, commit(order("x", "FA565")))                                                           // and loses it
		n = append(n, commit(fhir.Change{Method: fhir.Delete, Type: "MedicationRequest", ID: "x"}))          // which leaves many reasons for the other
		n = append(n, commit(fhir.Change{Method: fhir.Update, Type: "Patient", ID: "p", Resource: patient})) // what is kept changes nothing
		return n
	}
	few, all := cost(1), cost(many)
	for i := range few {
		require.LessOrEqual(t, all[i], few[i]+10, "%v reads with one record, %v with many", few, all)
	}
	t.Log(few, all)
}

// An organisation that owns a fiftieth of what there is searches it, with a total, for no
// more reads than who sees everything, once the keys that it asks for are kept in memory.
func TestSightIsFlat(t *testing.T) {
	reads := &atomic.Int64{}
	db, err := store.Open(counting{mem.New(), reads}, store.Options{Owners: ownership.New("")})
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	for i := 0; i < 10_000; i += 100 {
		byOrg := map[string][]fhir.Change{}
		for k := i; k < i+100; k++ {
			org := map[bool]string{true: "X99PH", false: "A83008"}[k%50 == 1]
			byOrg[org] = append(byOrg[org], benchChange(t, fmt.Appendf(nil, `{"resourceType":"MedicationRequest","id":"m%d","status":"%s","intent":"order","medicationCodeableConcept":{"text":"x"},"subject":{"display":"x"},"authoredOn":"20%02d-%02d-%02d"}`,
				k, []string{"active", "completed", "stopped"}[k%3], k*30/10_000, 1+k%12, 1+k%28)))
		}
		for org, changes := range byOrg {
			_, err := db.Commit(sees("follower"), &fhir.Transaction{Requester: principal(org), Changes: changes, Derived: true})
			require.NoError(t, err)
		}
	}
	cost := func(who, status string) int64 {
		q, _, err := search.Parse("MedicationRequest", map[string][]string{"status": {status}}, search.Options{DefaultCount: 20})
		require.NoError(t, err)
		before := reads.Load()
		r, err := db.Search(sees(who), q)
		require.NoError(t, err)
		require.Len(t, r.Matches, 20)
		if who == "X99PH" {
			require.Positive(t, r.Total)
		}
		return reads.Load() - before
	}
	all, few := cost("follower", "active"), cost("X99PH", "active")
	for deadline := time.Now().Add(10 * time.Second); few > 400 && time.Now().Before(deadline); few = cost("X99PH", "active") {
		runtime.Gosched() // the key is read beside
	}
	t.Log(few, all)
	require.LessOrEqual(t, few, all*13/10)
	require.LessOrEqual(t, few, int64(400), "two for each of the 200 that it owns")
}
