package search

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// TestLeadsTo: the targets of a parameter are those that it has on the type.
func TestLeadsTo(t *testing.T) {
	for _, c := range []struct {
		typ, code string
		want      []string
	}{
		{"Observation", "patient", []string{"Patient"}},
		{"MedicationRequest", "patient", []string{"Patient"}},
		{"AllergyIntolerance", "patient", []string{"Patient"}},
		{"DeviceUseStatement", "patient", []string{"Patient", "Group"}},
		{"Observation", "subject", []string{"Group", "Device", "Patient", "Location"}},
		{"Encounter", "location", []string{"Location"}},
	} {
		assert.ElementsMatch(t, c.want, leadsTo(c.typ, r4.SearchParameter(c.typ, c.code)), c.typ+"?"+c.code)
	}
	for _, typ := range r4.ResourceTypes() {
		for _, p := range r4.SearchParams(typ) {
			if p.Type == "reference" && len(p.Target) > 0 {
				assert.NotEmpty(t, leadsTo(typ, p), typ+"?"+p.Code)
			}
		}
	}
}

// TestReachedOfAPatient: who may search patients alone may follow the parameter
// patient, which is about nobody else.
func TestReachedOfAPatient(t *testing.T) {
	q, _, err := Parse("Observation", url.Values{"patient.identifier": {"https://fhir.nhs.uk/Id/nhs-number|9000000009"}}, Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{"Patient"}, q.Reached())
	_, _, err = Parse("Patient", url.Values{"organization:Practitioner.name": {"x"}}, Options{})
	assert.Error(t, err)
}
