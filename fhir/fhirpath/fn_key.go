package fhirpath

import "strings"

// The keys of SQL on FHIR v2, by which rows of resources are joined: that of a resource
// is equal to that of a reference to it. They are Type/id here.

func fnResourceKey(m *machine, _ *call, base int) error {
	kept := base
	for i := base; i < len(m.stack); i++ {
		n := m.stack[i].Node()
		if typ, id := n.Get("resourceType").Text(), n.Get("id").Text(); typ != "" && id != "" {
			m.stack[kept] = StringItem(typ + "/" + id)
			kept++
		}
	}
	m.cut(kept)
	return nil
}

// fnReferenceKey leaves the keys of references by type and id, of one type where it is
// named. One to another server or to a contained resource has none.
func fnReferenceKey(m *machine, c *call, base int) error {
	if c.typ.name != "" {
		if err := c.typ.check(); err != nil {
			return err
		}
	}
	kept := base
	for i := base; i < len(m.stack); i++ {
		it := m.stack[i]
		parts := strings.Split(reference(&it), "/")
		if len(parts) != 2 && (len(parts) != 4 || parts[2] != "_history") || parts[0] == "" || parts[1] == "" {
			continue
		}
		if of := TypeItem(parts[0]); of.typ == nil || c.typ.name != "" && !c.typ.covers(&of) {
			continue
		}
		m.stack[kept] = StringItem(parts[0] + "/" + parts[1])
		kept++
	}
	m.cut(kept)
	return nil
}
