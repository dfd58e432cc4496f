package redaction_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/trust/redaction"
)

func readsAll(string, string) bool { return true }

// TestParse names every line that is not valid.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"a\tPatient\tname":                       "t:1: expected role, types, elements, how",
		"a\tPatience\tname\tshow":                `"Patience" is not a resource type`,
		"a\tPatient\tnames\tshow":                `"names" is not an element of Patient`,
		"a\tPatient\tdeceasedBoolean\tshow":      `"deceasedBoolean" is not an element of Patient`,
		"a\tPatient\tname\thide":                 `expected show, coded, part, initials, text=X or find; found "hide"`,
		"a\tPatient\tname\ttext=":                `found "text="`,
		"a\t*\tname\tshow":                       "a line about every type is nhs-number",
		"a\t*\tnhs-number\tlast=10":              "from 0 to 4",
		"# c\n\na\tPatient\tx\tshow\nb\tX\tx\tz": "t:4: expected show",
	} {
		_, err := redaction.Parse("t", []byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}

// TestUnlisted: of a type that no line names, and of an element that R4 does not
// have, nothing is shown.
func TestUnlisted(t *testing.T) {
	table, err := redaction.Builtin()
	require.NoError(t, err)
	r := table.For([]string{"finance"}, readsAll)
	for text, want := range map[string]string{
		`{"resourceType":"Basic","id":"1","code":{"text":"secret"},"x":"secret"}`: `{"resourceType":"Basic","id":"1","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"REDACTED"}]},"code":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}}`,
		`{"resourceType":"Organization","id":"1","name":"High Street"}`:           `{"resourceType":"Organization","id":"1","name":"High Street"}`,
		`{"resourceType":"CarePlan","id":"1","status":"active","intent":"order"}`: `{"resourceType":"CarePlan","id":"1","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"REDACTED"}]},"_status":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]},"_intent":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}}`,
		`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid","diagnostics":"secret","expression":["Patient.name[0].given"]},{"severity":"error","code":"invalid","diagnostics":"told"}]}`: `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid","diagnostics":"It is about an element that the caller's role is not shown.","expression":["Patient.name[0].given"]},{"severity":"error","code":"invalid","diagnostics":"told"}]}`,
	} {
		out, err := r.Answer([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, want, string(out))
	}
	assert.Nil(t, table.For([]string{"pharmacist"}, readsAll))
	assert.Nil(t, table.For(nil, readsAll))
}
