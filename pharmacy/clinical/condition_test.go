package clinical

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestMeasureOf: every code of the table is found, whatever its display says.
func TestMeasureOf(t *testing.T) {
	require.NotEmpty(t, measures)
	for code, name := range measures {
		require.Equal(t, name, MeasureOf(fhir.Coding{System: code.System, Code: code.Code, Display: "x"}))
	}
	require.Empty(t, MeasureOf(fhir.Coding{System: "http://loinc.org", Code: "none"}))
}
