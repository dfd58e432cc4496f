package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// condition decides which resource a conditional change is about, in the state
// before the transaction: what another change of it writes or deletes counts
// as found, and the two overlap, see [planner.claim]. settled says that nothing
// else is to be decided about the change.
//
// Rules: https://hl7.org/fhir/R4/http.html#ccreate, #cond-update, #cond-delete
func (p *planner) condition(i int) (settled bool, err error) {
	c, s := &p.tx.Changes[i], &p.steps[i]
	l := lookup{c.Type, c.Condition}
	found, err := p.lookup(l)
	if err != nil {
		return true, p.condemn(c, err)
	}
	if len(found) > 1 {
		p.refused.add(c, fhir.MultipleMatches, true, fhir.Issue{
			Message:  fmt.Sprintf("The condition %s?%s fits more than one resource.", c.Type, c.Condition),
			Expected: "at most one", Found: strings.Join(found[:min(len(found), 5)], ", "),
			Fix: "Narrow the condition until it fits one resource.",
		})
		return true, nil
	}
	switch c.Method {
	case fhir.Create:
		return p.conditionalCreate(i, l, found)
	case fhir.Update:
		return p.conditionalUpdate(i, l, found), nil
	}
	if len(found) == 0 {
		if p.matches(c, s) {
			s.applied = fhir.Unchanged
		}
		return true, nil
	}
	s.id = found[0]
	return false, nil
}

func (p *planner) conditionalCreate(i int, l lookup, found []string) (settled bool, err error) {
	s := &p.steps[i]
	if len(found) == 1 {
		s.id, s.applied = found[0], fhir.Matched
		return true, p.find(s, toSearch)
	}
	// Entries with one condition are about one resource: the first makes it.
	if first, ok := p.created[l]; ok {
		s.id, s.applied, s.same = p.steps[first].id, fhir.Matched, first
		return true, nil
	}
	p.created[l] = i
	return false, nil
}

func (p *planner) conditionalUpdate(i int, l lookup, found []string) (settled bool) {
	c, s := &p.tx.Changes[i], &p.steps[i]
	switch {
	case len(found) == 1 && c.ID != "" && c.ID != found[0]:
		p.refused.add(c, fhir.Invalid, false, fhir.Issue{
			Message:  "The resource has another id than the one that the condition fits.",
			Expected: found[0], Found: c.ID, Fix: "Leave out the id, or send the id of the one that is meant.",
		})
		return true
	case len(found) == 1:
		s.id = found[0]
		return false
	}
	if first, ok := p.created[l]; ok {
		p.refused.add(c, fhir.Invalid, false, fhir.Issue{
			Message: "Two entries of the transaction would create a resource under the same condition.",
			Found:   c.Type + "?" + c.Condition + ", also at " + p.tx.Changes[first].Expression,
			Fix:     "Send one entry for each resource.",
		})
		return true
	}
	p.created[l] = i
	return p.unused(c)
}

// unused refuses a conditional update that finds nothing but brings the id of
// a resource that is there.
func (p *planner) unused(c *fhir.Change) (refused bool) {
	if c.ID == "" {
		return false
	}
	now, err := p.judging(nil).as(letterOf[c.Method]).shown(c.Type, c.ID)
	if err != nil || now == nil || now.Deleted() {
		return false // an error comes again when the resource is read
	}
	p.refused.add(c, fhir.Conflict, false, fhir.Issue{
		Message: fmt.Sprintf("%s/%s exists but does not meet the condition %s.", c.Type, c.ID, c.Condition),
		Fix:     "Send the condition that it meets, or update it by its id.",
	})
	return true
}

// condemn adds the issues of a condition that cannot be looked up.
func (p *planner) condemn(c *fhir.Change, err error) error {
	e, ok := asError(err)
	if !ok {
		return err
	}
	p.shaken = true
	for _, issue := range e.Issues {
		issue.Expression = c.Expression
		p.refused.add(c, e.Kind, e.Precondition, issue)
	}
	return nil
}

// lookup finds the resources that meet a condition, once in a transaction. It
// gives a few more than two, so that the deleted ones can be left out.
func (p *planner) lookup(l lookup) ([]string, error) {
	if known, ok := p.lookups[l]; ok {
		return known.found, nil
	}
	q, err := p.v.condition(l.typ, l.query)
	if err != nil {
		return nil, err
	}
	found, err := p.meant(p.ctx, p.v.as(toSearch), q)
	if err == nil {
		p.lookups[l] = looked{q, found}
	}
	return found, err
}

// meant runs a condition. Where its type is narrowed, all that it finds is looked
// at, since those that are meant may come last.
func (p *plan) meant(ctx context.Context, v view, q *search.Query) ([]string, error) {
	narrow := p.narrow[q.Type]
	if narrow == nil {
		return v.findBy(ctx, q, 2+len(p.order))
	}
	found, err := v.findBy(ctx, q, noLimit)
	if err != nil {
		return nil, err
	}
	return narrow(state{ctx, v.whole(), &finds{}}, p.tx.Requester, found)
}
