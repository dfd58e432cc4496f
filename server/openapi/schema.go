package openapi

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// schemas are the types of R4 that a document refers to, as JSON Schema (2020-12). They
// follow https://hl7.org/fhir/R4/json.html: a primitive value may have its id and
// extensions in a member with an underscore before its name, and may be absent
// where that member is there.
type schemas struct {
	names []string // in the order in which they were needed
}

// need returns a reference to the schema of a type, which the document then has.
func (s *schemas) need(name string) fhir.Value {
	if !slices.Contains(s.names, name) {
		s.names = append(s.names, name)
	}
	return fhir.Obj("$ref", "#/components/schemas/"+name)
}

// all are the schemas that are needed, with those that they need.
func (s *schemas) all() fhir.Value {
	byName := map[string]fhir.Value{}
	for i := 0; i < len(s.names); i++ {
		byName[s.names[i]] = s.schema(s.names[i])
	}
	slices.Sort(s.names)
	var members []any
	for _, name := range s.names {
		members = append(members, name, byName[name])
	}
	return fhir.Obj(members...)
}

func (s *schemas) schema(name string) fhir.Value {
	typ := r4.TypeOf(name)
	switch {
	case name == "Resource":
		return anyResource()
	case typ == nil || typ.Kind == r4.Primitive:
		return primitive(name)
	}
	return s.object(typ)
}

// anyResource is a resource of whichever type.
func anyResource() fhir.Value {
	return fhir.Obj("type", "object", "description", "A resource of any type of R4.",
		"properties", fhir.Obj("resourceType", fhir.Obj("type", "string", "enum", r4.ResourceTypes())),
		"required", []string{"resourceType"})
}

func (s *schemas) object(typ *r4.Type) fhir.Value {
	var properties, conditions []any
	var required []string
	if typ.Kind == r4.Resource {
		properties = append(properties, "resourceType", fhir.Obj("const", typ.Name))
		required = append(required, "resourceType")
	}
	for _, p := range typ.Properties() {
		properties = append(properties, p.JSON, s.property(&p))
		if companion(&p) {
			properties = append(properties, "_"+p.JSON, s.companion(&p))
		}
	}
	for i := range typ.Elements {
		e := &typ.Elements[i]
		names := namesOf(typ, e)
		switch {
		case e.Min > 0 && len(names) == 1:
			required = append(required, names[0])
		case e.Min > 0:
			conditions = append(conditions, oneOf("anyOf", names))
		}
	}
	members := []any{"type", "object", "properties", fhir.Obj(properties...), "required", required, "additionalProperties", false}
	return fhir.Obj(append(members, "allOf", fhir.List(conditions...))...)
}

// oneOf asks for one of several members.
func oneOf(how string, names []string) fhir.Value {
	var list []any
	for _, name := range names {
		list = append(list, fhir.Obj("required", []string{name}))
	}
	return fhir.Obj(how, fhir.List(list...))
}

// namesOf are the members that may hold an element.
func namesOf(typ *r4.Type, e *r4.Element) (names []string) {
	for _, p := range typ.Properties() {
		if p.Element != e && (p.Element.Name != e.Name || p.Element.Path() != e.Path()) {
			continue
		}
		names = append(names, p.JSON)
		if companion(&p) {
			names = append(names, "_"+p.JSON)
		}
	}
	return names
}

// companion reports whether a property has a member with an underscore beside it. The
// ids of resources and of elements, the URLs of extensions and the text of narratives have
// none, since nothing can extend them.
func companion(p *r4.Property) bool {
	return p.Of != nil && p.Of.Kind == r4.Primitive && p.Of.Name != "xhtml" && !p.Element.Attribute
}

func (s *schemas) property(p *r4.Property) fhir.Value {
	one := s.value(p)
	if !p.Element.Repeats() {
		return one
	}
	if companion(p) { // null where only the companion says something
		one = fhir.Obj("anyOf", fhir.List(one, fhir.Obj("type", "null")))
	}
	members := []any{"type", "array", "items", one, "minItems", 1}
	if p.Element.Max > 1 {
		members = append(members, "maxItems", p.Element.Max)
	}
	return fhir.Obj(members...)
}

func (s *schemas) value(p *r4.Property) fhir.Value {
	if b := p.Element.Binding; b != nil && b.Strength == "required" && p.Type == "code" && b.Codes != nil {
		return fhir.Obj("type", "string", "enum", codes(b.Codes))
	}
	return s.need(p.Type)
}

func codes(set *r4.CodeSet) (list []string) {
	for _, system := range set.Systems {
		list = append(list, system.Codes...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (s *schemas) companion(p *r4.Property) fhir.Value {
	element := s.need("Element")
	if !p.Element.Repeats() {
		return element
	}
	return fhir.Obj("type", "array", "items", fhir.Obj("anyOf", fhir.List(element, fhir.Obj("type", "null"))), "minItems", 1)
}

// primitive is the schema of a primitive type: https://hl7.org/fhir/R4/datatypes.html#primitive
func primitive(name string) fhir.Value {
	switch name {
	case "boolean":
		return fhir.Obj("type", "boolean")
	case "integer":
		return fhir.Obj("type", "integer", "minimum", fhir.Raw("-2147483648"), "maximum", fhir.Raw("2147483647"))
	case "unsignedInt":
		return fhir.Obj("type", "integer", "minimum", 0, "maximum", fhir.Raw("2147483647"))
	case "positiveInt":
		return fhir.Obj("type", "integer", "minimum", 1, "maximum", fhir.Raw("2147483647"))
	case "decimal":
		return fhir.Obj("type", "number")
	case "base64Binary":
		return fhir.Obj("type", "string", "contentEncoding", "base64")
	}
	if pattern := patterns[name]; pattern != "" {
		return fhir.Obj("type", "string", "pattern", pattern)
	}
	return fhir.Obj("type", "string", "minLength", 1)
}

const (
	year     = `[0-9]{4}`
	day      = `-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01])`
	clock    = `([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?`
	zone     = `(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))`
	wholeDay = `-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])`
)

// patterns are the forms of the primitives that are strings with a form.
var patterns = map[string]string{
	"date":      "^" + year + "(" + day + ")?)?$",
	"dateTime":  "^" + year + "(" + day + "(T" + clock + zone + ")?)?)?$",
	"instant":   "^" + year + wholeDay + "T" + clock + zone + "$",
	"time":      "^" + clock + "$",
	"id":        `^[A-Za-z0-9.-]{1,64}$`,
	"code":      `^\S+( \S+)*$`,
	"oid":       `^urn:oid:[0-2](\.(0|[1-9][0-9]*))+$`,
	"uuid":      `^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`,
	"uri":       `^\S+$`,
	"url":       `^\S+$`,
	"canonical": `^\S+$`,
}
