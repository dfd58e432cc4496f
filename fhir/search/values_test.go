package search

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// TestOracleValues extracts each parameter of the examples alone: the entries
// are those of the whole extraction, and one where the parameter is single.
func TestOracleValues(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range examples(t) {
		whole := map[string][]Entry{}
		entries, err := Extract(context.Background(), r)
		require.NoError(t, err)
		for _, e := range entries {
			code := codeOf(e.Param)
			whole[code] = append(whole[code], e)
		}
		for _, param := range r4.SearchParams(r.Type()) {
			s := sink{entries: Values(r, param.Code, param.Code+":X.")}
			require.Equal(t, whole[param.Code], s.sorted(), "%s %s", r.Type(), param.Code)
			if Single(r.Type(), param.Code) {
				seen[r.Type()+"."+param.Code] = true
				plain := 0
				for _, e := range s.entries {
					if e.Param == param.Code {
						plain++
					}
				}
				require.LessOrEqual(t, plain, 1, "%s %s", r.Type(), param.Code)
			}
		}
	}
	for _, name := range []string{"Observation.date", "MedicationRequest.authoredon", "Patient.birthdate", "MedicationRequest.status", "Observation.patient", "Patient.deceased"} {
		require.True(t, seen[name], name)
	}
	for _, name := range []string{"Patient.family", "Observation.value-quantity", "Observation.code", "Patient.general-practitioner", "MedicationRequest.date", "Patient.phonetic", "Observation.component-value-quantity"} {
		typ, code, _ := strings.Cut(name, ".")
		require.False(t, Single(typ, code), name)
	}
}
