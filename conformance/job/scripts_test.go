package job

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/conformance"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestScripts drives the scripts of the server against the binary. Since that has
// the sandbox's data, they are held to statuses and types.
func TestScripts(t *testing.T) {
	t.Setenv("PESTLE_POLICY", "r4")
	s := start(t, t.TempDir())
	scripts, err := conformance.All(filepath.Join(oracle.Root(t), "server", "testdata"))
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		t.Run(script.Name, func(t *testing.T) { script.Run(t, s.base, conformance.Options{Loose: true}) })
	}
}
