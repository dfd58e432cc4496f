package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
)

// hooks is a warehouse that notes what it is told, and calls back.
type hooks struct {
	t       *testing.T
	p       *pharmacyUnderTest
	handler http.Handler
	secret  webhook.Secret // of events
	mu      sync.Mutex
	told    []warehouse.Message
}

// newHooks starts a pharmacy whose warehouse takes webhooks, with stock for its orders.
func newHooks(t *testing.T) *hooks {
	h := &hooks{t: t, secret: webhook.NewSecret()}
	sent := webhook.NewSecret()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id, err := webhook.Verify(r.Header, body, time.Now(), sent)
		m := warehouse.Message{ID: id}
		if err == nil {
			err = json.Unmarshal(body, &m)
		}
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.told = append(h.told, m)
	}))
	t.Cleanup(s.Close)
	var options *goodsOptions
	h.p = startPharmacy(t, func(c *serveCommand) {
		c.Goods = goodsOptions{Stock: true, WarehouseURL: s.URL, WarehouseSecret: []byte(sent.String()), WarehouseEvents: []byte(h.secret.String())}
		options = &c.Goods
	})
	h.handler = (&goods{app: h.p.app, http: options.http, log: slog.New(slog.DiscardHandler)}).within(http.NotFoundHandler())
	moving := h.p.app.runGoods(t.Context(), options)
	t.Cleanup(func() { <-moving })
	h.p.ask(200, "POST", "/Basic/$receive-stock", []byte(`{"resourceType":"Parameters","parameter":[{"name":"product","valueCoding":{"system":"https://dmd.nhs.uk","code":"36123511000001103"}},
		{"name":"quantity","valueQuantity":{"value":100,"unit":"tablet"}},{"name":"from","part":[{"name":"name","valueString":"Wholesale Ltd"},{"name":"address","valueString":"Leeds"}]},
		{"name":"batch","valueString":"M1"},{"name":"expiry","valueDate":"2031-01-31"}]}`))
	return h
}

// released is the first order that the warehouse is told of.
func (h *hooks) released() (m warehouse.Message) {
	require.Eventually(h.t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		if len(h.told) > 0 {
			m = h.told[0]
		}
		return len(h.told) > 0
	}, 20*time.Second, 5*time.Millisecond)
	return m
}

