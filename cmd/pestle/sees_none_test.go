package main

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// blind is a role that is granted everything and sees none.
type blind struct{ table *policy.Table }

func (b blind) Authenticate(*http.Request) (auth.Identity, error) {
	grants := b.table.Of("blind")
	return auth.Identity{Scopes: auth.Full, Roles: grants, Requester: fhir.Principal{Agent: "sds-user-id|1", OnBehalf: "FA565", Roles: []string{"blind"}, SeesAll: grants.SeesAll(), SeesNone: grants.SeesNone()}}, nil
}

func (blind) Challenge(error) string { return "Bearer" }

// TestSeesNone: a role that sees none acts on nothing, whatever the table grants
// it: by reads, searches, conditions, writes and operations.
func TestSeesNone(t *testing.T) {
	w := newOrgWorld(t)
	task := w.order("X99CL", "FA565", "9000000009")
	patient := w.made("FA565", request{"POST", "/fhir/Patient", `{"resourceType":"Patient","identifier":[{"system":"https://pharmacy.test/id","value":"1"}]}`, nil})
	table, err := policy.Parse("t", []byte("blind\tsees\tnone\nblind\t*\tcruds\nblind\tAuditEvent\trs\nblind\tProvenance\tcruds\nblind\tTask/$accept\tx\nblind\tTask/$release\tx\nblind\tTask/$return\tx\nblind\t$process-message\tx\nblind\tClaim/$export-month\tx\nblind\tClaim/$close-month\tx\nblind\tPatient/$access-report\tx\n"))
	require.NoError(t, err)
	s, err := server.New(server.Config{Repository: w.app.repository, Validator: w.app.validator, Operations: w.app.operations(), Intakes: w.app.intakes(),
		Narrowings: w.app.dispensing.Narrowings(), Authenticator: blind{table}, PublicURL: "http://pharmacy.test", Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	h, head := s.Handler(), w.app.db.Head()
	for _, c := range []struct {
		method, path, body string
		status             int
		header             []string
	}{
		{"GET", "/Patient/" + patient, "", 404, nil},
		{"GET", "/Patient/" + patient + "/_history", "", 404, nil},
		{"GET", "/Task/" + task, "", 404, nil},
		{"PUT", "/Patient/" + patient, `{"resourceType":"Patient","id":"` + patient + `"}`, 404, nil},
		{"PUT", "/Patient/FA565-1", `{"resourceType":"Patient","id":"FA565-1"}`, 403, nil},
		{"DELETE", "/Patient/" + patient, "", 200, nil},
		{"POST", "/Patient", `{"resourceType":"Patient"}`, 403, nil},
		{"POST", "/Patient", `{"resourceType":"Patient"}`, 403, []string{"If-None-Exist", "identifier=https://pharmacy.test/id|1"}},
		{"PATCH", "/Patient?identifier=https://pharmacy.test/id|1", `[{"op":"add","path":"/gender","value":"male"}]`, 404, []string{"Content-Type", "application/json-patch+json"}},
		{"POST", "/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/` + patient + `"}}`, 403, nil},
		{"POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Basic"}}]}`, 403, nil},
		{"POST", "/Task/" + task + "/$accept", "", 403, nil},
		{"GET", "/Claim/$export-month?month=2026-11&org=FA565", "", 403, nil},
	} {
		r := askRole(h, "", c.method, "/fhir"+c.path, c.body, append([]string{"X-Request-ID", uuid.NewString()}, c.header...)...)
		assert.Equal(t, c.status, r.Code, "%s %s: %s", c.method, c.path, r.Body)
	}
	for _, path := range []string{"/Patient?", "/Task?_include=Task:focus", "/AuditEvent?", "/Provenance?", "/Claim?patient=" + patient} {
		r := askRole(h, "", "GET", "/fhir"+path+"&_total=accurate", "")
		assert.Equal(t, 200, r.Code, path)
		assert.NotContains(t, r.Body.String(), `"entry"`, path)
	}
	assert.Equal(t, head, w.app.db.Head(), "nothing is written")
	assert.Equal(t, 201, askRole(h, "", "POST", "/fhir/Organization", `{"resourceType":"Organization","name":"n"}`).Code, "what belongs to nobody")
}
