package main

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestBacklog: while the followers are too far behind, a new prescription is
// answered 429 with Retry-After by every way in which it can come, and nothing of
// it is stored; readiness warns, everything else is taken; and the same is taken
// when they have caught up.
func TestBacklog(t *testing.T) {
	p := startPharmacy(t)
	const order = `{"resourceType":"MedicationRequest","status":"active","intent":"order","medicationCodeableConcept":{"text":"x"},"subject":{"display":"x"}}`
	ordered := func(id string) string {
		return `{"resourceType":"MedicationRequest","id":"` + id + `",` + order[len(`{"resourceType":"MedicationRequest",`):]
	}
	const entry = `{"resource":` + order + `,"request":{"method":"POST","url":"MedicationRequest"}}`
	const xml = `<MedicationRequest xmlns="http://hl7.org/fhir"><status value="active"/><intent value="order"/><medicationCodeableConcept><text value="x"/></medicationCodeableConcept><subject><display value="x"/></subject></MedicationRequest>`
	message := string(demoOrder(t, nil).JSON())
	send := func(method, path, body string, header ...string) (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, p.http.URL+path, bytes.NewReader([]byte(body)))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/fhir+json")
		r.Header.Set("X-Request-ID", uuid.NewString())
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer, string(text)
	}
	doors := []struct {
		method, path, body string
		header             []string
	}{
		{"POST", "/fhir/$process-message", message, nil},
		{"POST", "/FHIR/R4/$process-message", message, nil},
		{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[` + entry + `]}`, nil},
		{"POST", "/fhir/MedicationRequest", order, nil},
		{"POST", "/FHIR/R4/MedicationRequest", order, nil},
		{"POST", "/fhir/MedicationRequest", xml, []string{"Content-Type", "application/fhir+xml"}},
		{"POST", "/fhir/MedicationRequest", order, []string{"If-None-Exist", "identifier=x|y"}},
		{"PUT", "/fhir/MedicationRequest/a", ordered("a"), nil},
		{"PUT", "/fhir/MedicationRequest?identifier=x|z", order, nil},
	}
	loops := slices.Collect(maps.Values(p.app.loops))
	p.app.backlog.Most = 10
	p.app.backlog.Watch(func() fhir.Seq { return p.app.db.Head() + 1000 }, loops...)
	require.Eventually(t, func() bool { return p.app.backlog.Full() != "" }, 5*time.Second, time.Millisecond)
	for _, d := range doors {
		answer, text := send(d.method, d.path, d.body, d.header...)
		assert.Equal(t, http.StatusTooManyRequests, answer.StatusCode, "%s %s: %s", d.method, d.path, text)
		assert.Equal(t, "5", answer.Header.Get("Retry-After"), d.path)
		assert.Contains(t, text, "OperationOutcome")
		assert.Contains(t, text, "New prescriptions are refused for the moment")
	}
	answer, text := send("POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[`+entry+`,{"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Basic"}}]}`)
	require.Equal(t, http.StatusOK, answer.StatusCode, text)
	require.Contains(t, text, `"429`)
	require.Contains(t, text, `"201`, "what is no prescription is taken")
	ids, err := p.app.db.State(t.Context()).Find("MedicationRequest", "_id:not=none")
	require.NoError(t, err)
	require.Empty(t, ids)
	answer, text = send("GET", "/health/ready", "")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, text, `"warn"`)
	require.Contains(t, text, "commits to process, and may have 10")
	_, text = send("GET", "/metrics", "")
	require.Contains(t, text, "pestle_backlog_limit_commits 10")
	require.Contains(t, text, `pestle_follower_lag_commits{follower="dispensing"}`)

	p.app.backlog.Watch(p.app.db.Head, loops...)
	p.app.backlog.Most = 10000
	for _, d := range doors[2:] {
		answer, text := send(d.method, d.path, d.body, d.header...)
		assert.Equal(t, 2, answer.StatusCode/100, "%s %s: %s", d.method, d.path, text)
	}
	answer, text = send(doors[0].method, doors[0].path, message)
	require.Equal(t, http.StatusOK, answer.StatusCode, text)
}
