package dispensing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestALabelShowsTheName: a name that the fonts of a PDF do not have is refused, as whoever
// reads the label has to know whose it is.
func TestALabelShowsTheName(t *testing.T) {
	w := newWorld(t, today, Options{})
	size, ok := prescription.LabelSizeNamed("", nhs.DateOf(today))
	require.True(t, ok)
	label := prescription.Label{Patient: "Zoë O’Brien", Product: "Paracetamol 500mg tablets", Date: nhs.DateOf(today)}
	_, err := printed(w.call(nil), []prescription.Label{label}, size)
	require.NoError(t, err)
	label.Patient = "Łukasz Żak"
	_, err = printed(w.call(nil), []prescription.Label{label}, size)
	require.Equal(t, []string{"LABEL-1"}, epstest.RulesOf(err))
	require.ErrorContains(t, err, "Łukasz Żak")
}
