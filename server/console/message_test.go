package console

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPlace finds the line of a mistake, of what it would be in where it is not there, and
// none where nothing is known; what came in one line is shown with line breaks.
func TestPlace(t *testing.T) {
	for _, body := range []string{`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","gender":"man"}}]}`, "{\n  \"resourceType\": \"Bundle\",\n  \"entry\": [\n    {\n      \"resource\": {\n        \"resourceType\": \"Patient\",\n        \"gender\": \"man\"\n      }\n    }\n  ]\n}"} {
		m := &messageScreen{}
		m.Issues = []judged{{Place: "Bundle.entry[0].resource.gender", Severity: "error"}, {Place: "Bundle.entry[0].resource.name[0].family"}, {Place: "http.Pestle-Person"}, {}}
		m.place([]byte(body))
		var lines []string
		for _, i := range m.Issues {
			lines = append(lines, i.Line)
		}
		assert.Equal(t, []string{"7", "5", "", ""}, lines)
		assert.Len(t, m.Lines, 11)
		assert.True(t, m.Lines[6].Wrong)
	}
	m := &messageScreen{}
	m.Issues = []judged{{Place: "Bundle"}}
	m.place([]byte("<Patient xmlns=\"http://hl7.org/fhir\">\xff</Patient>"))
	assert.Len(t, m.Lines, 1)
}
