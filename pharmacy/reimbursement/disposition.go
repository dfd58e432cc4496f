package reimbursement

import (
	"math/big"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

// disposition says in words what a claim is worth, in pounds and pence: the
// amounts of the ClaimResponse are exact, and the one rounding of a statement
// is that of the month. Where the prescription charges are more than the rest,
// the sum is negative, and the words say why.
func (p *response) disposition() string {
	payable, charges := p.result.Payable(), p.result.Sum(pricing.Charge)
	text := "Before the deductions of the month: " + p.pounds(payable) + "."
	if charges.Sign() == 0 {
		return text
	}
	paid := new(big.Rat).Sub(payable, charges)
	text += " That is " + p.pounds(paid) + " for products and fees, less " + p.pounds(new(big.Rat).Neg(charges)) +
		" in prescription charges, which the pharmacy collected from the patient for the NHS and keeps."
	if payable.Sign() < 0 {
		text += " The charges are more than the rest, so the difference is taken off what the NHS pays for the month."
	}
	return text
}

// pounds is an amount of pence in pounds and pence, rounded by the rule of the
// fee schedule; exact where that has none.
func (p *response) pounds(pence *big.Rat) string {
	if rounded, ok := pricing.Round(pence, p.round); ok {
		return sterling(rounded)
	}
	return sterling(pence)
}
