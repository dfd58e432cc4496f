package snapshot

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

const hl7 = "http://hl7.org/fhir/StructureDefinition/"

// Base is the definition of an R4 type as its tables have it, with a snapshot;
// nil when R4 has no type of that name.
func Base(name string) *definition.Structure {
	t := r4.TypeOf(name)
	if t == nil {
		return nil
	}
	s := &definition.Structure{URL: hl7 + name, Version: "4.0.1", Name: name, Status: "active", Type: name,
		Abstract: t.Abstract, Derivation: "specialization", Kind: "complex-type"}
	switch t.Kind {
	case r4.Resource:
		s.Kind = "resource"
	case r4.Primitive:
		s.Kind = "primitive-type"
	}
	if t.Base != "" {
		s.Base = hl7 + t.Base
	}
	zero := 0
	root := &node{el: &definition.Element{Min: &zero, Max: "*", BaseMax: "*", Constraints: constraints(t.Constraints)}, name: name}
	fill(root, t)
	if k := root.kid("modifierExtension", ""); k != nil && t.Kind == r4.Resource {
		k.el.Slicing = byURL()
	}
	if t.Kind == r4.Primitive {
		value := &definition.Element{Min: new(int), Max: "1", BaseMax: "1", BasePath: name + ".value", Types: []definition.Type{{Code: name}}}
		root.kids = append(root.kids, &node{el: value, name: "value"})
	}
	root.flatten(name, name, &s.Snapshot)
	return s
}

func fill(n *node, t *r4.Type) {
	for i := range t.Elements {
		e := &t.Elements[i]
		k := &node{el: element(e), name: e.Name}
		if e.Choice {
			k.name += "[x]"
		}
		if e.Name == "extension" {
			k.el.Slicing = byURL()
		}
		if backbone := r4.TypeOf(e.Types[0]); backbone != nil && backbone.Kind == r4.Backbone {
			if backbone.Name == e.Path() {
				k.el.Types = []definition.Type{{Code: backbone.Base}}
				fill(k, backbone)
			} else {
				k.el.Types, k.el.ContentReference = nil, "#"+backbone.Name
			}
		}
		n.kids = append(n.kids, k)
	}
}

func element(e *r4.Element) *definition.Element {
	low := e.Min
	high := "*"
	if e.Max >= 0 {
		high = strconv.Itoa(e.Max)
	}
	out := &definition.Element{Min: &low, Max: high, BaseMin: low, BaseMax: high, BasePath: e.Path(),
		Constraints: constraints(e.Constraints)}
	if e.Summary {
		out.Summary = &e.Summary
	}
	if e.Modifier {
		out.Modifier = &e.Modifier
	}
	if e.Binding != nil {
		out.Binding = &definition.Binding{Strength: e.Binding.Strength, ValueSet: e.Binding.ValueSet, Max: e.Binding.MaxValueSet}
	}
	for _, code := range e.Types {
		t := definition.Type{Code: code}
		if code == "Reference" || code == "canonical" {
			for _, target := range e.Targets {
				t.TargetProfiles = append(t.TargetProfiles, hl7+target)
			}
		}
		if e.Simple && code == "Quantity" {
			t.Profiles = []string{hl7 + "SimpleQuantity"}
		}
		out.Types = append(out.Types, t)
	}
	return out
}

func constraints(list []*r4.Constraint) []definition.Constraint {
	var out []definition.Constraint
	for _, c := range list {
		out = append(out, definition.Constraint{Key: c.Key, Severity: c.Severity, Human: c.Human, Expression: c.Expression})
	}
	return out
}

// baseExtension is the definition of an extension of the R4 specification.
func baseExtension(url string) *definition.Structure {
	x := r4.ExtensionByURL(url)
	if x == nil {
		return nil
	}
	s := &definition.Structure{URL: x.URL, Version: "4.0.1", Name: url[strings.LastIndexByte(url, '/')+1:], Status: "active",
		Kind: "complex-type", Type: "Extension", Base: hl7 + "Extension", Derivation: "constraint"}
	for _, c := range x.Contexts {
		s.Contexts = append(s.Contexts, definition.Context{Type: c.Type, Expression: c.Expression})
	}
	root := tree(Base("Extension").Snapshot).clone()
	root.el.Max = "1"
	if x.Repeats {
		root.el.Max = "*"
	}
	define(root, x)
	root.flatten("Extension", "Extension", &s.Snapshot)
	return s
}

func define(n *node, x *r4.Extension) {
	one := 1
	if url := n.kid("url", ""); url != nil {
		url.el.Fixed = uri(x.URL)
	}
	extension, value := n.kid("extension", ""), n.kid("value[x]", "")
	if len(x.Types) > 0 {
		extension.el.Max = "0"
		value.el.Min = &one
		value.el.Types = slices.DeleteFunc(value.el.Types, func(t definition.Type) bool { return !slices.Contains(x.Types, t.Code) })
		for i := range value.el.Types {
			for _, target := range x.Targets {
				if !strings.Contains(target, "://") {
					target = hl7 + target
				}
				value.el.Types[i].TargetProfiles = append(value.el.Types[i].TargetProfiles, target)
			}
		}
		if x.Binding != nil {
			value.el.Binding = &definition.Binding{Strength: x.Binding.Strength, ValueSet: x.Binding.ValueSet}
		}
		return
	}
	value.el.Max = "0"
	extension.el.Slicing = byURL()
	for i := range x.Parts {
		part := &x.Parts[i]
		s := &node{el: extension.el.Clone(), name: "extension", slice: part.URL}
		s.el.Slicing, s.el.Min, s.el.Max = nil, new(int), "1"
		if part.Required {
			*s.el.Min = 1
		}
		if part.Repeats {
			s.el.Max = "*"
		}
		s.kids = tree(Base("Extension").Snapshot).clone().kids
		define(s, part)
		n.insertSlice(s, "")
	}
}

func byURL() *definition.Slicing {
	return &definition.Slicing{Rules: "open", Discriminators: []definition.Discriminator{{Type: "value", Path: "url"}}}
}

func uri(s string) *definition.Value {
	return &definition.Value{Type: "Uri", Node: fhir.Obj("value", s).Resource().Get("value")}
}
