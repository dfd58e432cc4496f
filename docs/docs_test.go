package docs

import (
	"testing"

	"github.com/pestle-fhir/pestle/internal/packed/packedtest"
)

// TestPackedDocumentsAreCurrent: the binary has the pages as they are here.
func TestPackedDocumentsAreCurrent(t *testing.T) { packedtest.Current(t, Files, "*.md", "adr/*.md") }
