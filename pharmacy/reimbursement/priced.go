package reimbursement

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// scheduleOf is the schedule of a controlled drug, as the prescriber's order
// says it: 2 for CD2; 0 for what is not controlled.
func scheduleOf(request *fhir.Resource) int {
	if request == nil {
		return 0
	}
	s := nhs.Extension(nhs.Extension(request.Root(), nhs.ExtControlled), "schedule").Path("valueCoding", "code").Text()
	if len(s) >= 3 && s[:2] == "CD" && s[2] >= '1' && s[2] <= '5' {
		return int(s[2] - '0')
	}
	return 0
}

// pricingLines are the lines as the pharmacy supplied them, for counting the
// charges of a Claim that is yet to be made.
func (d *dispensed) pricingLines() []pricing.Line {
	lines := make([]pricing.Line, len(d.lines))
	for i, l := range d.lines {
		lines[i] = pricing.Line{Prescribed: productOf(l.product)}
		for _, s := range l.supplies {
			lines[i].Supplies = append(lines[i].Supplies, pricing.Supply{Product: productOf(s.product), Quantity: amountOf(s.quantity)})
		}
	}
	return lines
}

// prescriptionIn is what a Claim asks to be paid for. What was ordered, and
// whether it is a controlled drug, is the prescription's to say and not the
// Claim's; notes tell where the two differ.
func (c *claim) prescriptionIn(d *dispensed, exemptions *tariff.Exemptions) (p pricing.Prescription, notes []string) {
	p = pricing.Prescription{Day: d.day, Exemption: nhs.Coded(c.item.Get("programCode"), nhs.CSExemption), Country: c.country(), Claimed: true}
	for _, detail := range c.details {
		line := pricing.Line{
			Prescribed:   productOf(detail.Get("productOrService")),
			Ordered:      amountOf(detail.Get("quantity")),
			Endorsements: endorsementsOf(detail),
			Charges:      chargesOf(detail),
		}
		if ordered := d.line(requestOf(detail).Text()); ordered != nil {
			line.Schedule = scheduleOf(ordered.request)
			line.Free = freed(ordered.request, exemptions, d.day)
			if p := productOf(ordered.product); p.Code != "" && p.Code != line.Prescribed.Code {
				notes = append(notes, "The claim says that "+line.Prescribed.Name+" was prescribed; priced is what the prescription says, "+p.Name+".")
				line.Prescribed = p
			}
			if q := amountOf(ordered.request.Root().Path("dispenseRequest", "quantity")); q.Value != nil {
				line.Ordered = q
			}
		}
		for s := range detail.Get("subDetail").Items() {
			line.Supplies = append(line.Supplies, pricing.Supply{Product: productOf(s.Get("productOrService")), Quantity: amountOf(s.Get("quantity"))})
		}
		p.Lines = append(p.Lines, line)
	}
	return p, notes
}
