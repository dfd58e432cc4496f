package reimbursement

import (
	"math/big"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

func lineSum(r pricing.Result) *big.Rat {
	sum := new(big.Rat)
	for _, f := range r.Figures {
		sum.Add(sum, f.Pence)
	}
	return sum
}

// adjudications are the figures of a line, what is wrong with it, and its
// discount group.
func adjudications(r pricing.Result) []any {
	var list []any
	switch r.Outcome {
	case pricing.NotSupplied:
		list = append(list, fhir.Obj("category", category(string(pricing.BasicPrice)), "reason", rule(notSupplied, "Nothing was supplied, so nothing is paid.")))
	case pricing.Unpriced:
		list = append(list, fhir.Obj("category", category(string(pricing.BasicPrice)), "reason", rule(r.Reason.Code, r.Reason.Text)))
	}
	for _, f := range r.Figures {
		count := ""
		if f.Count > 0 {
			count = strconv.Itoa(f.Count)
		}
		list = append(list, fhir.Obj(
			"extension", fhir.List(fhir.Obj("url", extEdition, "valueString", f.Edition)),
			"category", category(string(f.Category)),
			"reason", rule(f.Rule, f.Working),
			"amount", money(f.Pence),
			"value", fhir.Raw(count)))
	}
	if r.Group != "" {
		list = append(list, fhir.Obj("category", category(discount),
			"reason", fhir.Obj("coding", fhir.List(fhir.Obj("system", csGroup, "code", r.Group)), "text", r.GroupRule)))
	}
	if r.Residue != nil {
		list = append(list, fhir.Obj(
			"extension", fhir.List(fhir.Obj("url", extLeftover, "valueIdentifier", nhs.IdentifierValue(nhs.CSSNOMED, r.Residue.Pack))),
			"category", category("residue"), "value", fhir.Raw(pricing.Decimal(r.Residue.Quantity, 0))))
	}
	return list
}

func category(c string) fhir.Value {
	return fhir.Obj("coding", fhir.List(fhir.Obj("system", csCategory, "code", c)))
}

// rule names what made a figure. A code has no blanks at its ends and no two
// together, which rules keep to.
func rule(code, text string) fhir.Value {
	return fhir.Obj("coding", fhir.List(fhir.Obj("system", csRule, "code", code)), "text", text)
}

// money is an amount of pence as pounds, with every digit.
func money(pence *big.Rat) fhir.Value {
	return fhir.Obj("value", fhir.Raw(pricing.Pounds(pence)), "currency", "GBP")
}

// sterling is an amount of pence for a reader: "-£16.33".
func sterling(pence *big.Rat) string {
	if pence.Sign() < 0 {
		return "-£" + pricing.Pounds(new(big.Rat).Neg(pence))
	}
	return "£" + pricing.Pounds(pence)
}
