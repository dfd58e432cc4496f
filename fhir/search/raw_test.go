package search

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestReadQueryTakesText: what is no UTF-8 finds nothing, and is refused instead.
func TestReadQueryTakesText(t *testing.T) {
	for query, good := range map[string]bool{
		"family=M%C3%BCller&_format=application/fhir+json;fhirVersion=4.0": true, "": true, "family": true,
		"family=%ff": false, "family=M%FCller": false, "%ff=a": false, "family=a%00b": false, "family=a&family=%ed%a0%80": false, "family=%zz": false,
	} {
		_, err := ReadQuery(query)
		assert.Equal(t, good, err == nil, query)
	}
}
