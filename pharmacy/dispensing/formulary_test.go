package dispensing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestMedicinesAreSound proves the table: check digits, virtual products that
// exist, names that tell the same substance as the row.
func TestMedicinesAreSound(t *testing.T) {
	on := day("2026-11-24")
	for code, rows := range ownMedicines.byCode {
		require.True(t, checkdigit.Verhoeff(code), code)
		for _, m := range rows {
			require.NotEmpty(t, m.Name, code)
			require.True(t, m.Known, code)
			require.Contains(t, []string{"", "CD2", "CD3", "CD4", "CD5"}, m.Schedule, code)
			if m.VMP != "" {
				require.Contains(t, ownMedicines.byCode, m.VMP, code)
			}
			require.False(t, ownMedicines.contradicts(fhir.Coding{System: nhs.CSSNOMED, Code: code, Display: m.Name}, on), m.Name)
			if s, ok := ownMedicines.substance(m.Name, on); ok && s.schedule != "" && s.schedule != none {
				require.Equal(t, s.schedule, m.Schedule, m.Name)
			}
		}
	}
}

// dictionary is a loaded dictionary of two products.
type dictionary map[string]Medicine

func (d dictionary) Medicine(code string) (Medicine, bool) { m, ok := d[code]; return m, ok }

// TestDictionaryDecides gives the service a dictionary that knows what the tables
// do not.
func TestDictionaryDecides(t *testing.T) {
	name := "Examplamine 30mg tablets"
	code := productCode(name)
	brand := Medicine{Code: "1", VMP: code, Actual: true, Name: "Brandamine 30mg tablets", Substance: "examplamine", Schedule: "CD3", Known: true}
	opts := Options{Dictionary: dictionary{code: {Code: code, VMP: code, Name: name, Substance: "examplamine", Schedule: "CD3", Known: true}, "1": brand,
		"2": {Code: "2", VMP: "2", Name: "Examplamine 60mg tablets", Substance: "examplamine", Schedule: "CD3", Known: true}}}
	w := newWorld(t, today, opts)
	s := acute(1, scriptItem{name: name, quantity: "28"})
	_, err := w.send(s.message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.order, 1, w.s.acceptTask)
	require.NoError(t, err)
	give := func(code string) error {
		_, err := w.on(s.order, 1, w.s.dispenseTask, "item", fhir.List(part("number", "String", s.items[0].number), part("product", "Coding", fhir.Obj("system", nhs.CSDMD, "code", code))))
		return err
	}
	require.Equal(t, []string{"HOLD-SCHEDULE"}, rulesOf(give("1")), "Schedule 3, and the order does not say so")
	clinic := w.call(params("hold:Code", holdSchedule, "reason", "It is what we meant."))
	clinic.ID, clinic.Requester.OnBehalf = TaskID(s.order, 1), "A83008"
	_, err = w.s.releaseHold(w.ctx, clinic)
	require.Equal(t, []string{"HOLD-3"}, rulesOf(err), "the prescriber does not decide for the pharmacy")
	_, err = w.on(s.order, 1, w.s.releaseHold, "hold:Code", holdSchedule, "reason", "The prescriber has confirmed the quantity.")
	require.NoError(t, err)
	released := w.execution(s.order).releases
	require.Len(t, released, 1)
	require.Equal(t, "7654321", released[0].Who.ID)
	require.Equal(t, "The prescriber has confirmed the quantity.", released[0].Reason)
	require.Equal(t, []string{"HMR-214"}, rulesOf(give("2")), "another strength")
	require.NoError(t, give("1"), "an actual product of what was ordered")
}

func TestStrengths(t *testing.T) {
	for name, want := range map[string][]string{
		"Methylphenidate 18mg modified-release tablets":    {"18mg"},
		"Strattera 4mg/1ml oral solution":                  {"4mg/ml"},
		"Atomoxetine 4mg/ml oral solution sugar free":      {"4mg/ml"},
		"Nystatin 100,000units/ml oral suspension":         {"100000unit/ml"},
		"Co-codamol 30mg/500mg tablets":                    {"30mg/500mg"},
		"Fentanyl 25micrograms/hour transdermal patches":   {"25microgram/hour"},
		"Betamethasone valerate 0.1% cream":                {"0.1%"},
		"Phosphates enema (Formula B) 128ml standard tube": nil,
	} {
		require.Equal(t, want, strengths(name), name)
	}
}
