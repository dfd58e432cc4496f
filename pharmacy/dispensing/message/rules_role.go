package message

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// roles are the PractitionerRoles of the message and, among them, the one of a
// responsible party, which may be named more loosely.
func (m *Message) roles() (all []node, responsible func(node) bool) {
	var parties []string
	for mr := range m.All("MedicationRequest") {
		parties = append(parties, nhs.Extension(mr, nhs.ExtResponsible).Path("valueReference", "reference").Text())
	}
	requesters := map[int]bool{}
	for mr := range m.All("MedicationRequest") {
		if r := m.Resolve(mr.Get("requester")); r.Exists() {
			requesters[r.Index()] = true
		}
	}
	return m.List("PractitionerRole"), func(role node) bool {
		return !requesters[role.Index()] && slices.ContainsFunc(parties, func(ref string) bool {
			r := m.find(ref)
			return r.Exists() && r.Index() == role.Index()
		})
	}
}

// B6: the person in a role stands in the message. Only a responsible party may
// be named by identifier instead (one way, not both), and the person of a
// message that names everybody so and carries no Practitioner at all.
func practitionersInside(m *Message, f *Findings) {
	all, responsible := m.roles()
	carries := len(m.List("Practitioner")) > 0
	for _, role := range all {
		p := role.Get("practitioner")
		reference, named := p.Get("reference").Exists(), p.Path("identifier", "value").Exists()
		switch {
		case responsible(role):
			if reference == named {
				f.At(Place(p, role), fhir.Issue{Code: fhir.ValueCode, Message: "The responsible practitioner must be named in one way.",
					Expected: "practitioner.reference or practitioner.identifier", Found: bothOrNone(reference)})
			}
		case reference && !m.Resolve(p).Exists():
			f.At(p.Get("reference"), fhir.Issue{Code: fhir.ValueCode, Message: "The practitioner is not in the message.",
				Expected: "the fullUrl of a Practitioner entry", Found: p.Get("reference").Text()})
		case !reference && (carries || !named):
			f.At(Place(p, role), fhir.Issue{Code: fhir.ValueCode, Message: "The practitioner of a role must be a reference.",
				Expected: "practitioner.reference to a Practitioner entry", Found: foundReference(named)})
		}
	}
}

// B7: so does the organisation of a role.
func organizationsInside(m *Message, f *Findings) {
	all, _ := m.roles()
	carries := len(m.List("Organization")) > 0
	for _, role := range all {
		o := role.Get("organization")
		reference, named := o.Get("reference").Exists(), o.Path("identifier", "value").Exists()
		switch {
		case reference && !m.Resolve(o).Exists():
			f.At(o.Get("reference"), fhir.Issue{Code: fhir.ValueCode, Message: "The organisation is not in the message.",
				Expected: "the fullUrl of an Organization entry", Found: o.Get("reference").Text()})
		case !reference && (carries || !named):
			f.At(Place(o, role), fhir.Issue{Code: fhir.ValueCode, Message: "The organisation of a role must be a reference.",
				Expected: "organization.reference to an Organization entry", Found: foundReference(named)})
		}
	}
}

// B8: and its services, in a message that carries organisations.
func servicesInside(m *Message, f *Findings) {
	carries := len(m.List("Organization")) > 0
	for role := range m.All("PractitionerRole") {
		for s := range role.Get("healthcareService").Items() {
			switch reference := s.Get("reference"); {
			case reference.Exists() && !m.Resolve(s).Exists():
				f.At(reference, fhir.Issue{Code: fhir.ValueCode, Message: "The healthcare service is not in the message.",
					Expected: "the fullUrl of a HealthcareService entry", Found: reference.Text()})
			case !reference.Exists() && (carries || !s.Path("identifier", "value").Exists()):
				f.At(s, fhir.Issue{Code: fhir.ValueCode, Message: "A healthcare service of a role must be a reference.",
					Expected: "reference to a HealthcareService entry", Found: "no reference"})
			}
		}
	}
}

// B9: the role in which somebody acts has one SDS role profile.
func oneRoleProfile(m *Message, f *Findings) {
	all, responsible := m.roles()
	for _, role := range all {
		count := 0
		for id := range role.Get("identifier").Items() {
			if id.Get("system").Text() == nhs.IDRoleProfile {
				count++
			}
		}
		if count > 1 || count == 0 && !responsible(role) {
			f.At(role, fhir.Issue{Code: fhir.Invalid, Message: "The role must have exactly one SDS role profile id.",
				Expected: "one identifier of " + nhs.IDRoleProfile, Found: []string{"none", "one", "several"}[min(count, 2)],
				Details: nhs.Facade(fewOrMany(count), "PractitionerRole.identifier must contain exactly one sds-role-profile-id")})
		}
	}
}

func fewOrMany(count int) string {
	if count == 0 {
		return "TOO_FEW_VALUES_SUBMITTED"
	}
	return "TOO_MANY_VALUES_SUBMITTED"
}

func bothOrNone(both bool) string {
	if both {
		return "both"
	}
	return "neither"
}

func foundReference(named bool) string {
	if named {
		return "an identifier"
	}
	return "nothing"
}
