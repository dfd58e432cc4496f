package dispensing

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// commonRules hold for every message.
var commonRules = []rule[*message]{
	{"B3", noPlans},
	{"B4", oneMedication},
	{"B5", completeTelecoms},
	{"B6", practitionersInside},
	{"B7", organizationsInside},
	{"B8", servicesInside},
	{"B9", oneRoleProfile},
	{"P11", knownUses},
}

// lines walks every MedicationRequest of the message, the contained ones of its
// MedicationDispenses too.
func (m *message) lines() []node {
	list := m.list("MedicationRequest")
	for d := range m.all("MedicationDispense") {
		for c := range d.Get("contained").Items() {
			if typeOf(c) == "MedicationRequest" {
				list = append(list, c)
			}
		}
	}
	return list
}

// B3: only orders are dispensed.
func noPlans(m *message, f *findings) {
	for mr := range m.all("MedicationRequest") {
		if intent := mr.Get("intent"); slices.Contains([]string{"plan", "reflex-order"}, intent.Text()) {
			f.at(intent, fhir.Issue{
				Code: fhir.ValueCode, Message: "This intent cannot be prescribed.", Expected: "order, original-order or instance-order", Found: intent.Text(),
				Details: facade("INVALID_VALUE", "MedicationRequest.intent must not be plan or reflex-order"),
			})
		}
	}
}

// B4: a medication is named once, in one of the two ways.
func oneMedication(m *message, f *findings) {
	for _, r := range append(m.lines(), m.list("MedicationDispense")...) {
		if r.Get("medicationCodeableConcept").Exists() && r.Get("medicationReference").Exists() {
			f.at(r.Get("medicationReference"), fhir.Issue{
				Code: fhir.Structure, Message: "The medication is given twice.", Expected: "medicationCodeableConcept or medicationReference",
				Found: "both", Details: facade("CONFLICTING_VALUES", "Only one of medicationCodeableConcept and medicationReference may be given"),
			})
		}
	}
}

// B5: a contact point is of use only with its value and what it is for.
func completeTelecoms(m *message, f *findings) {
	for _, e := range m.entries {
		for t := range e.resource.Get("telecom").Items() {
			for _, name := range []string{"value", "use"} {
				if t.Kind() == fhir.Object && t.Get(name).Text() == "" {
					f.at(t, fhir.Issue{Code: fhir.ValueCode, Message: "The contact point has no " + name + ".", Expected: name, Found: "nothing",
						Details: facade("MISSING_FIELD", "telecom must have a "+name)})
				}
			}
		}
	}
}

// roles are the PractitionerRoles of the message and, among them, the one of a
// responsible party, which may be named more loosely.
func (m *message) roles() (all []node, responsible func(node) bool) {
	var parties []string
	for mr := range m.all("MedicationRequest") {
		parties = append(parties, extension(mr, extResponsible).Path("valueReference", "reference").Text())
	}
	requesters := map[int]bool{}
	for mr := range m.all("MedicationRequest") {
		if r := m.resolve(mr.Get("requester")); r.Exists() {
			requesters[r.Index()] = true
		}
	}
	return m.list("PractitionerRole"), func(role node) bool {
		return !requesters[role.Index()] && slices.ContainsFunc(parties, func(ref string) bool {
			r := m.find(ref)
			return r.Exists() && r.Index() == role.Index()
		})
	}
}

// B6: the person in a role stands in the message. Only a responsible party may
// be named by identifier instead (one way, not both), and the person of a
// message that names everybody so and carries no Practitioner at all.
func practitionersInside(m *message, f *findings) {
	all, responsible := m.roles()
	carries := len(m.list("Practitioner")) > 0
	for _, role := range all {
		p := role.Get("practitioner")
		reference, named := p.Get("reference").Exists(), p.Path("identifier", "value").Exists()
		switch {
		case responsible(role):
			if reference == named {
				f.at(place(p, role), fhir.Issue{Code: fhir.ValueCode, Message: "The responsible practitioner must be named in one way.",
					Expected: "practitioner.reference or practitioner.identifier", Found: bothOrNone(reference)})
			}
		case reference && !m.resolve(p).Exists():
			f.at(p.Get("reference"), fhir.Issue{Code: fhir.ValueCode, Message: "The practitioner is not in the message.",
				Expected: "the fullUrl of a Practitioner entry", Found: p.Get("reference").Text()})
		case !reference && (carries || !named):
			f.at(place(p, role), fhir.Issue{Code: fhir.ValueCode, Message: "The practitioner of a role must be a reference.",
				Expected: "practitioner.reference to a Practitioner entry", Found: foundReference(named)})
		}
	}
}

