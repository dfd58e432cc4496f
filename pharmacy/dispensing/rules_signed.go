package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
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

// 5009: the last character of the short-form id proves that it was not mistyped.
func checkCharacter(m *message, f *findings) {
	mrs := m.list("MedicationRequest")
	if len(mrs) == 0 {
		return
	}
	checkOrderNumber(mrs[0], f)
}

func checkOrderNumber(mr node, f *findings) {
	n := mr.Path("groupIdentifier", "value")
	issuer, _, ok, wellFormed := checkdigit.PrescriptionID(n.Text())
	switch {
	case !wellFormed:
		f.at(place(n, mr), fhir.Issue{Code: fhir.ValueCode, Message: "The prescription has no short-form id.",
			Expected: "groupIdentifier of " + idOrder + " such as 24F5DA-A83008-7EFE6Z", Found: orNothing(n.Text()),
			Details: facade("INVALID_VALUE", "groupIdentifier.value must be a short-form prescription id")})
	case !ok && checkdigit.Scheme(issuer):
		f.at(n, fhir.Issue{Code: fhir.ValueCode, Message: "The check character of the prescription id is wrong.",
			Expected: "an id that meets ISO/IEC 7064 MOD 37-2", Found: n.Text(), Fix: "Compare the id with the paper or the sending system.",
			Details: eps("INVALID_CHECK_DIGIT")})
	}
}
