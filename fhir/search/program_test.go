package search

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// TestEveryParameterOfR4IsIndexedOrRefused counts the parameters of all
// resource types. Only those are refused that no expression defines.
func TestEveryParameterOfR4IsIndexedOrRefused(t *testing.T) {
	refused := map[string]bool{}
	kinds := map[string]int{}
	for _, typ := range r4.ResourceTypes() {
		known := Params(typ)
		for _, param := range r4.SearchParams(typ) {
			if slices.Contains(known, param) {
				kinds[param.Type]++
			} else {
				refused[param.Code] = true
			}
		}
	}
	require.Equal(t, map[string]bool{"_content": true, "_filter": true}, refused)
	require.Equal(t, map[string]int{"composite": 72, "date": 288, "number": 6, "quantity": 41, "special": 1, "reference": 519, "string": 347, "token": 1256, "uri": 347}, kinds)
}
