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
	supplements, err := o.supplemented(in.op, in.texts("useSupplement"))
	if err != nil {
		return fhir.Value{}, err
	}
	found, sys, err := o.Lookup(c.System, c.Version, c.Code)
	if err != nil {
		return fhir.Value{}, err
	}
	display := found.Display
	if languages := tags(o.language(in, nil)); languages != nil {
		if name := nameIn(found, languages, languageOf(sys)); name != "" {
			display = name
		}
	}
	var p parameters
	p.text("name", "valueString", computable(sys))
	p.text("version", "valueString", sys.Version())
	if display == "" {
		display = found.Code
	}
	p.add("display", "valueString", display)
	p.add("code", "valueCode", found.Code)
	p.add("system", "valueUri", c.System)
	p.text("definition", "valueString", found.Definition)
	p.add("abstract", "valueBoolean", found.Abstract)
	for _, s := range supplements {
		p.add("used-supplement", "valueCanonical", s)
	}
	wanted := in.texts("property")
	asks := func(name string) bool {
		return len(wanted) == 0 || slices.Contains(wanted, name) || slices.Contains(wanted, "*")
	}
	if asks("designation") {
		if found.Display != "" {
			p.part("designation", designation(definition.Designation{Language: languageOf(sys), Value: found.Display}))
		}
		for _, d := range found.Designations {
			p.part("designation", designation(d))
		}
	}
	for _, property := range properties(sys, found) {
		if property.Code == "definition" && !slices.Contains(wanted, "definition") {
			continue
		}
		if asks(property.Code) {
			p.part("property", parameters{fhir.Obj("name", "code", "valueCode", property.Code), fhir.Obj("name", "value", "value"+property.Type, property.Written())})
		}
	}
	return p.resource(), nil
}

// computable is the name of a system for programs, where it has one.
func computable(sys System) string {
	if s, ok := sys.(*supplemented); ok {
		return computable(s.System)
	}
	if l, ok := sys.(*listed); ok && l.def.Name != "" {
		return l.def.Name
	}
	return sys.Name()
}

func designation(d definition.Designation) (p parameters) {
	p.text("language", "valueCode", d.Language)
	if d.Use.Code != "" {
		p.add("use", "valueCoding", d.Use.Coding())
	}
	p.add("value", "valueString", d.Value)
	p.text("source", "valueCanonical", d.Source)
	return p
}

// properties are those of the concept and those that every system has.
func properties(sys System, c Concept) []definition.Property {
	var out []definition.Property
	if c.Definition != "" {
		out = append(out, definition.Property{Code: "definition", Type: "String", Value: c.Definition})
	}
	for _, p := range c.Parents {
		out = append(out, definition.Property{Code: "parent", Type: "Code", Value: p})
	}
	for _, code := range children(sys, c.Code) {
		out = append(out, definition.Property{Code: "child", Type: "Code", Value: code})
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
		if p.Code != "parent" && p.Code != "child" {
			out = append(out, p)
		}
	}
	return out
}

// children are the codes directly below one, of a system that is listed.
func children(sys System, code string) (out []string) {
	if s, ok := sys.(*supplemented); ok {
		return children(s.System, code)
	}
	l, ok := sys.(*listed)
	if !ok {
		return nil
	}
	if e := l.find(code); e != nil {
		for _, c := range e.Children {
			out = append(out, c.Code)
		}
	}
	return out
}