// B7: so does the organisation of a role.
func organizationsInside(m *message, f *findings) {
	all, _ := m.roles()
	carries := len(m.list("Organization")) > 0
	for _, role := range all {
		o := role.Get("organization")
		reference, named := o.Get("reference").Exists(), o.Path("identifier", "value").Exists()
		switch {
		case reference && !m.resolve(o).Exists():
			f.at(o.Get("reference"), fhir.Issue{Code: fhir.ValueCode, Message: "The organisation is not in the message.",
				Expected: "the fullUrl of an Organization entry", Found: o.Get("reference").Text()})
		case !reference && (carries || !named):
			f.at(place(o, role), fhir.Issue{Code: fhir.ValueCode, Message: "The organisation of a role must be a reference.",
				Expected: "organization.reference to an Organization entry", Found: foundReference(named)})
		}
	}
}

// B8: and its services, in a message that carries organisations.
func servicesInside(m *message, f *findings) {
	carries := len(m.list("Organization")) > 0
	for role := range m.all("PractitionerRole") {
		for s := range role.Get("healthcareService").Items() {
			switch reference := s.Get("reference"); {
			case reference.Exists() && !m.resolve(s).Exists():
				f.at(reference, fhir.Issue{Code: fhir.ValueCode, Message: "The healthcare service is not in the message.",
					Expected: "the fullUrl of a HealthcareService entry", Found: reference.Text()})
			case !reference.Exists() && (carries || !s.Path("identifier", "value").Exists()):
				f.at(s, fhir.Issue{Code: fhir.ValueCode, Message: "A healthcare service of a role must be a reference.",
					Expected: "reference to a HealthcareService entry", Found: "no reference"})
			}
		}
	}
}

// B9: the role in which somebody acts has one SDS role profile.
func oneRoleProfile(m *message, f *findings) {
	all, responsible := m.roles()
	for _, role := range all {
		count := 0
		for id := range role.Get("identifier").Items() {
			if id.Get("system").Text() == idRoleProfile {
				count++
			}
		}
		if count > 1 || count == 0 && !responsible(role) {
			f.at(role, fhir.Issue{Code: fhir.Invalid, Message: "The role must have exactly one SDS role profile id.",
				Expected: "one identifier of " + idRoleProfile, Found: []string{"none", "one", "several"}[min(count, 2)],
				Details: facade(fewOrMany(count), "PractitionerRole.identifier must contain exactly one sds-role-profile-id")})
		}
	}
}

func fewOrMany(count int) string {
	if count == 0 {
		return "TOO_FEW_VALUES_SUBMITTED"
	}
	return "TOO_MANY_VALUES_SUBMITTED"
}

// uses are the codes that the service can carry on, by element.
var uses = map[string][]string{
	"name":    {"usual", "official", "temp", "anonymous", "nickname", "old", "maiden"},
	"telecom": {"home", "work", "temp", "mobile"},
	"address": {"home", "work", "temp", "billing"},
}

// P11: uses and genders that the service can carry on.
func knownUses(m *message, f *findings) {
	for _, e := range m.entries {
		for _, element := range []string{"name", "telecom", "address"} {
			for v := range e.resource.Get(element).Items() {
				if use := v.Get("use"); use.Exists() && !slices.Contains(uses[element], use.Text()) {
					f.at(use, fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "This use is not supported.",
						Expected: strings.Join(uses[element], ", "), Found: use.Text(), Details: facade("INVALID_VALUE", "Unhandled "+element+" use")})
				}
			}
		}
		genders := []string{"male", "female", "other", "unknown"}
		if g := e.resource.Get("gender"); g.Exists() && !slices.Contains(genders, g.Text()) {
			f.at(g, fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "This gender is not supported.",
				Expected: strings.Join(genders, ", "), Found: g.Text(), Details: facade("INVALID_VALUE", "Unhandled gender")})
		}
	}
}

// place is the element where there is one, and what should have held it otherwise.
func place(element, holder node) node {
	if element.Exists() {
		return element
	}
	return holder
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
