package store

import (
	"bytes"
	"regexp"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// resolve puts the ids that resources have got in the place of the links
// between the entries of a transaction, and what they find in the place of
// conditional references: https://hl7.org/fhir/R4/http.html#trules
func (p *planner) resolve() error {
	types := map[string]*members{}
	for i := range p.steps {
		s := &p.steps[i]
		if !s.writes() || s.resource == nil {
			continue
		}
		if err := p.link(i, types); err != nil {
			return err
		}
	}
	if err := p.refused.err(p.tx.Changes); err != nil {
		return err
	}
	return p.twins(types)
}

// link resolves the references of one resource. The links inside a Bundle are
// between its own entries and stay as they are.
func (p *planner) link(i int, types map[string]*members) error {
	c, s := &p.tx.Changes[i], &p.steps[i]
	json := s.resource.JSON()
	refers := mayRefer(json)
	if s.typ == "Bundle" {
		if refers {
			p.bundle(c, s)
		}
		return nil
	}
	if len(p.links) == 0 && !refers && bytes.IndexByte(json, '?') < 0 {
		return nil
	}
	edit := fhir.NewEdit(s.resource)
	base := baseOf(c.FullURL)
	var failed error
	eachPrimitive(s.resource.Root(), nil, func(n fhir.Node, holder *r4.Type, property *r4.Property) {
		if failed != nil {
			return
		}
		to := ""
		if to, failed = p.replacement(i, n, holder, property, base, types); to != "" {
			edit.ReplaceString(n, to)
		}
	})
	if failed != nil || edit.Empty() {
		return failed
	}
	r, err := edit.Apply()
	if err != nil {
		return err
	}
	s.resource = r.Located(func(int) fhir.Position { return fhir.Position{} })
	return nil
}

// replacement is what a string becomes, "" where it stays. A uuid or oid names
// no resource of this server after the commit, and what a resource is called
// here is not a valid uuid or oid: they stay, like canonicals and identifiers.
func (p *planner) replacement(i int, n fhir.Node, holder *r4.Type, property *r4.Property, base string, types map[string]*members) (string, error) {
	c := &p.tx.Changes[i]
	switch {
	case isReference(holder, property):
		text := n.Text()
		if to := p.linked(text, base); to != "" {
			return to, nil
		}
		if m := conditionalForm.FindStringSubmatch(text); m != nil {
			return p.conditional(c, n, lookup{m[1], m[2]}, types)
		}
		p.unresolved(c, &p.steps[i], n, c.Message)
	case property.Type == "xhtml":
		return p.narrative(n.Text(), base), nil
	case property.Type == "uri" || property.Type == "url":
		// An absolute address stays: in a definition it is the canonical.
		if fhir.Placeholder(n.Text()) != "" && !isName(holder, property) {
			return p.linked(n.Text(), ""), nil
		}
	}
	return "", nil
}

// isName reports whether a uri says what something is called and not where it
// is: the url of a definition or extension, and the system of codes and
// identifiers.
func isName(holder *r4.Type, property *r4.Property) bool {
	switch property.JSON {
	case "url":
		return property.Type == "uri" && (holder.Kind == r4.Resource || holder.Name == "Extension")
	case "system":
		return true
	}
	return false
}

// isReference reports whether a property is Reference.reference.
func isReference(holder *r4.Type, property *r4.Property) bool {
	return property.JSON == "reference" && holder.Name == "Reference"
}

// conditionalForm is a search in the place of a reference.
var conditionalForm = regexp.MustCompile(`^([A-Z][A-Za-z]+)\?(.+)$`)
