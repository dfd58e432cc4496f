package prescription

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestMatch has what another pharmacy may say of a product: the code that it means, or why
// it means none.
func TestMatch(t *testing.T) {
	on := nhs.ReadDate("2026-11-01")
	for _, c := range []struct{ code, name, want, why string }{
		{"", "methylphenidate 18MG modified-release tablets", "36123511000001103", ""}, // of several rows, the virtual product
		{"", "Concerta XL 18mg tablets", "711211000001101", ""},                        // a brand
		{"711211000001101", "Concerta XL 18mg", "711211000001101", ""},
		{"36123511000001103", "Concerta XL 18mg", "36123511000001103", ""},
		{"36123511000001103", "Concerta XL 36mg", "", "another strength"},
		{"36123511000001103", "Paracetamol 500mg tablets", "", "another medicine"},
		{"", "Concerta", "", "by its name alone"},
		{"404684003", "Methylphenidate", "", "no product of the code"},
		{"", "", "", "by its name alone"},
	} {
		m, why := BuiltInMedicines.Match(fhir.Coding{System: nhs.CSSNOMED, Code: c.code, Display: c.name}, on)
		if c.why != "" {
			require.Contains(t, why, c.why, c)
			continue
		}
		require.Empty(t, why, c)
		require.Equal(t, c.want, m.Code, c)
	}
}
