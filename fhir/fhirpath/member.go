package fhirpath

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// steps is what a name stands for in one type: a property, or the properties
// of a choice. A member remembers the last type it met.
type steps struct {
	of     *r4.Type
	prop   *r4.Property // nil for a choice, and when the type has no such element
	choice *r4.Element
	json   *r4.Property // of a choice, by its JSON name; see [Env.JSONNames]
}

func stepsOf(t *r4.Type, name string) *steps {
	s := &steps{of: t}
	p := t.Property(name)
	if p != nil && !p.Element.Choice {
		s.prop = p
		return s
	}
	s.json = p
	if e := t.Element(name); e != nil && e.Name == name {
		s.choice = e
	}
	return s
}

func (n *member) eval(m *machine) error {
	if err := m.step(n); err != nil {
		return err
	}
	base := len(m.stack)
	if n.input == nil && m.scope().all == nil {
		it := m.scope().this
		if it.kind == element && isUpper(n.name) && it.typ != nil && it.typ.Is(n.name) {
			m.push(it)
			return nil
		}
		return n.from(m, &it)
	}
	if _, err := m.input(n.input); err != nil {
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
	switch {
	case s.prop != nil:
		m.pushProperty(obj, s.prop)
	case s.choice != nil:
		m.pushChoice(obj, s)
	case s.json != nil && m.env.JSONNames:
		m.pushProperty(obj, s.json)
	}
	return nil
}

// pushChoice appends the value of an element that may have several types: the
// member whose name begins with that of the element.
func (m *machine) pushChoice(obj fhir.Node, s *steps) {
	for v := obj.First(); v.Exists(); v = v.Next() {
		name := v.Name()
		bare := strings.TrimPrefix(name, "_")
		if !strings.HasPrefix(bare, s.choice.Name) || len(bare) == len(s.choice.Name) {
			continue
		}
		if p := s.of.Property(bare); p != nil && p.Element == s.choice && (len(bare) == len(name) || !obj.Get(bare).Exists()) {
			m.pushProperty(obj, p)
		}
	}
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
func (m *machine) pushProperty(obj fhir.Node, p *r4.Property) {
	v := obj.Get(p.JSON)
	switch v.Kind() {
	case fhir.Array:
		m.pushItems(obj, v, p)
	case fhir.Absent, fhir.Null:
		if p.Of.Kind == r4.Primitive {
			m.pushShadows(underscored(obj, p.JSON), 0, p.Of)
		}
	default:
		m.pushNode(v, p.Of)
	}
}

func (m *machine) pushItems(obj, list fhir.Node, p *r4.Property) {
	var siblings fhir.Node
	if p.Of.Kind == r4.Primitive {
		siblings = underscored(obj, p.JSON)
	}
	i := 0
	for item := list.First(); item.Exists(); item = item.Next() {
		if item.Kind() != fhir.Null {
			m.pushNode(item, p.Of)
		} else if s := siblings.Item(i); s.Kind() == fhir.Object {
			m.push(Item{kind: shadow, node: s, typ: p.Of})
		}
		i++
	}
	m.pushShadows(siblings, i, p.Of)
}

// pushShadows appends the primitives that have extensions but no value, from
// a place in the list on.
func (m *machine) pushShadows(siblings fhir.Node, from int, of *r4.Type) {
	if siblings.Kind() == fhir.Object && from == 0 {
		m.push(Item{kind: shadow, node: siblings, typ: of})
		return
	}
	if siblings.Kind() != fhir.Array {
		return
	}
	i := 0
	for s := siblings.First(); s.Exists(); s = s.Next() {
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
	switch v.Kind() {
	case fhir.Absent, fhir.Null:
	case fhir.Array:
		for item := v.First(); item.Exists(); item = item.Next() {
			m.pushUntyped(item)
		}
	default:
		m.push(Item{kind: element, node: v})
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
	for item := list.First(); item.Exists(); item = item.Next() {
		if item == value {
			return object(siblings.Item(i))
		}
		i++
	}
	return fhir.Node{}
}

func underscored(obj fhir.Node, name string) fhir.Node {
	if obj.Kind() != fhir.Object {
		return fhir.Node{}
	}
	for v := obj.First(); v.Exists(); v = v.Next() {
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
