package fhirpath

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// pushChildren appends every child element of an item, in the order in which
// they stand in the resource.
func (m *machine) pushChildren(it *Item) {
	switch it.kind {
	case element, shadow:
	case typeInfo:
		m.push(it.attribute("namespace"))
		m.push(it.attribute("name"))
		return
	case quantity:
		m.push(it.attribute("value"))
		m.push(it.attribute("unit"))
		return
	default:
		return
	}
	obj, of := it.node, it.typ
	if obj.Exists() && obj.Kind() != fhir.Object {
		obj = sibling(obj)
	}
	for v := object(obj).First(); v.Exists(); v = v.Next() {
		name := v.Name()
		if name == "resourceType" {
			continue
		}
		if name != "" && name[0] == '_' {
			if obj.Get(name[1:]).Exists() {
				continue // went with its value
			}
			name = name[1:]
		}
		m.pushChild(obj, v, name, of)
	}
}

func (m *machine) pushChild(obj, v fhir.Node, name string, of *r4.Type) {
	var p *r4.Property
	if of != nil {
		p = of.Property(name)
	}
	switch {
	case p == nil:
		m.pushUntyped(v)
	case v.Kind() != fhir.Null:
		m.pushProperty(obj, p)
	}
}

// pushDescendants appends the children of what stands from 'base', their
// children and so on, and leaves only those.
func (m *machine) pushDescendants(n node, base int) error {
	end := len(m.stack)
	for i := base; i < len(m.stack); i++ {
		before := len(m.stack)
		it := m.stack[i]
		m.pushChildren(&it)
		if err := m.work(n, 1+len(m.stack)-before); err != nil {
			return err
		}
	}
	m.replace(base, end)
	return nil
}
