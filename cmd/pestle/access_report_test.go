package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestAccessReportOfOthers: the access report of a patient whom the caller does not see is
// answered as that of one that there is not, by every door.
func TestAccessReportOfOthers(t *testing.T) {
	w := newOrgWorld(t)
	w.order("X99CL", "FA565", "9990001006")
	ids, err := w.app.db.State(t.Context()).Find("Patient", "_lastUpdated=gt2000")
	require.NoError(t, err)
	require.Len(t, ids, 1)
	for name, door := range map[string]func(id string) request{
		"get": func(id string) request { return request{"GET", "/fhir/Patient/" + id + "/$access-report", "", nil} },
		"post": func(id string) request {
			return request{"POST", "/fhir/Patient/" + id + "/$access-report", `{"resourceType":"Parameters"}`, nil}
		},
		"EPS": func(id string) request { return request{"GET", "/FHIR/R4/Patient/" + id + "/$access-report", "", nil} },
		"batch": func(id string) request {
			return request{"POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/` + id + `/$access-report"}}]}`, nil}
		},
		"batch, post": func(id string) request {
			return request{"POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"POST","url":"Patient/` + id + `/$access-report"},"resource":{"resourceType":"Parameters"}}]}`, nil}
		},
	} {
		answer := func(who, id string) string {
			rec := w.ask(who, door(id))
			text := onceMade.ReplaceAllString(strings.ReplaceAll(rec.Body.String(), id, "*"), "*")
			if r, err := fhir.Parse(rec.Body.Bytes()); err == nil && r.Get("type").Text() == "batch-response" {
				return r.Get("entry").Item(0).Path("response", "status").Text() + text
			}
			return fmt.Sprint(rec.Code, " ", text)
		}
		for _, clinic := range []string{"X99CL", "FA565"} {
			require.Contains(t, answer(clinic, ids[0]), "200 ", "%s: %s sees them", name, clinic)
		}
		other, nobody := answer("EVIL99", ids[0]), answer("EVIL99", "none")
		require.Equal(t, nobody, other, name)
		require.True(t, strings.HasPrefix(other, "404 "), "%s: %s", name, other)
	}
}
