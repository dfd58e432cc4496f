package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/profiles/uk"
)

// TestMedicinesOfDmd reads the sample release of dm+d as dispensing sees it.
func TestMedicinesOfDmd(t *testing.T) {
	terms := uk.Library().Terminology()
	m := medicines{terms}
	_, ok := m.Medicine("231999999102")
	require.False(t, ok, "nothing is loaded")
	require.NoError(t, releaseOptions{Dmd: "../../profiles/terminology/dmd/testdata/release"}.load(terms))
	for code, want := range map[string]prescription.Medicine{
		"231999999102": {Code: "231999999102", VMP: "231999999102", Name: "Examplamine 30mg tablets", Substance: "examplamine", Schedule: "CD2", Known: true},
		"241999999105": {Code: "241999999105", VMP: "241999999105", Name: "Examplamine 5mg/5ml oral solution sugar free & colour free", Substance: "examplamine"},
		"251999999107": {Code: "251999999107", VMP: "231999999102", Actual: true, Name: "Examplate 30mg tablets (Clinic Pharma Ltd)", Substance: "examplamine", Schedule: "CD2", Known: true},
		"281999999101": {Code: "251999999107", VMP: "231999999102", Actual: true, Name: "Examplate 30mg tablets (Clinic Pharma Ltd)", Substance: "examplamine", Schedule: "CD2", Known: true},
		"271999999104": {Code: "231999999102", VMP: "231999999102", Name: "Examplamine 30mg tablets", Substance: "examplamine", Schedule: "CD2", Known: true},
	} {
		got, ok := m.Medicine(code)
		require.True(t, ok, code)
		require.Equal(t, want, got)
	}
	for _, code := range []string{"211999999106", "999", ""} { // a moiety, nothing
		_, ok := m.Medicine(code)
		require.False(t, ok, code)
	}
}
