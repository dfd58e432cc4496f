package dispensing

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// commonRules hold for every message.
var commonRules = []rule[*message]{
	{"B11", ownParts},
	{"B3", noPlans},
	{"B4", oneMedication},
	{"B5", completeTelecoms},
	{"B6", practitionersInside},
	{"B7", organizationsInside},
	{"B8", servicesInside},
	{"B9", oneRoleProfile},
	{"P11", knownUses},
	{"5009", orderNumbers},
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
