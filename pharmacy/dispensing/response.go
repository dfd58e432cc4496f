package dispensing

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// cancelResponse is the prescription-order-response to a cancellation: the
// order with what became of it, and the parts of the request it refers to.
// While the order is with a dispenser, it says with whom.
func (s *Service) cancelResponse(call *fhir.Call, m *message, mr node, x *execution, v verdict) *fhir.Resource {
	id := pharmacy.ID("Bundle", "prescription-order-response", m.id(), v.code)
	pairs := []any{
		"extension", fhir.List(without(mr, nhs.ExtHistory, history(v.code, call.Time))...),
		"status", v.status,
	}
	if v.status != "cancelled" {
		pairs = append(pairs, "statusReason", "")
	}
	var holder []fhir.Value
	if x != nil && x.State.withDispenser() {
		var performer fhir.Value
		performer, holder = s.holder(x, mr)
		pairs = append(pairs, "dispenseRequest", performer)
	}
	var entries []any
	var focus []any
	for _, e := range m.entries {
		switch typeOf(e.resource) {
		case "MessageHeader", "Provenance":
			continue
		case "MedicationRequest":
			entries = append(entries, fhir.Obj("fullUrl", e.fullURL, "resource", revise(m.bundle.Sub(e.resource), pairs...)))
			focus = append(focus, fhir.Obj("reference", e.fullURL))
		default:
			entries = append(entries, fhir.Obj("fullUrl", e.fullURL, "resource", e.resource))
		}
	}
	for _, h := range holder {
		entries = append(entries, h)
	}
	details, remarks := remarked(call, id)
	entries = append(entries, remarks...)
	headerID := pharmacy.ID("MessageHeader", id)
	header := fhir.Obj("fullUrl", "urn:uuid:"+headerID, "resource", fhir.Obj(
		"resourceType", "MessageHeader",
		"id", headerID,
		"extension", fhir.List(fhir.Obj("url", nhs.ExtMessageID, "valueIdentifier", nhs.IdentifierValue(nhs.IDUUID, id))),
		"eventCoding", nhs.CodingValue(nhs.Coding(nhs.CSEvent, "prescription-order-response")),
		"destination", fhir.List(m.backTo()),
		"sender", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, s.site.ODS), "display", s.site.Name),
		"source", fhir.Obj("name", s.site.Name, "endpoint", s.endpoint(call)+"/$process-message"),
		"response", fhir.Obj("identifier", responseID(m.id()), "code", "ok", "details", details),
		"focus", fhir.List(focus...),
	))
	return fhir.Obj(
		"resourceType", "Bundle",
		"id", id,
		"identifier", nhs.IdentifierValue(nhs.IDUUID, id),
		"type", "message",
		"timestamp", nhs.Stamp(call.Time),
		"entry", fhir.List(append([]any{header}, entries...)...),
	).Resource()
}

// remarked is the entry of a response that carries the warnings about the
// message, and the reference to it; nothing where there are none.
func remarked(call *fhir.Call, id string) (details fhir.Value, entries []any) {
	if len(call.Warnings) == 0 {
		return fhir.Value{}, nil
	}
	url := "urn:uuid:" + pharmacy.ID("OperationOutcome", id)
	return fhir.Obj("reference", url), []any{fhir.Obj("fullUrl", url, "resource", fhir.Outcome(call.Warnings))}
}

// responseID is a message's identifier in the form of an id.
func responseID(messageID string) string { return strings.ToLower(messageID) }

// backTo is the sender of a message as the destination of its answer.
func (m *message) backTo() fhir.Value {
	sender := m.header.Get("sender")
	endpoint := m.header.Path("source", "endpoint").Text()
	if endpoint == "" {
		endpoint = "urn:nhs-uk:addressing:ods:" + sender.Path("identifier", "value").Text()
	}
	return fhir.Obj("endpoint", endpoint, "receiver", fhir.Obj("identifier", sender.Get("identifier")))
}

// endpoint is the address of this server.
func (s *Service) endpoint(call *fhir.Call) string {
	switch {
	case call.Base != "":
		return call.Base
	case s.site.Endpoint != "":
		return s.site.Endpoint
	}
	return "urn:nhs-uk:addressing:ods:" + s.site.ODS
}

// holder writes the dispenser that holds the prescription: dispenseRequest with
// its performer, and the entries of the role and the organisation.
func (s *Service) holder(x *execution, mr node) (request fhir.Value, entries []fhir.Value) {
	role, org := pharmacy.ID("PractitionerRole", "holder", x.Order, x.agent.ID), pharmacy.ID("Organization", "holder", x.Owner.ID)
	performer := fhir.Obj(
		"extension", fhir.List(fhir.Obj("url", nhs.ExtPerformer, "valueReference", fhir.Obj("reference", "urn:uuid:"+role))),
		"identifier", nhs.IdentifierValue(nhs.IDODS, x.Owner.ID), "display", x.Owner.Name)
	var pairs []any
	for m := range mr.Get("dispenseRequest").Members() {
		if m.Name() != "performer" {
			pairs = append(pairs, m.Name(), m)
		}
	}
	return fhir.Obj(append(pairs, "performer", performer)...), []fhir.Value{
		fhir.Obj("fullUrl", "urn:uuid:"+role, "resource", fhir.Obj("resourceType", "PractitionerRole", "id", role,
			"practitioner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDUser, x.agent.ID), "display", x.agent.Name),
			"organization", fhir.Obj("reference", "urn:uuid:"+org))),
		fhir.Obj("fullUrl", "urn:uuid:"+org, "resource", fhir.Obj("resourceType", "Organization", "id", org,
			"identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, x.Owner.ID)), "name", x.Owner.Name)),
	}
}
