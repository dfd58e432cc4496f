package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// proved are pharmacists by number, and how long ago they proved who they are: "1 10m",
// "1 never"; "1 program" is a program by itself, and "clinic 10m" a person of the clinic.
type proved struct{}

func (proved) Authenticate(r *http.Request) (auth.Identity, error) {
	who, ago, _ := strings.Cut(r.Header.Get("Authorization")[len("Bearer "):], " ")
	p := fhir.Principal{Agent: "https://fhir.nhs.uk/Id/sds-user-id|" + who, OnBehalf: sandboxPharmacy, Roles: []string{"pharmacist"}, Person: ago != "program"}
	if who == "clinic" {
		p.OnBehalf, p.Roles = sandboxClinic, []string{"prescriber"}
	}
	if d, err := time.ParseDuration(ago); err == nil {
		p.Verified, p.Strength = time.Now().Add(-d), 2
	}
	if ago == "weak" {
		p.Verified, p.Strength = time.Now(), 1
	}
	return auth.Identity{Requester: p, Scopes: auth.Full}, nil
}

func (proved) Challenge(err error) string { return auth.Challenge(err) }

// TestReauth: what a person does with a Schedule 2 drug by whatever way needs a proof of
// who they are that is at most 5 minutes old; the refusal says how to go on, and nothing
// is stored.
func TestReauth(t *testing.T) {
	p := startPharmacy(t, func(c *serveCommand) { c.Reauth = 5 * time.Minute })
	config, err := (&serveCommand{Sandbox: true}).config(p.app, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	config.Authenticator = proved{} // which says how strongly, too
	s, err := server.New(config)
	require.NoError(t, err)
	h := s.Handler()
	try := func(who, method, path string, body []byte) (int, http.Header, string) {
		w := askRole(h, who, method, "/fhir"+path, string(body), "X-Request-ID", uuid.NewString())
		return w.Code, w.Header(), w.Body.String()
	}
	// asks does something as somebody whose proof is too old, or unknown, and then as
	// somebody whose proof is new.
	asks := func(who, method, path string, body []byte) string {
		t.Helper()
		require.Eventually(t, func() bool {
			for _, loop := range p.app.loops {
				if loop.Lag(p.app.db.Head()) > 0 {
					return false
				}
			}
			return true
		}, 10*time.Second, time.Millisecond)
		before := p.app.db.Head()
		for _, ago := range []string{"10m", "never"} {
			code, header, text := try(who+" "+ago, method, path, body)
			require.Equal(t, 401, code, "%s: %s", path, text)
			require.Contains(t, header.Get("WWW-Authenticate"), `error="insufficient_user_authentication"`)
			require.Contains(t, header.Get("WWW-Authenticate"), `max_age="300"`)
			require.Contains(t, text, "fresh-proof")
			require.Contains(t, text, "max_age=300")
		}
		code, header, text := try(who+" weak", method, path, body)
		require.Equal(t, 401, code, "%s: %s", path, text)
		require.Contains(t, header.Get("WWW-Authenticate"), `acr_values="AAL2_ANY AAL2_OR_AAL3_ANY AAL3_ANY"`)
		require.Contains(t, text, "strong-proof")
		require.Equal(t, before, p.app.db.Head(), "nothing is stored")
		code, _, text = try(who+" 1m", method, path, body)
		require.Less(t, code, 300, text)
		return text
	}
	asks("clinic", "POST", "/$process-message", demoOrder(t, nil).JSON())
	task := "/Task/" + p.one("Task", "code=prescription-order&status=requested,ready").ID()
	asks("1", "POST", task+"/$accept", nil)
	asks("1", "POST", task+"/$hold", []byte(`{"resourceType":"Parameters","parameter":[{"name":"hold","valueCode":"CLARIFICATION"},{"name":"reason","valueString":"To be found out."}]}`))
	asks("1", "POST", task+"/$query", []byte(`{"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"QU"},{"name":"question","valueString":"How many?"}]}`))
	asks("1", "POST", task+"/$return", []byte(`{"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"0003"}]}`))
	asks("1", "POST", task+"/$accept", nil)
	asks("1", "POST", task+"/$approve", nil)
	drug, err := current(p.app.db.State(t.Context()), "MedicationRequest", "code:text=methylphenidate")
	require.NoError(t, err)
	asks("2", "POST", task+"/$check", []byte(`{"resourceType":"Parameters","parameter":[{"name":"item","part":[{"name":"number","valueString":"`+nhs.Identifier(drug.Root(), nhs.IDItem).Text()+`"},{"name":"quantity","valueQuantity":{"value":28}}]}]}`))
	text := asks("2", "POST", task+"/$dispense", collected)
	answer, err := fhir.Parse([]byte(text))
	require.NoError(t, err)
	asks("2", "POST", "/$process-message", amendment(t, answer).JSON())

	// By plain writes, alone and within Bundles.
	ids, err := p.app.db.State(t.Context()).Find("MedicationRequest", "_lastUpdated=gt2000-01-01")
	require.NoError(t, err)
	require.NotEmpty(t, ids)
	order := p.ask(200, "GET", "/MedicationRequest/"+ids[0], nil)
	loose := edited(t, order, func(m map[string]any) {
		delete(m, "groupIdentifier")
		delete(m, "identifier")
		delete(m, "id")
		delete(m, "meta")
	})
	bundle := func(typ string) []byte {
		text, err := json.Marshal(map[string]any{"resourceType": "Bundle", "type": typ, "entry": []any{map[string]any{"resource": json.RawMessage(loose.JSON()), "request": map[string]any{"method": "POST", "url": "MedicationRequest"}}}})
		require.NoError(t, err)
		return text
	}
	asks("clinic", "POST", "/MedicationRequest", loose.JSON())
	asks("clinic", "POST", "", bundle("transaction"))
	code, _, text := try("clinic 10m", "POST", "", bundle("batch"))
	require.Equal(t, 200, code)
	require.Contains(t, text, "fresh-proof", "an entry of a batch")
	require.NotContains(t, text, `"201`)

	// Programs by themselves, and what is not controlled, go on.
	code, _, text = try("1 program", "POST", "/MedicationRequest", loose.JSON())
	assert.Less(t, code, 300, text)
	plain := edited(t, loose, func(m map[string]any) {
		delete(m, "extension")
		m["medicationCodeableConcept"] = map[string]any{"text": "Emollient cream"}
	})
	code, _, text = try("clinic never", "POST", "/MedicationRequest", plain.JSON())
	assert.Less(t, code, 300, text)
	code, _, text = try("clinic never", "POST", "/MedicationRequest", edited(t, plain, func(m map[string]any) {
		m["medicationCodeableConcept"] = map[string]any{"text": "Methylphenidate 10mg tablets"}
	}).JSON())
	assert.Equal(t, 401, code, "by what the server knows of the medicine: %s", text)
	code, _, text = try("clinic never", "POST", "/MedicationRequest", edited(t, plain, func(m map[string]any) {
		delete(m, "medicationCodeableConcept")
		m["medicationReference"] = map[string]any{"display": "the usual"}
	}).JSON())
	assert.Contains(t, []int{401, 422}, code, "a medicine that is not named: %s", text)
}
