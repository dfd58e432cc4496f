package patch

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// property finds the property that an operation means by a name: that of the
// element or, of a choice, the one of the value's type.
func (op *operation) property(t *r4.Type, name string) (*r4.Property, string, error) {
	return propertyFor(t, name, op.value)
}

func propertyFor(t *r4.Type, name string, content fhir.Node) (*r4.Property, string, error) {
	if t == nil {
		return nil, "", failed("The type of the element is not known.", "an element of R4", name)
	}
	if p := t.Property(name); p != nil {
		return p, name, nil
	}
	e := t.Element(name)
	if e == nil || !e.Choice {
		return nil, "", failed(t.Name+" has no element of this name.", "an element of "+t.Name, name)
	}
	given := givenType(content)
	full := name + given
	if p := t.Property(full); p != nil && given != "" {
		return p, full, nil
	}
	found := "value" + given
	if given == "" {
		found = "no value[x]"
	}
	return nil, "", failed("The element "+name+"[x] cannot have a value of this type.", strings.Join(e.Types, ", "), found)
}

// valueMember is the value[x] of a part, or its resource.
func valueMember(part fhir.Node) fhir.Node {
	for m := range part.Members() {
		if name := strings.TrimPrefix(m.Name(), "_"); strings.HasPrefix(name, "value") || name == "resource" {
			return m
		}
	}
	return fhir.Node{}
}

// givenType is the type of a part's value as the name of its property has it:
// CodeableConcept, DateTime; "" where it has none.
func givenType(part fhir.Node) string {
	return strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(valueMember(part).Name(), "_"), "value"), "resource")
}

// contentOf makes the element that an operation adds of the part that gives
// its value: value[x], a resource, or parts for its members.
func contentOf(part fhir.Node, prop *r4.Property) (element, error) {
	m := valueMember(part)
	switch {
	case !m.Exists() && part.Get("part").Exists():
		v, err := assembled(part, prop)
		return element{value: v}, err
	case !m.Exists():
		return element{}, failed("The operation has no value.", "value[x] or parts", "neither")
	case m.Name() == "resource":
		if prop.Type != "Resource" {
			return element{}, failed("The element cannot have a resource.", wanted(prop), "a resource")
		}
		return element{value: valueOf(m)}, nil
	}
	name := strings.TrimPrefix(m.Name(), "_")
	e := element{}
	if n := part.Get(name); n.Exists() {
		e.value = valueOf(n)
	}
	if n := part.Get("_" + name); n.Exists() {
		e.extras = valueOf(n)
	}
	if !fits(prop, name[len("value"):], m) {
		return element{}, failed("The value has a type that the element cannot have.", wanted(prop), name)
	}
	return e, nil
}

func wanted(prop *r4.Property) string {
	switch prop.Of.Kind {
	case r4.Backbone:
		return "parts for the members of " + prop.Type
	case r4.Resource:
		return "a resource"
	}
	first, size := utf8.DecodeRuneInString(prop.Type)
	return "value" + string(unicode.ToUpper(first)) + prop.Type[size:]
}

// fits reports whether a value[x] may be the content of a property. Primitives
// pass for one another where their JSON is of one kind, for clients write
// valueString where a code or markdown is wanted; their form is for validation.
func fits(prop *r4.Property, given string, value fhir.Node) bool {
	t := typeNamed(given)
	if t == nil {
		return false
	}
	if prop.Of.Kind == r4.Primitive {
		return t.Kind == r4.Primitive && jsonKind(t.Name) == jsonKind(prop.Of.Name)
	}
	return t.Is(prop.Of.Name) || prop.Of.Is(t.Name) && prop.Of.Kind == r4.Complex && t.Name != "Element"
}

// typeNamed finds a type by how it stands in a property name.
func typeNamed(name string) *r4.Type {
	if name == "" {
		return nil
	}
	if t := r4.TypeOf(name); t != nil && t.Kind == r4.Complex {
		return t
	}
	return r4.TypeOf(strings.ToLower(name[:1]) + name[1:])
}

func jsonKind(primitive string) fhir.Kind {
	switch primitive {
	case "boolean":
		return fhir.True
	case "integer", "positiveInt", "unsignedInt", "decimal":
		return fhir.Number
	}
	return fhir.String
}

// assembled builds an object of parts, each the member of its name.
func assembled(part fhir.Node, prop *r4.Property) (*value, error) {
	if prop.Of.Kind == r4.Primitive {
		return nil, failed("The element is a primitive and has no members.", wanted(prop), "parts")
	}
	v := newObject()
	for p := range part.Get("part").Items() {
		member, name, err := propertyFor(prop.Of, p.Get("name").Text(), p)
		if err != nil {
			return nil, err
		}
		content, err := contentOf(p, member)
		if err != nil {
			return nil, err
		}
		there := v.elements(name)
		if len(there) > 0 && !member.Element.Repeats() {
			return nil, failed("The element does not repeat.", name+" once", name+" again")
		}
		v.setElements(name, member.Element.Repeats(), append(there, content))
	}
	return v, nil
}
