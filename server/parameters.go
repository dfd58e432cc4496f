package server

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// parametersOf lists the parameters of interactions that have a fixed set,
// besides _format and _pretty. Those that are not in it read the query
// themselves: searches, histories, operations and conditional writes.
var parametersOf = map[string][]string{
	"capabilities": {"mode", "_summary", "_elements"},
	"read":         {"_at", "_summary", "_elements"},
	"vread":        {"_summary", "_elements"},
	"create":       {},
	"update":       {},
	"patch":        {},
	"delete":       {},
	"transaction":  {},
}

// takes refuses the parameters that an interaction does not have, as a search
// refuses them: what is asked for is never silently left out. Only reads may be
// lenient; a write that is done without its condition makes duplicates.
func (s *Server) takes(r *http.Request, x *exchange) error {
	known, fixed := parametersOf[x.interaction]
	if !fixed || len(x.query) == 0 {
		return nil
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	var issues []fhir.Issue
	for _, name := range slices.Sorted(maps.Keys(withoutFormat(search.Given(x.query)))) {
		if slices.Contains(known, name) || search.Added(name) || reads && s.lenient(r.Header) {
			continue
		}
		issues = append(issues, x.untaken(name, known))
	}
	if issues != nil {
		return &fhir.Error{Op: "serve", Kind: fhir.NotSupported, Issues: issues}
	}
	return nil
}

func (x *exchange) untaken(name string, known []string) fhir.Issue {
	known = append(slices.Clone(known), "_format", "_pretty")
	issue := fhir.Issue{
		Severity: fhir.Err, Code: fhir.NotSupported, Expression: name, Message: "The interaction " + x.interaction + " has no parameter of this name.",
		Expected: strings.Join(known, ", "), Found: name,
	}
	switch near := spelling.One(name, known); {
	case near != "":
		issue.Fix = "Did you mean " + near + "?"
	case x.interaction == "create":
		issue.Fix = "A conditional create carries its search in the header If-None-Exist."
	case x.interaction == "update" || x.interaction == "patch" || x.interaction == "delete":
		issue.Fix = "Leave it out, or leave out the id: the conditional form is " + x.resourceType + "?[search]."
	case x.interaction == "read":
		issue.Fix = "Leave it out, or search " + x.resourceType + "?_id=[id]."
	}
	return issue
}
