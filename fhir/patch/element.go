package patch

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// element is one FHIR element in JSON: a value and, of a primitive, what
// stands beside it under the underscore name. Either may be nil.
type element struct{ value, extras *value }

// elements lists the elements of an object that have a name.
func (v *value) elements(name string) []element {
	values, extras := list(v.get(name)), list(v.get("_"+name))
	out := make([]element, max(len(values), len(extras)))
	for i := range out {
		if i < len(values) && values[i].kind != fhir.Null {
			out[i].value = values[i]
		}
		if i < len(extras) && extras[i].kind != fhir.Null {
			out[i].extras = extras[i]
		}
	}
	return out
}

func list(v *value) []*value {
	if v == nil {
		return nil
	}
	if v.kind != fhir.Array {
		return []*value{v}
	}
	v.open()
	return v.items
}

// setElements writes the elements of a name, as arrays where the element
// repeats; no elements leave no trace.
func (v *value) setElements(name string, repeats bool, elements []element) {
	v.setList(name, repeats, elements, func(e element) *value { return e.value })
	v.setList("_"+name, repeats, elements, func(e element) *value { return e.extras })
}

func (v *value) setList(name string, repeats bool, elements []element, part func(element) *value) {
	if !slices.ContainsFunc(elements, func(e element) bool { return part(e) != nil }) {
		v.remove(name)
		return
	}
	if !repeats {
		v.set(name, part(elements[0]))
		return
	}
	items := make([]*value, len(elements))
	for i, e := range elements {
		if items[i] = part(e); items[i] == nil {
			items[i] = newNull()
		}
	}
	v.set(name, newArray(items))
}

// place is where an element stands: in an object, under a name, at an index.
type place struct {
	object fhir.Node
	name   string // without underscore
	index  int    // 0 where it does not repeat
}

// placeOf finds the place of a node; the root has none.
func placeOf(n fhir.Node) (place, bool) {
	up := n.Parent()
	if !up.Exists() {
		return place{}, false
	}
	p := place{object: up, name: n.Name()}
	if up.Kind() == fhir.Array {
		for item := range up.Items() {
			if item == n {
				break
			}
			p.index++
		}
		p.object, p.name = up.Parent(), up.Name()
	}
	if len(p.name) > 1 && p.name[0] == '_' {
		p.name = p.name[1:]
	}
	return p, p.object.Kind() == fhir.Object
}

// typeOf is the R4 type of a node, nil where the tables do not know it.
func typeOf(n fhir.Node) *r4.Type {
	p, ok := placeOf(n)
	if !ok {
		return r4.TypeOf(n.Get("resourceType").Text())
	}
	t := typeOf(p.object)
	if t == nil {
		return nil
	}
	prop := t.Property(p.name)
	switch {
	case prop == nil:
		return nil
	case prop.Type == "Resource":
		return r4.TypeOf(n.Get("resourceType").Text())
	}
	return prop.Of
}
