package webhook

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy/alerts"
)

var (
	now     = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	message = alerts.Message{Key: "key-1", Title: "Items & parcels", Text: "Items <are> held.\nWhat to do: look.", Severity: alerts.Critical, At: now, Link: "https://pharmacy.example/fhir/Task?status=received",
		Alert: &alerts.Alert{ID: "a1", Rule: "held", Do: "Look.", Count: 3}}
)

// TestSend: each kind of receiver is sent what it takes.
func TestSend(t *testing.T) {
	var body []byte
	var header http.Header
	status := 200
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		header = r.Header
		if status == 302 {
			w.Header().Set("Location", "http://127.0.0.1:1/")
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	s := &Sender{Client: outbound.New(outbound.Options{Loopback: true}), Clock: func() time.Time { return now }}
	send := func(kind string, secret webhook.Secret) error {
		return s.Send(t.Context(), &alerts.Receiver{Name: "r", Kind: kind, Address: server.URL + "/secret", Secret: secret}, message)
	}
	require.NoError(t, send(alerts.Slack, nil))
	assert.JSONEq(t, `{"text":"Critical: Items &amp; parcels\nItems &lt;are&gt; held.\nWhat to do: look."}`, string(body))

	require.NoError(t, send(alerts.Teams, nil))
	assert.JSONEq(t, `{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard","$schema":"http://adaptivecards.io/schemas/adaptive-card.json","version":"1.4",
		"body":[{"type":"TextBlock","text":"Critical: Items & parcels","wrap":true,"weight":"Bolder"},{"type":"TextBlock","text":"Items <are> held.\nWhat to do: look.","wrap":true}],
		"actions":[{"type":"Action.OpenUrl","title":"Open","url":"https://pharmacy.example/fhir/Task?status=received"}]}}]}`, string(body))

	secret := webhook.NewSecret()
	require.NoError(t, send(alerts.Webhook, secret))
	id, err := webhook.Verify(header, body, now, secret)
	require.NoError(t, err)
	assert.Equal(t, "key-1", id)
	var said struct {
		Type string
		Data map[string]any
	}
	require.NoError(t, json.Unmarshal(body, &said))
	assert.Equal(t, "alert.raised", said.Type)
	assert.Equal(t, map[string]any{"id": "a1", "rule": "held", "severity": "critical", "title": "Items & parcels", "do": "Look.", "count": 3.0, "link": message.Link}, said.Data)

	for code, want := range map[int]string{302: "redirect", 410: "410", 429: "429", 500: "500"} {
		status = code
		err := send(alerts.Slack, nil)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "secret")
	}
	server.Close()
	err = send(alerts.Slack, nil)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "secret")
}
