package dispensing

import (
	"errors"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// suppliedBefore adds to a refusal the last supply of the prescription, so that
// who repeats a request sees that it was carried out.
func (x *execution) suppliedBefore(state fhir.State, refused error) error {
	var e *fhir.Error
	if !errors.As(refused, &e) {
		return refused
	}
	for _, r := range slices.Backward(x.supplies) {
		b, err := read(state, r.ref, "Bundle")
		if err != nil || b == nil {
			return refused
		}
		if handed := handedIn(b); handed != "" {
			said := *e
			said.Issues = append(slices.Clone(e.Issues), fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Rule: "DN-15", Expression: "Task.output",
				Message: "The last supply of the prescription is recorded: handed over " + r.when + ".",
				Found:   handed + ", in the dispense notification " + r.id + " (" + r.ref + ")"})
			return &said
		}
	}
	return refused
}

// handedIn is what a notification says was handed over, "" for nothing.
func handedIn(notification *fhir.Resource) string {
	var list []string
	for d := range message.Read(notification, prescription.Law{}).All("MedicationDispense") {
		if by := prescription.HandedOver(d); by.IsPositive() {
			list = append(list, prescription.ReadQuantity(d.Get("quantity")).Of(by).InUnits()+" of "+medicineNamed(d.Get("medicationCodeableConcept")))
		}
	}
	return strings.Join(list, ", ")
}

// medicineNamed is the name of a medicine, its code where it has none.
func medicineNamed(concept node) string {
	c := concept.Get("coding").Item(0)
	for _, n := range []node{c.Get("display"), concept.Get("text"), c.Get("code")} {
		if n.Text() != "" {
			return n.Text()
		}
	}
	return "what the order names"
}
