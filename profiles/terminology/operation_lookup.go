package terminology

import (
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// lookup is https://hl7.org/fhir/R4/codesystem-operation-lookup.html
func (o *operations) lookup(_ context.Context, in *input) (fhir.Value, error) {
	codes, err := in.asked("version")
	if err != nil {
		return fhir.Value{}, err
	}
	c := codes[0]
	if c.System == "" {
		return fhir.Value{}, in.missing("system", "the url of the code system that the code is of")
	}
	found, sys, err := o.Lookup(c.System, c.Version, c.Code)
	if err != nil {
		return fhir.Value{}, err
	}
	display := found.Display
	if languages := tags(in.text("displayLanguage")); languages != nil {
		if name := nameIn(found, languages, languageOf(sys)); name != "" {
			display = name
		}
	}
	var p parameters
	p.text("name", "valueString", sys.Name())
	p.text("version", "valueString", sys.Version())
	if display == "" {
		display = found.Code
	}
	p.add("display", "valueString", display)
	wanted := in.texts("property")
	asks := func(name string) bool {
		return len(wanted) == 0 || slices.Contains(wanted, name) || slices.Contains(wanted, "*")
	}
	if asks("designation") {
		for _, d := range found.Designations {
			p.part("designation", designation(d))
		}
	}
	for _, property := range properties(found) {
		if asks(property.Code) {
			p.part("property", parameters{fhir.Obj("name", "code", "valueCode", property.Code), fhir.Obj("name", "value", "value"+property.Type, property.Written())})
		}
	}
	return p.resource(), nil
}

func designation(d definition.Designation) (p parameters) {
	p.text("language", "valueCode", d.Language)
	if d.Use.Code != "" {
		p.add("use", "valueCoding", d.Use.Coding())
	}
	p.add("value", "valueString", d.Value)
	return p
}

// properties are those of the concept and those that every system has.
func properties(c Concept) []definition.Property {
	var out []definition.Property
	if c.Definition != "" {
		out = append(out, definition.Property{Code: "definition", Type: "String", Value: c.Definition})
	}
	for _, p := range c.Parents {
		out = append(out, definition.Property{Code: "parent", Type: "Code", Value: p})
	}
	has := func(code string) bool {
		return slices.ContainsFunc(c.Properties, func(p definition.Property) bool { return p.Code == code })
	}
	if !has("inactive") {
		value := "false"
		if c.Inactive {
			value = "true"
		}
		out = append(out, definition.Property{Code: "inactive", Type: "Boolean", Value: value})
	}
	if c.Abstract && !has("notSelectable") {
		out = append(out, definition.Property{Code: "notSelectable", Type: "Boolean", Value: "true"})
	}
	for _, p := range c.Properties {
		if p.Type == "" {
			p.Type = "String"
		}
		if p.Code != "parent" {
			out = append(out, p)
		}
	}
	return out
}