// call posts a webhook that is signed at a time, and returns the answer.
func (h *hooks) call(id string, body []byte, at time.Time, secret webhook.Secret) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, goodsPath, strings.NewReader(string(body)))
	require.NoError(h.t, webhook.Sign(r.Header, id, at, body, secret))
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// TestWarehouseCallbacks: what a warehouse tells is taken when it is signed now, once,
// and in any order; everything else is refused, and nothing of it is done.
func TestWarehouseCallbacks(t *testing.T) {
	h := newHooks(t)
	task, _ := h.p.taken(demoOrder(t, nil), "")
	h.p.ask(200, "POST", task+"/$approve", nil)
	m := h.released()
	assert.NotContains(t, string(m.Text()), "999", "no patient is named")
	event := func(kind warehouse.EventKind, fill func(e *warehouse.Told)) []byte {
		e := warehouse.Event{Kind: kind, When: time.Now().Add(-time.Second), Told: warehouse.Told{Order: m.Data.ID, Revision: m.Data.Revision}}
		if fill != nil {
			fill(&e.Told)
		}
		return e.Text()
	}
	now, shown := time.Now(), true
	packed := event(warehouse.PackedEvent, func(e *warehouse.Told) { e.Lots, e.By, e.Checked = m.Data.Lots, "picker", "checker" })
	sent := event(warehouse.DispatchedEvent, func(e *warehouse.Told) { e.Carrier, e.Tracking = "Mail", "T1" })
	delivered := event(warehouse.DeliveredEvent, func(e *warehouse.Told) { e.Outcome, e.Recipient, e.Identity = "delivered-signed", "Jo", &shown })
	for _, c := range []struct {
		what   string
		status int
		call   func() *httptest.ResponseRecorder
	}{
		{"forged", 401, func() *httptest.ResponseRecorder { return h.call("a1", packed, now, webhook.NewSecret()) }},
		{"a year old", 401, func() *httptest.ResponseRecorder { return h.call("a2", packed, now.AddDate(-1, 0, 0), h.secret) }},
		{"of tomorrow", 401, func() *httptest.ResponseRecorder { return h.call("a3", packed, now.AddDate(0, 0, 1), h.secret) }},
		{"10 MB", 413, func() *httptest.ResponseRecorder { return h.call("a4", make([]byte, 10<<20), now, h.secret) }},
		{"not JSON", 400, func() *httptest.ResponseRecorder { return h.call("a5", []byte("{"), now, h.secret) }},
		{"of no form", 400, func() *httptest.ResponseRecorder {
			return h.call("a6", []byte(`{"type":"order.eaten","timestamp":"2026-11-02T09:00:00Z","data":{"order":"x","revision":-1}}`), now, h.secret)
		}},
		{"of no order", 404, func() *httptest.ResponseRecorder {
			return h.call("a7", []byte(strings.Replace(string(packed), m.Data.ID, "00000000-0000-5000-8000-000000000000", 1)), now, h.secret)
		}},
		{"another quantity", 422, func() *httptest.ResponseRecorder {
			return h.call("a8", []byte(strings.Replace(string(packed), `"quantity":"28"`, `"quantity":"27"`, 1)), now, h.secret)
		}},
		{"delivered before it is sent", 202, func() *httptest.ResponseRecorder { return h.call("e3", delivered, now, h.secret) }},
		{"packed", 204, func() *httptest.ResponseRecorder { return h.call("e1", packed, now, h.secret) }},
		{"replayed", 204, func() *httptest.ResponseRecorder { return h.call("e1", packed, now, h.secret) }},
		{"another one of the same id", 409, func() *httptest.ResponseRecorder { return h.call("e1", sent, now, h.secret) }},
		{"sent", 204, func() *httptest.ResponseRecorder { return h.call("e2", sent, now, h.secret) }},
		{"sent again", 204, func() *httptest.ResponseRecorder { return h.call("e2b", sent, now, h.secret) }},
	} {
		w := c.call()
		require.Equal(t, c.status, w.Code, "%s: %s", c.what, w.Body)
		if c.status >= 400 {
			require.Contains(t, w.Body.String(), `"OperationOutcome"`, c.what)
		}
	}
	r := httptest.NewRecorder()
	h.handler.ServeHTTP(r, httptest.NewRequest(http.MethodGet, goodsPath, nil))
	require.Equal(t, http.StatusMethodNotAllowed, r.Code)
	require.Eventually(t, func() bool {
		ids, err := h.p.app.db.State(t.Context()).Find("MedicationDispense", "status=completed")
		return err == nil && len(ids) > 0
	}, 20*time.Second, 10*time.Millisecond, "the supply follows")
	require.Eventually(t, func() bool {
		ids, err := h.p.app.db.State(t.Context()).Find("SupplyRequest", "status=completed")
		return err == nil && len(ids) == 1
	}, 20*time.Second, 10*time.Millisecond)
	trouble, err := h.p.app.db.State(t.Context()).Find("SupplyRequest", nhs.Query("identifier", nhs.Own+"Id/warehouse-trouble", "pending"))
	require.NoError(t, err)
	require.Empty(t, trouble)
}

// TestGoodsOptions: a warehouse that is configured in part is refused.
func TestGoodsOptions(t *testing.T) {
	secret := []byte(webhook.NewSecret().String())
	for why, o := range map[string]goodsOptions{
		"need --stock":             {WarehouseFolder: t.TempDir(), WarehouseFormat: "json"},
		"two warehouses":           {Stock: true, WarehouseFolder: t.TempDir(), WarehouseURL: "https://warehouse.example/", WarehouseFormat: "json"},
		"that signs events is mis": {Stock: true, WarehouseURL: "https://warehouse.example/", WarehouseSecret: secret},
		"address of the warehouse": {Stock: true, WarehouseSecret: secret, WarehouseEvents: secret},
		"expected json or csv":     {Stock: true, WarehouseFolder: t.TempDir(), WarehouseFormat: "xml"},
	} {
		require.ErrorContains(t, o.complete(true), why)
	}
	require.ErrorContains(t, (&goodsOptions{Stock: true, WarehouseFolder: t.TempDir(), WarehouseFormat: "csv"}).complete(false), "--site")
	require.NoError(t, (&goodsOptions{Stock: true, WarehouseFolder: t.TempDir(), WarehouseFormat: "csv"}).complete(true))
	require.NoError(t, (&goodsOptions{}).complete(false))
}
