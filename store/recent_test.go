package store

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestRecent compares what it knows with everything that was written.
func TestRecent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const start = 10
	m := recent{since: start}
	all := map[string]fhir.Seq{} // the newest commit of each resource
	seq := fhir.Seq(start)
	for range 4 * maxRecent {
		id := fmt.Sprint(random.IntN(2 * maxRecent))
		p := &plan{steps: []step{{typ: "Task", id: id, applied: fhir.Matched}}}
		before := seq
		if random.IntN(4) > 0 {
			p.steps[0].applied = fhir.Updated
			seq++
			all[id] = seq
		}
		m.note(p, before, seq)
		id = fmt.Sprint(random.IntN(2 * maxRecent))
		at := seq - min(seq, fhir.Seq(random.IntN(2*maxRecent)))
		changed, known := m.changed("Task", id, at)
		if known {
			require.Equal(t, all[id] > at, changed)
		} else {
			require.True(t, at < start || seq-at > maxRecent/2, "%d at %d", at, seq)
		}
	}
}
