package dispensing

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// notification writes the EPS dispense-notification of what was handed over:
// one MedicationDispense for each item, each with the order it is for and the
// role that dispensed it inside, and the pharmacy. after is the prescription
// with the supplies applied.
func (s *Service) notification(state fhir.State, x *execution, after *Prescription, items []handedItem, h handing) (*fhir.Resource, error) {
	org, err := s.dispenser(state, x)
	if err != nil {
		return nil, err
	}
	if h.role == nil {
		if h.role, err = roleOf(state, h.agent); err != nil {
			return nil, err
		}
	}
	to := after.settle()
	var focus, entries []any
	for i, item := range items {
		requester, err := x.prescriber(state, x.orderFor(x.line(item.Item)))
		if err != nil {
			return nil, err
		}
		d := s.medicationDispense(x, after, to, item, h, i, org, requester)
		focus = append(focus, fhir.Obj("reference", "urn:uuid:"+d.ID()))
		entries = append(entries, fhir.Obj("fullUrl", "urn:uuid:"+d.ID(), "resource", d))
	}
	headerID := pharmacy.ID("MessageHeader", h.id)
	header := fhir.Obj(
		"resourceType", "MessageHeader", "id", headerID,
		"eventCoding", nhs.CodingValue(nhs.Coding(nhs.CSEvent, "dispense-notification")),
		"sender", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, x.Owner.ID), "display", x.Owner.Name),
		"source", fhir.Obj("endpoint", "urn:nhs-uk:addressing:ods:"+x.Owner.ID),
		"reason", nhs.Concept(nhs.Coding(nhs.CSMessageReason, "notification")),
		"response", fhir.Obj("identifier", x.released.id, "code", "ok"),
		"focus", fhir.List(focus...),
	)
	all := append([]any{fhir.Obj("fullUrl", "urn:uuid:"+headerID, "resource", header)}, entries...)
	all = append(all, fhir.Obj("fullUrl", "urn:uuid:"+org.ID(), "resource", org))
	return fhir.Obj(
		"resourceType", "Bundle", "id", notificationID(h.id),
		"identifier", nhs.IdentifierValue(nhs.IDUUID, h.id),
		"type", "message",
		"timestamp", h.when,
		"entry", fhir.List(all...),
	).Resource(), nil
}

// dispenser is the pharmacy that holds the prescription as an entry of a
// message: what the server knows of it, with the authority that reimburses it.
func (s *Service) dispenser(state fhir.State, x *execution) (*fhir.Resource, error) {
	id := pharmacy.ID("Organization", "dispenser", x.Owner.ID)
	known, err := sole(state, "Organization", nhs.IDODS, x.Owner.ID)
	if err != nil {
		return nil, err
	}
	if known == nil {
		known = fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, x.Owner.ID)), "active", true, "name", x.Owner.Name).Resource()
	}
	relations := nhs.Extension(known.Root(), nhs.ExtODS)
	list := without(known.Root(), nhs.ExtODS)
	switch {
	case relations.Exists():
		list = append(list, relations)
	case s.site.ReimbursementAuthority != "":
		list = append(list, fhir.Obj("url", nhs.ExtODS, "extension", fhir.List(fhir.Obj("url", "reimbursementAuthority",
			"valueIdentifier", nhs.IdentifierValue(nhs.IDODS, s.site.ReimbursementAuthority)))))
	}
	return revise(known, "id", id, "meta", "", "extension", fhir.List(list...)), nil
}

