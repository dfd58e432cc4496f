package dispensing

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// controlledContent is MDR-15: what the prescription of a controlled drug must
// say, as far as a message can show it. The limits are those of the day on
// which it was signed.
func controlledContent(m *message, f *findings) {
	on := signedOn(m.list("Provenance"))
	for mr := range m.all("MedicationRequest") {
		controlledLine(mr, f, m.law, nhs.Later(on, nhs.ReadDate(mr.Get("authoredOn").Text())))
	}
}

func controlledLine(mr node, f *findings, law Law, on nhs.Date) {
	controlledKnown(mr, f)
	code := schedule(mr)
	if known := law.schedules(); code != "" && !slices.Contains(known, code) {
		f.at(nhs.Extension(nhs.Extension(mr, nhs.ExtControlled), "schedule").Get("valueCoding"), fhir.Issue{Code: fhir.BusinessRule,
			Message: "There is no such schedule of controlled drugs, so its limits are not known.", Expected: "one of " + strings.Join(known, ", "), Found: code})
		return
	}
	c := law.control(code, on)
	if c.Rule == "" {
		return
	}
	quantityInWords(mr, f, c)
	definiteDose(mr, f, c, on)
	// MDR-15: Schedule 2 and 3 drugs are never on repeatable prescriptions.
	if !c.Repeatable && therapy(mr).Text() == repeatDispensing {
		f.at(therapy(mr), fhir.Issue{Code: fhir.BusinessRule, Message: "A controlled drug of this schedule cannot be on a repeatable prescription.",
			Expected: "acute or continuous", Found: repeatDispensing, Fix: "Prescribe each supply."})
	}
}

// MDR-15(1)(f): the total quantity in words and figures. Where the two differ
// the message is taken, as EPS takes it, and the item is held: see
// [Line.checkWords].
func quantityInWords(mr node, f *findings, c Control) {
	if !c.QuantityWords {
		return
	}
	ext := nhs.Extension(mr, nhs.ExtControlled)
	words := nhs.Extension(ext, "quantityWords").Get("valueString")
	if strings.TrimSpace(words.Text()) == "" {
		f.at(place(ext, mr), fhir.Issue{Code: fhir.BusinessRule, Message: "The quantity of a controlled drug must also be in words.",
			Expected: "Extension-DM-ControlledDrug quantityWords", Found: "nothing"})
	}
}

// MDR-15(1)(f): a dose; "as directed" alone is none.
func definiteDose(mr node, f *findings, c Control, on nhs.Date) {
	if !c.DefiniteDose {
		return
	}
	issue := fhir.Issue{Code: fhir.BusinessRule, Message: "A controlled drug must have a definite dose.", Expected: "an amount, such as \"one as directed\" or \"1-2 when required, at most 4 in 24 hours\""}
	instructions := mr.Get("dosageInstruction")
	if instructions.Len() == 0 {
		issue.Found = "no dosage instruction"
		f.at(mr, issue)
	}
	for d := range instructions.Items() {
		if text := d.Get("text"); !definite(text.Text(), on) && !d.Get("doseAndRate").Exists() {
			issue.Found = orNothing(text.Text())
			f.at(place(text, d), issue)
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

// builtIn is the law that the program comes with.
var builtIn = func() Law {
	law, err := ReadLaw(lawJSON)
	if err != nil {
		panic("dispensing: law.json: " + err.Error())
	}
	return law
}()
