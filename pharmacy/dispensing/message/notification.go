package message

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/dosage"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Notification is a dispense-notification to be written: the prescription before
// and after its supplies, and what was handed over.
type Notification struct {
	Before, After *prescription.Prescription
	Release       string // the identifier of the release by which the pharmacy has it
	Items         []NotificationItem
	Handing       Handing
	Org           *fhir.Resource // the pharmacy
}

// NotificationItem is one item of a notification, with its order and who prescribed it.
type NotificationItem struct {
	HandedItem
	Order     *prescription.Order
	Requester fhir.Value // a Reference by identifier
}

// Bundle writes the EPS dispense-notification of what was handed over: one
// MedicationDispense for each item, each with the order it is for and the role
// that dispensed it inside, and the pharmacy.
func (n *Notification) Bundle() *fhir.Resource {
	var focus, entries []any
	for i := range n.Items {
		d := n.medicationDispense(i)
		focus = append(focus, fhir.Obj("reference", "urn:uuid:"+d.ID()))
		entries = append(entries, fhir.Obj("fullUrl", "urn:uuid:"+d.ID(), "resource", d))
	}
	h, owner := n.Handing, n.Before.Owner
	headerID := pharmacy.ID("MessageHeader", h.ID)
	header := fhir.Obj(
		"resourceType", "MessageHeader", "id", headerID,
		"eventCoding", nhs.CodingValue(nhs.Coding(nhs.CSEvent, "dispense-notification")),
		"sender", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, owner.ID), "display", owner.Name),
		"source", fhir.Obj("endpoint", "urn:nhs-uk:addressing:ods:"+owner.ID),
		"reason", nhs.Concept(nhs.Coding(nhs.CSMessageReason, "notification")),
		"response", fhir.Obj("identifier", n.Release, "code", "ok"),
		"focus", fhir.List(focus...),
	)
	all := append([]any{fhir.Obj("fullUrl", "urn:uuid:"+headerID, "resource", header)}, entries...)
	all = append(all, fhir.Obj("fullUrl", "urn:uuid:"+n.Org.ID(), "resource", n.Org))
	return fhir.Obj(
		"resourceType", "Bundle", "id", NotificationBundleID(h.ID),
		"identifier", nhs.IdentifierValue(nhs.IDUUID, h.ID),
		"type", "message",
		"timestamp", h.When,
		"entry", fhir.List(all...),
	).Resource()
}

// medicationDispense writes the supply of one item.
func (n *Notification) medicationDispense(i int) *fhir.Resource {
	item, h := n.Items[i], n.Handing
	l, now := n.Before.Line(item.Item), n.After.Line(item.Item)
	id := pharmacy.ID("MedicationDispense", h.ID, item.Item, strconv.Itoa(i))
	extensions := []any{fhir.Obj("url", nhs.ExtBusinessStatus, "valueCoding", nhs.CodingValue(nhs.Coding(nhs.CSBusinessStatus, n.After.Settle().Business)))}
	if n.Before.Issues > 1 {
		extensions = append(extensions, n.Before.RepeatInformation())
	}
	if item.Quantity.Value.IsPositive() {
		extensions = append(extensions, item.Collection.Element())
	}
	var reason fhir.Value
	switch {
	case item.Difference != "":
		reason = item.Stated()
	case item.Reason != "":
		reason = nhs.Concept(nhs.Coding(nhs.CSNotDispensed, item.Reason))
	}
	var total []fhir.Value
	if item.Quantity.Value.IsPositive() && !now.Supplied.Value.Equal(item.Quantity.Value) {
		total = append(total, fhir.Obj("url", nhs.ExtRunningTotal, "valueQuantity", l.Quantity.Of(now.Supplied.Value).Element()))
	}
	var notes []any
	if text := item.Pack.Text(); text != "" {
		notes = append(notes, fhir.Obj("text", text))
	}
	if h.Beside.ID != "" {
		notes = append(notes, fhir.Obj("text", strings.TrimSpace("Named by the caller as acting too: "+h.Beside.Name+" ("+h.Beside.ID+")")))
	}
	return fhir.Obj(
		"resourceType", "MedicationDispense",
		"id", id,
		"contained", fhir.List(performerRole(h, n.Org), containedOrder(n.Before, item, l)),
		"extension", fhir.List(extensions...),
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDDispense, id)),
		"status", dispenseStatus(item.Status),
		"statusReasonCodeableConcept", reason,
		"medicationCodeableConcept", product(l, item),
		"subject", subject(n.Before.Patient, "Patient"),
		"performer", fhir.List(fhir.Obj("actor", fhir.Obj("reference", "#performer"))),
		"authorizingPrescription", fhir.List(fhir.Obj("reference", "#m1")),
		"type", nhs.Concept(nhs.Coding(nhs.CSLineStatus, string(item.Status))),
		"quantity", item.Quantity.Element(total...),
		"whenPrepared", item.Prepared,
		"whenHandedOver", h.When,
		"note", fhir.List(notes...),
		"dosageInstruction", dosage.WithText(item.Order.Resource.Get("dosageInstruction")),
	).Resource()
}

// subject names the patient by NHS number; one without a number by the server's
// own record. typ is Reference.type, "" for none.
func subject(patient prescription.Party, typ string) fhir.Value {
	if patient.ID == "" {
		return fhir.Obj("reference", patient.Ref, "type", typ, "display", patient.Name)
	}
	return fhir.Obj("type", typ, "identifier", nhs.IdentifierValue(nhs.IDNHS, patient.ID), "display", patient.Name)
}

// dispenseStatus is MedicationDispense.status of an item status.
func dispenseStatus(s prescription.LineStatus) string {
	switch s {
	case prescription.FullyDispensed, prescription.PartDispensed:
		return "completed"
	case prescription.Owing:
		return "on-hold"
	}
	return "cancelled"
}

// product is what was supplied; what was ordered, where it is the same.
func product(l *prescription.Line, item NotificationItem) any {
	if item.Product == l.Product || item.Product.Code == "" {
		return item.Order.Resource.Get("medicationCodeableConcept")
	}
	return nhs.Concept(item.Product)
}

// containedOrder is the order as the notification carries it: named by the
// identifiers of patient and prescriber, for the receiver has resources of its
// own, and with where the item stood before.
func containedOrder(p *prescription.Prescription, item NotificationItem, l *prescription.Line) *fhir.Resource {
	mr := issued(p, item.Order.Resource, l, item.Order)
	return fhir.Revise(mr,
		"id", "m1", "meta", "", "text", "",
		"extension", fhir.List(nhs.WithoutExtension(mr.Root(), nhs.ExtResponsible)...),
		"subject", subject(p.Patient, ""),
		"requester", item.Requester,
		"performer", "", "recorder", "", "encounter", "", "eventHistory", "", "supportingInformation", "", "insurance", "", "contained", "",
	)
}
