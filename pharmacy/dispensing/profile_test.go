package dispensing

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/uk"
)

// TestProfiles holds what the service writes to the NHSDigital profiles.
func TestProfiles(t *testing.T) {
	v := profiles.New(profiles.WithLibrary(uk.Library()))
	w := newWorld(t, today, Options{})
	hold := func(name string, r *fhir.Resource, profile string) {
		t.Helper()
		for _, i := range v.Validate(w.ctx, r, "https://fhir.nhs.uk/StructureDefinition/"+profile) {
			if i.IsError() && !strings.Contains(i.Message, "address") {
				t.Errorf("%s, %s: %s: %s (%s)", name, profile, i.Expression, i.Text(), i.Rule)
			}
		}
	}
	s := epstest.Acute(1)
	s.Therapy, s.Repeats = prescription.RepeatDispensing, 2
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	hold("waiting", w.task(s.Order, 1), "NHSDigital-Task")
	_, err = w.on(s.Order, 1, w.s.acceptTask, "agent", epstest.AgentRole(), "owner", pharmacyOrganization())
	require.NoError(t, err)
	hold("accepted", w.task(s.Order, 1), "NHSDigital-Task")
	reply, err := w.on(s.Order, 1, w.s.dispenseTask, "all:Boolean", true)
	require.NoError(t, err)
	hold("dispensed", w.task(s.Order, 1), "NHSDigital-Task")
	b := reply.Resource.Sub(message.Parameter(reply.Resource, "notification").Get("resource"))
	m := message.Read(b, prescription.BuiltInLaw)
	hold("notification", b.Sub(m.Header), "NHSDigital-MessageHeader")
	for d := range m.All("MedicationDispense") {
		hold("notification", b.Sub(d), "NHSDigital-MedicationDispense-Message")
	}
	for org := range m.All("Organization") {
		hold("notification", b.Sub(org), "NHSDigital-Organization-SDS")
	}
	for _, d := range w.find("MedicationDispense", all) {
		hold("stored", d, "NHSDigital-MedicationDispense")
	}
	reply, err = w.send(s.Cancellation(0))
	require.NoError(t, err)
	answer := message.Read(reply.Resource, prescription.BuiltInLaw)
	hold("answer", reply.Resource.Sub(answer.Header), "NHSDigital-MessageHeader")
	for mr := range answer.All("MedicationRequest") {
		hold("answer", reply.Resource.Sub(mr), "NHSDigital-MedicationRequest-Outcome")
	}
}

func pharmacyOrganization() *fhir.Resource {
	return fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, "VNE51")), "active", true,
		"type", fhir.List(nhs.Concept(fhir.Coding{System: "https://fhir.nhs.uk/CodeSystem/organisation-role", Code: "182", Display: "PHARMACY"})),
		"name", "The Simple Pharmacy", "telecom", fhir.List(fhir.Obj("system", "phone", "value", "0113 3180277", "use", "work")),
		"address", fhir.List(fhir.Obj("use", "work", "line", fhir.List("17 Austhorpe Road"), "city", "Leeds", "postalCode", "LS15 8BA"))).Resource()
}
