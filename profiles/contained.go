package profiles

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// containedRules holds a resource that others stand in to what R4 asks of
// containment (References, section Contained Resources).
func containedRules(w *walk, n fhir.Node, _ *r4.Type) {
	contained := n.Get("contained")
	if !contained.Exists() {
		return
	}
	seen := map[string]bool{}
	for c := range contained.Items() {
		if c.Kind() != fhir.Object {
			continue
		}
		key := c.Get("id")
		switch {
		case !key.Exists():
			w.add(c, fhir.Issue{Code: fhir.Required, Rule: "contained-id", Message: "A contained resource has no id, so nothing can refer to it.",
				Expected: "an id", Fix: `Add "id", and refer to the resource with # and that id.`})
		case seen[key.Text()]:
			w.add(c, fhir.Issue{Code: fhir.Duplicate, Rule: "contained-id", Message: "Two contained resources have the same id.",
				Expected: "an id of its own", Found: short(key.Text())})
		}
		seen[key.Text()] = true
	}
}
