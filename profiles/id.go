package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// elementID holds the ids of elements to be unique within their resource, and to be
// without spaces (Element.id).
func elementID(w *walk, n fhir.Node, t *r4.Type) {
	id := n.Get("id")
	if id.Kind() != fhir.String || t.Name == "ElementDefinition" { // snapshot and differential share ids
		return
	}
	if strings.ContainsAny(id.Text(), " \t\r\n") {
		w.addAt(n, id, fhir.Issue{Code: fhir.ValueCode, Rule: "element-id", Message: "The id of an element has no white space: references within the resource name it.",
			Expected: "letters, digits and signs", Found: short(id.Text())})
	}
	if w.scope.ids == nil {
		w.scope.ids = map[string]bool{}
	}
	if text := id.Text(); !w.scope.ids[text] {
		w.scope.ids[text] = true
		return
	}
	w.addAt(n, id, fhir.Issue{Code: fhir.Duplicate, Rule: "element-id", Message: "Two elements of the resource have the same id.",
		Expected: "an id of its own", Found: short(id.Text())})
}
