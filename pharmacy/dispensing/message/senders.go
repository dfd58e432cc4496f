package message

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Senders are the ODS codes by which MessageHeader.sender names who sends: its
// identifier, and that of the organisation that it refers to.
func (m *Message) Senders() []node { return m.codesOf(m.Header, m.Header.Get("sender")) }

// Requesters are the ODS codes of the organisations whose prescribers order.
func (m *Message) Requesters() (codes []node) {
	for mr := range m.All("MedicationRequest") {
		codes = append(codes, m.codesOf(mr, mr.Get("requester"))...)
	}
	return codes
}

// performers are the ODS codes of who supplied: of each performer one, absent
// where it has none.
func (m *Message) performers(dispense node) (codes []node) {
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
func (m *Message) codesOf(holder, reference node) (codes []node) {
	if id := reference.Get("identifier"); id.Get("value").Exists() && (id.Get("system").Text() == nhs.IDODS || !id.Get("system").Exists()) {
		codes = append(codes, id.Get("value"))
	}
	r := nhs.Contained(holder, reference)
	if !r.Exists() {
		r = m.Resolve(reference)
	}
	switch nhs.TypeOf(r) {
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

// SentBy refuses a message that names another organisation than the caller's: as
// its sender, as whose prescriber orders, or as the pharmacy that supplied. Each
// way of naming one counts, so that no second name says something else.
func (m *Message) SentBy(who fhir.Principal) error {
	if !who.Bound() {
		return nil
	}
	said := m.Senders()
	if len(said) == 0 {
		said = []node{{}}
	}
	if m.Event() == "prescription-order" {
		said = append(said, m.Requesters()...)
	}
	for d := range m.All("MedicationDispense") {
		said = append(said, m.performers(d)...)
	}
	for _, org := range said {
		if !who.ActsFor(org.Text()) {
			return who.NotFor(m.Event(), Place(org, m.Header), org.Text())
		}
	}
	return nil
}
