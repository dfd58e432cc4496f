package search_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

func TestPatients(t *testing.T) {
	own := func(base string) bool { return base == "http://here/fhir" }
	for text, want := range map[string][]string{
		`{"resourceType":"Patient","id":"p"}`:                                                                                    {"p"},
		`{"resourceType":"Patient","id":"p","link":[{"other":{"reference":"Patient/q"}}]}`:                                       {"p", "q"},
		`{"resourceType":"MedicationRequest","subject":{"reference":"Patient/p/_history/2"}}`:                                    {"p"},
		`{"resourceType":"MedicationRequest","subject":{"reference":"http://here/fhir/Patient/p"}}`:                              {"p"},
		`{"resourceType":"MedicationRequest","subject":{"reference":"http://there/fhir/Patient/p"}}`:                             nil,
		`{"resourceType":"MedicationRequest","subject":{"reference":"Group/g"},"requester":{"reference":"Practitioner/d"}}`:      nil,
		`{"resourceType":"Task","for":{"reference":"Patient/p"},"focus":{"reference":"MedicationRequest/m"}}`:                    {"p"},
		`{"resourceType":"Coverage","beneficiary":{"reference":"Patient/p"},"subscriber":{"reference":"Patient/q"}}`:             {"q", "p"},
		`{"resourceType":"SupplyRequest","deliverTo":{"reference":"Patient/p"}}`:                                                 {"p"},
		`{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/p"}},{"actor":{"reference":"Patient/q"}}]}`: {"p", "q"},
		`{"resourceType":"Group","member":[{"entity":{"reference":"Patient/p"}},{"entity":{"reference":"Device/d"}}]}`:           {"p"},
		`{"resourceType":"Provenance","target":[{"reference":"Patient/p"},{"reference":"Claim/c"}]}`:                             {"p"},
		`{"resourceType":"Device","patient":{"reference":"Patient/p"}}`:                                                          {"p"},
		`{"resourceType":"Organization","id":"o"}`:                                                                               nil,
		`{"resourceType":"Unheard","patient":{"reference":"Patient/p"}}`:                                                         nil,
		`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Claim","patient":{"reference":"Patient/p"}}},{"resource":{"resourceType":"Parameters","parameter":[{"part":[{"resource":{"resourceType":"Patient","id":"q"}}]}]}}]}`: {"p", "q"},
	} {
		r, err := fhir.Parse([]byte(text))
		require.NoError(t, err)
		require.Equal(t, want, search.Patients(r.Root(), own), text)
	}
}
