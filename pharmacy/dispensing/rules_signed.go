package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
)

// 0001: nothing is prescribed for the dead.
func patientLives(m *message, f *findings) {
	for p := range m.all("Patient") {
		if d := deceased(p); d.Exists() {
			f.at(d, deceasedIssue)
		}
	}
}

var deceasedIssue = fhir.Issue{Code: fhir.BusinessRule, Message: "The patient is recorded as dead.",
	Fix: "Check the patient's record with the Personal Demographics Service.", Details: eps("PATIENT_DECEASED")}

// deceased is the element that says that a patient has died, absent when none does.
func deceased(patient node) node {
	if d := patient.Get("deceasedDateTime"); d.Exists() {
		return d
	}
	if d := patient.Get("deceasedBoolean"); d.Bool() {
		return d
	}
	return node{}
}

// 0003: HMR-219 asks for an advanced electronic signature.
func signed(m *message, f *findings) {
	for p := range m.all("Provenance") {
		if p.Get("signature").Get("data").Text() != "" {
			return
		}
	}
	f.at(m.bundle.Get("entry"), fhir.Issue{Code: fhir.BusinessRule, Message: "The prescription is not signed.",
		Expected: "a Provenance entry with signature.data", Found: "none", Details: eps("MISSING_DIGITAL_SIGNATURE")})
}
