package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// noPractice is the ODS code that stands for no registered practice.
const noPractice = "V81999"

// released is the message of a prescription as a release hands it over: as it
// came, with what the dispenser must know on its items.
func (s *Service) released(state fhir.State, x *execution) (*fhir.Resource, error) {
	stored, err := read(state, x.messageRef(), "Bundle")
	if err != nil {
		return nil, err
	}
	if stored == nil {
		return s.composed(state, x)
	}
	m := readMessage(stored, s.law)
	var entries []any
	for _, e := range m.entries {
		r := stored.Sub(e.resource)
		if typeOf(e.resource) == "Patient" && !e.resource.Get("generalPractitioner").Exists() {
			// P12: a patient without a general practitioner is under V81999.
			r = revise(r, "generalPractitioner", fhir.List(fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, noPractice))))
		}
		if typeOf(e.resource) == "MedicationRequest" {
			if l := x.line(nhs.Identifier(e.resource, nhs.IDItem).Text()); l != nil {
				r = x.issued(r, l)
			}
		}
		entries = append(entries, fhir.Obj("fullUrl", e.fullURL, "resource", r))
	}
	pairs := []any{"id", pharmacy.ID("Bundle", "released", x.version.ID), "entry", fhir.List(entries...)}
	if !stored.Get("timestamp").Exists() {
		pairs = append(pairs, "timestamp", x.resource.Get("authoredOn").Text())
	}
	return revise(stored, append(pairs, "meta", "")...), nil
}

// composed makes a message of a prescription that came without one, out of the
// resources it refers to.
func (s *Service) composed(state fhir.State, x *execution) (*fhir.Resource, error) {
	c := composer{state: state, urls: map[string]string{}}
	for i := range x.Lines {
		o := x.orderFor(&x.Lines[i])
		if err := c.add(o.version.Ref(), x.issued(o.resource, &x.Lines[i])); err != nil {
			return nil, err
		}
	}
	var focus []any
	for _, e := range c.entries {
		focus = append(focus, fhir.Obj("reference", c.urls[e.ref]))
	}
	id := pharmacy.ID("Bundle", "released", x.version.ID)
	header := fhir.Obj("resourceType", "MessageHeader", "id", pharmacy.ID("MessageHeader", id),
		"eventCoding", nhs.CodingValue(nhs.Coding(nhs.CSEvent, "prescription-order")),
		"sender", x.Sender.organization(),
		"source", fhir.Obj("endpoint", "urn:nhs-uk:addressing:ods:"+x.Sender.ID),
		"focus", fhir.List(focus...)).Resource()
	entries := []any{fhir.Obj("fullUrl", "urn:uuid:"+header.ID(), "resource", header)}
	for _, e := range c.entries {
		entries = append(entries, fhir.Obj("fullUrl", c.urls[e.ref], "resource", c.relinked(e.resource)))
	}
	return fhir.Obj("resourceType", "Bundle", "id", id, "identifier", nhs.IdentifierValue(nhs.IDUUID, x.messageID()), "type", "message",
		"timestamp", x.resource.Get("authoredOn").Text(), "entry", fhir.List(entries...)).Resource(), nil
}

// composer collects resources and what they refer to, for a message.
type composer struct {
	state   fhir.State
	urls    map[string]string // full URLs by reference
	entries []composed
}

type composed struct {
	ref      string
	resource *fhir.Resource
}

func (c *composer) add(ref string, r *fhir.Resource) error {
	if c.urls[ref] != "" || r == nil {
		return nil
	}
	c.urls[ref] = "urn:uuid:" + pharmacy.ID("entry", ref)
	c.entries = append(c.entries, composed{ref, r})
	for i := range r.Nodes() {
		n := r.Node(i)
		if n.Name() != "reference" {
			continue
		}
		for _, typ := range []string{"Patient", "Practitioner", "PractitionerRole", "Organization", "HealthcareService", "Location", "Medication"} {
			target, err := read(c.state, n.Text(), typ)
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
