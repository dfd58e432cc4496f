package fhirpath

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// steps are the properties that a name stands for in one type: one, or those
// of a choice. A member remembers the last type it met.
type steps struct {
	of    *r4.Type
	props []jsonProperty
}

// jsonProperty is a property with the name of its underscore sibling.
type jsonProperty struct {
	name, sibling string // sibling is "" when the value is no primitive
	of            *r4.Type
}

func stepsOf(t *r4.Type, name string) *steps {
	s := &steps{of: t}
	add := func(p *r4.Property) {
		jp := jsonProperty{name: p.JSON, of: p.Of}
		if p.Of != nil && p.Of.Kind == r4.Primitive {
			jp.sibling = "_" + p.JSON
		}
		s.props = append(s.props, jp)
	}
	if p := t.Property(name); p != nil && !p.Element.Choice {
		add(p)
		return s
	}
	e := t.Element(name)
	if e == nil || e.Name != name {
		return s
	}
	props := t.Properties()
	for i := range props {
		if props[i].Element == e {
			add(&props[i])
		}
	}
	return s
}

func (n *member) eval(m *machine) error {
	if err := m.step(n); err != nil {
		return err
	}
	base := len(m.stack)
	if n.input == nil {
		it := m.scope().this
		if it.kind == element && isUpper(n.name) && it.typ != nil && it.typ.Is(n.name) {
			m.push(it)
			return nil
		}
		return n.from(m, &it)
	}
	if err := n.input.eval(m); err != nil {
		return err
	}
	end := len(m.stack)
	for i := base; i < end; i++ {
		it := m.stack[i]
		if err := n.from(m, &it); err != nil {
			return err
		}
	}
	m.replace(base, end)
	return m.work(n, end-base)
}

// isUpper reports whether a name may be that of a type; no element's is.
func isUpper(name string) bool { return name != "" && name[0] >= 'A' && name[0] <= 'Z' }

// from appends what the name stands for below one item.
func (n *member) from(m *machine, it *Item) error {
	switch it.kind {
	case element, shadow:
		if !it.node.Exists() {
			return nil
		}
	case typeInfo, quantity:
		if v := it.attribute(n.name); v.kind != nothing {
			m.push(v)
		}
		return nil
	default:
		return nil
	}
	obj := it.node
	if obj.Kind() != fhir.Object {
		if obj = sibling(obj); !obj.Exists() {
			return nil
		}
	}
	if it.typ == nil {
		m.pushUntyped(obj.Get(n.name))
		return nil
	}
	s := n.steps.Load()
	if s == nil || s.of != it.typ {
		s = stepsOf(it.typ, n.name)
		n.steps.Store(s)
	}
	for i := range s.props {
		m.pushProperty(obj, &s.props[i])
	}
	return nil
}

// attribute is a child of a computed value.
func (it *Item) attribute(name string) Item {
	switch {
	case it.kind == quantity && name == "value":
		return DecimalItem(it.ref.dec)
	case it.kind == quantity && (name == "unit" || name == "code"):
		return StringItem(it.str)
	case it.kind == typeInfo && name == "namespace":
		if it.typ != nil {
			return StringItem("FHIR")
		}
		return StringItem("System")
	case it.kind == typeInfo && name == "name":
		return StringItem(it.str)
	}
	return Item{}
}

// pushProperty appends the values of one property of an object.
func (m *machine) pushProperty(obj fhir.Node, p *jsonProperty) {
	v := obj.Get(p.name)
	switch v.Kind() {
	case fhir.Array:
		m.pushItems(obj, v, p)
	case fhir.Absent, fhir.Null:
		if p.sibling != "" {
			m.pushShadows(obj.Get(p.sibling), 0, p.of)
		}
	default:
		m.pushNode(v, p.of)
	}
}

func (m *machine) pushItems(obj, list fhir.Node, p *jsonProperty) {
	var siblings fhir.Node
	if p.sibling != "" {
		siblings = obj.Get(p.sibling)
	}
	i := 0
	for item := range list.Items() {
		if item.Kind() != fhir.Null {
			m.pushNode(item, p.of)
		} else if s := siblings.Item(i); s.Kind() == fhir.Object {
			m.push(Item{kind: shadow, node: s, typ: p.of})
		}
		i++
	}
	m.pushShadows(siblings, i, p.of)
}

// pushShadows appends the primitives that have extensions but no value, from
// a place in the list on.
func (m *machine) pushShadows(siblings fhir.Node, from int, of *r4.Type) {
	i := 0
	for s := range siblings.Items() {
		if i >= from && s.Kind() == fhir.Object {
			m.push(Item{kind: shadow, node: s, typ: of})
		}
		i++
	}
}

func (m *machine) pushNode(v fhir.Node, of *r4.Type) {
	if of == resourceType {
		of = r4.TypeOf(v.Get("resourceType").Text())
	}
	m.stack = append(m.stack, Item{kind: element, node: v, typ: of})
}

// pushUntyped appends a value of which the tables know nothing.
func (m *machine) pushUntyped(v fhir.Node) {
	for item := range v.Items() {
		if item.Exists() && item.Kind() != fhir.Null {
			m.push(Item{kind: element, node: item})
		}
	}
}

// sibling is the object with the id and extensions of a primitive in the tree.
func sibling(value fhir.Node) fhir.Node {
	list := value.Parent()
	if list.Kind() != fhir.Array {
		return underscored(list, value.Name())
	}
	siblings := underscored(list.Parent(), list.Name())
	if siblings.Kind() != fhir.Array {
		return fhir.Node{}
	}
	i := 0
	for item := range list.Items() {
		if item == value {
			return object(siblings.Item(i))
		}
		i++
	}
	return fhir.Node{}
}

func underscored(obj fhir.Node, name string) fhir.Node {
	for v := range obj.Members() {
		if own := v.Name(); len(own) == len(name)+1 && own[0] == '_' && own[1:] == name {
			if v.Kind() == fhir.Array {
				return v
			}
			return object(v)
		}
	}
	return fhir.Node{}
}

func object(n fhir.Node) fhir.Node {
	if n.Kind() == fhir.Object {
		return n
	}
	return fhir.Node{}
}
