package message

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

const (
	extAbsent = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

	absentRole  = "unknown" // of data-absent-reason
	dispenserID = "performer"
)

// performerRole is the contained role that dispensed, as a notification must
// have it: with an SDS role profile, a job role, a contact point. What neither
// the call nor a stored PractitionerRole tells is marked as unknown
// (data-absent-reason) and never invented: of the contact point the number at work, since
// no extension replaces the codes that say what it is (R4, Terminologies, required).
func performerRole(h Handing, org *fhir.Resource) fhir.Value {
	var role node
	if h.Role != nil {
		role = h.Role.Root()
	}
	who := role.Get("practitioner")
	if !who.Path("identifier", "value").Exists() {
		who = node{}
	}
	practitioner := fhir.Obj("identifier", firstValue(who.Get("identifier"), nhs.IdentifierValue(nhs.IDUser, h.Agent.ID), fhir.Obj("system", nhs.IDUser, "_value", unknown())))
	return fhir.Obj("resourceType", "PractitionerRole", "id", dispenserID,
		"identifier", firstValue(withSystem(role.Get("identifier"), nhs.IDRoleProfile), fhir.List(nhs.IdentifierValue(nhs.IDRoleProfile, h.Profile)), fhir.List(fhir.Obj("system", nhs.IDRoleProfile, "_value", unknown()))),
		"practitioner", withDisplay(practitioner, who.Get("display").Text(), h.Agent.Name),
		"organization", fhir.Obj("reference", "urn:uuid:"+org.ID()),
		"code", firstValue(jobRoles(role), fhir.List(fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSJobRole, "_code", unknown()))))),
		"telecom", firstValue(role.Get("telecom"), contactPoints(org.Root()), fhir.List(fhir.Obj("system", "phone", "_value", unknown(), "use", "work"))))
}

// unknown is the companion of a primitive that has no value.
func unknown() fhir.Value {
	return fhir.Obj("extension", fhir.List(fhir.Obj("url", extAbsent, "valueCode", absentRole)))
}

// firstValue is the first of its values that is there.
func firstValue(values ...any) any {
	for _, v := range values {
		switch v := v.(type) {
		case node:
			if v.Exists() && (v.Kind() != fhir.Array || v.Len() > 0) {
				return v
			}
		case fhir.Value:
			if !v.IsZero() {
				return v
			}
		}
	}
	return fhir.Value{}
}

// withSystem is a list of identifiers that has one of a system, absent otherwise.
func withSystem(identifiers node, system string) node {
	for id := range identifiers.Items() {
		if id.Get("system").Text() == system && id.Get("value").Exists() {
			return identifiers
		}
	}
	return node{}
}

// jobRoles are the codes of a role that has an SDS job role, absent otherwise.
func jobRoles(role node) node {
	for c := range role.Get("code").Items() {
		if nhs.Coded(c, nhs.CSJobRole) != "" {
			return role.Get("code")
		}
	}
	return node{}
}

// contactPoints are those of an organisation that say what they are for.
func contactPoints(org node) fhir.Value {
	var list []any
	for t := range org.Get("telecom").Items() {
		if t.Get("value").Exists() && t.Get("use").Exists() {
			list = append(list, t)
		}
	}
	return fhir.List(list...)
}

func withDisplay(reference fhir.Value, names ...string) fhir.Value {
	r := reference.Resource()
	for _, name := range names {
		if name != "" {
			return fhir.Obj("identifier", r.Get("identifier"), "display", name)
		}
	}
	return fhir.Obj("identifier", r.Get("identifier"), "_display", unknown())
}
