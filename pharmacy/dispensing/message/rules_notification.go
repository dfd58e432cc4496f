package message

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// NotifyRules hold for a dispense-notification and its amendment.
var NotifyRules = []Rule[*Message]{
	{"D0", suppliesPresent},
	{"D1", suppliesAgree},
	{"D2", onePerformer},
	{"D3", performerNamed},
	{"D4", performerOrganization},
	{"D5", reimbursementAuthority},
	{"D6", reasonsAgree},
	{"DN-18", statusesAgree},
	{"DN-4", reasonsGiven},
	{"DN-1", amountsKnown},
}

// D0: a notification tells of at least one item, each of which names the
// prescription's item it is for.
func suppliesPresent(m *Message, f *Findings) {
	found := false
	for d := range m.All("MedicationDispense") {
		found = true
		mr := prescription.OrderWithin(d)
		switch {
		case !mr.Exists():
			f.At(Place(d.Get("authorizingPrescription"), d), fhir.Issue{Code: fhir.ValueCode, Message: "The supply does not say which item it is for.",
				Expected: "authorizingPrescription to a contained MedicationRequest", Found: d.Get("authorizingPrescription").Brief()})
		case !nhs.Identifier(mr, nhs.IDItem).Exists() || !mr.Path("groupIdentifier", "value").Exists():
			f.At(mr, fhir.Issue{Code: fhir.ValueCode, Message: "The contained item lacks the numbers that identify it.",
				Expected: "an identifier of " + nhs.IDItem + " and a groupIdentifier", Found: mr.Get("identifier").Brief()})
		}
		if code := nhs.Coded(d.Get("type"), nhs.CSLineStatus); nhs.Display(nhs.CSLineStatus, code) == "" {
			f.At(Place(d.Get("type"), d), fhir.Issue{Code: fhir.ValueCode, Message: "The supply has no item status.",
				Expected: "type of " + nhs.CSLineStatus, Found: fhir.OrNothing(code)})
		}
	}
	if !found {
		f.At(m.Bundle.Get("entry"), fhir.Issue{Code: fhir.ValueCode, Message: "The notification tells of no supply.",
			Expected: "at least one MedicationDispense", Found: "none", Details: nhs.Facade("TOO_FEW_VALUES_SUBMITTED", "Bundle must contain a MedicationDispense")})
	}
}

// statusesAgree: a supply that was handed over does not have a status by which
// nothing was.
func statusesAgree(m *Message, f *Findings) {
	for d := range m.All("MedicationDispense") {
		status := d.Get("status")
		if s := prescription.LineStatus(nhs.Coded(d.Get("type"), nhs.CSLineStatus)); s != prescription.FullyDispensed && s != prescription.PartDispensed {
			continue
		}
		switch status.Text() {
		case "entered-in-error", "cancelled", "declined", "stopped", "on-hold", "preparation":
			f.At(status, fhir.Issue{Code: fhir.BusinessRule, Message: "The status of the supply contradicts its type, by which the item was handed over.",
				Expected: "completed", Found: status.Text(), Fix: "Where nothing was handed over, give the type 0002 or 0004; where a supply is taken back, send an amendment or a withdrawal."})
		}
	}
}

// reasonsGiven: an item that is not dispensed says why.
func reasonsGiven(m *Message, f *Findings) {
	for d := range m.All("MedicationDispense") {
		s := prescription.ReadSupply(d)
		if s.Status == prescription.NotDispensed && nhs.Display(nhs.CSNotDispensed, s.Reason) == "" {
			f.At(Place(d.Get("statusReasonCodeableConcept"), d), fhir.Issue{Code: fhir.BusinessRule, Message: "An item that is not dispensed needs a reason.",
				Expected: "statusReasonCodeableConcept of " + nhs.CSNotDispensed + ", or " + nhs.ExtNonDispensing, Found: fhir.OrNothing(s.Reason)})
		}
	}
}

// D1: one notification is of one handing over to one patient, of one issue.
func suppliesAgree(m *Message, f *Findings) {
	all := m.List("MedicationDispense")
	for _, element := range []struct {
		name string
		of   func(node) node
	}{
		{"whenHandedOver", get("whenHandedOver")},
		{"subject.identifier.value", get("subject", "identifier", "value")},
		{"extension(RepeatInformation)", func(d node) node { return nhs.Extension(d, nhs.ExtRepeat) }},
		{"groupIdentifier", func(d node) node { return prescription.OrderWithin(d).Path("groupIdentifier", "value") }},
	} {
		for _, d := range all[min(1, len(all)):] {
			if a, b := element.of(all[0]), element.of(d); !a.SameAs(b) {
				f.At(Place(b, d), fhir.Issue{Code: fhir.ValueCode, Message: "Expected all MedicationDispenses to have the same value for " + element.name + ".",
					Expected: a.Brief(), Found: b.Brief(), Details: nhs.Facade("INVALID_VALUE", element.name+" differs between MedicationDispenses")})
			}
		}
	}
}

