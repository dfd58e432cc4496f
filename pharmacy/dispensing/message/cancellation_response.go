package message

import (
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// CancelAnswer is what the answer to a cancellation says besides the message.
type CancelAnswer struct {
	prescription.Verdict
	Site     prescription.Party // who answers, ODS code
	Endpoint string             // the address of this server
	Now      time.Time
	Warnings []fhir.Issue
	Holder   *Holder // nil while the order is with no dispenser
}

// Holder is the dispenser that holds a prescription, and who acts for it.
type Holder struct {
	Order        string // the prescription
	Owner, Agent prescription.Party
}

// CancelResponse is the prescription-order-response to a cancellation: the
// order with what became of it, and the parts of the request it refers to.
// While the order is with a dispenser, it says with whom.
func (m *Message) CancelResponse(mr node, a CancelAnswer) *fhir.Resource {
	id := pharmacy.ID("Bundle", "prescription-order-response", m.ID(), a.Code)
	pairs := []any{
		"extension", fhir.List(nhs.WithoutExtension(mr, nhs.ExtHistory, StatusHistory(a.Code, a.Now))...),
		"status", a.Status,
	}
	if a.Status != "cancelled" {
		pairs = append(pairs, "statusReason", "")
	}
	var held []fhir.Value
	if a.Holder != nil {
		var performer fhir.Value
		performer, held = a.Holder.of(mr)
		pairs = append(pairs, "dispenseRequest", performer)
	}
	var entries []any
	var focus []any
	for _, e := range m.Entries {
		switch nhs.TypeOf(e.Resource) {
		case "MessageHeader", "Provenance":
			continue
		case "MedicationRequest":
			entries = append(entries, fhir.Obj("fullUrl", e.FullURL, "resource", fhir.Revise(m.Bundle.Sub(e.Resource), pairs...)))
			focus = append(focus, fhir.Obj("reference", e.FullURL))
		default:
			entries = append(entries, fhir.Obj("fullUrl", e.FullURL, "resource", e.Resource))
		}
	}
	for _, h := range held {
		entries = append(entries, h)
	}
	details, remarks := remarked(a.Warnings, id)
	entries = append(entries, remarks...)
	headerID := pharmacy.ID("MessageHeader", id)
	header := fhir.Obj("fullUrl", "urn:uuid:"+headerID, "resource", fhir.Obj(
		"resourceType", "MessageHeader",
		"id", headerID,
		"extension", fhir.List(fhir.Obj("url", nhs.ExtMessageID, "valueIdentifier", nhs.IdentifierValue(nhs.IDUUID, id))),
		"eventCoding", nhs.CodingValue(nhs.Coding(nhs.CSEvent, "prescription-order-response")),
		"destination", fhir.List(m.backTo()),
		"sender", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, a.Site.ID), "display", a.Site.Name),
		"source", fhir.Obj("name", a.Site.Name, "endpoint", a.Endpoint+"/$process-message"),
		"response", fhir.Obj("identifier", responseID(m.ID()), "code", "ok", "details", details),
		"focus", fhir.List(focus...),
	))
	return fhir.Obj(
		"resourceType", "Bundle",
		"id", id,
		"identifier", nhs.IdentifierValue(nhs.IDUUID, id),
		"type", "message",
		"timestamp", nhs.Stamp(a.Now),
		"entry", fhir.List(append([]any{header}, entries...)...),
	).Resource()
}

// remarked is the entry of a response that carries the warnings about the
// message, and the reference to it; nothing where there are none.
func remarked(warnings []fhir.Issue, id string) (details fhir.Value, entries []any) {
	if len(warnings) == 0 {
		return fhir.Value{}, nil
	}
	url := "urn:uuid:" + pharmacy.ID("OperationOutcome", id)
	return fhir.Obj("reference", url), []any{fhir.Obj("fullUrl", url, "resource", fhir.Outcome(warnings))}
}

// responseID is a message's identifier in the form of an id.
func responseID(messageID string) string { return strings.ToLower(messageID) }

// backTo is the sender of a message as the destination of its answer.
func (m *Message) backTo() fhir.Value {
	sender := m.Header.Get("sender")
	endpoint := m.Header.Path("source", "endpoint").Text()
	if endpoint == "" {
		endpoint = "urn:nhs-uk:addressing:ods:" + sender.Path("identifier", "value").Text()
	}
	return fhir.Obj("endpoint", endpoint, "receiver", fhir.Obj("identifier", sender.Get("identifier")))
}

// of writes the dispenser: dispenseRequest of an order with its performer, and the
// entries of the role and the organisation.
func (h *Holder) of(mr node) (request fhir.Value, entries []fhir.Value) {
	role, org := pharmacy.ID("PractitionerRole", "holder", h.Order, h.Agent.ID), pharmacy.ID("Organization", "holder", h.Owner.ID)
	performer := fhir.Obj(
		"extension", fhir.List(fhir.Obj("url", nhs.ExtPerformer, "valueReference", fhir.Obj("reference", "urn:uuid:"+role))),
		"identifier", nhs.IdentifierValue(nhs.IDODS, h.Owner.ID), "display", h.Owner.Name)
	var pairs []any
	for m := range mr.Get("dispenseRequest").Members() {
		if m.Name() != "performer" {
			pairs = append(pairs, m.Name(), m)
		}
	}
	return fhir.Obj(append(pairs, "performer", performer)...), []fhir.Value{
		fhir.Obj("fullUrl", "urn:uuid:"+role, "resource", fhir.Obj("resourceType", "PractitionerRole", "id", role,
			"practitioner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDUser, h.Agent.ID), "display", h.Agent.Name),
			"organization", fhir.Obj("reference", "urn:uuid:"+org))),
		fhir.Obj("fullUrl", "urn:uuid:"+org, "resource", fhir.Obj("resourceType", "Organization", "id", org,
			"identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, h.Owner.ID)), "name", h.Owner.Name)),
	}
}

// StatusHistory is the extension that tells what became of a cancellation.
func StatusHistory(code string, now time.Time) fhir.Value {
	return fhir.Obj("url", nhs.ExtHistory, "extension", fhir.List(
		fhir.Obj("url", "status", "valueCoding", nhs.CodingValue(nhs.Coding(nhs.CSHistory, code))),
		fhir.Obj("url", "statusDate", "valueDateTime", nhs.Stamp(now))))
}
