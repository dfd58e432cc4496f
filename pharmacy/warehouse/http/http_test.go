package http

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
)

var message = warehouse.Message{ID: "5f2b0e8e-3c51-5f0f-9a0e-111111111111", Kind: warehouse.Released, When: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC),
	Data: warehouse.Order{ID: "5f2b0e8e-3c51-5f0f-9a0e-222222222222", Revision: 1, Product: "322237000", Name: "Paracetamol 500mg soluble tablets", Quantity: "100", Unit: "tablet"}}

// TestSend: what the warehouse is posted is signed, and is what a message says.
func TestSend(t *testing.T) {
	secret, other := webhook.NewSecret(), webhook.NewSecret()
	status, away := 200, ""
	var got []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		id, err := webhook.Verify(r.Header, got, time.Now(), secret)
		if err != nil || id != message.ID {
			status = 401
		}
		if away != "" {
			w.Header().Set("Location", away)
		}
		w.WriteHeader(status)
	}))
	defer s.Close()
	w, err := New(Config{URL: s.URL, Send: []byte(secret.String() + "\n"), Receive: []byte(other.String()), Clock: time.Now})
	require.NoError(t, err)
	require.True(t, w.Send(t.Context(), message).Delivered)
	require.JSONEq(t, `{"type":"order.released","timestamp":"2026-11-02T09:00:00Z","data":{"order":"5f2b0e8e-3c51-5f0f-9a0e-222222222222","revision":1,"product":"322237000",
		"name":"Paracetamol 500mg soluble tablets","quantity":"100","unit":"tablet"}}`, string(got))
	status, away = 302, s.URL+"/elsewhere"
	require.Contains(t, w.Send(t.Context(), message).Reason, "redirect")
	status, away = 410, ""
	require.True(t, w.Send(t.Context(), message).Gone)
	s.Close()
	require.False(t, w.Send(t.Context(), message).Delivered)
}

// TestEvent: what is not signed by the warehouse now is refused.
func TestEvent(t *testing.T) {
	secret := webhook.NewSecret()
	w, err := New(Config{URL: "https://warehouse.example/hook", Send: []byte(secret.String()), Receive: []byte(webhook.NewSecret().String() + "\n" + secret.String())})
	require.NoError(t, err)
	now := time.Now()
	body := []byte(`{"type":"order.picked","timestamp":"2026-11-02T09:00:00Z","data":{"order":"5f2b0e8e-3c51-5f0f-9a0e-222222222222","revision":1}}`)
	h := http.Header{}
	require.NoError(t, webhook.Sign(h, "evt_1", now, body, secret))
	e, err := w.Event(h, body, now)
	require.NoError(t, err)
	require.Equal(t, "evt_1", e.ID)
	require.Equal(t, warehouse.PickedEvent, e.Kind)
	for name, call := range map[string]func() error{
		"changed":    func() error { _, err := w.Event(h, append([]byte(" "), body...), now); return err },
		"a year old": func() error { _, err := w.Event(h, body, now.AddDate(1, 0, 0)); return err },
		"unsigned":   func() error { _, err := w.Event(http.Header{}, body, now); return err },
	} {
		err := call()
		require.Equal(t, fhir.Login, fhir.KindOf(err), name)
		var known *fhir.Error
		require.ErrorAs(t, err, &known)
		require.Equal(t, "GOODS-0", known.Issues[0].Rule)
	}
}

// TestConfigurations: a configuration that is not whole is refused.
func TestConfigurations(t *testing.T) {
	secret := []byte(webhook.NewSecret().String())
	for why, c := range map[string]Config{
		"https is expected":                   {URL: "http://warehouse.example/", Send: secret, Receive: secret},
		"it has no host":                      {URL: "warehouse", Send: secret, Receive: secret},
		"the secret that signs messages":      {URL: "https://warehouse.example/", Receive: secret},
		"the secret that signs events":        {URL: "https://warehouse.example/", Send: secret},
		"the secret that signs events: a sec": {URL: "https://warehouse.example/", Send: secret, Receive: []byte("hunter2")},
	} {
		_, err := New(c)
		require.ErrorContains(t, err, why)
	}
}
