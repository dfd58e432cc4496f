package conformance

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pestle-fhir/pestle/fhir"
)

// compareLoosely holds a response to its status code, to the type of its
// resource and to the types of the resources in its entries.
func compareLoosely(t *testing.T, step *Step, got string) {
	if step.Times > 1 {
		assert.Equal(t, step.Want, got, step.Name)
		return
	}
	assert.Equal(t, outline(step.Want), outline(got), step.Name)
}

func outline(response string) []string {
	head, body, _ := strings.Cut(response, "\n\n")
	code, _, _ := strings.Cut(head, " ")
	out := []string{code}
	r, err := fhir.Parse([]byte(strings.TrimSpace(body)))
	if err != nil {
		return out
	}
	out = append(out, r.Type())
	for entry := range r.Get("entry").Items() {
		status, _, _ := strings.Cut(entry.Path("response", "status").Text(), " ")
		out = append(out, strings.TrimSpace(status+" "+entry.Path("resource", "resourceType").Text()))
	}
	return out
}