// D2: by one performer.
func onePerformer(m *Message, f *Findings) {
	var first node
	for d := range m.All("MedicationDispense") {
		p := d.Get("performer")
		if p.Len() == 0 || !p.Get("actor").Exists() {
			f.At(Place(p, d), fhir.Issue{Code: fhir.ValueCode, Message: "The supply has no performer.", Expected: "performer.actor", Found: "nothing",
				Details: nhs.Facade("TOO_FEW_VALUES_SUBMITTED", "MedicationDispense.performer must not be empty")})
			continue
		}
		for one := range p.Items() {
			actor := one.Get("actor")
			if !first.Exists() {
				first = actor
			}
			if !first.SameAs(actor) {
				f.At(actor, fhir.Issue{Code: fhir.ValueCode, Message: "Expected all MedicationDispenses to have the same performer.",
					Expected: first.Brief(), Found: actor.Brief(), Details: nhs.Facade("INVALID_VALUE", "performer differs between MedicationDispenses")})
			}
		}
	}
}

// Performer is the role that a supply was made in.
func (m *Message) Performer(dispense node) node {
	actor := dispense.Get("performer").Get("actor")
	if role := nhs.Contained(dispense, actor); role.Exists() {
		return role
	}
	return m.Resolve(actor)
}

// D3: the role names its practitioner by identifier.
func performerNamed(m *Message, f *Findings) {
	for d := range m.All("MedicationDispense") {
		namedPractitioner(m.Performer(d), f)
	}
}

func namedPractitioner(role node, f *Findings) {
	p := role.Get("practitioner")
	if p.Get("reference").Exists() {
		f.At(p.Get("reference"), fhir.Issue{Code: fhir.ValueCode, Message: "The practitioner must be named by identifier, not by reference.",
			Expected: "practitioner.identifier of " + nhs.IDUser, Found: p.Get("reference").Text(),
			Details: nhs.Facade("INVALID_VALUE", "practitioner must be an identifier")})
		return
	}
	if role.Exists() && !p.Path("identifier", "value").Exists() {
		f.At(Place(p, role), fhir.Issue{Code: fhir.ValueCode, Message: "The role does not say who acts in it.",
			Expected: "practitioner.identifier of " + nhs.IDUser, Found: "nothing", Details: nhs.Facade("MISSING_FIELD", "practitioner.identifier must be given")})
	}
}

// D4: and its organisation by a reference that the message resolves.
func performerOrganization(m *Message, f *Findings) {
	for d := range m.All("MedicationDispense") {
		role := m.Performer(d)
		if !role.Exists() {
			continue
		}
		if org := role.Get("organization"); !m.Organization(d, role).Exists() {
			f.At(Place(org, role), fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "The performer's organisation is not in the message.",
				Expected: "organization.reference to an Organization entry", Found: org.Brief(),
				Details: nhs.Facade("INVALID_VALUE", "PractitionerRole.organization must be a reference")})
		}
	}
}

// Organization is that of a role within holder, contained or in an entry; absent
// where the message does not have it.
func (m *Message) Organization(holder, role node) node {
	if org := nhs.Contained(holder, role.Get("organization")); org.Exists() {
		return org
	}
	return m.Resolve(role.Get("organization"))
}

// D5: the organisation says who reimburses it.
func reimbursementAuthority(m *Message, f *Findings) {
	for org := range m.All("Organization") {
		if ext := nhs.Extension(org, nhs.ExtODS); !nhs.Extension(ext, "reimbursementAuthority").Path("valueIdentifier", "value").Exists() {
			f.At(Place(ext, org), fhir.Issue{Code: fhir.ValueCode, Message: "The organisation does not say which authority reimburses it.",
				Expected: "Extension-ODS-OrganisationRelationships reimbursementAuthority", Found: ext.Brief(),
				Details: nhs.Facade("MISSING_FIELD", "reimbursementAuthority must be given")})
		}
	}
}

// D6: where no item was dispensed, it was for one reason.
func reasonsAgree(m *Message, f *Findings) {
	all := m.List("MedicationDispense")
	for _, d := range all {
		if !nhs.Extension(d, nhs.ExtNonDispensing).Exists() {
			return
		}
	}
	for _, d := range all[min(1, len(all)):] {
		if a, b := nhs.Extension(all[0], nhs.ExtNonDispensing), nhs.Extension(d, nhs.ExtNonDispensing); !a.SameAs(b) {
			f.At(b, fhir.Issue{Code: fhir.Invalid, Message: "Expected all MedicationDispenses to have the same reason for not dispensing.",
				Expected: a.Brief(), Found: b.Brief(), Details: nhs.Facade("INVALID_VALUE", "Non-dispensing reasons differ")})
		}
	}
}
