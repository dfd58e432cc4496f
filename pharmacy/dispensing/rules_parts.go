package dispensing

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// carried are the types of the parts of messages: what the scope of a message
// allows to create. A part of any other type is created by who may create that.
var carried = []string{"MessageHeader", "MedicationRequest", "MedicationDispense", "Patient", "Practitioner", "PractitionerRole", "Organization",
	"HealthcareService", "Location", "Provenance", "CommunicationRequest", "List"}

// apart are the types that have doors of their own, which ask who may do what:
// no message brings them.
var apart = []string{"Task", "Claim", "ClaimResponse", "Invoice", "Bundle", "Binary", "MessageHeader"}

// B11: a message has one MessageHeader, and parts of its own event alone: what
// it brings is stored with the message, and asked about nowhere else.
func ownParts(m *message, f *findings) {
	foreign := "MedicationDispense"
	if m.event() == "dispense-notification" {
		foreign = "MedicationRequest"
	}
	for _, e := range m.entries {
		switch typ := typeOf(e.resource); {
		case e.resource.Index() == m.header.Index():
		case typ == foreign, slices.Contains(apart, typ):
			f.at(e.resource, fhir.Issue{Code: fhir.BusinessRule, Message: "A message of this event does not carry a " + typ + ".",
				Expected: "one MessageHeader, and the parts of a " + m.event(), Found: typ, Fix: "Leave the entry out, or send it as a request of its own."})
		}
		for tag := range e.resource.Get("meta").Get("tag").Items() {
			if system := tag.Get("system"); strings.HasPrefix(system.Text(), nhs.Own) {
				f.at(system, fhir.Issue{Code: fhir.BusinessRule, Message: "This tag is set by the server alone.", Found: system.Text(), Fix: "Leave it out."})
			}
		}
	}
}