// medicationDispense writes the supply of one item.
func (s *Service) medicationDispense(x *execution, after *Prescription, to State, item handedItem, h handing, i int, org *fhir.Resource, requester fhir.Value) *fhir.Resource {
	l, now := x.line(item.Item), after.line(item.Item)
	id := pharmacy.ID("MedicationDispense", h.id, item.Item, strconv.Itoa(i))
	o := x.orderFor(l)
	extensions := []any{fhir.Obj("url", nhs.ExtBusinessStatus, "valueCoding", nhs.CodingValue(nhs.Coding(nhs.CSBusinessStatus, to.Business)))}
	if x.Issues > 1 {
		extensions = append(extensions, x.repeatInformation())
	}
	var reason fhir.Value
	switch {
	case item.Difference != "":
		reason = item.stated()
	case item.Reason != "":
		reason = nhs.Concept(nhs.Coding(nhs.CSNotDispensed, item.Reason))
	}
	var total []fhir.Value
	if item.Quantity.Value.IsPositive() && !now.Supplied.Value.Equal(item.Quantity.Value) {
		total = append(total, fhir.Obj("url", nhs.ExtRunningTotal, "valueQuantity", l.Quantity.Of(now.Supplied.Value).value()))
	}
	var notes []any
	if item.batch != "" {
		notes = append(notes, fhir.Obj("text", "Batch "+item.batch))
	}
	if h.beside.ID != "" {
		notes = append(notes, fhir.Obj("text", strings.TrimSpace("Named by the caller as acting too: "+h.beside.Name+" ("+h.beside.ID+")")))
	}
	return fhir.Obj(
		"resourceType", "MedicationDispense",
		"id", id,
		"contained", fhir.List(performerRole(h, org), x.containedOrder(o, l, requester)),
		"extension", fhir.List(extensions...),
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDDispense, id)),
		"status", dispenseStatus(item.Status),
		"statusReasonCodeableConcept", reason,
		"medicationCodeableConcept", s.product(o, l, item),
		"subject", x.subject("Patient"),
		"performer", fhir.List(fhir.Obj("actor", fhir.Obj("reference", "#performer"))),
		"authorizingPrescription", fhir.List(fhir.Obj("reference", "#m1")),
		"type", nhs.Concept(nhs.Coding(nhs.CSLineStatus, string(item.Status))),
		"quantity", item.Quantity.value(total...),
		"whenHandedOver", h.when,
		"note", fhir.List(notes...),
		"dosageInstruction", o.resource.Get("dosageInstruction"),
	).Resource()
}

// subject names the patient by NHS number; one without a number by the server's
// own record. typ is Reference.type, "" for none.
func (x *execution) subject(typ string) fhir.Value {
	if x.Patient.ID == "" {
		return fhir.Obj("reference", x.Patient.Ref, "type", typ, "display", x.Patient.Name)
	}
	return fhir.Obj("type", typ, "identifier", nhs.IdentifierValue(nhs.IDNHS, x.Patient.ID), "display", x.Patient.Name)
}

// dispenseStatus is MedicationDispense.status of an item status.
func dispenseStatus(s LineStatus) string {
	switch s {
	case FullyDispensed, PartDispensed:
		return "completed"
	case Owing:
		return "on-hold"
	}
	return "cancelled"
}

// product is what was supplied; what was ordered, where it is the same.
func (s *Service) product(o *order, l *Line, item handedItem) any {
	if item.Product == l.Product || item.Product.Code == "" {
		return o.resource.Get("medicationCodeableConcept")
	}
	return nhs.Concept(item.Product)
}

// roleOf is the role that a user of SDS is known to act in here, nil for none.
func roleOf(state fhir.State, agent Party) (*fhir.Resource, error) {
	if agent.ID == "" {
		return nil, nil
	}
	ids, err := state.Find("PractitionerRole", nhs.Query("practitioner:identifier", nhs.IDUser, agent.ID))
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return read(state, "PractitionerRole/"+ids[0], "PractitionerRole")
}

// prescriber names who prescribed an order: by role profile where that is
// known, by organisation else.
func (x *execution) prescriber(state fhir.State, o *order) (fhir.Value, error) {
	requester := o.resource.Get("requester")
	role, err := read(state, requester.Get("reference").Text(), "PractitionerRole")
	if err != nil {
		return fhir.Value{}, err
	}
	if role != nil {
		if id := nhs.Identifier(role.Root(), nhs.IDRoleProfile).Text(); id != "" {
			return fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDRoleProfile, id)), nil
		}
	}
	if id := requester.Get("identifier"); id.Exists() {
		return fhir.Obj("identifier", id), nil
	}
	return fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, x.Sender.ID), "display", x.Sender.Name), nil
}

// containedOrder is the order as the notification carries it: named by the
// identifiers of patient and prescriber, for the receiver has resources of its
// own, and with where the item stood before.
func (x *execution) containedOrder(o *order, l *Line, requester fhir.Value) *fhir.Resource {
	mr := x.issued(o.resource, l)
	return revise(mr,
		"id", "m1", "meta", "", "text", "",
		"extension", fhir.List(without(mr.Root(), nhs.ExtResponsible)...),
		"subject", x.subject(""),
		"requester", requester,
		"performer", "", "recorder", "", "encounter", "", "eventHistory", "", "supportingInformation", "", "insurance", "", "contained", "",
	)
}
