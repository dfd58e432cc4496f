package reimbursement

import (
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// codeLists are the dated code lists that a claim is checked against.
type codeLists struct {
	exemptions   *tariff.Exemptions
	endorsements *tariff.Endorsements
}

func (s *shelf) codeLists(state fhir.State) (l codeLists, err error) {
	if l.exemptions, err = s.exemptions(state); err != nil {
		return l, err
	}
	l.endorsements, err = s.endorsements(state)
	return l, err
}

// checkEndorsements: CL22.
func checkEndorsements(d fhir.Node, list *tariff.Endorsements, day time.Time) []fhir.Issue {
	var issues []fhir.Issue
	for _, e := range nhs.Codings(d.Get("programCode"), nhs.CSEndorsement) {
		if _, ok := list.At(e.Get("code").Text(), day); !ok {
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.CodeInvalid, Expression: e.Expression() + ".code", Position: e.Position(), Rule: "CL22",
				Message: "The endorsement code had no meaning on " + day.Format(time.DateOnly) + ".", Expected: "one of " + strings.Join(list.Codes(day), ", "), Found: e.Get("code").Text()})
		}
	}
	return issues
}
