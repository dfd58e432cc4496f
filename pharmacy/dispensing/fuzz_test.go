package dispensing

import (
	"slices"
	"testing"

	"github.com/pestle-fhir/pestle/fhir"
)

// FuzzMessage runs every rule over anything that is JSON: no panic, and no
// message without entries passes.
func FuzzMessage(f *testing.F) {
	f.Add(acute(1).message().JSON())
	f.Add(acute(1).cancellation(0).JSON())
	f.Add([]byte(`{"resourceType":"Bundle","type":"message","identifier":{},"entry":[{"resource":{"resourceType":"MessageHeader","eventCoding":{"system":"https://fhir.nhs.uk/CodeSystem/message-event","code":"dispense-notification"}}},{"resource":{"resourceType":"MedicationDispense","performer":[{}],"contained":[1]}}]}`))
	f.Add([]byte(`{"resourceType":"Parameters","parameter":[{"name":"owner"},{"name":"agent","resource":[]}]}`))
	f.Add([]byte(`{"resourceType":"Task","status":"rejected","requester":{"reference":"#"},"contained":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := fhir.Parse(data)
		if err != nil {
			return
		}
		m := readMessage(r, builtIn)
		issues := examine(m, slices.Concat(envelopeRules, commonRules, orderRules, cancelRules, notifyRules))
		if len(m.entries) == 0 && !fhir.HasErrors(issues) {
			t.Fatal("nothing passed for a message")
		}
		readSupplies(m)
		isEPSTask(r)
		examine(r, taskRules)
		examine(r, releaseRules)
		readTaker(r)
	})
}
