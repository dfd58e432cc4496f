package dispensing

import (
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// senders are the ODS codes by which MessageHeader.sender names who sends: its
// identifier, and that of the organisation that it refers to.
func (m *message) senders() []node { return m.codesOf(m.header, m.header.Get("sender")) }

// requesters are the ODS codes of the organisations whose prescribers order.
func (m *message) requesters() (codes []node) {
	for mr := range m.all("MedicationRequest") {
		codes = append(codes, m.codesOf(mr, mr.Get("requester"))...)
	}
	return codes
}

// performers are the ODS codes of who supplied: of each performer one, absent
// where it has none.
func (m *message) performers(dispense node) (codes []node) {
	for p := range dispense.Get("performer").Items() {
		found := m.codesOf(dispense, p.Get("actor"))
		if len(found) == 0 {
			found = []node{{}}
		}
		codes = append(codes, found...)
	}
	return codes
}

// codesOf are the ODS codes behind a Reference of a part of the message: that of
// its own identifier, and that of the Organization that it leads to, contained or
// in an entry, at once or through a PractitionerRole.
func (m *message) codesOf(holder, reference node) (codes []node) {
	if id := reference.Get("identifier"); id.Get("value").Exists() && (id.Get("system").Text() == nhs.IDODS || !id.Get("system").Exists()) {
		codes = append(codes, id.Get("value"))
	}
	r := nhs.Contained(holder, reference)
	if !r.Exists() {
		r = m.resolve(reference)
	}
	switch typeOf(r) {
	case "PractitionerRole":
		codes = append(codes, m.codesOf(holder, r.Get("organization"))...)
	case "Organization":
		for id := range r.Get("identifier").Items() {
			if id.Get("system").Text() == nhs.IDODS {
				codes = append(codes, id.Get("value"))
			}
		}
	}
	return codes
}
