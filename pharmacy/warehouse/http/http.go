// Package http is a warehouse that is told of orders by webhooks, and tells of them by
// webhooks: signed both ways as the Standard Webhooks specification has it.
package http

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
)

// Config is where a warehouse is and by which secrets both know each other.
type Config struct {
	URL     string // to which messages are posted: https, or http on this machine
	Send    []byte // a file with the secret that signs messages, or several, one a line
	Receive []byte // the same, of those that sign events
	Silent  bool   // it sends no events: who keeps the accounts
	Clock   func() time.Time
}

// Warehouse is a warehouse at an address.
type Warehouse struct {
	url           string
	send, receive []webhook.Secret
	client        *http.Client
	clock         func() time.Time
}

var (
	_ warehouse.Warehouse = (*Warehouse)(nil)
	_ warehouse.Accounts  = (*Warehouse)(nil)
)

// New makes the warehouse of a configuration that is whole.
func New(c Config) (*Warehouse, error) {
	// The operator names the address: it may be in a private network.
	options := outbound.Options{Private: true, Loopback: true}
	if err := options.Check(c.URL); err != nil {
		return nil, errors.New("the address of the warehouse: " + err.Error())
	}
	w := &Warehouse{url: c.URL, client: outbound.New(options), clock: c.Clock}
	for _, of := range []struct {
		name string
		file []byte
		to   *[]webhook.Secret
	}{{"that signs messages", c.Send, &w.send}, {"that signs events", c.Receive, &w.receive}} {
		for _, line := range strings.Fields(string(of.file)) {
			secret, err := webhook.ParseSecret(line)
			if err != nil {
				return nil, errors.New("the secret " + of.name + ": " + err.Error())
			}
			*of.to = append(*of.to, secret)
		}
		if len(*of.to) == 0 && !(c.Silent && of.to == &w.receive) {
			return nil, errors.New("the secret " + of.name + " is missing: a file with whsec_ and base64, one a line")
		}
	}
	return w, nil
}

// Name is "http".
func (*Warehouse) Name() string { return "http" }

// Send posts a message.
func (w *Warehouse) Send(ctx context.Context, m warehouse.Message) webhook.Result {
	return w.Tell(ctx, m.ID, m.Text())
}

// Tell posts a body under an id.
func (w *Warehouse) Tell(ctx context.Context, id string, body []byte) webhook.Result {
	now := w.clock()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return webhook.Judge(nil, err, now)
	}
	r.Header.Set("Content-Type", "application/json")
	if err := webhook.Sign(r.Header, id, now, body, w.send...); err != nil {
		return webhook.Judge(nil, err, now)
	}
	answer, err := w.client.Do(r)
	if err != nil {
		return webhook.Judge(nil, err, now)
	}
	defer outbound.Drain(answer, 0)
	return webhook.Judge(answer, nil, now)
}

// Event reads a call of the warehouse, with its body as it came.
func (w *Warehouse) Event(h http.Header, body []byte, now time.Time) (e warehouse.Event, err error) {
	id, err := webhook.Verify(h, body, now, w.receive...)
	if err != nil {
		return e, &fhir.Error{Op: "warehouse-event", Kind: fhir.Login, Err: err, Issues: []fhir.Issue{{Severity: fhir.Err, Code: fhir.Login, Rule: "GOODS-0", Message: "The call is not authenticated.",
			Expected: "webhook-id, webhook-timestamp of the last 5 minutes and webhook-signature of a secret of this server"}}}
	}
	return warehouse.ReadEvent(id, body)
}
