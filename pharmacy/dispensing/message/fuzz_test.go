package message

import (
	"slices"
	"testing"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// FuzzMessage runs every rule over anything that is JSON: no panic, and no
// message without entries passes.
func FuzzMessage(f *testing.F) {
	f.Add(epstest.Acute(1).Message().JSON())
	f.Add(epstest.Acute(1).Cancellation(0).JSON())
	f.Add([]byte(`{"resourceType":"Bundle","type":"message","identifier":{},"entry":[{"resource":{"resourceType":"MessageHeader","eventCoding":{"system":"https://fhir.nhs.uk/CodeSystem/message-event","code":"dispense-notification"}}},{"resource":{"resourceType":"MedicationDispense","performer":[{}],"contained":[1]}}]}`))
	f.Add([]byte(`{"resourceType":"Parameters","parameter":[{"name":"owner"},{"name":"agent","resource":[]}]}`))
	f.Add([]byte(`{"resourceType":"Task","status":"rejected","requester":{"reference":"#"},"contained":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := fhir.Parse(data)
		if err != nil {
			return
		}
		m := Read(r, prescription.BuiltInLaw)
		issues := Examine(m, slices.Concat(EnvelopeRules, CommonRules, OrderRules, CancelRules, NotifyRules))
		if len(m.Entries) == 0 && !fhir.HasErrors(issues) {
			t.Fatal("nothing passed for a message")
		}
		ReadSupplies(m)
		Examine(r, TaskRules)
		Examine(r, ReleaseRules)
	})
}
