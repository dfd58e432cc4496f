package message

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// shared are the elements that all items of a prescription have in common.
var shared = []struct {
	name string
	of   func(mr node) node
}{
	{"groupIdentifier", get("groupIdentifier")},
	{"category", get("category")},
	{"authoredOn", get("authoredOn")},
	{"subject", get("subject")},
	{"requester", get("requester")},
	{"dispenseRequest.performer", get("dispenseRequest", "performer")},
	{"dispenseRequest.validityPeriod", get("dispenseRequest", "validityPeriod")},
	{"dispenseRequest.expectedSupplyDuration", get("dispenseRequest", "expectedSupplyDuration")},
	{"dispenseRequest.extension(PerformerSiteType)", func(mr node) node { return nhs.Extension(mr.Get("dispenseRequest"), nhs.ExtSiteType) }},
	{"extension(PrescriptionType)", func(mr node) node { return nhs.Extension(mr, nhs.ExtPrescriptionType) }},
	{"extension(ResponsiblePractitioner)", func(mr node) node { return nhs.Extension(mr, nhs.ExtResponsible) }},
}

func get(path ...string) func(node) node {
	return func(n node) node { return n.Path(path...) }
}

// P1: what belongs to the prescription is the same on all its items. An absent
// value counts as a value.
func sameForAll(m *Message, f *Findings) {
	differing(m.List("MedicationRequest"), f)
}

func differing(mrs []node, f *Findings) {
	for _, element := range shared {
		for _, mr := range mrs[min(1, len(mrs)):] {
			if first, other := element.of(mrs[0]), element.of(mr); !first.SameAs(other) {
				f.At(Place(other, mr), fhir.Issue{
					Code: fhir.ValueCode, Message: "Expected all MedicationRequests to have the same value for " + element.name + ".",
					Expected: first.Brief(), Found: other.Brief(), Fix: "Give the items the same value, or send them as prescriptions of their own.",
					Details: nhs.Facade("INVALID_VALUE", element.name+" differs between MedicationRequests"),
				})
			}
		}
	}
}
