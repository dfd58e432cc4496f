package store

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// refusal collects what is wrong with the changes of a transaction.
type refusal []refused

type refused struct {
	change *fhir.Change
	err    *fhir.Error
}

func (r *refusal) add(c *fhir.Change, kind fhir.Code, precondition bool, issue fhir.Issue) {
	if issue.Expression == "" {
		issue.Expression = c.Expression
	}
	e := fhir.E("commit", kind, issue)
	e.Precondition = precondition
	*r = append(*r, refused{c, e})
}

// err gives one error with all issues, in the order of the changes; the first
// decides its kind.
func (r refusal) err(changes []fhir.Change) error {
	if len(r) == 0 {
		return nil
	}
	place := make(map[*fhir.Change]int, len(changes))
	for i := range changes {
		place[&changes[i]] = i
	}
	slices.SortStableFunc(r, func(a, b refused) int { return place[a.change] - place[b.change] })
	e := *r[0].err
	e.Issues = nil
	for _, one := range r {
		e.Issues = append(e.Issues, one.err.Issues...)
	}
	return &e
}

// wellFormed checks what the layout relies on.
func (p *planner) wellFormed(c *fhir.Change) bool {
	switch {
	case c.Method != fhir.Create && c.Method != fhir.Update && c.Method != fhir.Delete:
		p.refused.add(c, fhir.ValueCode, false, fhir.Issue{
			Message: "This method writes nothing.", Expected: "POST, PUT or DELETE", Found: string(c.Method)})
	case c.ID != "" && !fhir.IsID(c.ID):
		p.refused.add(c, fhir.ValueCode, false, fhir.Issue{
			Message: "This is no resource id.", Expected: "1 to 64 letters, digits, - and .", Found: c.ID})
	case c.ID == "" && c.Condition == "" && c.Method != fhir.Create:
		p.refused.add(c, fhir.Required, false, fhir.Issue{
			Message: "The change does not say which resource it is about.", Expected: "an id or a search condition"})
	case c.Purge && (c.Method != fhir.Delete || c.ID == "" || c.Condition != ""):
		p.refused.add(c, fhir.Invalid, false, fhir.Issue{
			Message: "A purge is of one resource by its id.", Expected: "DELETE with an id and without a condition", Found: described(c)})
	case c.Method == fhir.Delete:
		return true
	case c.Resource == nil:
		p.refused.add(c, fhir.Required, false, fhir.Issue{Message: "The change has no resource.", Expected: "a " + c.Type})
	case c.Resource.Type() != c.Type:
		p.refused.add(c, fhir.Invalid, false, fhir.Issue{
			Message: "The resource is of another type than the change.", Expected: c.Type, Found: c.Resource.Type()})
	case c.Resource.SubsetTag().Exists():
		tag := c.Resource.SubsetTag()
		p.refused.add(c, fhir.BusinessRule, false, fhir.Issue{
			Expression: within(c, tag), Position: tag.Position(),
			Message:  "The resource is a subset (meta.tag SUBSETTED): writing it would delete what it lacks.",
			Expected: "the whole resource", Found: fhir.SubsetCode,
			Fix: "Read the resource without _elements and _summary, change that, and send it; or send a PATCH.",
		})
	default:
		return true
	}
	return false
}

// within is the place of an element of a change's resource, in the Bundle that
// the change came in, if any.
func within(c *fhir.Change, n fhir.Node) string {
	if c.Expression == "" {
		return n.Expression()
	}
	return c.Expression + ".resource" + strings.TrimPrefix(n.Expression(), c.Type)
}
