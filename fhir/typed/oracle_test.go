package typed

import (
	"io/fs"
	"os"
	"path/filepath"
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
	root := filepath.Join(oracle.Dir(t), "examples")
	for _, folder := range []string{"r4", "eps"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".json" {
				return err
			}
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			r, err := fhir.Parse(data)
			require.NoError(t, err)
			if r.Type() == "" {
				return nil
			}
			name, err := filepath.Rel(root, path)
			out = append(out, example{name, r})
			return err
		}))
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
			if back, err = From(m); err == nil && sortedNode(back.Root()) == sortedNode(e.resource.Root()) {
				passed++
				continue
			}
		}
		t.Logf("%s: %v", e.name, err)
		misses = append(misses, e.name)
	}
	oracle.Report(t, "typed", passed, total, misses)
}
