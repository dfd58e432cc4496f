package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// WithLibrary holds resources to the profiles of a library: those that they
// name in meta.profile, those of the message they are part of, and else the
// one that the policy gives for their type.
func WithLibrary(l *Library) Option { return func(v *Validator) { v.library = l } }

// profiled holds a resource to the profiles that apply to it.
func (w *walk) profiled(n fhir.Node, t *r4.Type) {
	l := w.v.library
	if l == nil || w.formOnly {
		return
	}
	if w.scope.outer == nil {
		for _, c := range w.asked {
			w.apply(n, t, c, true)
		}
	}
	named := false
	for item := range n.Path("meta", "profile").Items() {
		if c := item.Text(); c != "" {
			named = w.apply(n, t, c, false) || named
		}
	}
	if w.byMessage(n, t) || named || w.asked != nil && w.scope.outer == nil || w.scope.root != n {
		return
	}
	if c := l.policy[t.Name]; c != "" {
		w.unclaimed = !l.strict
		w.apply(n, t, c, true)
		w.unclaimed = false
	}
}

// apply holds a resource to one profile and reports whether it is known. One
// that somebody asks for and nobody knows is an error; one that the resource
// names itself is noted. Of a version that is not known, the one that is known
// stands in.
func (w *walk) apply(n fhir.Node, t *r4.Type, canonical string, asked bool) bool {
	if isCore(canonical, t) {
		return true
	}
	p := w.v.library.program(canonical)
	if p == nil {
		s, known := w.v.library.knows(canonical)
		if !known {
			w.unknownProfile(n, canonical, asked)
			return false
		}
		w.add(n, fhir.Issue{Severity: fhir.Warning, Code: fhir.Informational, Rule: "profile-version",
			Message: "This version of the profile is not known here; the resource was held to the one that is.", Expected: s.Canonical(), Found: short(canonical)})
		p = w.v.library.program(s.URL)
	}
	if p.structure.Abstract {
		w.add(n, fhir.Issue{Severity: fhir.Warning, Code: fhir.Informational, Rule: "profile-abstract",
			Message:  "The profile is abstract: others are derived from it, and resources conform to one of those.",
			Expected: firstOf(anyOf(w.v.library.derived(p.structure.URL), 6), "a profile that is derived from it"), Found: short(canonical)})
	}
	w.conform(n, t, p)
	return true
}

func (w *walk) unknownProfile(n fhir.Node, canonical string, asked bool) {
	name, core := strings.CutPrefix(strings.TrimSuffix(canonical, "|4.0.1"), canonicalBase)
	if other := r4.TypeOf(name); core && other != nil {
		if t := r4.TypeOf(n.Get("resourceType").Text()); !t.Is(name) {
			w.wider(n, "", "profile-type", "The profile is that of another type.", "a profile of "+t.Name, short(canonical), "")
		}
		return
	}
	i := fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Rule: "profile-unknown",
		Message: "The resource was not held to this profile: it is not known here.", Found: short(canonical)}
	if asked {
		i.Severity, i.Code, i.Message = fhir.Err, fhir.NotFound, "The profile is not known here, so the resource cannot be held to it."
	}
	if near := w.v.library.nearProfiles(canonical); len(near) > 0 {
		i.Fix = "Did you mean " + anyOf(near, 2) + "?"
	} else {
		i.Fix = "Load the package that defines it, or store its StructureDefinition."
	}
	w.add(n, i)
}

// isCore reports whether a canonical is that of the R4 type itself.
func isCore(canonical string, t *r4.Type) bool {
	return canonical == canonicalBase+t.Name || canonical == canonicalBase+t.Name+"|4.0.1"
}

// byMessage holds the parts of a message to the profiles of its event.
func (w *walk) byMessage(n fhir.Node, t *r4.Type) bool {
	b := w.scope
	if t.Name != "Bundle" {
		b = w.scope.outer
	}
	if b == nil || b.typ.Name != "Bundle" || b.node.Get("type").Text() != "message" {
		return false
	}
	header := b.node.Get("entry").First().Get("resource")
	m, ok := w.v.library.messages[header.Path("eventCoding", "code").Text()]
	if !ok {
		return false
	}
	c := m.Focus[t.Name]
	if t.Name == "Bundle" {
		c = m.Bundle
	}
	return c == "" || w.apply(n, t, c, true)
}
