package profiles

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// fold says once what several rules and profiles have said.
func (w *walk) fold(issues []fhir.Issue) []fhir.Issue {
	if w.v.library == nil {
		return issues
	}
	return alike(valued(w.covered(issues)))
}

// alike drops what a profile says that another has said of the same element.
func alike(issues []fhir.Issue) []fhir.Issue {
	type what struct {
		rule, expression, step, expected, found, fix string
		refuses                                      bool
	}
	seen := map[what]bool{}
	return slices.DeleteFunc(issues, func(i fhir.Issue) bool {
		if i.Profile == "" {
			return false
		}
		key := what{i.Rule, i.Expression, i.Element[strings.LastIndexByte(i.Element, '.')+1:], i.Expected, i.Found, i.Fix, i.IsError()}
		again := seen[key]
		seen[key] = true
		return again
	})
}

// valued leaves out that an extension needs a value or parts (ext-1) where its
// definition says which.
func valued(issues []fhir.Issue) []fhir.Issue {
	said := map[string]bool{}
	for _, i := range issues {
		if i.Rule != "cardinality" || i.Profile == "" || !i.IsError() {
			continue
		}
		at, _, _ := strings.Cut(i.Expression, ".value.ofType(")
		said[at] = true
		if last := strings.LastIndex(at, ".extension["); last > 0 && i.Code == fhir.Structure {
			said[at[:last]] = true
		}
	}
	return slices.DeleteFunc(issues, func(i fhir.Issue) bool { return i.Rule == "ext-1" && said[i.Expression] })
}

// covered leaves out invariants about an element of a part of which a named rule
// has said the same more exactly; that takes over the severity.
func (w *walk) covered(issues []fhir.Issue) []fhir.Issue {
	covers := w.v.library.covers
	return slices.DeleteFunc(issues, func(i fhir.Issue) bool {
		rule := covers[i.Rule]
		if rule == "" {
			return false
		}
		for k := range issues {
			if r := &issues[k]; r.Rule == rule && strings.HasPrefix(r.Expression, i.Expression+".") {
				if i.IsError() {
					r.Severity = fhir.Err
				}
				return true
			}
		}
		return false
	})
}
