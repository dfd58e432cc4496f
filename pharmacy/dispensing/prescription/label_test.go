package prescription

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestLabel has the particulars of HMR-258 on a label, and which of them are missing.
func TestLabel(t *testing.T) {
	l := Label{Patient: "Ada Quill", Supplier: "The Pharmacy", Address: "3 Example Yard", Date: nhs.ReadDate("2026-11-30"), Product: "Paracetamol 500mg tablets", Directions: "Two when needed", Precautions: []string{"At most 8 in 24 hours"}}
	require.Empty(t, l.Missing())
	require.Equal(t, "0\nParacetamol 500mg tablets\nTwo when needed\nAt most 8 in 24 hours\nKeep out of the reach and sight of children.\nAda Quill   30 Nov 2026\nThe Pharmacy\n3 Example Yard", l.String())
	none := Label{Date: l.Date}
	var lacks []string
	for _, i := range none.Missing() {
		require.Equal(t, "HMR-258", i.Rule)
		lacks = append(lacks, i.Found)
	}
	require.Equal(t, []string{"no patient", "no supplier", "no address", "no product", "no directions"}, lacks)
	none.Owing = &OwingLabel{}
	require.Len(t, none.Missing(), 4, "an owing needs no directions")
}

// TestWarningsHaveTheirDay: HMR-257 is of the regulations of 2012.
func TestWarningsHaveTheirDay(t *testing.T) {
	require.Equal(t, []string{"Keep out of the reach and sight of children."}, (&Label{Date: nhs.ReadDate("2012-08-14")}).Warnings())
	require.Empty(t, (&Label{Date: nhs.ReadDate("2012-08-13")}).Warnings())
}
