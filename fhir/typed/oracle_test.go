package typed

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// example is an official or NHS example.
type example struct {
	name     string
	resource *fhir.Resource
}

func examples(t testing.TB) []example {
	t.Helper()
	var out []example
	for _, f := range oracle.Files(t, ".json", "examples/r4", "examples/eps") {
		r, err := fhir.Parse(f.Data)
		require.NoError(t, err, f.Name)
		if r.Type() != "" {
			out = append(out, example{f.Name, r})
		}
	}
	return out
}

// TestOracleTyped turns every example into its message and back, and wants the
// same tree.
func TestOracleTyped(t *testing.T) {
	passed, total := 0, 0
	var misses []string
	for _, e := range examples(t) {
		total++
		m, err := message(e.resource)
		if err == nil {
			var back *fhir.Resource
			if back, err = From(m); err == nil && oracle.Sorted(back.JSON()) == oracle.Sorted(e.resource.JSON()) {
				passed++
				continue
			}
		}
		t.Logf("%s: %v", e.name, err)
		misses = append(misses, e.name)
	}
	oracle.Report(t, "typed", passed, total, misses)
}
