package fhirpath

import "github.com/pestle-fhir/pestle/fhir/r4"

func fnIs(m *machine, c *call, base int) error { return m.isType(c, &c.typ, base) }

// fnAs wants one item at most, as the specification says; the R4 definitions
// also use it to filter.
func fnAs(m *machine, c *call, base int) error {
	if !m.definitional {
		if _, err := m.only(c, base); err != nil {
			return err
		}
	}
	return m.filterType(&c.typ, base)
}

func fnOfType(m *machine, c *call, base int) error { return m.filterType(&c.typ, base) }

func (m *machine) isType(n node, t *typeName, base int) error {
	if err := t.check(); err != nil {
		return err
	}
	it, err := m.only(n, base)
	if err != nil || it.kind == nothing {
		return err
	}
	return m.answer(base, BooleanItem(t.covers(&it) || m.definitional && t.coversValue(&it)))
}

// coversValue reports whether an R4 primitive has values of the System type
// that the name means: the R4 definitions write Boolean for boolean.
func (t *typeName) coversValue(it *Item) bool {
	if t.space != "" || it.R4Type() == nil || it.typ.Kind != r4.Primitive {
		return false
	}
	if kind := systemKinds[it.typ]; kind != nothing {
		return kind == t.system
	}
	return t.system == str
}

// filterType leaves the items of a type. A primitive must be of just that type,
// not of one derived from it: a code is no string here (HL7's R4 test suite).
func (m *machine) filterType(t *typeName, base int) error {
	if err := t.check(); err != nil {
		return err
	}
	exact := t.of != nil && t.of.Kind == r4.Primitive && !t.of.Abstract
	kept := base
	for i := base; i < len(m.stack); i++ {
		it := &m.stack[i]
		if exact && it.typ == t.of || !exact && t.covers(it) {
			m.stack[kept] = *it
			kept++
		}
	}
	m.cut(kept)
	return nil
}

func fnType(m *machine, _ *call, base int) error {
	for i := base; i < len(m.stack); i++ {
		it := m.stack[i]
		info := Item{kind: typeInfo, typ: it.R4Type()}
		if info.typ != nil {
			info.str = info.typ.Name
		} else {
			info.str = systemTypes[it.kind]
		}
		m.stack[i] = info
	}
	return nil
}
