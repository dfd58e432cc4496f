package dispensing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// dictionary is a loaded dictionary of two products.
type dictionary map[string]prescription.Medicine

func (d dictionary) Medicine(code string) (prescription.Medicine, bool) {
	m, ok := d[code]
	return m, ok
}

// TestDictionaryDecides gives the service a dictionary that knows what the tables
// do not.
func TestDictionaryDecides(t *testing.T) {
	name := "Examplamine 30mg tablets"
	code := epstest.ProductCode(name)
	brand := prescription.Medicine{Code: "1", VMP: code, Actual: true, Name: "Brandamine 30mg tablets", Substance: "examplamine", Schedule: "CD3", Known: true}
	opts := Options{Dictionary: dictionary{code: {Code: code, VMP: code, Name: name, Substance: "examplamine", Schedule: "CD3", Known: true}, "1": brand,
		"2": {Code: "2", VMP: "2", Name: "Examplamine 60mg tablets", Substance: "examplamine", Schedule: "CD3", Known: true}}}
	w := newWorld(t, today, opts)
	s := epstest.Acute(1, epstest.Item{Name: name, Quantity: "28"})
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	give := func(code string) error {
		_, err := w.on(s.Order, 1, w.s.dispenseTask, "item", fhir.List(epstest.Part("number", "String", s.Items[0].Number), epstest.Part("product", "Coding", fhir.Obj("system", nhs.CSDMD, "code", code))))
		return err
	}
	require.Equal(t, []string{"HOLD-SCHEDULE"}, epstest.RulesOf(give("1")), "Schedule 3, and the order does not say so")
	clinic := w.call(epstest.Parameters("hold:Code", prescription.HoldSchedule, "reason", "It is what we meant."))
	clinic.ID, clinic.Requester.OnBehalf = TaskID(s.Order, 1), "A83008"
	_, err = w.s.releaseHold(w.ctx, clinic)
	require.Equal(t, []string{"HOLD-3"}, epstest.RulesOf(err), "the prescriber does not decide for the pharmacy")
	_, err = w.on(s.Order, 1, w.s.releaseHold, "hold:Code", prescription.HoldSchedule, "reason", "The prescriber has confirmed the quantity.")
	require.NoError(t, err)
	released := w.execution(s.Order).HoldReleases
	require.Len(t, released, 1)
	require.Equal(t, "7654321", released[0].Who.ID)
	require.Equal(t, "The prescriber has confirmed the quantity.", released[0].Reason)
	require.Equal(t, []string{"HMR-214"}, epstest.RulesOf(give("2")), "another strength")
	require.NoError(t, give("1"), "an actual product of what was ordered")
}
