package typed

import (
	"slices"
	"strings"
	"testing"

	"github.com/pestle-fhir/pestle/fhir"
)

// sorted writes JSON with the properties of every object in order, so that two
// texts with the same values are the same.
func sorted(t testing.TB, json string) string {
	t.Helper()
	return sortedNode(parse(t, json).Root())
}

func sortedNode(n fhir.Node) string {
	switch n.Kind() {
	case fhir.Object:
		var members []string
		for m := range n.Members() {
			members = append(members, m.Name()+":"+sortedNode(m))
		}
		slices.Sort(members)
		return "{" + strings.Join(members, ",") + "}"
	case fhir.Array:
		var items []string
		for i := range n.Items() {
			items = append(items, sortedNode(i))
		}
		return "[" + strings.Join(items, ",") + "]"
	case fhir.String:
		return string(fhir.AppendString(nil, n.Text()))
	}
	return string(n.Raw())
}
