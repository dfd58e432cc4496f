package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// occurrence is one value of an element: the node, and for a primitive the
// object with its id and extensions, either of which may be absent.
type occurrence struct {
	node, beside fhir.Node
	typ          *r4.Type // the actual one, nil where it is not known
}

// place is the node by which issues name the occurrence.
func (o occurrence) place() fhir.Node {
	if o.node.Exists() && o.node.Kind() != fhir.Null {
		return o.node
	}
	return o.beside
}

func (o occurrence) primitive() bool { return o.typ != nil && o.typ.Kind == r4.Primitive }

// occurrences gives the values that an element has within an occurrence.
func (o occurrence) occurrences(name string, choice bool) []occurrence {
	if o.primitive() {
		if name == "value" {
			return []occurrence{{node: o.node, typ: o.typ}}
		}
		return values(nil, o.beside.Get(name), fhir.Node{}, typeOf(o.typ, name))
	}
	if choice {
		return o.variants(name)
	}
	var beside fhir.Node
	t := typeOf(o.typ, name)
	if t != nil && t.Kind == r4.Primitive {
		beside = o.node.Get("_" + name)
	}
	return values(nil, o.node.Get(name), beside, t)
}

// variants gives the values of a choice, whatever their types.
func (o occurrence) variants(name string) (out []occurrence) {
	if o.typ == nil {
		return nil
	}
	for m := range o.node.Members() {
		bare := strings.TrimPrefix(m.Name(), "_")
		if !strings.HasPrefix(bare, name) {
			continue
		}
		p := o.typ.Property(bare)
		if p == nil || p.Element.Name != name {
			continue
		}
		if m.Name() != bare {
			if !o.node.Get(bare).Exists() {
				out = values(out, fhir.Node{}, m, p.Of)
			}
			continue
		}
		var beside fhir.Node
		if p.Of.Kind == r4.Primitive {
			beside = o.node.Get("_" + bare)
		}
		out = values(out, m, beside, p.Of)
	}
	return out
}

func typeOf(holder *r4.Type, name string) *r4.Type {
	if holder == nil {
		return nil
	}
	if p := holder.Property(name); p != nil {
		return p.Of
	}
	return nil
}

// values pairs the items of an element with those of its sibling.
func values(out []occurrence, n, beside fhir.Node, t *r4.Type) []occurrence {
	if !n.Exists() && !beside.Exists() {
		return out
	}
	if n.Kind() != fhir.Array && beside.Kind() != fhir.Array {
		return append(out, typed(n, beside, t))
	}
	value, sibling := item(n), item(beside)
	for value.Exists() || sibling.Exists() {
		out = append(out, typed(value, sibling, t))
		value, sibling = value.Next(), sibling.Next()
	}
	return out
}

// item is the first of an array, absent for what is none.
func item(n fhir.Node) fhir.Node {
	if n.Kind() != fhir.Array {
		return fhir.Node{}
	}
	return n.First()
}

func typed(n, beside fhir.Node, t *r4.Type) occurrence {
	if t != nil && t.Kind == r4.Resource {
		if actual := r4.TypeOf(n.Get("resourceType").Text()); actual != nil {
			t = actual
		}
	}
	return occurrence{n, beside, t}
}
