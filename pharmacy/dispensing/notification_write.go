package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// notification writes the EPS dispense-notification of what was handed over, with
// what is stored of who prescribed and who dispensed. after is the prescription
// with the supplies applied.
func (s *Service) notification(state fhir.State, x *execution, after *prescription.Prescription, items []message.HandedItem, h message.Handing) (*fhir.Resource, error) {
	org, err := s.dispenser(state, x)
	if err != nil {
		return nil, err
	}
	if h.Role == nil {
		if h.Role, err = roleOf(state, h.Agent); err != nil {
			return nil, err
		}
	}
	n := message.Notification{Before: x.Prescription, After: after, Release: x.release.id, Handing: h, Org: org}
	for _, item := range items {
		o := x.orderFor(x.Line(item.Item))
		requester, err := x.prescriber(state, o)
		if err != nil {
			return nil, err
		}
		n.Items = append(n.Items, message.NotificationItem{HandedItem: item, Order: o, Requester: requester})
	}
	return n.Bundle(), nil
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
	list := nhs.WithoutExtension(known.Root(), nhs.ExtODS)
	switch {
	case relations.Exists():
		list = append(list, relations)
	case s.site.ReimbursementAuthority != "":
		list = append(list, fhir.Obj("url", nhs.ExtODS, "extension", fhir.List(fhir.Obj("url", "reimbursementAuthority",
			"valueIdentifier", nhs.IdentifierValue(nhs.IDODS, s.site.ReimbursementAuthority)))))
	}
	return fhir.Revise(known, "id", id, "meta", "", "extension", fhir.List(list...)), nil
}

// roleOf is the role that a user of SDS is known to act in here, nil for none.
func roleOf(state fhir.State, agent prescription.Party) (*fhir.Resource, error) {
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
func (x *execution) prescriber(state fhir.State, o *prescription.Order) (fhir.Value, error) {
	requester := o.Resource.Get("requester")
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
