package reimbursement

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Refusals of Spine, as the EPS FHIR API names them. The number is Spine's.
func eps(code string) fhir.Coding   { return fhir.Coding{System: nhs.CSEPSIssue, Code: code} }
func spine(code string) fhir.Coding { return fhir.Coding{System: nhs.CSSpine, Code: code} }

// tooFew, tooMany and wrong are what the API throws when a message cannot be
// translated: fatal, and told in the display of the details.
func tooFew(n fhir.Node, place, message, expected, rule string) fhir.Issue {
	return thrown(n, place, message, expected, "nothing", rule, "TOO_FEW_VALUES_SUBMITTED")
}

func tooMany(n fhir.Node, place, message, expected, found, rule string) fhir.Issue {
	return thrown(n, place, message, expected, found, rule, "TOO_MANY_VALUES_SUBMITTED")
}

func wrong(n fhir.Node, place, message, expected, found, rule string) fhir.Issue {
	return thrown(n, place, message, expected, found, rule, "INVALID_VALUE")
}

func thrown(n fhir.Node, place, message, expected, found, rule, code string) fhir.Issue {
	return fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Expression: place, Position: n.Position(), Message: message,
		Expected: expected, Found: found, Rule: rule, Details: nhs.Facade(code, message)}
}
