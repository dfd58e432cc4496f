package prescription

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

func TestOtherPerson(t *testing.T) {
	const stored = `{"resourceType": "Patient", "name": [{"family": "O'Neill-Smith", "given": ["Zoë", "Ann"]}, {"use": "maiden", "family": "Hill"}],
 "gender": "female", "birthDate": "1980-02-03", "address": [{"postalCode": "LS3 3AA"}]}`
	for sent, want := range map[string]string{
		`{"name": [{"family": "ONEILL SMITH", "given": ["Zoe"]}], "gender": "female", "birthDate": "1980-02-03", "address": [{"postalCode": "ls33aa"}]}`: "",
		`{"name": [{"family": "Hill"}], "birthDate": "1980-02", "gender": "unknown"}`:                                                                    "",
		`{}`: "",
		`{"name": [{"family": "Miller", "given": ["Ann"]}]}`: "family name",
		`{"birthDate": "1980-03-02"}`:                        "birth date",
		`{"birthDate": "1981"}`:                              "birth date",
		`{"gender": "male"}`:                                 "sex",
		`{"name": [{"family": "Hill", "given": ["Joan"]}], "address": [{"postalCode": "LS1 1AA"}]}`: "given name?, address?",
		`{"name": [{"family": "Miller"}], "gender": "male", "birthDate": "1990-01-01"}`:             "family name, birth date, sex",
	} {
		var found []string
		person := func(text string) fhir.Node {
			r, err := fhir.Parse([]byte(text))
			require.NoError(t, err)
			return r.Root()
		}
		a, b := person(stored), person(sent)
		for _, d := range OtherPerson(a, b) {
			found = append(found, d.What)
		}
		for _, d := range OtherDetails(a, b) {
			found = append(found, d.What+"?")
		}
		assert.Equal(t, want, strings.Join(found, ", "), sent)
		assert.Len(t, OtherPerson(b, a), len(strings.FieldsFunc(want, func(r rune) bool { return r == ',' }))-strings.Count(want, "?"), "either way: %s", sent)
	}
}
