package prescription

import (
	"slices"
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
	for code, rows := range BuiltInMedicines.byCode {
		require.True(t, checkdigit.Verhoeff(code), code)
		for _, m := range rows {
			require.NotEmpty(t, m.Name, code)
			require.True(t, m.Known, code)
			require.Contains(t, []string{"", "CD2", "CD3", "CD4", "CD5"}, m.Schedule, code)
			if m.VMP != "" {
				require.Contains(t, BuiltInMedicines.byCode, m.VMP, code)
			}
			require.False(t, BuiltInMedicines.contradicts(fhir.Coding{System: nhs.CSSNOMED, Code: code, Display: m.Name}, on), m.Name)
			if s, ok := BuiltInMedicines.substance(m.Name, on); ok && s.schedule != "" && s.schedule != none {
				require.Equal(t, s.schedule, m.Schedule, m.Name)
			}
		}
	}
}

func TestStrengths(t *testing.T) {
	for name, want := range map[string][]string{
		"Methylphenidate 18mg modified-release tablets":    {"18mg"},
		"Strattera 4mg/1ml oral solution":                  {"4mg/ml"},
		"Atomoxetine 4mg/ml oral solution sugar free":      {"4mg/ml"},
		"Nystatin 100,000units/ml oral suspension":         {"100000unit/ml"},
		"Co-codamol 30mg/500mg tablets":                    {"30mg/500mg"},
		"Fentanyl 25micrograms/hour transdermal patches":   {"25microgram/hour"},
		"Fentanyl 12mcg/hr patches":                        {"12microgram/hour"},
		"Fentanyl 12 micrograms per hour patches":          {"12microgram/hour"},
		"Morphine 10mg/5ml oral solution":                  {"2mg/ml"},
		"Morphine 10 milligrams per 5 millilitres":         {"2mg/ml"},
		"Morphine 10mgs in 5ml":                            {"2mg/ml"},
		"Methadone 1mg/ml, 500ml":                          {"1mg/ml"},
		"Fentanyl 100micrograms/2ml injection":             {"50microgram/ml"},
		"Heparin 5,000iu/0.2ml":                            {"25000unit/ml"},
		"Alfacalcidol 250 nanogram, 0.25µg":                {"250nanogram"},
		"Codeine 5mg/0ml":                                  nil,
		"Digoxin 0.5mg tablets":                            {"500microgram"},
		"Levothyroxine 1,000 nanograms":                    {"1microgram"},
		"Paracetamol 1g tablets":                           {"1000mg"},
		"Methylphenidate 18mg tablets (Xaggitin XL 18mg)":  {"18mg"},
		"Betamethasone valerate 0.1% cream":                {"0.1%"},
		"Phosphates enema (Formula B) 128ml standard tube": nil,
	} {
		require.Equal(t, want, strengths(name), name)
	}
}

// TestUnclearMedicines holds what does not say one medicine: HOLD-MEDICINE.
func TestUnclearMedicines(t *testing.T) {
	for name, medicines := range map[string][]fhir.Coding{
		"nothing":                      nil,
		"a code with another name":     {{System: nhs.CSSNOMED, Code: "322236009", Display: "Morphine 10mg tablets"}},                                 // paracetamol
		"a code with another strength": {{System: nhs.CSSNOMED, Code: "36123511000001103", Display: "Methylphenidate 54mg modified-release tablets"}}, // 18mg
	} {
		p := &Prescription{Signed: day("2026-11-24"), Lines: []Line{{Item: "1", Medicines: medicines}}}
		builtInRules.Classify(p)
		standing := p.Standing(&p.Lines[0])
		require.NotEmpty(t, standing, name)
		require.Equal(t, HoldMedicine, standing[0].Code, name)
		require.Equal(t, "HOLD-MEDICINE", standing[0].issue("Task").Rule, name)
	}
}

// TestUnitOfAnOrder holds a controlled drug that is ordered in a unit of another kind.
func TestUnitOfAnOrder(t *testing.T) {
	for _, c := range []struct {
		name, unit string
		held       bool
	}{
		{"Morphine 10mg/5ml oral solution 5ml unit dose vials", "unit dose", false},
		{"Morphine 10mg/5ml oral solution 5ml unit dose vials", "vial", false},
		{"Morphine 10mg tablets", "tablet(s)", false},
		{"Morphine 10mg tablets", "blister", false}, // not known, so not another
		{"Morphine 10mg tablets", "pack", true},
		{"Morphine 10mg tablets 28 pack", "tablet", false},
		{"Morphine 10mg suppositories", "suppository", false},
		{"Morphine 10mg suppositories", "tablet", true},
		{"Fentanyl 100micrograms/dose nasal spray 10 dose", "ml", false},
		{"Morphine 60mg modified-release granules sachets", "capsule", true},
	} {
		p := &Prescription{Signed: day("2026-11-24"), Lines: []Line{{Item: "1", Claimed: "CD2", Quantity: Quantity{Unit: c.unit}, Medicines: []fhir.Coding{{Display: c.name}}}}}
		builtInRules.Classify(p)
		held := slices.ContainsFunc(p.Standing(&p.Lines[0]), func(h Hold) bool { return h.Code == HoldMedicine })
		require.Equal(t, c.held, held, c.name+" "+c.unit)
	}
}
