package search

import (
	"testing"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

func TestEveryParameterOfR4IsIndexedOrRefused(t *testing.T) {
	indexed, all := 0, 0
	kinds := map[string]int{}
	for _, typ := range r4.ResourceTypes() {
		p := programFor(typ)
		for _, param := range r4.SearchParams(typ) {
			all++
			if unindexed[param.Code] {
				continue
			}
			if _, ok := p.kinds[param.Code]; ok {
				indexed++
				kinds[param.Type]++
				continue
			}
			t.Logf("%s?%s (%s): %s", typ, param.Code, param.Type, param.Expression)
		}
	}
	t.Log(indexed, all, kinds)
}
