package main

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// staff are pharmacists of the sandbox's pharmacy, by the number in the token.
type staff struct{}

func (staff) Authenticate(r *http.Request) (auth.Identity, error) {
	return auth.Identity{Requester: fhir.Principal{Agent: "https://fhir.nhs.uk/Id/sds-user-id|" + r.Header.Get("Authorization")[len("Bearer "):], OnBehalf: sandboxPharmacy, Roles: []string{"pharmacist"}}, Scopes: auth.Full}, nil
}

func (staff) Challenge(error) string { return "Bearer" }

// TestSecondPerson: who accepted a prescription of a Schedule 2 drug does not supply
// it, by operation or by message; another pharmacist does.
func TestSecondPerson(t *testing.T) {
	p := startPharmacy(t)
	config, err := (&serveCommand{Sandbox: true}).config(p.app, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	config.Authenticator = staff{}
	s, err := server.New(config)
	require.NoError(t, err)
	h := s.Handler()
	post := func(who, path string, body []byte) (int, string) {
		w := askRole(h, who, "POST", "/fhir"+path, string(body), "X-Request-ID", uuid.NewString())
		return w.Code, w.Body.String()
	}
	p.ask(200, "POST", "/$process-message", demoOrder(t, nil).JSON())
	task := "/Task/" + p.one("Task", "code=prescription-order&status=requested,ready").ID()
	code, body := post("1", task+"/$accept", nil)
	require.Equal(t, 200, code, body)
	code, body = post("2", task+"/$dispense", collected)
	assert.Contains(t, []int{400, 422}, code, body)
	assert.Contains(t, body, "is supplied when a pharmacist has approved it")
	code, body = post("1", task+"/$approve", nil)
	require.Equal(t, 200, code, body)
	order, err := current(p.app.db.State(t.Context()), "MedicationRequest", "code:text=methylphenidate")
	require.NoError(t, err)
	count := []byte(`{"resourceType":"Parameters","parameter":[{"name":"item","part":[{"name":"number","valueString":"` + nhs.Identifier(order.Root(), nhs.IDItem).Text() + `"},{"name":"quantity","valueQuantity":{"value":28}}]}]}`)
	code, body = post("2", task+"/$dispense", collected)
	assert.Contains(t, []int{400, 422}, code, body)
	assert.Contains(t, body, "is handed over when a second person has counted it")
	code, body = post("1", task+"/$check", count)
	assert.Equal(t, 422, code, body)
	code, body = post("2", task+"/$check", count)
	require.Equal(t, 200, code, body)
	code, body = post("1", task+"/$dispense", collected)
	assert.Contains(t, []int{400, 403}, code, body)
	assert.Contains(t, body, "needs another person")
	none, err := p.app.db.State(t.Context()).Find("MedicationDispense", "_lastUpdated=gt2000-01-01")
	require.NoError(t, err)
	assert.Empty(t, none, "nothing is recorded")
	code, body = post("2", task+"/$dispense", collected)
	require.Equal(t, 200, code, body)

	answer, err := fhir.Parse([]byte(body))
	require.NoError(t, err)
	message := amendment(t, answer).JSON()
	code, body = post("1", "/$process-message", message)
	assert.Contains(t, []int{400, 403}, code, body)
	assert.Contains(t, body, "needs another person")
	code, body = post("2", "/$process-message", message)
	assert.Equal(t, 200, code, body)
}
