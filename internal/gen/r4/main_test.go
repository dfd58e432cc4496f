package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestOracleTablesAreCurrent: the committed tables are what the generator makes of
// the definitions.
func TestOracleTablesAreCurrent(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, run(filepath.Join(oracle.Dir(t), "definitions", "hl7.fhir.r4.core-4.0.1.tgz"), dir))
	for _, name := range []string{"texts_gen.txt.gz", "tables_gen.bin.gz"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(oracle.Root(t), "fhir", "r4", name))
		require.NoError(t, err)
		require.Truef(t, string(want) == string(got), "%s: run go generate ./fhir/r4 with PESTLE_R4 set", name)
	}
}
