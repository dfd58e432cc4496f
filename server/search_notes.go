package server

import (
	"fmt"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
)

// explained says how a search was answered, to who asked for it. A caller who sees a
// part of the resources is not told: what it went through would tell of the others.
func explained(q *search.Query, found *search.Result) (notes []fhir.Issue) {
	if !q.Explain {
		return nil
	}
	note := func(message string) {
		notes = append(notes, fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Expression: "_explain", Message: message})
	}
	switch {
	case found.Limited || found.Explain == nil:
		note("What the search went through is told to callers who see all resources of the type.")
		return notes
	case len(found.Steps) > 0:
		note("The plan: " + found.Explain() + ".")
	}
	for _, s := range found.Steps {
		note(fmt.Sprintf("%s: %d rows, %s.", s.Name, s.Rows, s.Time))
	}
	return notes
}

// leftOut names the types that are not in the database and that an include of what refers
// to the matches asks for, to callers who may search them.
func (s *Server) leftOut(x *exchange, q *search.Query) (notes []fhir.Issue) {
	for _, i := range q.RevInclude {
		for _, typ := range s.config.ReadOnly {
			if i.Source != typ && i.Source != "" || !x.maySome(typ, auth.Search) || slices.ContainsFunc(notes, func(n fhir.Issue) bool { return n.Found == typ }) {
				continue
			}
			notes = append(notes, fhir.Issue{Severity: fhir.Warning, Code: fhir.NotSupported, Expression: "_revinclude", Found: typ,
				Message: "What refers to the matches of type " + typ + " is not included: it is kept apart from what is searched.", Fix: "Search " + typ + " by itself."})
		}
	}
	return notes
}
