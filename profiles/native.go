package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// native holds the invariants that nearly every element brings up and that
// take a line of Go; a test proves that they agree with the expressions.
var native = map[string]func(w *walk, n fhir.Node) bool{
	"ele-1": func(_ *walk, n fhir.Node) bool {
		first := n.First()
		return n.Kind() != fhir.Object || !first.Exists() || first.Name() != "id" || first.Next().Exists()
	},
	"ext-1": func(_ *walk, n fhir.Node) bool {
		value := false
		for m := n.First(); m.Exists() && !value; m = m.Next() {
			value = strings.HasPrefix(m.Name(), "value") || strings.HasPrefix(m.Name(), "_value")
		}
		return value != n.Get("extension").Exists()
	},
	"ref-1": func(w *walk, n fhir.Node) bool {
		id, local := strings.CutPrefix(n.Get("reference").Text(), "#")
		return !local || id == "" || w.containedResource(id).Exists()
	},
	"cpt-2": implied("value", "system"),
	"qty-3": implied("code", "system"),
	"att-1": implied("data", "contentType"),
}

// implied holds where the one element brings the other.
func implied(there, needed string) func(*walk, fhir.Node) bool {
	return func(_ *walk, n fhir.Node) bool { return !has(n, there) || has(n, needed) }
}

// has reports whether a primitive element is there, be it as an extension
// alone.
func has(n fhir.Node, name string) bool { return n.Get(name).Exists() || n.Get("_"+name).Exists() }

// computerName is the invariant on the names of definitions, which R4 has under
// a key of its own for each type.
const computerName = `name.matches('^(?:[A-Z]([A-Za-z0-9_]){0,254})$')`

// isComputerName reports whether a name surely meets [computerName]; where it
// does not, the expression decides.
func isComputerName(n fhir.Node) bool {
	text := n.Text()
	if n.Kind() != fhir.String || text == "" || len(text) > 255 || text[0] < 'A' || text[0] > 'Z' {
		return false
	}
	for i := 1; i < len(text); i++ {
		if c := text[i]; !isLetter(c) && !isDigit(c) && c != '_' {
			return false
		}
	}
	return true
}
