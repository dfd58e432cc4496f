package audit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/processor"
	"github.com/pestle-fhir/pestle/trust/audit"
)

// ofMany is a page of n patients.
func ofMany(n int) *audit.Event {
	e := event(1)
	e.Interaction, e.Shown = "search-type", nil
	for i := range n {
		id := fmt.Sprint("p", i)
		e.Shown = append(e.Shown, fhir.Shown{Type: "Patient", ID: id, VersionID: "1", Patients: []string{id}}, fhir.Shown{Type: "Task", ID: "t" + id, VersionID: "1", Patients: []string{id, "p0", id}})
	}
	e.Shown = append(e.Shown, fhir.Shown{Type: "Practitioner", ID: "d", VersionID: "1"})
	return e
}

// TestPartsOfMany: the AuditEvents of a page take as much of the processors as is
// proportional to its patients, by the index and by a look at each.
func TestPartsOfMany(t *testing.T) {
	took := map[int]time.Duration{}
	for _, n := range []int{1, 100, 1000} {
		l := open(t, t.TempDir(), audit.Options{SegmentSize: 1 << 20})
		require.NoError(t, l.Append(t.Context(), ofMany(n)))
		records := audit.Records{Log: l, Site: site}
		for _, query := range []string{"date=ge2000", "outcome=0", "patient=p0"} {
			best := time.Hour
			for range 3 {
				begin := processor.Time()
				found, err := records.Search(t.Context(), parse(t, query+"&_total=accurate&_count=5000"))
				require.NoError(t, err)
				best = min(best, processor.Time()-begin)
				want := n
				if query == "patient=p0" {
					want = 1
				}
				require.Len(t, found.Matches, want)
			}
			took[n] += best
		}
	}
	require.Less(t, took[1000], 40*took[100], "1,000 patients took %v, 100 took %v", took[1000], took[100])
}

// TestPartsTell: each part tells of its patient, the first of what is of nobody.
func TestPartsTell(t *testing.T) {
	e := ofMany(3)
	for part, want := range [][]string{
		{"Patient/p0/_history/1", "Task/tp0/_history/1", "Task/tp1/_history/1", "Task/tp2/_history/1", "Practitioner/d/_history/1", "Patient/p0"},
		{"Patient/p1/_history/1", "Task/tp1/_history/1", "Patient/p1"},
		{"Patient/p2/_history/1", "Task/tp2/_history/1", "Patient/p2"},
	} {
		var got []string
		for n := range site.Render(e, part).Get("entity").Items() {
			if ref := n.Path("what", "reference").Text(); ref != "" {
				got = append(got, ref)
			}
		}
		require.Equal(t, want, got)
	}
}
