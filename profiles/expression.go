package profiles

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Expression is the FHIRPath of a node as the issues of a validation give it:
// Bundle.entry[3].resource.name[0].given[1], Observation.value.ofType(Quantity).
// The underscore sibling of a primitive goes by the primitive's own name.
func Expression(n fhir.Node) string {
	var chain []fhir.Node
	for p := n; p.Exists(); p = p.Parent() {
		chain = append(chain, p)
	}
	if len(chain) == 0 {
		return ""
	}
	root := chain[len(chain)-1]
	var b strings.Builder
	b.WriteString(root.Get("resourceType").Text())
	t := r4.TypeOf(root.Get("resourceType").Text())
	for i := len(chain) - 2; i >= 0; i-- {
		if chain[i].Name() == "" {
			continue // an item, said with its array
		}
		t = step(&b, chain[i], t)
		if i > 0 && chain[i-1].Name() == "" {
			b.WriteString("[" + strconv.Itoa(place(chain[i-1])) + "]")
			t = resourceAt(chain[i-1], t)
		} else {
			t = resourceAt(chain[i], t)
		}
	}
	return b.String()
}

// step writes one member and gives the type of its value, nil when unknown.
func step(b *strings.Builder, m fhir.Node, t *r4.Type) *r4.Type {
	name := strings.TrimPrefix(m.Name(), "_")
	b.WriteByte('.')
	if t == nil {
		b.WriteString(name)
		return nil
	}
	p := t.Property(name)
	if p == nil {
		b.WriteString(name)
		return nil
	}
	b.WriteString(p.Element.Name)
	if p.Element.Choice {
		b.WriteString(".ofType(" + p.Type + ")")
	}
	return p.Of
}

// resourceAt gives the type that a resource states, where one stands.
func resourceAt(n fhir.Node, t *r4.Type) *r4.Type {
	if t != nil && t.Kind == r4.Resource {
		return r4.TypeOf(n.Get("resourceType").Text())
	}
	return t
}

// place counts the items before an item.
func place(item fhir.Node) int {
	count := 0
	for s := item.Parent().First(); s.Exists() && s.Index() != item.Index(); s = s.Next() {
		count++
	}
	return count
}
