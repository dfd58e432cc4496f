package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAuditEventsAreReachedByNothing: AuditEvents are not in the database of the other
// resources. A chain, _has or include that leads to them finds nothing there, and is
// refused, of searches, of searches for AuditEvents themselves, of conditions by which
// something is written, and of conditional references; to those who may search AuditEvents
// as to any other. A chain by a reference that cannot lead to AuditEvents is refused as one
// to any type that it does not lead to.
func TestAuditEventsAreReachedByNothing(t *testing.T) {
	w := newGlassWorld(t)
	const org = `{"resourceType":"Organization","name":"X"}`
	for _, who := range []string{"5 auditor", "8 superintendent"} {
		for _, path := range []string{"AuditEvent?entity:AuditEvent.action=R", "AuditEvent?entity.action=R", "AuditEvent?entity.date=ge2020", w.patient + "/AuditEvent?entity.action=R", "Provenance?entity:AuditEvent.action=R", "Provenance?entity.date=ge2020", "Provenance?target.action=R",
			"Patient?_has:AuditEvent:patient:action=R", "Patient?_has:Provenance:target:_has:AuditEvent:entity:action=R", "List?item.action=R", "Task?focus:AuditEvent.action=R", "Patient?_revinclude=AuditEvent:patient", "Provenance?_include=Provenance:entity:AuditEvent"} {
			code, body := w.send(who, "GET", path, "")
			if code != 403 { // of other types that the chain leads to as well
				require.Equal(t, 400, code, "%s %s: %s", who, path, body)
				require.Contains(t, body, "not-supported", path)
			}
		}
		code, body := w.send("1 pharmacist", "GET", w.patient, "")
		require.Equal(t, 200, code, body)
		code, body = w.send(who, "GET", "AuditEvent?entity:Patient._id="+w.patient[len("Patient/"):], "")
		require.Equal(t, 200, code, body)
		require.Contains(t, body, `"fullUrl"`, "a chain to what is in the database finds")
	}
	code, body := w.send("8 superintendent", "PUT", "Organization?partof:AuditEvent.action=R", org)
	require.Equal(t, 400, code, body)
	require.Contains(t, body, `Expected: one of Organization. Found: \"AuditEvent\".`)
	for _, c := range []struct{ method, path, body string }{
		{"PUT", "Organization?_has:AuditEvent:agent:action=R", org},
		{"PUT", "List?item:AuditEvent.action=R", `{"resourceType":"List","status":"current","mode":"working"}`},
		{"PATCH", "Organization?_has:AuditEvent:agent:action=R", `[{"op":"replace","path":"/name","value":"Y"}]`},
		{"POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"PUT","url":"Organization?_has:AuditEvent:agent:action=R"},"resource":` + org + `}]}`},
		{"POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Organization","ifNoneExist":"_has:AuditEvent:agent:action=R"},"resource":` + org + `}]}`},
		{"POST", "Organization", `{"resourceType":"Organization","name":"X","partOf":{"reference":"Organization?_has:AuditEvent:agent:action=R"}}`},
	} {
		code, body := w.send("8 superintendent", c.method, c.path, c.body)
		require.Contains(t, []int{400, 415}, code, "%s %s: %s", c.method, c.path, body)
		if c.method != "PATCH" {
			require.Contains(t, body, "not-supported", "%s %s", c.method, c.path)
		}
	}
	_, body = w.send("8 superintendent", "GET", "Organization?name:exact=X&_total=accurate", "")
	require.Contains(t, body, `"total":0`, "nothing is stored")
}
