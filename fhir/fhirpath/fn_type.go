package fhirpath

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

func fnIs(m *machine, c *call, base int) error { return m.isType(c, c.typ, base) }

// fnAs wants one item at most, as the specification says; the R4 definitions
// also use it to filter.
func fnAs(m *machine, c *call, base int) error {
	if !m.definitional {
		if _, err := m.only(c, base); err != nil {
			return err
		}
	}
	return m.filterType(c, c.typ, base)
}

func fnOfType(m *machine, c *call, base int) error { return m.filterType(c, c.typ, base) }

func (m *machine) isType(n node, t typeName, base int) error {
	if err := t.check(); err != nil {
		return err
	}
	it, err := m.only(n, base)
	if err != nil || it.kind == nothing {
		return err
	}
	return m.answer(base, BooleanItem(m.is(&it, t)))
}

// is reports whether an item is of the type or of one derived from it.
func (m *machine) is(it *Item, t typeName) bool {
	if it.kind != element && it.kind != shadow {
		return t.space != "FHIR" && systemTypes[it.kind] == t.name
	}
	if t.space == "System" || it.typ == nil {
		return false
	}
	if it.typ.Is(t.name) {
		return true
	}
	return m.definitional && it.typ.Kind == r4.Primitive && t.space == "" && systemName(it.typ) == t.name
}

// systemName is the System type that the values of a primitive convert to.
func systemName(t *r4.Type) string {
	if kind := systemKinds[t]; kind != nothing {
		return systemTypes[kind]
	}
	return "String"
}

// filterType leaves the items of a type. A primitive must be of just that type,
// not of one derived from it: a code is no string here (HL7's R4 test suite).
func (m *machine) filterType(n node, t typeName, base int) error {
	if err := t.check(); err != nil {
		return err
	}
	kept := base
	for i := base; i < len(m.stack); i++ {
		it := &m.stack[i]
		if m.is(it, t) && (it.R4Type() == nil || it.typ.Kind != r4.Primitive || it.typ.Name == t.name || isUpper(t.name)) {
			m.stack[kept] = *it
			kept++
		}
	}
	m.cut(kept)
	return nil
}

// check refuses names that are no types at all.
func (t typeName) check() error {
	if t.space == "System" || slices.Contains(systemTypes[:], t.name) && t.space == "" || r4.TypeOf(t.name) != nil {
		return nil
	}
	return &mistake{at: t.start, what: "There is no such type.", expected: "an R4 type such as Patient or code, or a System type such as String", found: t.String()}
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
