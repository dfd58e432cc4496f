package reimbursement

import (
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

func (d *draft) detail(i int, repeat fhir.Node, charges int) fhir.Value {
	l := d.lines[i]
	extensions := []any{
		fhir.Obj("url", nhs.ExtSequence, "valueIdentifier", nhs.IdentifierValue(nhs.IDSequence, pharmacy.ID("Claim", "line", d.order, strconv.Itoa(d.issue), l.number))),
		fhir.Obj("url", nhs.ExtClaimOrder, "valueReference", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDItem, l.number))),
	}
	if l.reason.Exists() && len(l.supplies) == 0 {
		extensions = append(extensions, fhir.Obj("url", nhs.ExtBusinessStatusReason, "valueCoding", l.reason))
	}
	if repeat.Exists() {
		extensions = append(extensions, repeat)
	}
	var supplies []any
	for j, s := range l.supplies {
		supplies = append(supplies, s.subDetail(j+1))
	}
	return fhir.Obj(
		"extension", fhir.List(extensions...),
		"sequence", i+1,
		"productOrService", product(l.product),
		"modifier", fhir.List(nhs.Concept(nhs.Coding(nhs.CSLineStatus, l.status))),
		"programCode", fhir.List(append([]any{nhs.Concept(nhs.Coding(nhs.CSCharge, [...]string{"not-paid", "paid-once"}[charges]))}, d.endorsements(l.number)...)...),
		"quantity", quantity(l.request.Root().Path("dispenseRequest", "quantity")),
		"subDetail", fhir.List(supplies...),
	)
}

func (h handover) subDetail(sequence int) fhir.Value {
	var extensions fhir.Value
	if h.number != "" {
		extensions = fhir.List(fhir.Obj("url", nhs.ExtClaimSupply, "valueReference", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDDispense, h.number))))
	}
	return fhir.Obj("extension", extensions, "sequence", sequence, "productOrService", product(h.product), "quantity", quantity(h.quantity))
}

// product is a medication with nothing but its SNOMED CT coding.
func product(medication fhir.Node) fhir.Value {
	if found := nhs.Codings(medication, nhs.CSSNOMED); len(found) > 0 {
		return fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSSNOMED, "code", found[0].Get("code"), "display", found[0].Get("display"))))
	}
	return fhir.Obj("coding", medication.Get("coding"), "text", medication.Get("text"))
}

// quantity is a quantity without its extensions, digits as they are.
func quantity(q fhir.Node) fhir.Value {
	return fhir.Obj("value", q.Get("value"), "unit", q.Get("unit"), "system", q.Get("system"), "code", q.Get("code"))
}
