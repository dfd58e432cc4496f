package search

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// maxSortSteps is how many references a sort key may lead through.
const maxSortSteps = 3

// sortKey reads a sort key, which may lead through references as a chained parameter
// does: patient.family, subject:Patient.birthdate. shown is how it is written in the query.
func (p *parser) sortKey(typ, name, shown string) (Sort, bool) {
	if strings.Count(name, ".") > maxSortSteps {
		p.refuse("_sort", "The sort key leads through too many references.", "at most 3", shown, "")
		return Sort{}, false
	}
	if head, rest, ok := strings.Cut(name, "."); ok {
		return p.sortChain(typ, head, rest, shown)
	}
	code, ok := p.sortable(typ, name)
	if !ok {
		known := append(sortParams(typ), p.customParams(typ)...)
		p.refuse("_sort", "The sort key is none of "+typ+".", "one of "+listed(known)+", with - in front to sort downwards", shown, nearest(name, known))
	}
	return Sort{Param: code}, ok
}

// sortChain reads a sort key behind a reference. It must lead to one type, since values
// of several have no common order.
func (p *parser) sortChain(typ, head, rest, shown string) (Sort, bool) {
	code, target, typed := strings.Cut(head, ":")
	param := p.param(typ, code)
	if param == nil || param.Type != "reference" || !IsCustom(param.Code) && programFor(typ).kinds[code] == nil {
		known := referenceParams(typ)
		p.refuse("_sort", "The sort key leads through no reference of "+typ+".", "in front of the dot one of "+listed(known), shown, nearest(code, known))
		return Sort{}, false
	}
	targets := leadsTo(typ, param)
	if typed {
		if !r4.IsResource(target) || len(targets) > 0 && !slices.Contains(targets, target) {
			p.refuse("_sort", "The reference of the sort key does not lead to this type.", "one of "+listed(targets), shown, nearest(target, targets))
			return Sort{}, false
		}
		targets = []string{target}
	}
	var found []SortChain
	var failed *parser
	for _, target := range targets {
		if !p.fork() {
			p.refuse("_sort", "The sort key leads along too many ways.", fmt.Sprintf("at most %d", maxWays), shown, "Name the types, as in subject:Patient.name.")
			return Sort{}, false
		}
		trial := *p
		trial.issues = nil
		if by, ok := trial.sortKey(target, rest, shown); ok {
			found = append(found, SortChain{target, by})
		} else if failed == nil {
			failed = &trial
		}
	}
	switch {
	case len(found) == 1:
		return Sort{Param: param.Code, Chain: &found[0]}, true
	case len(found) > 1:
		p.refuse("_sort", "The sort key leads to several types, whose values have no common order.", "the type of the reference", shown, "Name it, as in "+code+":"+found[0].Type+"."+rest+".")
	case failed != nil:
		p.issues = append(p.issues, failed.issues...)
	default:
		p.refuse("_sort", "The sort key leads to no type.", "the type of the reference", shown, "Name it, as in "+code+":Patient."+rest+".")
	}
	return Sort{}, false
}

// directed is the sort key in a direction, each step of it.
func (by Sort) directed(descending bool) Sort {
	by.Descending = descending
	if by.Chain != nil {
		by.Chain = &SortChain{by.Chain.Type, by.Chain.Sort.directed(descending)}
	}
	return by
}

// Within is the sort key as it is asked of a resource that contains what its reference
// leads to. ok is false for what contained resources do not have.
func (by Sort) Within() (within Sort, ok bool) {
	in := by.Chain.Sort
	if in.Param == ID || in.Param == LastUpdated || IsCustom(in.Param) {
		return Sort{}, false
	}
	in.Param = Inside(by.Param, by.Chain.Type) + in.Param
	return in, true
}
