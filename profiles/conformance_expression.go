package profiles

import (
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

func expressionIssue(err error) fhir.Issue {
	i := fhir.Issue{Code: fhir.Invalid, Rule: "expression", Message: "The FHIRPath expression cannot be read: " + err.Error()}
	var e *fhir.Error
	if errors.As(err, &e) && len(e.Issues) > 0 {
		i.Message = "The FHIRPath expression cannot be read. " + e.Issues[0].Message
		i.Expected, i.Found, i.Fix = e.Issues[0].Expected, e.Issues[0].Found, e.Issues[0].Fix
	}
	return i
}

// expressionRules reads expressions that are in FHIRPath.
func expressionRules(w *walk, n fhir.Node, _ *r4.Type) {
	text := n.Get("expression")
	if n.Get("language").Text() != "text/fhirpath" || text.Kind() != fhir.String {
		return
	}
	if _, err := fhirpath.Compile(text.Text()); err != nil {
		w.add(n, expressionIssue(err))
	}
}
