package store

import (
	"bytes"
	"regexp"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// resolve puts the ids that resources have got in the place of the links
// between the entries of a transaction, and what they find in the place of
// conditional references: https://hl7.org/fhir/R4/http.html#trules
func (p *planner) resolve() error {
	members := map[string][]member{}
	for i := range p.steps {
		s := &p.steps[i]
		if !s.writes() || s.resource == nil {
			continue
		}
		if err := p.link(i, members); err != nil {
			return err
		}
	}
	return p.refused.err(p.tx.Changes)
}

// link resolves the references of one resource. The links inside a Bundle are
// between its own entries and stay as they are.
func (p *planner) link(i int, members map[string][]member) error {
	c, s := &p.tx.Changes[i], &p.steps[i]
	if s.typ == "Bundle" || len(p.links) == 0 && bytes.IndexByte(s.resource.JSON(), '?') < 0 {
		return nil
	}
	edit := fhir.NewEdit(s.resource)
	base := baseOf(c.FullURL)
	for k := range s.resource.Nodes() {
		n := s.resource.Node(k)
		if n.Kind() != fhir.String {
			continue
		}
		to, err := p.replacement(c, n, base, members)
		if err != nil {
			return err
		}
		if to != "" {
			edit.ReplaceString(n, to)
		}
	}
	if edit.Empty() {
		return nil
	}
	r, err := edit.Apply()
	if err != nil {
		return err
	}
	s.resource = r.Located(func(int) fhir.Position { return fhir.Position{} })
	return nil
}

// replacement is what a string becomes, "" where it stays.
func (p *planner) replacement(c *fhir.Change, n fhir.Node, base string, members map[string][]member) (string, error) {
	name := n.Name()
	if name == "" {
		name = n.Parent().Name() // one of several
	}
	switch name {
	case "reference":
		text := n.Text()
		if to := p.linked(text, base); to != "" {
			return to, nil
		}
		if m := conditionalForm.FindStringSubmatch(text); m != nil {
			return p.conditional(c, n, lookup{m[1], m[2]}, members)
		}
	case "div":
		return p.narrative(n.Text()), nil
	}
	// An absolute address stays: in a definition it is the canonical.
	if uriNames()[name] && placeholder.MatchString(n.Text()) {
		return p.links[n.Text()], nil
	}
	return "", nil
}

// uriNames are the elements of type uri, url, oid and uuid.
var uriNames = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for _, t := range r4.Types() {
		for _, p := range t.Properties() {
			switch p.Type {
			case "uri", "url", "oid", "uuid":
				names[p.JSON] = true
			}
		}
	}
	return names
})

// linked is where a reference leads that may name an entry, by its full URL or
// relative to the full URL of the entry that holds it; "" when it does not.
func (p *planner) linked(text, base string) string {
	target, fragment, _ := strings.Cut(text, "#")
	if target == "" {
		return ""
	}
	to := p.links[target]
	if to == "" && base != "" {
		to = p.links[base+target]
	}
	if to != "" && fragment != "" {
		to += "#" + fragment
	}
	return to
}

var (
	// placeholder is an address that has a meaning within one Bundle alone.
	placeholder = regexp.MustCompile(`^urn:(uuid|oid):`)
	// conditionalForm is a search in the place of a reference.
	conditionalForm = regexp.MustCompile(`^([A-Z][A-Za-z]+)\?(.+)$`)
	// restForm is an absolute address of a resource: its base and the rest.
	restForm = regexp.MustCompile(`^(https?://.+/)[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}$`)
)

// baseOf is the server part of a full URL, "" where it has none.
func baseOf(fullURL string) string {
	if m := restForm.FindStringSubmatch(fullURL); m != nil {
		return m[1]
	}
	return ""
}

// narrative resolves the links and images of a text, "" where there are none.
func (p *planner) narrative(div string) string {
	if !strings.Contains(div, "urn:") && !strings.Contains(div, "http") {
		return ""
	}
	out := linkForm.ReplaceAllStringFunc(div, func(attribute string) string {
		m := linkForm.FindStringSubmatch(attribute)
		if to := p.links[m[2]]; to != "" {
			return m[1] + to + m[3]
		}
		return attribute
	})
	if out == div {
		return ""
	}
	return out
}

var linkForm = regexp.MustCompile(`((?:href|src)\s*=\s*["'])([^"'<>]+)(["'])`)
