package message

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// controlledContent is MDR-15: what the prescription of a controlled drug must
// say, as far as a message can show it. The limits are those of the day on
// which it was signed.
func controlledContent(m *Message, f *Findings) {
	on := signedOn(m.List("Provenance"))
	for mr := range m.All("MedicationRequest") {
		day := nhs.Later(on, nhs.ReadDate(mr.Get("authoredOn").Text()))
		ControlledLine(mr, f, m.law, day)
		issuer, _ := prescription.IssuerOf(mr, func(ref node, _ ...string) (node, error) { return m.Resolve(ref), nil })
		if abroad, ok := m.law.IssuedAbroad(mr, schedule(mr), issuer, day); ok {
			f.At(mr, abroad)
		}
	}
}

// ControlledLine is MDR-15 of one order, by the law of a day.
func ControlledLine(mr node, f *Findings, law prescription.Law, on nhs.Date) {
	controlledKnown(mr, f)
	code := schedule(mr)
	if known := law.Schedules(); code != "" && !slices.Contains(known, code) {
		f.At(nhs.Extension(nhs.Extension(mr, nhs.ExtControlled), "schedule").Get("valueCoding"), fhir.Issue{Code: fhir.BusinessRule,
			Message: "There is no such schedule of controlled drugs, so its limits are not known.", Expected: "one of " + strings.Join(known, ", "), Found: code})
		return
	}
	c := law.Control(code, on)
	if c.Rule == "" {
		return
	}
	quantityInWords(mr, f, c)
	definiteDose(mr, f, c, on)
	// MDR-15: Schedule 2 and 3 drugs are never on repeatable prescriptions.
	if !c.Repeatable && prescription.Therapy(mr).Text() == prescription.RepeatDispensing {
		f.At(prescription.Therapy(mr), fhir.Issue{Code: fhir.BusinessRule, Message: "A controlled drug of this schedule cannot be on a repeatable prescription.",
			Expected: "acute or continuous", Found: prescription.RepeatDispensing, Fix: "Prescribe each supply."})
	}
}

// MDR-15(1)(f): the total quantity in words and figures. Where the two differ
// the message is taken, as EPS takes it, and the item is held: see
// [prescription.Prescription.Classify].
func quantityInWords(mr node, f *Findings, c prescription.Control) {
	if !c.QuantityWords {
		return
	}
	ext := nhs.Extension(mr, nhs.ExtControlled)
	words := nhs.Extension(ext, "quantityWords").Get("valueString")
	if strings.TrimSpace(words.Text()) == "" {
		f.At(Place(ext, mr), fhir.Issue{Code: fhir.BusinessRule, Message: "The quantity of a controlled drug must also be in words.",
			Expected: "Extension-DM-ControlledDrug quantityWords", Found: "nothing"})
	}
}

// MDR-15(1)(f): a dose; "as directed" alone is none, nor is it beside a dose, as in "one at
// night" and "then as directed". An instruction that is of no dose, such as "with food", may
// stand beside one that names a dose.
func definiteDose(mr node, f *Findings, c prescription.Control, on nhs.Date) {
	if !c.DefiniteDose {
		return
	}
	issue := fhir.Issue{Code: fhir.BusinessRule, Message: "A controlled drug must have a definite dose.", Expected: "an amount, such as \"one as directed\" or \"1-2 when required, at most 4 in 24 hours\""}
	instructions := mr.Get("dosageInstruction")
	if instructions.Len() == 0 {
		issue.Found = "no dosage instruction"
		f.At(mr, issue)
	}
	names := func(d node) bool {
		return prescription.DefiniteDose(d.Get("text").Text(), on) || d.Get("doseAndRate").Exists()
	}
	named := slices.ContainsFunc(slices.Collect(instructions.Items()), names)
	for d := range instructions.Items() {
		if text := d.Get("text"); !names(d) && (!named || prescription.OpenDose(text.Text(), on)) {
			issue.Found = fhir.OrNothing(text.Text())
			f.At(Place(text, d), issue)
		}
	}
}

// schedule is the controlled drug schedule of an item, "" where it has none.
func schedule(mr node) string {
	return nhs.Extension(nhs.Extension(mr, nhs.ExtControlled), "schedule").Path("valueCoding", "code").Text()
}

// signedOn is the day of the signature, the zero Date where there is none.
func signedOn(provenances []node) nhs.Date {
	for _, p := range provenances {
		if when := p.Get("signature").Get("when").Text(); when != "" {
			return nhs.ReadDate(when)
		}
	}
	return nhs.Date{}
}
