package store

import (
	"regexp"

	"github.com/pestle-fhir/pestle/fhir"
)

// refusal collects what is wrong with the changes of a transaction. The first
// issue decides the kind of the error.
type refusal struct{ e *fhir.Error }

func (r *refusal) add(c *fhir.Change, kind fhir.Code, precondition bool, issue fhir.Issue) {
	if issue.Expression == "" {
		issue.Expression = c.Expression
	}
	e := fhir.E("commit", kind, issue)
	if r.e == nil {
		e.Precondition = precondition
		r.e = e
		return
	}
	r.e.Issues = append(r.e.Issues, e.Issues...)
}

func (r *refusal) err() error {
	if r.e == nil {
		return nil
	}
	return r.e
}

// idForm is the id datatype: https://hl7.org/fhir/R4/datatypes.html#id
var idForm = regexp.MustCompile(`^[A-Za-z0-9\-.]{1,64}$`)

// wellFormed checks what the layout relies on.
func (p *planner) wellFormed(c *fhir.Change) bool {
	switch {
	case c.Method != fhir.Create && c.Method != fhir.Update && c.Method != fhir.Delete:
		p.refused.add(c, fhir.ValueCode, false, fhir.Issue{
			Message: "This method writes nothing.", Expected: "POST, PUT or DELETE", Found: string(c.Method)})
	case c.ID != "" && !idForm.MatchString(c.ID):
		p.refused.add(c, fhir.ValueCode, false, fhir.Issue{
			Message: "This is no resource id.", Expected: "1 to 64 letters, digits, - and .", Found: c.ID})
	case c.ID == "" && c.Condition == "" && c.Method != fhir.Create:
		p.refused.add(c, fhir.Required, false, fhir.Issue{
			Message: "The change does not say which resource it is about.", Expected: "an id or a search condition"})
	case c.Method == fhir.Delete:
		return true
	case c.Resource == nil:
		p.refused.add(c, fhir.Required, false, fhir.Issue{Message: "The change has no resource.", Expected: "a " + c.Type})
	case c.Resource.Type() != c.Type:
		p.refused.add(c, fhir.Invalid, false, fhir.Issue{
			Message: "The resource is of another type than the change.", Expected: c.Type, Found: c.Resource.Type()})
	default:
		return true
	}
	return false
}
