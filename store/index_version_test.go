package store

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestOracleIndexVersion notices that the extraction gives other entries than
// it did: databases that are in use then need a new index.
func TestOracleIndexVersion(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(t), "examples", "r4", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	h := sha256.New()
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		r, err := fhir.Parse(data)
		require.NoError(t, err)
		entries, err := entriesOf(t.Context(), nil, r)
		require.NoError(t, err, name)
		for _, e := range entries {
			fmt.Fprintf(h, "%s %q %x\n", r.Type(), e.Param, e.Key)
		}
	}
	got := fmt.Sprintf("%d %s\n", indexVersion, hex.EncodeToString(h.Sum(nil)))
	golden := filepath.Join("testdata", "index-version.txt")
	want, _ := os.ReadFile(golden)
	version, _, _ := strings.Cut(string(want), " ")
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
		return
	}
	if got != string(want) && version == fmt.Sprint(indexVersion) {
		t.Errorf("the extraction gives other entries under the same indexVersion %d: raise it in store/extract.go (when databases are in use) and run go test ./store -run IndexVersion -update", indexVersion)
	} else if got != string(want) {
		t.Errorf("indexVersion has been raised: run go test ./store -run IndexVersion -update")
	}
}
