package message

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// AmountKnown is DN-1: an amount that is handed over is an exact number above zero.
func AmountKnown(q node, f *Findings) {
	f.Rule = "DN-1"
	value := q.Get("value")
	if c := q.Get("comparator"); c.Exists() {
		f.At(c, fhir.Issue{Code: fhir.BusinessRule, Message: "A supply is of an exact quantity.", Expected: "no comparator", Found: c.Text()})
	}
	number, ok := prescription.Amount(value.Text())
	switch {
	case !value.Exists() || strings.TrimSpace(value.Text()) == "":
		f.At(Place(value, q), fhir.Issue{Code: fhir.BusinessRule, Message: "The quantity has no value.", Expected: "a number above 0", Found: "nothing"})
	case value.Kind() != fhir.Number || !ok:
		f.At(value, fhir.Issue{Code: fhir.BusinessRule, Message: "The quantity is not an amount of a medicine.",
			Expected: "a number above 0 with at most 9 digits before and 6 after the point", Found: shortened(value.Text())})
	case !number.IsPositive():
		f.At(value, fhir.Issue{Code: fhir.BusinessRule, Message: "A supply must be of something.", Expected: "a number above 0", Found: value.Text(),
			Fix: "Where nothing is handed over, give the status 0002 or 0004 and no quantity."})
	}
}

// shortened is a text cut to what a message can hold.
func shortened(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}

// amountsKnown: what was handed over is an exact amount in a unit.
func amountsKnown(m *Message, f *Findings) {
	for d := range m.All("MedicationDispense") {
		if s := prescription.LineStatus(nhs.Coded(d.Get("type"), nhs.CSLineStatus)); s != prescription.FullyDispensed && s != prescription.PartDispensed {
			continue
		}
		q := d.Get("quantity")
		AmountKnown(q, f)
		if q.Get("unit").Text() == "" && q.Get("code").Text() == "" {
			f.At(Place(q, d), fhir.Issue{Code: fhir.ValueCode, Message: "The quantity has no unit.", Expected: "unit and code, as on the order", Found: "nothing"})
		}
	}
}

// P11: an item is of an amount of a medicine, above nothing.
func amountsOrdered(m *Message, f *Findings) {
	for mr := range m.All("MedicationRequest") {
		amountOrdered(mr, f)
	}
}

func amountOrdered(mr node, f *Findings) {
	q := mr.Path("dispenseRequest", "quantity")
	value := q.Get("value")
	if !value.Exists() {
		return
	}
	if n, ok := prescription.Amount(value.Text()); !ok || !n.IsPositive() {
		f.At(value, fhir.Issue{Code: fhir.BusinessRule, Message: "The quantity is not an amount of a medicine, so nothing could be supplied.",
			Expected: "a number above 0 with at most 9 digits before and 6 after the point", Found: shortened(value.Text())})
	}
	if c := q.Get("comparator"); c.Exists() {
		f.At(c, fhir.Issue{Code: fhir.BusinessRule, Message: "An item is of an exact quantity.", Expected: "no comparator", Found: c.Text()})
	}
}
