package message

import (
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// CancelRules hold for a prescription-order-update.
var CancelRules = []Rule[*Message]{
	{"C1", oneItem},
	{"C2", itemCancelled},
	{"C3", reasonGiven},
}

// C1: one message cancels one item.
func oneItem(m *Message, f *Findings) {
	if n := len(m.List("MedicationRequest")); n != 1 {
		f.At(m.Bundle.Get("entry"), fhir.Issue{Code: fhir.ValueCode, Message: "A cancellation must have exactly one MedicationRequest.",
			Expected: "1", Found: strconv.Itoa(n), Fix: "Send one message for each item.",
			Details: nhs.Facade(fewOrMany(n), "Bundle must contain exactly one MedicationRequest")})
	}
}

// C2: and says so.
func itemCancelled(m *Message, f *Findings) {
	for mr := range m.All("MedicationRequest") {
		if s := mr.Get("status"); s.Text() != "cancelled" {
			f.At(Place(s, mr), fhir.Issue{Code: fhir.ValueCode, Message: "The item of a cancellation must be cancelled.",
				Expected: "cancelled", Found: fhir.OrNothing(s.Text()), Details: nhs.Facade("INVALID_VALUE", "MedicationRequest.status must be cancelled")})
		}
	}
}

// C3: and why.
func reasonGiven(m *Message, f *Findings) {
	for mr := range m.All("MedicationRequest") {
		if !mr.Get("statusReason").Get("coding").Get("code").Exists() {
			f.At(mr, fhir.Issue{Code: fhir.ValueCode, Message: "A cancellation must have a reason.",
				Expected: "statusReason of " + nhs.CSCancel, Found: "nothing", Details: nhs.Facade("MISSING_FIELD", "MedicationRequest.statusReason must be given")})
		}
	}
}
