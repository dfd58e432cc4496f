package redaction

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// Query refuses a search by what is hidden, as a filter, a sort key, a step of a
// chain or an include: whether it finds something would tell of it.
func (r *Redactor) Query(q *search.Query) error {
	for i := range q.Clauses {
		if err := r.clause(q.Type, &q.Clauses[i]); err != nil {
			return err
		}
	}
	for _, s := range q.Sort {
		if err := r.sort(q.Type, s); err != nil {
			return err
		}
	}
	for _, i := range q.Include {
		if err := r.include(q.Type, i, "_include"); err != nil {
			return err
		}
	}
	for _, i := range q.RevInclude {
		if err := r.include(q.Type, i, "_revinclude"); err != nil {
			return err
		}
	}
	return nil
}

// sort refuses a sort key, or a step of a chained one.
func (r *Redactor) sort(typ string, by search.Sort) error {
	if err := r.param(typ, by.Param, false, "_sort="+by.Param); err != nil || by.Chain == nil {
		return err
	}
	return r.sort(by.Chain.Type, by.Chain.Sort)
}

func (r *Redactor) include(typ string, i search.Include, name string) error {
	source := i.Source
	if source == "" {
		source = typ
	}
	if i.Param == every && !r.whole(source) || i.Source == "" && i.Iterate {
		return refused(name+"="+i.Source+":"+i.Param, source)
	}
	return r.param(source, i.Param, false, name+"="+source+":"+i.Param)
}

func (r *Redactor) clause(typ string, c *search.Clause) error {
	for i := range c.Has {
		h := &c.Has[i]
		if err := r.param(h.Type, h.Ref, false, "_has:"+h.Type+":"+h.Ref); err != nil {
			return err
		}
		if err := r.clause(h.Type, &h.Clause); err != nil {
			return err
		}
	}
	if len(c.Has) > 0 {
		return nil
	}
	for _, all := range c.Any {
		for i := range all {
			if err := r.clause(typ, &all[i]); err != nil {
				return err
			}
		}
	}
	if c.Any != nil {
		return nil
	}
	exact := !c.Not
	for i := range c.Ranges {
		exact = exact && (c.Ranges[i].Exact || c.Ranges[i].Few)
	}
	if err := r.param(typ, c.Param, exact && len(c.Ranges) > 0, c.Param); err != nil {
		return err
	}
	for i := range c.Chain {
		if err := r.clause(c.Chain[i].Type, &c.Chain[i].Clause); err != nil {
			return err
		}
	}
	return nil
}

// param refuses a parameter that looks at anything but what is shown as it is.
// What may be found is searched by its whole value.
func (r *Redactor) param(typ, code string, exact bool, shown string) error {
	if r.whole(typ) || code == search.ID || code == search.LastUpdated || code == search.Every {
		return nil
	}
	plain, modifier, _ := strings.Cut(code, ":")
	p := search.Parameter(typ, plain)
	if p == nil || r4.SearchParameter(typ, plain) == nil { // what a stored one looks at is not worked out
		return refused(shown, typ)
	}
	elements := elementsOf(typ, p)
	for _, element := range elements {
		s := r.sights(typ)[element]
		byValue := modifier == "" && slices.Contains(exactTypes, p.Type)
		if s.how != show && !(byValue && (s.how == coded || s.find && exact)) {
			return refused(shown, typ)
		}
	}
	if len(elements) == 0 {
		return refused(shown, typ)
	}
	return nil
}

// exactTypes are the types of parameters that look at what an element shown without
// texts holds.
var exactTypes = []string{"token", "reference", "date", "number", "quantity"}

// elementsOf are the elements of a type that a parameter looks at.
func elementsOf(typ string, p *r4.SearchParam) (out []string) {
	for _, found := range regexp.MustCompile(`\b`+typ+`\.([a-zA-Z]+)`).FindAllStringSubmatch(p.Expression, -1) {
		out = append(out, found[1])
	}
	return out
}

func refused(parameter, typ string) error {
	return fhir.E("search", fhir.Forbidden, fhir.Issue{
		Message: "The caller's role is not shown what this parameter looks at.", Expression: parameter, Found: parameter, Expected: "a parameter of an element of " + typ + " that the role is shown as it is", Rule: "redaction",
		Fix: "Search by something else, or have it looked up by who is shown it: docs/access.md lists what roles are shown.",
	})
}
