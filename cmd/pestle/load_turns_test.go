package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLoadInTurns: of an export those files come first to which the others refer,
// whatever their names; what cannot be read is left to the load to tell.
func TestLoadInTurns(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for _, f := range []struct{ name, text string }{
		{"1.ndjson", `{"resourceType":"Claim","id":"c"}`},
		{"2.ndjson", "\n" + `{"resourceType":"MedicationRequest","id":"m"}` + "\n" + `{"resourceType":"MedicationRequest","id":"n"}`},
		{"3.ndjson", `{"resourceType":"Patient","id":"p"}`},
		{"4.ndjson", `{"resourceType":`},
		{"5.ndjson", ""},
		{"6.json", `{"resourceType":"Task","id":"t"}`},
		{"7.ndjson", `{"resourceType":"MedicationDispense","id":"d"}`},
	} {
		path := filepath.Join(dir, f.name)
		require.NoError(t, os.WriteFile(path, []byte(f.text), 0o600))
		files = append(files, path)
	}
	files = append(files, filepath.Join(dir, "8.ndjson"), "-")
	var got [3][]string
	for i, turn := range inTurns(files) {
		for _, file := range turn {
			got[i] = append(got[i], filepath.Base(file))
		}
	}
	require.Equal(t, [3][]string{
		{"3.ndjson", "4.ndjson", "5.ndjson", "6.json", "8.ndjson", "-"},
		{"2.ndjson"},
		{"1.ndjson", "7.ndjson"},
	}, got)
}
