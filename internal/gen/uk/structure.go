package main

import (
	"bytes"
	"fmt"
	"log"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

func (w *writer) structure(b *bytes.Buffer, s *definition.Structure) {
	kind := "Profile"
	if s.IsExtension() {
		kind = "Extension"
	}
	w.head(b, kind, identifier(s.URL), s.URL)
	parent := s.Base
	if short, ok := strings.CutPrefix(parent, hl7); ok && r4.TypeOf(short) != nil {
		parent = short
	}
	if !(kind == "Extension" && parent == "Extension") {
		fmt.Fprintf(b, "Parent: %s\n", parent)
	}
	w.tail(b, s.URL, s.Version, s.Status)
	for i, c := range s.Contexts {
		fmt.Fprintf(b, "* ^context[%d].type = #%s\n* ^context[%d].expression = %q\n", i, c.Type, i, c.Expression)
	}
	known := map[string]bool{}
	for base := w.set.Structures[s.Base]; base != nil; base = w.set.Structures[base.Base] {
		for _, e := range base.Differential {
			if e.SliceName != "" {
				known[e.ID] = true
			}
		}
	}
	for i := 0; i < len(s.Differential); i++ {
		w.element(b, s, s.Differential[i], known)
	}
	b.WriteByte('\n')
}

func fshPath(e *definition.Element) string {
	_, rest, _ := strings.Cut(e.ID, ".")
	if !strings.Contains(e.ID, ".") {
		return "."
	}
	var out []string
	for _, step := range strings.Split(rest, ".") {
		name, slice, ok := strings.Cut(step, ":")
		if ok {
			name += "[" + strings.ReplaceAll(slice, "/", "][") + "]"
		}
		out = append(out, name)
	}
	return strings.Join(out, ".")
}

func (w *writer) element(b *bytes.Buffer, s *definition.Structure, e *definition.Element, known map[string]bool) {
	if e.ID == "" {
		e.ID = e.Path
		if e.SliceName != "" {
			e.ID += ":" + e.SliceName
		}
	}
	path := fshPath(e)
	rule := func(format string, args ...any) { fmt.Fprintf(b, "* "+path+" "+format+"\n", args...) }
	card := ""
	if e.Min != nil || e.Max != "" {
		if e.Min != nil {
			card = fmt.Sprint(*e.Min)
		}
		card += ".." + e.Max
	}
	if s.IsExtension() && e.ID == "Extension.url" {
		return
	}
	extensionSlice := e.SliceName != "" && (e.Last() == "extension" || e.Last() == "modifierExtension")
	if e.Slicing != nil && !(e.Last() == "extension" && len(e.Slicing.Discriminators) == 1 && e.Slicing.Discriminators[0].Path == "url" && e.Slicing.Rules == "open" && !e.Slicing.Ordered) {
		for i, d := range e.Slicing.Discriminators {
			rule("^slicing.discriminator[%d].type = #%s", i, d.Type)
			rule("^slicing.discriminator[%d].path = %q", i, d.Path)
		}
		if e.Slicing.Rules != "" {
			rule("^slicing.rules = #%s", e.Slicing.Rules)
		}
		if e.Slicing.Ordered {
			rule("^slicing.ordered = true")
		}
	}
	flags := ""
	if e.MustSupport != nil && *e.MustSupport {
		flags = " MS"
	}
	if e.SliceName != "" && !known[e.ID] && !strings.HasSuffix(e.Last(), "[x]") {
		known[e.ID] = true
		at := path[:strings.LastIndexByte(path, '[')]
		c := card
		if c == "" {
			c = ".."
		}
		if extensionSlice && len(e.Types) == 1 && len(e.Types[0].Profiles) == 1 {
			fmt.Fprintf(b, "* %s contains %s named %s %s%s\n", at, e.Types[0].Profiles[0], e.SliceName[strings.LastIndexByte(e.SliceName, '/')+1:], c, flags)
		} else {
			fmt.Fprintf(b, "* %s contains %s %s%s\n", at, e.SliceName[strings.LastIndexByte(e.SliceName, '/')+1:], c, flags)
			if extensionSlice && len(e.Types) == 1 && len(e.Types[0].Profiles) > 0 {
				log.Printf("%s %s: profiles %v", s.URL, e.ID, e.Types[0].Profiles)
			}
		}
	} else {
		if card != "" {
			rule("%s%s", card, flags)
		} else if flags != "" {
			rule("%s", strings.TrimSpace(flags))
		}
		if extensionSlice && len(e.Types) == 1 && len(e.Types[0].Profiles) == 1 {
			rule("only %s", e.Types[0].Profiles[0])
		}
	}
	if len(e.Types) > 0 && !extensionSlice {
		w.types(rule, e)
	}
	for _, v := range []struct {
		v       *definition.Value
		exactly string
	}{{e.Fixed, " (exactly)"}, {e.Pattern, ""}} {
		if v.v != nil {
			if s.IsExtension() && strings.HasSuffix(e.ID, ".url") && v.v.Node.Text() == sliceOf(e.ID) {
				continue
			}
			rule("= %s%s", fshValue(v.v), v.exactly)
		}
	}
	if e.Binding != nil {
		if e.Binding.ValueSet != "" {
			rule("from %s (%s)", e.Binding.ValueSet, e.Binding.Strength)
		} else if e.Binding.Strength != "" {
			rule("^binding.strength = #%s", e.Binding.Strength)
		}
		if e.Binding.Max != "" {
			log.Printf("%s: max value set", e.ID)
		}
	}
	if e.MustSupport != nil && !*e.MustSupport {
		rule("^mustSupport = false")
	}
	if e.MaxLength > 0 {
		rule("^maxLength = %d", e.MaxLength)
	}
	for _, c := range e.Constraints {
		name := c.Key
		if name == "patient-reference" && c.Severity == "warning" {
			name += "-warning" // one key, two severities: FSH wants a name for each
		}
		if old, ok := w.inv[name]; ok && (old.Expression != c.Expression || old.Severity != c.Severity) {
			log.Printf("%s %s: invariant %s has two meanings: [%s] %s | [%s] %s", s.URL, e.ID, name, old.Severity, old.Expression, c.Severity, c.Expression)
		}
		w.inv[name] = c
		rule("obeys %s", name)
	}
}

func sliceOf(id string) string {
	steps := strings.Split(id, ".")
	if len(steps) < 2 {
		return ""
	}
	_, slice, _ := strings.Cut(steps[len(steps)-2], ":")
	return slice
}

func (w *writer) types(rule func(string, ...any), e *definition.Element) {
	var parts []string
	var carets []string
	for i, t := range e.Types {
		switch {
		case t.Code == "BackboneElement" || t.Code == "Element":
			return
		case t.Code == "Reference" || t.Code == "canonical":
			name := map[string]string{"Reference": "Reference", "canonical": "Canonical"}[t.Code]
			var targets []string
			for _, p := range t.TargetProfiles {
				if short, ok := strings.CutPrefix(p, hl7); ok && r4.TypeOf(short) != nil {
					p = short
				}
				targets = append(targets, p)
			}
			if targets != nil {
				name += "(" + strings.Join(targets, " or ") + ")"
			} else if t.Code == "canonical" {
				name = "canonical"
			}
			parts = append(parts, name)
			for j, p := range t.Profiles {
				carets = append(carets, fmt.Sprintf("^type[%d].profile[%d] = %q", i, j, p))
			}
		case len(t.Profiles) > 0:
			for _, p := range t.Profiles {
				if _, ok := w.set.Structures[p]; ok {
					parts = append(parts, p)
				} else if len(t.Profiles) == 1 {
					parts = append(parts, t.Code)
					carets = append(carets, fmt.Sprintf("^type[%d].profile[0] = %q", i, p))
				}
			}
		default:
			parts = append(parts, t.Code)
		}
		for j, a := range t.Aggregation {
			carets = append(carets, fmt.Sprintf("^type[%d].aggregation[%d] = #%s", i, j, a))
		}
	}
	if len(e.Types) == 1 && e.Types[0].Code == "Extension" && len(e.Types[0].Profiles) == 0 {
		return
	}
	rule("only %s", strings.Join(parts, " or "))
	for _, c := range carets {
		rule("%s", c)
	}
}

func fshValue(v *definition.Value) string {
	switch v.Node.Kind() {
	case fhir.String:
		if v.Type == "Code" {
			return "#" + v.Node.Text()
		}
		return quote(v.Node.Text())
	case fhir.Object:
		n := v.Node
		if v.Type == "CodeableConcept" {
			n = n.Get("coding").Item(0)
		}
		if v.Type != "CodeableConcept" && v.Type != "Coding" {
			log.Printf("value of type %s: %s", v.Type, v.Node.Raw())
		}
		out := n.Get("system").Text() + "#" + n.Get("code").Text()
		if d := n.Get("display").Text(); d != "" {
			out += " " + quote(d)
		}
		return out
	}
	return v.Node.Text()
}
