package typed

import (
	"os"

	"github.com/pestle-fhir/pestle/fhir"
)

// mutants are variants of a resource, each with one change at one place. Which
// places are taken depends on the resource alone.
func mutants(r *fhir.Resource) []string {
	wanted := 6
	if os.Getenv("PESTLE_LONG") != "" {
		wanted = 24
	}
	var out []string
	stride := max(r.Nodes()/wanted, 1)
	for i := 1 + len(r.JSON())%stride; i < r.Nodes(); i += stride {
		n := r.Node(i)
		change := changes[(i+len(out))%len(changes)]
		if text := change(n); text != "" {
			e := fhir.NewEdit(r)
			e.Replace(n, text)
			out = append(out, string(e.JSON()))
		}
	}
	return out
}

// changes give the JSON that takes the place of a node, "" where they do not
// apply.
var changes = []func(fhir.Node) string{
	func(n fhir.Node) string { return "null" },
	func(n fhir.Node) string { return `""` },
	func(n fhir.Node) string { return "[" + string(n.Raw()) + "]" },
	func(n fhir.Node) string { return `{"value":` + string(n.Raw()) + "}" },
	func(n fhir.Node) string {
		if n.Kind() == fhir.String {
			return string(fhir.AppendString(nil, n.Text()+" x"))
		}
		return `"x"`
	},
	func(n fhir.Node) string {
		if n.Kind() == fhir.Number {
			return "-" + string(n.Raw()) + "5"
		}
		return "1"
	},
	func(n fhir.Node) string {
		if n.Kind() == fhir.Array && n.Len() > 0 {
			return string(n.Item(0).Raw())
		}
		return "true"
	},
	func(n fhir.Node) string {
		if n.Kind() == fhir.Object {
			e := `{"unknown":1,` + string(n.Raw()[1:])
			if n.Len() == 0 {
				return `{"unknown":1}`
			}
			return e
		}
		return `"2020-01-01"`
	},
	func(n fhir.Node) string { return "{}" },
	func(n fhir.Node) string { return "[]" },
	func(n fhir.Node) string { return `"Patient/1"` },
	func(n fhir.Node) string { return `"2020-01-01T00:00:00+01:00"` },
	func(n fhir.Node) string { return `"A"` },
}
