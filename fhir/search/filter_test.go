package search

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

func TestFilter(t *testing.T) {
	r, err := fhir.Parse([]byte(`{"resourceType":"Patient","gender":"female","birthDate":"1980-05-01","deceasedBoolean":false,"name":[{"family":"Martin","given":["Ann","Eve"]}],"identifier":[{"system":"urn:s","value":"1"}]}`))
	require.NoError(t, err)
	entries, err := Extract(t.Context(), r)
	require.NoError(t, err)
	for _, c := range []struct {
		filter string
		holds  bool
	}{
		{`family eq martin`, true}, {`family eq mart`, false}, {`family sw "Mart"`, true}, {`family ew TIN`, true}, {`family ew mar`, false}, {`family co art`, true},
		{`family ne martin`, false}, {`given ne ann`, true}, {`given eq eve and given eq ann`, true},
		{`gender eq female`, true}, {`gender ne female`, false}, {`gender ne male`, true}, {`identifier eq "urn:s|1"`, true}, {`identifier eq urn:s|2`, false},
		{`birthdate ge 1980`, true}, {`birthdate gt 1980-05-01`, false}, {`birthdate po 1980`, true}, {`birthdate po 1981`, false}, {`birthdate eq 1980-05`, true}, {`birthdate ne 1981`, true},
		{`phone pr true`, false}, {`phone pr false`, true}, {`family pr true`, true},
		{`gender eq male or family eq martin`, true},
		{`gender eq female or family eq x and family eq y`, false}, // from left to right
		{`gender eq female or (family eq x and family eq y)`, true},
		{`not (gender eq male)`, true}, {`not (gender eq female or family eq x)`, false}, {`gender eq female and not (family eq x)`, true},
		{`((gender eq female))`, true}, {`_id eq x`, true}, {`_id eq y`, false},
		{`general-practitioner re Practitioner/1`, false},
	} {
		q, _, err := Parse("Patient", url.Values{"_filter": {c.filter}}, Options{})
		require.NoError(t, err, c.filter)
		require.Equal(t, c.holds, q.Clauses[0].Holds("x", entries), c.filter)
	}
	for filter, message := range map[string]string{
		`family`: "Here a test should be", `family eq`: "Here a test should be", `family eq "a`: "Here a value should be", `frog eq 1`: "no such search parameter",
		`family gt a`: "not known for a parameter of type string", `(family eq a`: "not closed", `family eq a)`: "goes on where it should end", `not family eq a`: "filter in brackets",
		`family eq a and`: "Here a test should be", `birthdate ge soon`: "malformed", `family pr maybe`: "pr is malformed", `general-practitioner eq a`: "type reference",
		`gender in urn:x`: "needs a terminology service", `name[family eq a].given eq b`: "Here a test should be",
	} {
		_, _, err := Parse("Patient", url.Values{"_filter": {filter}}, Options{})
		require.ErrorContains(t, err, message, filter)
	}
	_, err = ParseCondition("Patient", "_filter=family eq a", Options{})
	require.Error(t, err, "a condition has no filter")
}
