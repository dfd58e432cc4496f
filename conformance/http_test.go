package conformance

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestServer drives the scripts of the server against any FHIR server that has
// no data yet (conformance/job does so against the binary), named by PESTLE_BASE (http://127.0.0.1:8080/fhir). One that is
// not Pestle is held to statuses and types: PESTLE_LOOSE=1.
func TestServer(t *testing.T) {
	base := os.Getenv("PESTLE_BASE")
	if base == "" {
		t.Skip("set PESTLE_BASE to the FHIR base URL of a server without data")
	}
	scripts, err := All(filepath.Join(oracle.Root(t), "server", "testdata"))
	require.NoError(t, err)
	for _, s := range scripts {
		t.Run(s.Name, func(t *testing.T) { s.Run(t, base, Options{Loose: os.Getenv("PESTLE_LOOSE") != ""}) })
	}
}
