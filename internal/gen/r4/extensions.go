package main

import (
	"maps"
	"slices"
	"strings"
)

// known is an extension that the R4 package defines.
type known struct {
	url      string
	modifier bool
	contexts [][2]string // type and expression
	when     []string    // contextInvariant
	types    []string    // of its value; none when it holds extensions
	targets  []string    // of a Reference or canonical in its value
	strength string      // of the binding of its value
	valueSet string
	codes    *codeSet
	parts    []*known
	many     bool // may repeat
	required bool // as a part: must be there
}

func (m *model) addExtensions(p *pkg) {
	for _, url := range slices.Sorted(maps.Keys(p.structures)) {
		d := p.structures[url]
		if d.Type != "Extension" || d.Derivation != "constraint" {
			continue
		}
		x := &known{url: d.URL, when: d.ContextInvariant, modifier: d.Snapshot.Element[0].IsModifier, many: d.Snapshot.Element[0].Max != "1"}
		for _, c := range d.Context {
			x.contexts = append(x.contexts, [2]string{c.Type, c.Expression})
		}
		if place, ok := furtherContexts[d.URL]; ok {
			x.contexts = append(x.contexts, [2]string{"element", place})
		}
		m.extensionContent(x, "Extension", d.Snapshot.Element)
		m.extensions = append(m.extensions, x)
	}
}

// extensionContent reads value[x] and the slices of extension under the
// element with that id.
func (m *model) extensionContent(x *known, id string, elements []*element) {
	for _, e := range elements {
		rest, under := strings.CutPrefix(e.ID, id+".")
		if !under || strings.Contains(rest, ".") {
			continue
		}
		switch {
		case strings.HasPrefix(rest, "value") && e.Max != "0":
			m.extensionValue(x, e)
		case strings.HasPrefix(rest, "extension:") && e.Max != "0":
			part := &known{url: e.SliceName, many: e.Max != "1", required: e.Min > 0}
			m.extensionContent(part, e.ID, elements)
			for _, u := range elements {
				if u.ID == e.ID+".url" && u.FixedURI != "" {
					part.url = u.FixedURI
				}
			}
			x.parts = append(x.parts, part)
		}
	}
}

func (m *model) extensionValue(x *known, e *element) {
	for _, t := range e.Type {
		if !slices.Contains(x.types, t.Code) {
			x.types = append(x.types, t.Code)
		}
		for _, target := range t.TargetProfile {
			x.targets = append(x.targets, strings.TrimPrefix(target, canonicalBase))
		}
	}
	if e.Binding != nil {
		x.strength = e.Binding.Strength
		x.valueSet, _, _ = strings.Cut(e.Binding.ValueSet, "|")
	}
	if e.Binding != nil && e.Binding.Strength == "required" {
		x.codes = m.codeSet(e.Binding.ValueSet)
	}
}
