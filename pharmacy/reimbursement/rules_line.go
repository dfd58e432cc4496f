package reimbursement

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

func (v *verdict) judgeDetail(d *dispensed, detail fhir.Node, at string) {
	number := requestOf(detail)
	if number.Text() == "" {
		return // CL13
	}
	line := d.line(number.Text())
	if line == nil {
		v.say(number, number.Expression(), fhir.NotFound, "0014", eps("MEDICATIONREQUEST_NOT_FOUND"), "The prescription has no such item.", "one of its items", number.Text())
		return
	}
	if status := nhs.Coded(detail.Get("modifier"), nhs.CSLineStatus); d.finished && status != "" && status != line.status {
		v.say(detail.Get("modifier"), at+".modifier", fhir.BusinessRule, "0013", eps("MEDICATIONREQUEST_INVALID_STATE_TRANSITION"),
			"The item has another status.", line.status+" ("+nhs.Display(nhs.CSLineStatus, line.status)+")", status)
	}
	if d.finished {
		v.judgeUnits(line, detail, at)
	}
	var claimed, supplied []fhir.Node
	for s := range detail.Get("subDetail").Items() {
		claimed = append(claimed, s.Get("quantity"))
	}
	for _, s := range line.supplies {
		supplied = append(supplied, s.quantity)
	}
	got, gotOK := sum(claimed)
	had, hadOK := sum(supplied)
	if d.finished && gotOK && hadOK && got.Cmp(had) > 0 {
		v.say(detail.Get("subDetail"), at+".subDetail", fhir.BusinessRule, "0013", eps("MEDICATIONREQUEST_INVALID_STATE_TRANSITION"),
			"More is claimed than was handed over.", "at most "+pricing.Decimal(had, 0), pricing.Decimal(got, 0))
	}
}

// judgeUnits refuses a quantity in another unit than what was handed over: the
// two could not be compared, and it would not be priced.
func (v *verdict) judgeUnits(line *item, detail fhir.Node, at string) {
	n := -1
	for s := range detail.Get("subDetail").Items() {
		n++
		q := s.Get("quantity")
		if len(line.supplies) > 0 && q.Exists() && !slices.ContainsFunc(line.supplies, func(h handover) bool { return sameUnit(h.quantity, q) }) {
			v.say(q, at+".subDetail["+strconv.Itoa(n)+"].quantity", fhir.BusinessRule, "0013", eps("MEDICATIONREQUEST_INVALID_STATE_TRANSITION"),
				"The quantity is in another unit than what was handed over.", line.supplies[0].quantity.Brief(), q.Brief())
		}
	}
}

// sameUnit reports whether two quantities are counted in one unit: by their
// codes, or by the words for it.
func sameUnit(a, b fhir.Node) bool {
	word := func(q fhir.Node) string {
		return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(q.Get("unit").Text())), "s")
	}
	return a.Get("code").Text() == b.Get("code").Text() || word(a) != "" && word(a) == word(b)
}

// sum adds quantities as numbers; false where one has none.
func sum(quantities []fhir.Node) (*big.Rat, bool) {
	total := new(big.Rat)
	for _, q := range quantities {
		value, ok := pricing.ParseDecimal(q.Get("value").Text())
		if !ok {
			return nil, false
		}
		total.Add(total, value)
	}
	return total, true
}
