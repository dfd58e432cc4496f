package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// topic is what the clinic wants to be told of.
const topic = "https://pestle-fhir.github.io/SubscriptionTopic/prescription-received"

// event is one that the server told of.
type event struct{ number, focus string }

// hook receives what the server tells.
type hook struct {
	url    string
	events chan event

	mu     sync.Mutex
	secret []byte // nil until it was asked for
	last   uint64 // number of the event that was dealt with last; in your software it is stored
}

// tolerance is how old a call may be, and how far clocks may differ.
const tolerance = 5 * time.Minute

// verify checks a call by Standard Webhooks: it is signed by who has the secret, and new.
func verify(secret []byte, header http.Header, body []byte, now time.Time) error {
	id, stamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return errors.New("webhook-timestamp is too far from now")
	}
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for signature := range strings.FieldsSeq(header.Get("webhook-signature")) { // two while the secret is changed
		if hmac.Equal([]byte(signature), []byte(want)) {
			return nil
		}
	}
	return errors.New("no webhook-signature fits")
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.secret == nil {
		// The handshake comes before the secret could be asked for. It says nothing on
		// which anything is done.
		return
	}
	if err := verify(h.secret, r.Header, body, time.Now()); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	for _, e := range eventsOf(body) {
		// The server tells at least once, in order: a number that is not greater was dealt with.
		if n, err := strconv.ParseUint(e.number, 10, 64); err == nil && n > h.last {
			h.last = n
			h.events <- e
		}
	}
}

// parameters are those of a resource Parameters, of which this program needs these.
type parameters struct{ Parameter []parameter }

type parameter struct {
	Name, ValueCode, ValueString, ValueDateTime string
	ValueReference                              struct{ Reference string }
	Part                                        []parameter
}

func (p parameters) get(name string) (found parameter) {
	for _, q := range p.Parameter {
		if q.Name == name {
			return q
		}
	}
	return found
}

// eventsOf reads a notification: a Bundle whose first entry lists the events.
func eventsOf(body []byte) (list []event) {
	var bundle struct {
		Entry []struct{ Resource parameters }
	}
	if json.Unmarshal(body, &bundle) != nil || len(bundle.Entry) == 0 {
		return nil
	}
	for _, p := range bundle.Entry[0].Resource.Parameter {
		if p.Name != "notification-event" {
			continue
		}
		parts := parameters{p.Part}
		focus := strings.Split(parts.get("focus").ValueReference.Reference, "/")
		if len(focus) >= 2 {
			list = append(list, event{parts.get("event-number").ValueString, strings.Join(focus[len(focus)-2:], "/")})
		}
	}
	return list
}

// subscribe finds the clinic's Subscription, or writes it, and waits until it is active.
func subscribe(ctx context.Context, c *client, h *hook) (string, error) {
	var found struct {
		Entry []struct{ Resource struct{ ID string } }
	}
	err := c.read(ctx, "Subscription?status=active,requested&criteria="+url.QueryEscape(topic)+"&url="+url.QueryEscape(h.url), &found)
	if err != nil {
		return "", err
	}
	if len(found.Entry) > 0 {
		return active(ctx, c, h, found.Entry[0].Resource.ID)
	}
	body, err := json.Marshal(map[string]any{
		"resourceType": "Subscription", "status": "requested", "reason": "to know when an order has arrived", "criteria": topic,
		"channel": map[string]any{"type": "rest-hook", "endpoint": h.url, "payload": "application/fhir+json",
			"_payload": map[string]any{"extension": []any{map[string]any{"url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content", "valueCode": "id-only"}}}},
	})
	if err != nil {
		return "", err
	}
	answer, err := c.call(ctx, http.MethodPost, "Subscription", body, "")
	if err != nil {
		return "", err
	}
	var made struct{ ID string }
	if err := json.Unmarshal(answer, &made); err != nil {
		return "", err
	}
	return active(ctx, c, h, made.ID)
}

// active asks for the secret, and waits until the server has called the hook.
func active(ctx context.Context, c *client, h *hook, id string) (string, error) {
	name := "Subscription/" + id
	answer, err := c.call(ctx, http.MethodPost, name+"/$webhook-secret", nil, "")
	if err != nil {
		return "", err
	}
	var told parameters
	if err := json.Unmarshal(answer, &told); err != nil {
		return "", err
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(told.get("secret").ValueString, "whsec_"))
	if err != nil {
		return "", fmt.Errorf("the secret of the webhook: %w", err)
	}
	h.mu.Lock()
	h.secret = secret
	h.mu.Unlock()
	for {
		var now struct{ Status, Error string }
		if err := c.read(ctx, name, &now); err != nil {
			return "", err
		}
		switch now.Status {
		case "active":
			return name, nil
		case "error", "off":
			return "", fmt.Errorf("%s is %s: %s", name, now.Status, now.Error)
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("%s did not become active in time", name)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
