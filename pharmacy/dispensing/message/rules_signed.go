package message

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// 0001: nothing is prescribed for the dead.
func patientLives(m *Message, f *Findings) {
	for p := range m.All("Patient") {
		if d := Deceased(p); d.Exists() {
			f.At(d, DeceasedIssue)
		}
	}
}

// DeceasedIssue refuses what is prescribed for a patient who is recorded as dead.
var DeceasedIssue = fhir.Issue{Code: fhir.BusinessRule, Message: "The patient is recorded as dead.",
	Fix: "Check the patient's record with the Personal Demographics Service.", Details: nhs.EPS("PATIENT_DECEASED")}

// Deceased is the element that says that a patient has died, absent when none does.
func Deceased(patient node) node {
	if d := patient.Get("deceasedDateTime"); d.Exists() {
		return d
	}
	if d := patient.Get("deceasedBoolean"); d.Bool() {
		return d
	}
	return node{}
}

// 0003: HMR-219 asks for an advanced electronic signature.
func signed(m *Message, f *Findings) {
	for p := range m.All("Provenance") {
		if p.Get("signature").Get("data").Text() != "" {
			return
		}
	}
	f.At(m.Bundle.Get("entry"), fhir.Issue{Code: fhir.BusinessRule, Message: "The prescription is not signed.",
		Expected: "a Provenance entry with signature.data", Found: "none", Details: nhs.EPS("MISSING_DIGITAL_SIGNATURE")})
}
