package message

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// apart are the types that have doors of their own, which ask who may do what:
// no message brings them.
var apart = []string{"Task", "Claim", "ClaimResponse", "Invoice", "Bundle", "Binary", "MessageHeader"}

// B11: a message has one MessageHeader, and parts of its own event alone: what
// it brings is stored with the message, and asked about nowhere else.
func ownParts(m *Message, f *Findings) {
	foreign := "MedicationDispense"
	if m.Event() == "dispense-notification" {
		foreign = "MedicationRequest"
	}
	for _, e := range m.Entries {
		switch typ := nhs.TypeOf(e.Resource); {
		case e.Resource.Index() == m.Header.Index():
		case typ == foreign, slices.Contains(apart, typ):
			f.At(e.Resource, fhir.Issue{Code: fhir.BusinessRule, Message: "A message of this event does not carry a " + typ + ".",
				Expected: "one MessageHeader, and the parts of a " + m.Event(), Found: typ, Fix: "Leave the entry out, or send it as a request of its own."})
		}
		for tag := range e.Resource.Get("meta").Get("tag").Items() {
			if system := tag.Get("system"); strings.HasPrefix(system.Text(), nhs.Own) {
				f.At(system, fhir.Issue{Code: fhir.BusinessRule, Message: "This tag is set by the server alone.", Found: system.Text(), Fix: "Leave it out."})
			}
		}
	}
}
