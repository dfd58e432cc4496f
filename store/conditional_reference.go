package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// conditional finds the one resource that a conditional reference means, in
// the state that the transaction leaves. References that the transaction's own
// resources hold do not count in it.
func (p *planner) conditional(c *fhir.Change, n fhir.Node, l lookup, types map[string]*members) (string, error) {
	known, err := p.lookup(l)
	if err != nil {
		return "", p.condemn(c, err)
	}
	found := slices.DeleteFunc(slices.Clone(known), func(id string) bool {
		_, changed := p.targets[l.typ+"/"+id]
		return changed
	})
	own, err := p.among(l, types)
	if err != nil {
		return "", p.condemn(c, err)
	}
	if found = append(found, own...); len(found) == 1 {
		return l.typ + "/" + found[0], nil
	}
	issue := fhir.Issue{
		Expression: within(c, n), Position: n.Position(),
		Message:  fmt.Sprintf("The conditional reference %s fits %d resources.", n.Text(), len(found)),
		Expected: "exactly one", Found: strings.Join(found[:min(len(found), 5)], ", "),
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
func (p *planner) among(l lookup, types map[string]*members) ([]string, error) {
	of, err := p.members(l.typ, types)
	if err != nil || len(of.list) == 0 {
		return nil, err
	}
	q, err := p.v.condition(l.typ, l.query)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, k := range of.candidates(q) {
		m := &of.list[k]
		if !slices.ContainsFunc(q.Clauses, func(c search.Clause) bool { return !c.Holds(m.id, m.entries) }) {
			found = append(found, m.id)
		}
	}
	return found, nil
}
