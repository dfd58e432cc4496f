package server

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// A parameter that $validate does not have is refused: a misspelled profile
// would leave the resource unjudged and the answer good.
var validateParameters = []string{"resource", "profile", "mode"}

func unknownIn(query url.Values) (issues []fhir.Issue) {
	for _, name := range slices.Sorted(maps.Keys(search.Given(query))) {
		if name != "profile" && name != "mode" && !search.Added(name) {
			issues = append(issues, unknownParameter(name, fhir.Issue{Expression: name}))
		}
	}
	return issues
}

func unknownOf(p fhir.Node) fhir.Issue {
	return unknownParameter(p.Get("name").Text(), fhir.Issue{Expression: p.Expression(), Position: p.Position()})
}

func unknownParameter(name string, issue fhir.Issue) fhir.Issue {
	issue.Severity, issue.Code, issue.Found = fhir.Err, fhir.NotSupported, name
	issue.Message, issue.Expected = "The operation $validate has no parameter of this name.", strings.Join(validateParameters, ", ")
	if near := spelling.One(name, validateParameters); near != "" {
		issue.Fix = "Did you mean " + near + "?"
	}
	return issue
}
