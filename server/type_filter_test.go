package server

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestFilterList: a list of filters is taken apart at the commas before a type, and not at
// those of a search's values.
func TestFilterList(t *testing.T) {
	for list, want := range map[string]string{
		"MedicationRequest?status=active":                                        "MedicationRequest?status=active",
		"MedicationRequest?status=active,draft":                                  "MedicationRequest?status=active,draft",
		"MedicationRequest?status=active,draft,Patient?gender=male":              "MedicationRequest?status=active,draft ; Patient?gender=male",
		"Patient?name=a,b?c,Patient?name=d":                                      "Patient?name=a,b?c ; Patient?name=d",
		",Patient?name=d":                                                        " ; Patient?name=d",
		"Observation?code=http://loinc.org|1-1,http://loinc.org|2-2&date=ge2026": "Observation?code=http://loinc.org|1-1,http://loinc.org|2-2&date=ge2026",
	} {
		assert.Equal(t, want, strings.Join(filterList(list), " ; "))
	}
}

// FuzzTypeFilter: no filter breaks the reader, and what is read is of a type that is exported.
func FuzzTypeFilter(f *testing.F) {
	f.Add("Patient?name=a,Patient?birthdate=ge2000")
	f.Add("Patient?%zz&_sort=x,?,Task?")
	f.Fuzz(func(t *testing.T, text string) {
		e := &export{Types: []string{"Patient"}, Params: url.Values{"_typeFilter": {text}, "_elements": {text}}}
		filters, _ := filtersOf(e)
		for typ := range filters {
			assert.Equal(t, "Patient", typ)
		}
		elementsOf(e.Params, "Patient")
	})
}
