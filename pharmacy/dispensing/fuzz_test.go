package dispensing

import (
	"testing"

	"github.com/pestle-fhir/pestle/fhir"
)

// FuzzBody reads anything that is JSON as the body of an operation or a Task.
func FuzzBody(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Parameters","parameter":[{"name":"owner"},{"name":"agent","resource":[]}]}`))
	f.Add([]byte(`{"resourceType":"Task","status":"rejected","requester":{"reference":"#"},"contained":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := fhir.Parse(data); err == nil {
			isEPSTask(r)
			readTaker(r)
		}
	})
}
