package store

import (
	"regexp"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// eachPrimitive calls f for every string of a resource or element, with the
// type that holds it and its property there. What R4 does not know is left out.
func eachPrimitive(n fhir.Node, t *r4.Type, f func(n fhir.Node, holder *r4.Type, p *r4.Property)) {
	if name := n.Get("resourceType"); name.Exists() {
		t = r4.TypeOf(name.Text())
	}
	if t == nil {
		return
	}
	for m := n.First(); m.Exists(); m = m.Next() {
		name := m.Name()
		p := t.Property(strings.TrimPrefix(name, "_"))
		if p == nil {
			continue
		}
		of := p.Of
		if of != nil && name[0] == '_' {
			of = r4.TypeOf("Element")
		}
		item, single := m, true
		if m.Kind() == fhir.Array {
			item, single = m.First(), false
		}
		for item.Exists() { // without an iterator, which would be memory for each element
			switch item.Kind() {
			case fhir.String:
				f(item, t, p)
			case fhir.Object:
				eachPrimitive(item, of, f)
			}
			if single {
				break
			}
			item = item.Next()
		}
	}
}

// name remembers which change a full URL names, and refuses a second one.
func (p *planner) name(i int) {
	c := &p.tx.Changes[i]
	target := fhir.LinkOf(c.FullURL).Target
	if first, ok := p.links[target]; ok {
		p.refused.add(c, fhir.Invalid, false, fhir.Issue{
			Code: fhir.Duplicate, Message: "Two entries have the same fullUrl.",
			Found: c.FullURL + " in " + p.tx.Changes[first].Expression + " too",
		})
		return
	}
	p.links[target] = i
}

// linked is where an address leads that may name an entry, by its full URL or
// relative to the full URL of the entry that holds it; "" when it does not. An
// address of a version leads to the version that this transaction makes.
func (p *planner) linked(address, base string) string {
	l := fhir.LinkOf(address)
	if l.Target == "" {
		return ""
	}
	i, ok := p.links[l.Target]
	if !ok && base != "" {
		i, ok = p.links[base+l.Target]
	}
	if !ok {
		return ""
	}
	s := &p.steps[i]
	if s.same >= 0 {
		s = &p.steps[s.same]
	}
	to := s.ref()
	if l.Version != "" {
		s.pinned = true
		to += "/_history/" + s.version()
	}
	if l.Fragment != "" {
		to += "#" + l.Fragment
	}
	return to
}

// version is the version that is current after the transaction.
func (s *step) version() string {
	if s.writes() {
		return (s.now.vno + 1).String()
	}
	return s.now.vno.String()
}

// restForm is an absolute address of a resource: its base and the rest.
var restForm = regexp.MustCompile(`^(https?://.+/)[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}$`)

// baseOf is the server part of a full URL, "" where it has none.
func baseOf(fullURL string) string {
	if m := restForm.FindStringSubmatch(fullURL); m != nil {
		return m[1]
	}
	return ""
}

// narrative resolves the links and images of a text, "" where there are none.
func (p *planner) narrative(div, base string) string {
	out := linkForm.ReplaceAllStringFunc(div, func(attribute string) string {
		m := linkForm.FindStringSubmatch(attribute)
		if to := p.linked(m[2], base); to != "" {
			return m[1] + to + m[3]
		}
		return attribute
	})
	if out == div {
		return ""
	}
	return out
}

// linkForm is a link or image in a narrative. The quotes on both sides are the
// same, since an address holds none.
var linkForm = regexp.MustCompile(`((?:href|src)\s*=\s*["'])([^"'<>]+)(["'])`)
