package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestOracleTableIsCurrent: the committed table is what the generator makes of
// the essence file.
func TestOracleTableIsCurrent(t *testing.T) {
	out := filepath.Join(t.TempDir(), "table_gen.go")
	require.NoError(t, run(filepath.Join(oracle.Dir(t), "suites", "ucum", "ucum-essence.xml"), out))
	want, err := os.ReadFile(out)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(oracle.Root(t), "fhir", "ucum", "table_gen.go"))
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run go generate ./fhir/ucum with PESTLE_UCUM set")
}
