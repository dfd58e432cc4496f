package dispensing

import (
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// cancelRules hold for a prescription-order-update.
var cancelRules = []rule[*message]{
	{"C1", oneItem},
	{"C2", itemCancelled},
	{"C3", reasonGiven},
}

// C1: one message cancels one item.
func oneItem(m *message, f *findings) {
	if n := len(m.list("MedicationRequest")); n != 1 {
		f.at(m.bundle.Get("entry"), fhir.Issue{Code: fhir.ValueCode, Message: "A cancellation must have exactly one MedicationRequest.",
			Expected: "1", Found: strconv.Itoa(n), Fix: "Send one message for each item.",
			Details: facade(fewOrMany(n), "Bundle must contain exactly one MedicationRequest")})
	}
}

// C2: and says so.
func itemCancelled(m *message, f *findings) {
	for mr := range m.all("MedicationRequest") {
		if s := mr.Get("status"); s.Text() != "cancelled" {
			f.at(place(s, mr), fhir.Issue{Code: fhir.ValueCode, Message: "The item of a cancellation must be cancelled.",
				Expected: "cancelled", Found: orNothing(s.Text()), Details: facade("INVALID_VALUE", "MedicationRequest.status must be cancelled")})
		}
	}
}

// C3: and why.
func reasonGiven(m *message, f *findings) {
	for mr := range m.all("MedicationRequest") {
		if !mr.Get("statusReason").Get("coding").Get("code").Exists() {
			f.at(mr, fhir.Issue{Code: fhir.ValueCode, Message: "A cancellation must have a reason.",
				Expected: "statusReason of " + nhs.CSCancel, Found: "nothing", Details: facade("MISSING_FIELD", "MedicationRequest.statusReason must be given")})
		}
	}
}
