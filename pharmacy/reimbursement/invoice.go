package reimbursement

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

// invoice writes the totals: the pharmacy's account to who pays it. It is a
// draft while a line has no price or a group no rate, and of a month that is
// not closed.
func (e *Export) invoice(id string, t *totals, schedule string, now time.Time) *fhir.Resource {
	status := "issued"
	if !t.complete || e.Preview() {
		status = "draft"
	}
	return fhir.Obj(
		"resourceType", "Invoice",
		"id", id,
		"meta", fhir.Obj("tag", fhir.List(fhir.Obj("system", csExport, "code", e.Month.String()), fhir.Obj("system", csExport, "code", monthOf(e.Month.String(), e.Org)))),
		"extension", fhir.List(
			fhir.Obj("url", extPin, "valueString", strconv.FormatUint(uint64(e.Seq), 10)),
			fhir.Obj("url", extEdition, "valueString", schedule)),
		"identifier", fhir.List(nhs.IdentifierValue(csRun, e.name())),
		"status", status,
		"type", fhir.Obj("text", "Reimbursement and remuneration for "+e.Month.String()),
		"recipient", t.payer,
		"date", now.UTC().Format(fhir.InstantLayout),
		"issuer", t.issuer,
		"lineItem", e.lineItems(t),
		"totalPriceComponent", t.components(),
		"totalNet", money(t.payable),
		"totalGross", money(t.payable),
		"note", fhir.List(fhir.Obj("text", e.summary(t))),
	).Resource()
}

// name names the run: "2026-11/FA565/1", or "2026-11/FA565/preview".
func (e *Export) name() string {
	run := "preview"
	if !e.Preview() {
		run = strconv.Itoa(e.Run)
	}
	return e.Month.String() + "/" + e.Org + "/" + run
}

func (e *Export) summary(t *totals) string {
	text := fmt.Sprintf("%d claims, %d items dispensed, %d of them without a price. The exact sum is %s.", t.claims, t.items, t.unpriced, sterling(t.exact))
	if t.late > 0 {
		text += fmt.Sprintf(" %d of the claims came too late for their own month.", t.late)
	}
	if t.amended > 0 {
		text += fmt.Sprintf(" %d of the claims were amended after they had been submitted: the difference is counted.", t.amended)
	}
	if t.withdrawn > 0 {
		text += fmt.Sprintf(" %d claims were withdrawn after they had been submitted: they are taken back.", t.withdrawn)
	}
	if t.incomplete > 0 {
		text += fmt.Sprintf(" %d of the claims lack something that may change what is paid.", t.incomplete)
	}
	if len(t.marks) > 0 {
		text += fmt.Sprintf(" %s of it rests on figures that were not verified: %s.", sterling(t.unverified), strings.Join(t.marks, ", "))
	}
	if e.Preview() {
		text += " This is a preview of a month that is not closed: nothing of it is recorded."
	}
	for _, d := range t.deductions {
		if !d.known {
			text += fmt.Sprintf(" Nothing is deducted from %s in group %q, for which the fee schedule has no rate.", sterling(d.basic), d.group)
		}
	}
	return text
}

// lineItems has one line for the basic prices of each discount group with their
// deduction, and one for each kind of fee or charge.
func (e *Export) lineItems(t *totals) fhir.Value {
	var lines []any
	line := func(concept fhir.Value, components ...any) {
		lines = append(lines, fhir.Obj("sequence", len(lines)+1, "chargeItemCodeableConcept", concept, "priceComponent", fhir.List(components...)))
	}
	for _, d := range t.deductions {
		components := []any{component("base", fhir.Value{}, "", d.basic)}
		if d.known {
			components = append(components, component("deduction", rule(string(d.fee.Rule), d.fee.Cite()), pricing.Decimal(d.fee.Number(), 2), d.pence))
		}
		line(fhir.Obj("coding", fhir.List(fhir.Obj("system", csGroup, "code", d.group)), "text", e.basisText(d.basis)), components...)
	}
	for _, c := range pricing.Categories() {
		sum := t.sums[string(c)]
		if sum == nil || c == pricing.BasicPrice || c == pricing.Concession {
			continue
		}
		kind := "surcharge"
		if sum.Sign() < 0 {
			kind = "deduction"
		}
		concept := fhir.Obj("coding", fhir.List(fhir.Obj("system", csCategory, "code", string(c))), "text", fmt.Sprintf("%s × %d", c, t.counts[string(c)]))
		line(concept, component(kind, fhir.Value{}, "", sum))
	}
	return fhir.List(lines...)
}

// basisText names what a deduction is made from, with the month where it is
// not that of the export.
func (e *Export) basisText(of basis) string {
	text := "Basic prices, discount group " + of.group
	if of.month != e.Month {
		text += ", of " + of.month.String()
	}
	return text
}

func component(kind string, code fhir.Value, factor string, pence *big.Rat) fhir.Value {
	return fhir.Obj("type", kind, "code", code, "factor", fhir.Raw(factor), "amount", money(pence))
}

// components are the sums of the lines by their kind.
func (t *totals) components() fhir.Value {
	base, off, fees, charges := new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat)
	for _, d := range t.deductions {
		base.Add(base, d.basic)
		off.Add(off, d.pence)
	}
	for c, sum := range t.sums {
		switch pricing.Category(c) {
		case pricing.BasicPrice, pricing.Concession:
		case pricing.Charge:
			charges.Add(charges, sum)
		default:
			fees.Add(fees, sum)
		}
	}
	return fhir.List(
		component("base", fhir.Obj("text", "basic prices"), "", base),
		component("deduction", fhir.Obj("text", "discount"), "", off),
		component("surcharge", fhir.Obj("text", "fees and allowances"), "", fees),
		component("deduction", fhir.Obj("text", "prescription charges"), "", charges),
	)
}
