package terminology

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// TestLookupAllocatesNothing: a code system is found for each code of each resource that
// is validated.
func TestLookupAllocatesNothing(t *testing.T) {
	const url = "http://example.com/CodeSystem/of-a-usual-length"
	set := definition.NewSet()
	set.CodeSystems[url] = &definition.CodeSystem{URL: url, Version: "1.0.0", Content: "complete", Concepts: []definition.Concept{{Code: "a"}}}
	s := New(Config{})
	s.Define(set)
	for _, version := range []string{"", "1.0.0"} {
		sys, exact := s.system(url, version)
		assert.NotNil(t, sys)
		assert.True(t, exact)
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { s.system(url, "") }))
}
