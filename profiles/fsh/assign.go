package fsh

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// stringTypes are the R4 types whose value a string in FSH can be.
var stringTypes = []string{"string", "uri", "url", "canonical", "oid", "uuid", "id", "markdown", "base64Binary", "date", "dateTime", "instant", "time", "xhtml"}

var numberTypes = []string{"decimal", "integer", "positiveInt", "unsignedInt"}

// assign turns path = value into a fixed or pattern value of the element's type.
func (b *builder) assign(r rule, at place, e *definition.Element) error {
	types := at.types
	if len(e.Types) > 0 {
		types = nil
		for _, t := range e.Types {
			types = append(types, t.Code)
		}
	}
	typ, json, ok := r.value.json(types)
	if !ok {
		return b.fail(r.file, r.at, "%s cannot have this value: its types are %s", at.id, strings.Join(types, ", "))
	}
	if fhir.Obj("value", json).IsZero() {
		return b.fail(r.file, r.at, "%s: FHIR has no empty values", at.id)
	}
	if r.exactly {
		e.Fixed = fixedValue(typ, json)
	} else {
		e.Pattern = fixedValue(typ, json)
	}
	return nil
}

func fixedValue(typ string, json any) *definition.Value {
	name := strings.ToUpper(typ[:1]) + typ[1:]
	return &definition.Value{Type: name, Node: fhir.Obj("value", json).Resource().Get("value")}
}

// fix gives an element of the root a fixed uri.
func (b *builder) fix(name, _, uri string) {
	b.fixAt(place{b.s.Type + "." + name, b.s.Type + "." + name, nil}, uri)
}

func (b *builder) fixAt(at place, uri string) { b.element(at).Fixed = fixedValue("uri", uri) }

// json writes the value as the first of the types that can hold it.
func (v *value) json(types []string) (typ string, json any, ok bool) {
	pick := func(of ...string) bool {
		i := slices.IndexFunc(types, func(t string) bool { return slices.Contains(of, t) })
		if i < 0 {
			return false
		}
		typ = types[i]
		return true
	}
	coding := fhir.Obj("system", v.code.system, "version", v.code.version, "code", v.code.code, "display", v.code.display)
	switch v.kind {
	case stringValue:
		return typ, v.text, pick(append(stringTypes, "code")...) || len(types) == 0
	case booleanValue:
		return typ, v.text == "true", pick("boolean")
	case numberValue:
		return typ, fhir.Raw(v.text), pick(numberTypes...)
	case codeValue:
		switch {
		case pick("code"):
			return typ, v.code.code, true
		case pick("Coding"):
			return typ, coding, true
		case pick("CodeableConcept"):
			return typ, fhir.Obj("coding", fhir.List(coding)), true
		case pick("uri", "string"):
			return typ, v.code.code, true
		}
	case quantityValue:
		return typ, fhir.Obj("value", fhir.Raw(v.text), "unit", v.unit.display, "system", v.unit.system, "code", v.unit.code),
			pick("Quantity", "Age", "Duration", "Distance", "Count", "Money")
	case referenceValue:
		return typ, fhir.Obj("reference", v.text), pick("Reference")
	}
	return "", nil, false
}
