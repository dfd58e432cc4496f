package message

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// noPractice is the ODS code of "no registered practice".
const noPractice = "V81999"

// Release is a prescription to be handed over.
type Release struct {
	*prescription.Prescription
	ID       string // of the message
	Origin   string // the identifier of the message that it came by
	Authored string
	OrderOf  func(l *prescription.Line) *prescription.Order
}

// AsSent is the message of a prescription as it came, with what the dispenser must
// know on its items.
func (r Release) AsSent(m *Message) *fhir.Resource {
	var entries []any
	for _, e := range m.Entries {
		part := m.Bundle.Sub(e.Resource)
		if nhs.TypeOf(e.Resource) == "Patient" && !e.Resource.Get("generalPractitioner").Exists() {
			// P12: a patient without a general practitioner is under V81999.
			part = fhir.Revise(part, "generalPractitioner", fhir.List(fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, noPractice))))
		}
		if nhs.TypeOf(e.Resource) == "MedicationRequest" {
			if l := r.Line(nhs.Identifier(e.Resource, nhs.IDItem).Text()); l != nil {
				part = issued(r.Prescription, part, l, r.OrderOf(l))
			}
		}
		entries = append(entries, fhir.Obj("fullUrl", e.FullURL, "resource", part))
	}
	pairs := []any{"id", r.ID, "entry", fhir.List(entries...)}
	if !m.Bundle.Get("timestamp").Exists() {
		pairs = append(pairs, "timestamp", r.Authored)
	}
	return fhir.Revise(m.Bundle, append(pairs, "meta", "")...)
}

// Composed makes a message of a prescription that came without one, out of the
// resources it refers to, which find reads by their references.
func (r Release) Composed(find func(ref, typ string) (*fhir.Resource, error)) (*fhir.Resource, error) {
	c := composer{find: find, urls: map[string]string{}}
	for i := range r.Lines {
		o := r.OrderOf(&r.Lines[i])
		if err := c.add(o.Version.Ref(), issued(r.Prescription, o.Resource, &r.Lines[i], o)); err != nil {
			return nil, err
		}
	}
	var focus []any
	for _, e := range c.entries {
		focus = append(focus, fhir.Obj("reference", c.urls[e.ref]))
	}
	header := fhir.Obj("resourceType", "MessageHeader", "id", pharmacy.ID("MessageHeader", r.ID),
		"eventCoding", nhs.CodingValue(nhs.Coding(nhs.CSEvent, "prescription-order")),
		"sender", r.Sender.Organization(),
		"source", fhir.Obj("endpoint", "urn:nhs-uk:addressing:ods:"+r.Sender.ID),
		"focus", fhir.List(focus...)).Resource()
	entries := []any{fhir.Obj("fullUrl", "urn:uuid:"+header.ID(), "resource", header)}
	for _, e := range c.entries {
		entries = append(entries, fhir.Obj("fullUrl", c.urls[e.ref], "resource", c.relinked(e.resource)))
	}
	return fhir.Obj("resourceType", "Bundle", "id", r.ID, "identifier", nhs.IdentifierValue(nhs.IDUUID, r.Origin), "type", "message",
		"timestamp", r.Authored, "entry", fhir.List(entries...)).Resource(), nil
}

// composer collects resources and what they refer to, for a message.
type composer struct {
	find    func(ref, typ string) (*fhir.Resource, error)
	urls    map[string]string // full URLs by reference
	entries []composedEntry
}

type composedEntry struct {
	ref      string
	resource *fhir.Resource
}

func (c *composer) add(ref string, r *fhir.Resource) error {
	if c.urls[ref] != "" || r == nil {
		return nil
	}
	c.urls[ref] = "urn:uuid:" + pharmacy.ID("entry", ref)
	c.entries = append(c.entries, composedEntry{ref, r})
	for i := range r.Nodes() {
		n := r.Node(i)
		if n.Name() != "reference" {
			continue
		}
		for _, typ := range []string{"Patient", "Practitioner", "PractitionerRole", "Organization", "HealthcareService", "Location", "Medication"} {
			target, err := c.find(n.Text(), typ)
			if err != nil {
				return err
			}
			if err := c.add(n.Text(), target); err != nil {
				return err
			}
		}
	}
	return nil
}

// relinked is a resource with its references as links within the message.
func (c *composer) relinked(r *fhir.Resource) *fhir.Resource {
	edit := fhir.NewEdit(r)
	for i := range r.Nodes() {
		if n := r.Node(i); n.Name() == "reference" && c.urls[n.Text()] != "" {
			edit.ReplaceString(n, c.urls[n.Text()])
		}
	}
	out, err := edit.Apply()
	if err != nil {
		return r // a string in the place of a string is always JSON
	}
	return out
}
