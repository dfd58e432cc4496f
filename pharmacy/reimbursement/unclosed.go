package reimbursement

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// Unclosed reports whether a pharmacy has claims of a month of which nothing was submitted
// yet.
func (s *Service) Unclosed(state fhir.State, month tariff.Month, org string) (bool, error) {
	run, err := lastRun(state, month, org)
	if err != nil || run > 0 {
		return false, err
	}
	ids, err := state.Newest("ClaimResponse", nhs.Query("_tag", csMonth, month.String()+"."+org), 1)
	return len(ids) > 0, err
}
