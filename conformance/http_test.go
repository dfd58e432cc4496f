package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestServer drives the scripts of the server against any FHIR server that has
// no data yet, named by PESTLE_BASE (http://127.0.0.1:8080/fhir). One that is
// not Pestle is held to statuses and types: PESTLE_LOOSE=1.
func TestServer(t *testing.T) {
	base := os.Getenv("PESTLE_BASE")
	if base == "" {
		t.Skip("set PESTLE_BASE to the FHIR base URL of a server without data")
	}
	files, err := filepath.Glob(filepath.Join(oracle.Root(t), "server", "testdata", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		script, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(script.Name, "business-") {
			continue // they need the operations of a test
		}
		t.Run(script.Name, func(t *testing.T) {
			script.Run(t, base, Options{Loose: os.Getenv("PESTLE_LOOSE") != ""})
		})
	}
}
