package profiles

import (
	"fmt"

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
// names itself is noted.
func (w *walk) apply(n fhir.Node, t *r4.Type, canonical string, asked bool) bool {
	p := w.v.library.program(canonical)
	if p != nil {
		w.conform(n, t, p)
		return true
	}
	if isCore(canonical, t) {
		return true
	}
	s, known := w.v.library.knows(canonical)
	i := fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Rule: "profile-unknown", Message: "The resource was not held to the profile, which is not known here.", Found: short(canonical)}
	if asked {
		i.Severity, i.Code, i.Message = fhir.Err, fhir.NotFound, "The profile is not known here."
	}
	if known {
		i.Expected = fmt.Sprintf("version %s, which is known", s.Version)
	}
	w.add(n, i)
	return false
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
