package fhir

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWalkTakesNoMemory: whoever looks through the items and members of a resource does
// so many thousand times for a request.
func TestWalkTakesNoMemory(t *testing.T) {
	r, err := Parse([]byte(`{"resourceType":"Task","identifier":[{"system":"a","value":"1"},{"system":"b","value":"2"}],"status":"ready"}`))
	require.NoError(t, err)
	found, names := "", 0
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for id := range r.Get("identifier").Items() {
			if id.Get("system").Text() == "b" {
				found = id.Get("value").Text()
			}
		}
		for status := range r.Get("status").Items() {
			found += status.Text()[:0]
		}
		for m := range r.Root().Members() {
			names += len(m.Name())
		}
	}))
	require.Equal(t, "2", found)
	require.Positive(t, names)
}
