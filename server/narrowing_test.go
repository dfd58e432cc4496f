package server_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// TestNarrowing refuses under the one base what the business does not answer
// there, and nothing under the other.
func TestNarrowing(t *testing.T) {
	h := newHandler(t, func(c *server.Config) {
		c.Narrowings = []fhir.Narrowing{{Base: "/FHIR/R4", Type: "Task", Check: func(q url.Values) error {
			if q.Has("identifier") {
				return nil
			}
			return fhir.E("track", fhir.Invalid, fhir.Issue{Message: "Name a prescription."})
		}}}
	})
	require.Equal(t, 200, call(h, "GET", "/fhir/Task", "").Code)
	require.Equal(t, 200, call(h, "GET", "/FHIR/R4/Task?identifier=x", "").Code)
	require.Equal(t, 200, call(h, "GET", "/FHIR/R4/Patient", "").Code)
	res := call(h, "GET", "/FHIR/R4/Task?status=ready", "")
	require.Equal(t, 400, res.Code)
	require.Contains(t, res.Body.String(), "Name a prescription.")
}
