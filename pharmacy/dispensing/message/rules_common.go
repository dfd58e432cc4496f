package message

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// CommonRules hold for every message.
var CommonRules = []Rule[*Message]{
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

// Lines walks every MedicationRequest of the message, the contained ones of its
// MedicationDispenses too.
func (m *Message) Lines() []node {
	list := m.List("MedicationRequest")
	for d := range m.All("MedicationDispense") {
		for c := range d.Get("contained").Items() {
			if nhs.TypeOf(c) == "MedicationRequest" {
				list = append(list, c)
			}
		}
	}
	return list
}

// B3: only orders are dispensed.
func noPlans(m *Message, f *Findings) {
	for mr := range m.All("MedicationRequest") {
		if intent := mr.Get("intent"); slices.Contains([]string{"plan", "reflex-order"}, intent.Text()) {
			f.At(intent, fhir.Issue{
				Code: fhir.ValueCode, Message: "This intent cannot be prescribed.", Expected: "order, original-order or instance-order", Found: intent.Text(),
				Details: nhs.Facade("INVALID_VALUE", "MedicationRequest.intent must not be plan or reflex-order"),
			})
		}
	}
}

// B4: a medication is named once, in one of the two ways.
func oneMedication(m *Message, f *Findings) {
	for _, r := range append(m.Lines(), m.List("MedicationDispense")...) {
		if r.Get("medicationCodeableConcept").Exists() && r.Get("medicationReference").Exists() {
			f.At(r.Get("medicationReference"), fhir.Issue{
				Code: fhir.Structure, Message: "The medication is given twice.", Expected: "medicationCodeableConcept or medicationReference",
				Found: "both", Details: nhs.Facade("CONFLICTING_VALUES", "Only one of medicationCodeableConcept and medicationReference may be given"),
			})
		}
	}
}

// B5: a contact point is of use only with its value and what it is for.
func completeTelecoms(m *Message, f *Findings) {
	for _, e := range m.Entries {
		for t := range e.Resource.Get("telecom").Items() {
			for _, name := range []string{"value", "use"} {
				if t.Kind() == fhir.Object && t.Get(name).Text() == "" {
					f.At(t, fhir.Issue{Code: fhir.ValueCode, Message: "The contact point has no " + name + ".", Expected: name, Found: "nothing",
						Details: nhs.Facade("MISSING_FIELD", "telecom must have a "+name)})
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
func knownUses(m *Message, f *Findings) {
	for _, e := range m.Entries {
		for _, element := range []string{"name", "telecom", "address"} {
			for v := range e.Resource.Get(element).Items() {
				if use := v.Get("use"); use.Exists() && !slices.Contains(uses[element], use.Text()) {
					f.At(use, fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "This use is not supported.",
						Expected: strings.Join(uses[element], ", "), Found: use.Text(), Details: nhs.Facade("INVALID_VALUE", "Unhandled "+element+" use")})
				}
			}
		}
		genders := []string{"male", "female", "other", "unknown"}
		if g := e.Resource.Get("gender"); g.Exists() && !slices.Contains(genders, g.Text()) {
			f.At(g, fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "This gender is not supported.",
				Expected: strings.Join(genders, ", "), Found: g.Text(), Details: nhs.Facade("INVALID_VALUE", "Unhandled gender")})
		}
	}
}

// Place is the element where there is one, and what should have held it otherwise.
func Place(element, holder node) node {
	if element.Exists() {
		return element
	}
	return holder
}
