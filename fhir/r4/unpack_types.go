package r4

// layout is what the packed types say of themselves beyond what a [Type] has.
type layout struct{ elements, properties, seed, slots int }

// readTypes makes the types with their elements, properties and the index of
// their properties: each of these stands in one run of memory for all types.
func (u *unpacker) readTypes() []Type {
	types := make([]Type, u.number())
	layouts := make([]layout, len(types))
	for i := range types {
		types[i] = Type{Name: u.text(), Kind: Kind(u.number()), Base: u.text(), Abstract: u.number() != 0, Constraints: u.constraints()}
		layouts[i] = layout{u.number(), u.number(), u.number(), u.number()}
		if t := &types[i]; t.Kind == Resource && !t.Abstract {
			resourceTypes = append(resourceTypes, t.Name)
		}
	}
	elements, properties, slots := make([]Element, u.number()), make([]Property, u.number()), make([]byte, u.number())
	for i := range types {
		t, l := &types[i], layouts[i]
		t.Elements, elements = elements[:l.elements:l.elements], elements[l.elements:]
		t.props, properties = properties[:l.properties:l.properties], properties[l.properties:]
		t.index, slots = slots[:l.slots:l.slots], slots[l.slots:]
		t.seed = uint32(l.seed)
		at := 0
		for j := range t.Elements {
			e := &t.Elements[j]
			u.element(e, t)
			for range e.width() {
				t.props[at] = u.property(e, types)
				at++
			}
		}
		for j := range t.props {
			t.index[hash(t.props[j].JSON, t.seed)&uint32(len(t.index)-1)] = byte(j + 1)
		}
	}
	return types
}

func (u *unpacker) element(e *Element, owner *Type) {
	e.Owner, e.Name = owner, u.text()
	e.Min, e.Max = u.number(), u.number()-1
	bits := u.number()
	e.Choice, e.Simple, e.Summary, e.Modifier, e.Attribute = bits&1 != 0, bits&2 != 0, bits&4 != 0, bits&8 != 0, bits&16 != 0
	e.Types, e.Targets = u.list(), u.list()
	if strength := u.text(); strength != "" {
		e.Binding = &Binding{Strength: strength, ValueSet: u.text(), MaxValueSet: u.text(), Codes: u.codes()}
	}
	e.Constraints = u.constraints()
}

// width is how many properties an element has.
func (e *Element) width() int {
	if e.Choice {
		return len(e.Types)
	}
	return 1
}

// property reads the type of a property, and its JSON name where that is not
// the name of the element.
func (u *unpacker) property(e *Element, types []Type) Property {
	of := &types[u.number()]
	p := Property{JSON: e.Name, Type: of.Name, Of: of, Element: e}
	if e.Choice {
		p.JSON = u.text()
	}
	return p
}
