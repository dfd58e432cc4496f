package main

import (
	"math/big"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/server/page"
)

// words are the categories of a price as a person says them.
var words = map[pricing.Category]string{
	pricing.BasicPrice:  "Basic prices of the medicines",
	pricing.Concession:  "Prices by a concession",
	pricing.ActivityFee: "Single activity fees, one for each item",
	pricing.CDFee:       "Fee for the controlled drug",
	pricing.Expensive:   "Fee for an expensive item",
	pricing.Unlicensed:  "Fee for an unlicensed medicine",
	pricing.Consumables: "Allowance for consumables",
	pricing.Container:   "Allowance for a container",
	pricing.OutOfPocket: "Out-of-pocket expenses",
	pricing.BrokenBulk:  "Broken bulk",
	pricing.Charge:      "Prescription charges that the patient paid",
}

const payable = "payable"

// sums are the totals of a ClaimResponse as lines of an account.
func sums(payment *fhir.Resource) (list []page.Sum) {
	for total := range payment.Get("total").Items() {
		code := total.Path("category", "coding").Get("code").Text()
		label := words[pricing.Category(code)]
		if code == payable {
			label = "Payable, before the month’s deductions"
		}
		if label == "" {
			label = code
		}
		if pence, ok := penceOf(total); ok {
			list = append(list, page.Sum{Words: label, Amount: exactly(pence)})
		}
	}
	return list
}

// explained says in words what the sum means, in whole pence as a line's price
// is rounded.
func explained(payment *fhir.Resource) string {
	total, charge := new(big.Rat), new(big.Rat)
	for t := range payment.Get("total").Items() {
		pence, ok := penceOf(t)
		if !ok {
			continue
		}
		switch t.Path("category", "coding").Get("code").Text() {
		case payable:
			total = pence
		case string(pricing.Charge):
			charge.Neg(pence)
		}
	}
	const exact = " Allowances are fractions of a penny, and sums are kept exact: only the price of a line is rounded, to whole pence."
	earned := new(big.Rat).Add(total, charge)
	switch {
	case charge.Sign() == 0:
		return "The medicines with their fees come to " + rounded(earned) + ", which the NHS pays." + exact
	case total.Sign() < 0:
		return "The medicines with their fees come to " + rounded(earned) + ". The patient paid " + rounded(charge) +
			" in prescription charges to the pharmacy; that money is the NHS’s and is taken off. So the NHS pays nothing for this prescription and keeps back " +
			rounded(new(big.Rat).Neg(total)) + " from the pharmacy’s month." + exact
	}
	return "The medicines with their fees come to " + rounded(earned) + ". The patient paid " + rounded(charge) +
		" in prescription charges to the pharmacy, which are taken off: the NHS pays " + rounded(total) + "." + exact
}

// penceOf is the amount of a total.
func penceOf(total fhir.Node) (*big.Rat, bool) {
	amount, ok := pricing.ParseDecimal(total.Path("amount", "value").Text())
	if !ok {
		return nil, false
	}
	return amount.Mul(amount, big.NewRat(100, 1)), true
}

// rounded is an amount in pounds and whole pence.
func rounded(pence *big.Rat) string {
	whole, _ := pricing.Round(pence, "half-up") // the way that there is
	return exactly(whole)
}

func exactly(pence *big.Rat) string {
	if pence.Sign() < 0 {
		return "−£" + pricing.Pounds(new(big.Rat).Neg(pence))
	}
	return "£" + pricing.Pounds(pence)
}
