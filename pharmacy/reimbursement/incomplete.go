package reimbursement

import (
	"fmt"
	"math/big"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

// claimIncomplete is the csQueue code of an answer whose claim lacks something that
// a person can say. It is a tag of the answer and not a Task beside it: it comes and
// goes with the answer, in its commit, and is found by _tag.
const claimIncomplete = "claim-incomplete"

// lacks are what the claim does not say and should: why a line has no price, the
// supporting information of endorsements, and the exemption where the charge was
// taken as paid for want of one.
func (p *response) lacks() []string {
	if p.org == "" || p.claim.Get("status").Text() != "active" || p.withdrawn {
		return nil
	}
	var list []string
	for i, r := range p.result.Lines {
		if r.Outcome == pricing.Unpriced {
			list = append(list, fmt.Sprintf("Line %d has no price: %s", i+1, r.Reason.Text))
		}
		for _, text := range r.Lacks {
			list = append(list, fmt.Sprintf("Line %d: %s", i+1, text))
		}
	}
	if p.assumed && p.stake().Sign() > 0 {
		list = append(list, "No exemption from the prescription charge was given at supply, and neither age nor a Coverage tells of one: "+p.pounds(p.stake())+" is taken off as paid. Give the exemption, or 0001 that the patient paid, with Task/$complete-claim.")
	}
	return list
}

// stake is the money that what the claim lacks may change, as far as it can be
// told: the prescription charges that were taken as paid. What a line without a
// price is worth is not known.
func (p *response) stake() *big.Rat {
	if !p.assumed {
		return new(big.Rat)
	}
	return new(big.Rat).Neg(p.result.Sum(pricing.Charge))
}

// incomplete is the extension that says what is lacking, none where nothing is.
func (p *response) incomplete(lacks []string) fhir.Value {
	if len(lacks) == 0 {
		return fhir.Value{}
	}
	parts := []any{fhir.Obj("url", "stake", "valueMoney", money(p.stake()))}
	for _, text := range lacks {
		parts = append(parts, fhir.Obj("url", "missing", "valueString", text))
	}
	return fhir.Obj("url", extIncomplete, "extension", fhir.List(parts...))
}

// assumesCharge reports whether a Claim is the server's own and says that the
// charge was paid although nobody said so at supply.
func assumesCharge(c *claim, d *dispensed) bool {
	return pharmacy.IsID(c.message()) && !nhs.Extension(d.task.Root(), nhs.ExtOwnExemption).Exists()
}
