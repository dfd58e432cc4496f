package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBuiltInDefinitionsStay: by no way of writing does a stored definition take
// the place of a built-in one, or of one that nobody can build.
func TestBuiltInDefinitionsStay(t *testing.T) {
	s := start(t, t.TempDir())
	defer s.stop()
	definitions := map[string][]string{
		"StructureDefinition": {"http://hl7.org/fhir/StructureDefinition/Patient", "http://hl7.org/fhir/StructureDefinition/HumanName", "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
			"https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient", "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient|9.9.9"},
		"ValueSet":   {"http://hl7.org/fhir/ValueSet/administrative-gender", "http://hl7.org/fhir/ValueSet/administrative-gender|9.9.9"},
		"CodeSystem": {"http://hl7.org/fhir/administrative-gender", "http://unitsofmeasure.org", "https://fhir.nhs.uk/CodeSystem/message-event"},
		"ConceptMap": {"http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v3"},
	}
	resource := func(typ, url, id string) string {
		body := map[string]string{
			"StructureDefinition": `"name":"P","kind":"resource","abstract":false,"type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","derivation":"constraint","differential":{"element":[{"id":"Patient","path":"Patient"}]},`,
			"CodeSystem":          `"content":"complete",`,
		}[typ]
		if id != "" {
			body += `"id":"` + id + `",`
		}
		return `{"resourceType":"` + typ + `",` + body + `"url":"` + url + `","version":"9.9.9","status":"active"}`
	}
	for typ, urls := range definitions {
		status, text := s.ask("PUT", typ+"/mine", resource(typ, "https://clinic.example/"+typ, "mine"))
		require.Equal(t, 201, status, text)
		for _, url := range urls {
			entry := func(r, method, url string) string {
				return `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + r + `,"request":{"method":"` + method + `","url":"` + url + `"}}]}`
			}
			for _, c := range []struct{ method, path, body string }{
				{"POST", typ, resource(typ, url, "")}, {"PUT", typ + "/other", resource(typ, url, "other")}, {"PUT", typ + "/mine", resource(typ, url, "mine")},
				{"POST", "", entry(resource(typ, url, ""), "POST", typ)}, {"POST", "", entry(resource(typ, url, "other"), "PUT", typ+"/other")},
			} {
				status, text := s.ask(c.method, c.path, c.body)
				assert.Equal(t, 422, status, "%s %s %s: %s", c.method, c.path, url, text)
			}
		}
	}
	status, text := s.ask("PUT", "StructureDefinition/UKCore-Patient", resource("StructureDefinition", "https://clinic.example/x", "UKCore-Patient"))
	assert.Equal(t, 422, status, text)
	status, text = s.ask("POST", "Patient", `{"resourceType":"Patient","gender":"woman"}`)
	assert.Equal(t, 422, status, text)

	// One whose base is not there, and one whose base comes with it.
	const mine = "https://clinic.example/StructureDefinition"
	unbased := strings.ReplaceAll(resource("StructureDefinition", mine+"2", ""), `"http://hl7.org/fhir/StructureDefinition/Patient"`, `"`+mine+`3"`)
	status, text = s.ask("POST", "StructureDefinition", unbased)
	assert.Equal(t, 422, status, text)
	assert.Contains(t, text, "cannot be built")
	both := `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + unbased + `,"request":{"method":"POST","url":"StructureDefinition"}},{"resource":` +
		resource("StructureDefinition", mine+"3", "") + `,"request":{"method":"POST","url":"StructureDefinition"}}]}`
	status, text = s.ask("POST", "", both)
	assert.Equal(t, 200, status, text)
}

// TestRulesThatCannotBeJudged: what claims a profile with a rule that costs too
// much is refused, unless that is configured otherwise.
func TestRulesThatCannotBeJudged(t *testing.T) {
	const costly = `{"resourceType":"StructureDefinition","id":"costly","url":"https://clinic.example/costly","name":"C","status":"active","kind":"resource","abstract":false,"type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","derivation":"constraint","differential":{"element":[{"id":"Patient","path":"Patient","constraint":[{"key":"c-1","severity":"error","human":"Costly.","expression":"descendants().select(%context.descendants().select(%context.descendants().select(%context.descendants().select(%context.descendants())))).count() > 0"}]}]}}`
	given := `"n"` + strings.Repeat(`,"n"`, 200)
	patient := `{"resourceType":"Patient","meta":{"profile":["https://clinic.example/costly"]},"name":[{"given":[` + given + `]}]}`
	s := start(t, t.TempDir())
	defer s.stop()
	status, text := s.ask("PUT", "StructureDefinition/costly", costly)
	require.Equal(t, 201, status, text)
	status, text = s.ask("POST", "Patient", patient)
	assert.Equal(t, 422, status)
	assert.Contains(t, text, "was not judged")
	assert.Contains(t, text, `"not-judged"`)
}
