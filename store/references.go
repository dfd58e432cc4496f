package store

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
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
	switch n.Name() {
	case "reference":
		text := n.Text()
		if to := p.linked(text, base); to != "" {
			return to, nil
		}
		if m := conditionalForm.FindStringSubmatch(text); m != nil {
			return p.conditional(c, n, lookup{m[1], m[2]}, members)
		}
	case "url", "uri", "valueUri", "valueUrl", "valueUuid", "valueOid":
		return p.links[n.Text()], nil
	case "div":
		return p.narrative(n.Text()), nil
	}
	return "", nil
}

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

// member is a resource of the transaction as a condition sees it.
type member struct {
	id      string
	entries []search.Entry
}

// conditional finds the one resource that a conditional reference means, in
// the state that the transaction leaves. References that the transaction's own
// resources hold do not count in it.
func (p *planner) conditional(c *fhir.Change, n fhir.Node, l lookup, members map[string][]member) (string, error) {
	known, err := p.lookup(l)
	if err != nil {
		return "", p.condemn(c, err)
	}
	found := slices.DeleteFunc(slices.Clone(known), func(id string) bool {
		_, changed := p.targets[l.typ+"/"+id]
		return changed
	})
	own, err := p.among(l, members)
	if err != nil {
		return "", p.condemn(c, err)
	}
	if found = append(found, own...); len(found) == 1 {
		return l.typ + "/" + found[0], nil
	}
	issue := fhir.Issue{
		Expression: c.Expression + strings.TrimPrefix(n.Expression(), c.Type), Position: n.Position(),
		Message:  fmt.Sprintf("The conditional reference %s fits %d resources.", n.Text(), len(found)),
		Expected: "exactly one", Found: strings.Join(found[:min(len(found), 5)], ", "),
	}
	if c.Expression != "" {
		issue.Expression = c.Expression + ".resource" + strings.TrimPrefix(n.Expression(), c.Type)
	}
	if len(found) == 0 {
		issue.Code = fhir.NotFound
		issue.Message = fmt.Sprintf("The conditional reference %s fits no resource.", n.Text())
		issue.Fix = "Send the resource first or in the same transaction, or correct the reference."
		p.refused.add(c, fhir.Processing, false, issue)
	} else {
		issue.Fix = "Narrow the condition until it fits one resource."
		p.refused.add(c, fhir.MultipleMatches, true, issue)
	}
	return "", nil
}

// among finds the resources that the transaction itself writes.
func (p *planner) among(l lookup, members map[string][]member) ([]string, error) {
	list, ok := members[l.typ]
	if !ok {
		for i := range p.steps {
			s := &p.steps[i]
			if s.typ != l.typ || s.resource == nil || !s.writes() {
				continue
			}
			entries, err := entriesOf(p.ctx, s.resource)
			if err != nil {
				return nil, err
			}
			list = append(list, member{s.id, entries})
		}
		members[l.typ] = list
	}
	if len(list) == 0 {
		return nil, nil
	}
	q, err := search.ParseCondition(l.typ, l.query, search.Options{})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, m := range list {
		if !slices.ContainsFunc(q.Clauses, func(c search.Clause) bool { return !c.Holds(m.id, m.entries) }) {
			found = append(found, m.id)
		}
	}
	return found, nil
}
