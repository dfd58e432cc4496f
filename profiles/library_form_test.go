package profiles

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// TestQuestionnairesGiven finds a questionnaire that came with the profiles by its
// canonical, with and without a version; one without a url is found by nobody.
func TestQuestionnairesGiven(t *testing.T) {
	set := definitions(t, `{"resourceType":"Questionnaire","status":"active","url":"https://clinic.example/q","version":"2"}`, `{"resourceType":"Questionnaire","status":"active"}`)
	l := libraryOf(set)
	assert.NotNil(t, l.Form("Questionnaire", "https://clinic.example/q"))
	assert.NotNil(t, l.Form("Questionnaire", "https://clinic.example/q|2"))
	assert.Nil(t, l.Form("Questionnaire", "https://clinic.example/q|1"))
	assert.Nil(t, l.Form("Measure", "https://clinic.example/q"))
	assert.Nil(t, l.Form("Questionnaire", ""))

	assert.Empty(t, set.Without(func(typ, _ string) bool { return typ == "Questionnaire" }).Forms)
	both := definition.NewSet()
	both.Merge(set)
	assert.Len(t, both.Forms, 2)
}
