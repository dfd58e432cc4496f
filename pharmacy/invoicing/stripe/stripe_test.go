package stripe

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing"
)

const secret = "whsec_pestletest"

// stub answers as Stripe does, the same for the same key.
type stub struct {
	mu       sync.Mutex
	requests []url.Values
	keys     []string
	seen     map[string]string
	answer   func(path string, form url.Values) (int, string)
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = r.ParseForm()
	key := r.Header.Get("Idempotency-Key")
	s.requests, s.keys = append(s.requests, r.Form), append(s.keys, key)
	if had, ok := s.seen[key]; ok && r.Method == http.MethodPost && had != r.Form.Encode() {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":{"type":"idempotency_error","message":"Keys for idempotent requests can only be used with the same parameters."}}`))
		return
	}
	status, body := s.answer(r.URL.Path, r.Form)
	if status == 200 {
		s.seen[key] = r.Form.Encode()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func start(t *testing.T, answer func(path string, form url.Values) (int, string)) (*stub, *Provider) {
	t.Helper()
	s := &stub{seen: map[string]string{}, answer: answer}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	p, err := New(Config{Key: "sk_test_x", Secrets: []string{secret}, Return: "https://pharmacy.example", URL: server.URL})
	require.NoError(t, err)
	return s, p
}

// TestConfiguration: a server that could take money and not hear of it does not
// start.
func TestConfiguration(t *testing.T) {
	for says, c := range map[string]Config{
		"neither":                       {},
		"the key of the account is not": {Secrets: []string{secret}},
		"never recorded":                {Key: "sk_test_x"},
		"not a secret or restricted":    {Key: "pk_test_x", Secrets: []string{secret}},
		"expected whsec_":               {Key: "sk_test_x", Secrets: []string{secret, "x"}, Return: "https://x"},
		"https alone":                   {Key: "sk_test_x", Secrets: []string{secret}, Return: "http://x"},
	} {
		_, err := New(c)
		require.ErrorContains(t, err, says)
	}
}

// TestRequest: Stripe is told the amount and the key of the request, under that key;
// a repeat is the same page.
func TestRequest(t *testing.T) {
	s, p := start(t, func(path string, _ url.Values) (int, string) {
		require.Equal(t, "/v1/checkout/sessions", path)
		return 200, `{"id":"cs_1","object":"checkout.session","url":"https://checkout.stripe.com/c/pay/cs_1"}`
	})
	r := invoicing.PaymentRequest{Key: "key-1", Pence: 4575, Description: "Pharmacy VNE51, £45.75"}
	for range 2 {
		got, err := p.Request(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, invoicing.Session{ID: "cs_1", URL: "https://checkout.stripe.com/c/pay/cs_1"}, got)
	}
	form := s.requests[0]
	require.Equal(t, []string{"key-1", "key-1"}, s.keys)
	for name, want := range map[string]string{"mode": "payment", "client_reference_id": "key-1", "payment_intent_data[metadata][pestle_request]": "key-1", "line_items[0][price_data][unit_amount]": "4575",
		"line_items[0][price_data][currency]": "gbp", "line_items[0][quantity]": "1", "success_url": "https://pharmacy.example/paid"} {
		require.Equal(t, want, form.Get(name), name)
	}
	r.Pence = 1
	_, err := p.Request(t.Context(), r)
	require.Equal(t, fhir.Conflict, fhir.KindOf(err), "another amount under the same key")
}

// TestRefund: a refund has its own key; what Stripe refuses is told, and what cannot
// be reached may be sent again.
func TestRefund(t *testing.T) {
	status, body := 200, `{"id":"re_1","object":"refund","status":"pending"}`
	s, p := start(t, func(string, url.Values) (int, string) { return status, body })
	got, err := p.Refund(t.Context(), invoicing.RefundRequest{Key: "key-2", Payment: "pi_1", Pence: 100})
	require.NoError(t, err)
	require.Equal(t, "re_1", got)
	require.Equal(t, "pi_1", s.requests[0].Get("payment_intent"))
	require.Equal(t, "100", s.requests[0].Get("amount"))
	for _, c := range []struct {
		status int
		body   string
		kind   fhir.Code
	}{
		{200, `{"id":"re_2","object":"refund","status":"failed","failure_reason":"expired_or_canceled_card"}`, fhir.BusinessRule},
		{400, `{"error":{"type":"invalid_request_error","code":"charge_already_refunded","message":"Charge has already been refunded."}}`, fhir.BusinessRule},
		{401, `{"error":{"type":"invalid_request_error","message":"Invalid API Key provided: sk_test_x"}}`, fhir.Exception},
		{400, `not json`, fhir.Timeout},
	} {
		status, body = c.status, c.body
		_, err := p.Refund(t.Context(), invoicing.RefundRequest{Key: fmt.Sprint(c.status, len(c.body)), Payment: "pi_1", Pence: 100})
		require.Equal(t, c.kind, fhir.KindOf(err), c.body)
		var e *fhir.Error
		require.ErrorAs(t, err, &e)
		require.NotContains(t, e.Issues[0].Text(), "sk_test")
	}
	gone, err := New(Config{Key: "sk_test_x", Secrets: []string{secret}, Return: "https://x", URL: "http://127.0.0.1:1"})
	require.NoError(t, err)
	_, err = gone.Refund(t.Context(), invoicing.RefundRequest{Key: "k", Payment: "pi_1", Pence: 1})
	require.Equal(t, fhir.Timeout, fhir.KindOf(err))
}

// sign signs a body as Stripe does.
func sign(body, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// TestSignatures: what is not signed by a secret of the server, or was long ago, is
// refused. The vector was computed with openssl.
func TestSignatures(t *testing.T) {
	const body = `{"id":"evt_1","type":"payment_intent.succeeded"}`
	const vector = "a71862afd8185a48aa21ed8230c2ad518169de27ed58517643d3b45723d554c8"
	require.Equal(t, "t=1793610000,v1="+vector, sign(body, secret, time.Unix(1793610000, 0)))
	p, err := New(Config{Key: "sk_test_x", Secrets: []string{"whsec_rotated_in", secret}, Return: "https://x"})
	require.NoError(t, err)
	now := time.Now()
	good := sign(body, secret, now)
	for name, header := range map[string]string{"the old secret": good, "the new secret": sign(body, "whsec_rotated_in", now), "several": good + ",v1=00,v0=11", "another scheme beside": "v0=aa," + good} {
		_, err := p.verified([]byte(body), header)
		require.NoError(t, err, name)
	}
	for name, header := range map[string]string{
		"none": "", "no time": "v1=" + vector, "no signature": fmt.Sprintf("t=%d", now.Unix()), "another body": sign(body+" ", secret, now), "another secret": sign(body, "whsec_of_others", now),
		"too old": sign(body, secret, now.Add(-6*time.Minute)), "another scheme": strings.Replace(good, "v1=", "v0=", 1), "not hex": fmt.Sprintf("t=%d,v1=zz", now.Unix()), "no number": "t=x,v1=" + vector,
		"the secret decoded": sign(body, "pestletest", now), "garbage": strings.Repeat("v1=,", 1000),
	} {
		_, err := p.Events(t.Context(), []byte(body), header)
		require.Equal(t, fhir.Login, fhir.KindOf(err), name)
	}
}

// TestEvents reads each event that moves money, and leaves the others.
func TestEvents(t *testing.T) {
	_, p := start(t, func(path string, form url.Values) (int, string) {
		require.Equal(t, "/v1/balance_transactions", path)
		require.Equal(t, "po_1", form.Get("payout"))
		if form.Get("starting_after") != "" {
			return 200, `{"object":"list","has_more":false,"data":[{"id":"txn_6","object":"balance_transaction","type":"payout","amount":-3486,"fee":0,"net":-3486,"source":{"id":"po_1","object":"payout"}}]}`
		}
		return 200, `{"object":"list","has_more":true,"data":[
			{"id":"txn_1","object":"balance_transaction","type":"charge","amount":4575,"fee":89,"net":4486,"source":{"id":"ch_1","object":"charge","payment_intent":"pi_1"}},
			{"id":"txn_2","object":"balance_transaction","type":"refund","amount":-1000,"fee":0,"net":-1000,"source":{"id":"re_1","object":"refund"}},
			{"id":"txn_3","object":"balance_transaction","type":"adjustment","amount":-200,"fee":0,"net":-200,"source":{"id":"dp_1","object":"dispute"}},
			{"id":"txn_4","object":"balance_transaction","type":"adjustment","amount":200,"fee":0,"net":200,"source":{"id":"dp_1","object":"dispute"}},
			{"id":"txn_5","object":"balance_transaction","type":"stripe_fee","amount":-15,"fee":0,"net":-15,"source":null}]}`
	})
	when := time.Unix(1793610000, 0)
	for _, c := range []struct {
		typ, object string
		want        *invoicing.Event
	}{
		{"payment_intent.succeeded", `{"id":"pi_1","object":"payment_intent","currency":"gbp","amount":4575,"amount_received":4575,"metadata":{"pestle_request":"k"}}`, &invoicing.Event{Kind: invoicing.Paid, Key: "k", Reference: "pi_1", Pence: 4575}},
		{"payment_intent.succeeded", `{"id":"pi_2","object":"payment_intent","currency":"gbp","amount_received":100}`, &invoicing.Event{Kind: invoicing.Paid, Reference: "pi_2", Pence: 100}},
		{"payment_intent.succeeded", `{"id":"pi_3","object":"payment_intent","currency":"eur","amount_received":100}`, nil},
		{"payment_intent.payment_failed", `{"id":"pi_1","object":"payment_intent","currency":"gbp","metadata":{"pestle_request":"k"}}`, &invoicing.Event{Kind: invoicing.Declined, Key: "k", Reference: "pi_1"}},
		{"payment_intent.processing", `{"id":"pi_1","object":"payment_intent"}`, nil},
		{"checkout.session.expired", `{"id":"cs_1","object":"checkout.session","client_reference_id":"k"}`, &invoicing.Event{Kind: invoicing.Expired, Key: "k"}},
		{"checkout.session.completed", `{"id":"cs_1","object":"checkout.session"}`, nil},
		{"refund.created", `{"id":"re_1","object":"refund","status":"pending","currency":"gbp","amount":100,"payment_intent":"pi_1"}`, nil},
		{"refund.updated", `{"id":"re_1","object":"refund","status":"succeeded","currency":"gbp","amount":100,"payment_intent":"pi_1"}`, &invoicing.Event{Kind: invoicing.Refunded, Reference: "re_1", Payment: "pi_1", Pence: 100}},
		{"refund.failed", `{"id":"re_1","object":"refund","status":"failed","currency":"gbp","amount":100,"payment_intent":"pi_1"}`, &invoicing.Event{Kind: invoicing.RefundFailed, Reference: "re_1", Payment: "pi_1", Pence: 100}},
		{"charge.dispute.funds_withdrawn", `{"id":"dp_1","object":"dispute","currency":"gbp","amount":200,"payment_intent":"pi_1"}`, &invoicing.Event{Kind: invoicing.Disputed, Reference: "dp_1", Payment: "pi_1", Pence: 200}},
		{"charge.dispute.funds_reinstated", `{"id":"dp_1","object":"dispute","currency":"gbp","amount":200,"payment_intent":"pi_1"}`, &invoicing.Event{Kind: invoicing.DisputeReversed, Reference: "dp_1", Payment: "pi_1", Pence: 200}},
		{"payout.reconciliation_completed", `{"id":"po_1","object":"payout","currency":"gbp","amount":3471,"arrival_date":1793610000}`, &invoicing.Event{Kind: invoicing.PaidOut, Reference: "po_1", Payout: &invoicing.Payout{ID: "po_1", Pence: 3471, Items: []invoicing.PayoutItem{
			{Kind: "payment", Reference: "pi_1", Gross: 4575, Fee: 89}, {Kind: "refund", Reference: "re_1", Gross: -1000}, {Kind: "dispute", Reference: "dp_1", Gross: -200}, {Kind: "dispute-reversed", Reference: "dp_1", Gross: 200}, {Kind: "fee", Reference: "txn_5", Fee: 15}}}}},
		{"customer.created", `{"id":"cus_1","object":"customer"}`, nil},
	} {
		body := fmt.Sprintf(`{"id":"evt_1","object":"event","api_version":"2019-01-01","created":%d,"type":%q,"data":{"object":%s}}`, when.Unix(), c.typ, c.object)
		got, err := p.Events(t.Context(), []byte(body), sign(body, secret, time.Now()))
		require.NoError(t, err, c.typ)
		if c.want == nil {
			require.Empty(t, got, c.typ)
			continue
		}
		c.want.Provider, c.want.When = "stripe", when
		require.Equal(t, []invoicing.Event{*c.want}, got, c.typ)
	}
	for _, object := range []string{`[]`, `"x"`, `{"id":1}`} {
		body := `{"id":"evt_1","object":"event","created":1,"type":"payment_intent.succeeded","data":{"object":` + object + `}}`
		_, err := p.Events(t.Context(), []byte(body), sign(body, secret, time.Now()))
		require.Error(t, err, object)
	}
}

// FuzzEvents: whatever is signed, an event is read or refused.
func FuzzEvents(f *testing.F) {
	f.Add(`{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","currency":"gbp"}}}`)
	f.Add(`{"type":"charge.dispute.funds_withdrawn","data":{"object":{"payment_intent":{}}}}`)
	f.Add(`{"type":"refund.updated","data":null}`)
	p, err := New(Config{Key: "sk_test_x", Secrets: []string{secret}, Return: "https://x", URL: "http://127.0.0.1:1"})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body string) {
		if strings.Contains(body, "payout") {
			return // asks Stripe
		}
		events, err := p.Events(context.Background(), []byte(body), sign(body, secret, time.Now()))
		for _, e := range events {
			require.NoError(t, err)
			require.NotEmpty(t, e.Kind)
		}
	})
}

// TestStripeMock asks Stripe's own mock, which refuses what its OpenAPI definition
// does not have: STRIPE_MOCK is its address.
func TestStripeMock(t *testing.T) {
	address := os.Getenv("STRIPE_MOCK")
	if address == "" {
		t.Skip("STRIPE_MOCK is not set: the address of github.com/stripe/stripe-mock")
	}
	p, err := New(Config{Key: "sk_test_123", Secrets: []string{secret}, Return: "https://pharmacy.example", URL: address})
	require.NoError(t, err)
	s, err := p.Request(t.Context(), invoicing.PaymentRequest{Key: "k", Pence: 4575, Description: "Pharmacy VNE51"})
	require.NoError(t, err)
	require.NotEmpty(t, s.ID)
	ref, err := p.Refund(t.Context(), invoicing.RefundRequest{Key: "k2", Payment: "pi_1", Pence: 100})
	require.NoError(t, err)
	require.NotEmpty(t, ref)
	body, err := json.Marshal(map[string]any{"id": "evt_1", "object": "event", "created": 1, "type": "payout.reconciliation_completed", "data": map[string]any{"object": map[string]any{"id": "po_1", "object": "payout", "currency": "gbp", "amount": 1}}})
	require.NoError(t, err)
	events, err := p.Events(t.Context(), body, sign(string(body), secret, time.Now()))
	require.NoError(t, err)
	require.NotEmpty(t, events[0].Payout.Items)
}

// TestAgain: what may not have arrived is sent again under the same key, at most twice.
func TestAgain(t *testing.T) {
	down := 2
	s, p := start(t, func(string, url.Values) (int, string) {
		if down--; down >= 0 {
			return 503, `{"error":{"type":"api_error","message":"busy"}}`
		}
		return 200, `{"id":"re_1","status":"succeeded"}`
	})
	got, err := p.Refund(t.Context(), invoicing.RefundRequest{Key: "k", Payment: "pi_1", Pence: 100})
	require.NoError(t, err)
	require.Equal(t, "re_1", got)
	require.Equal(t, []string{"k", "k", "k"}, s.keys)
	down = 3
	_, err = p.Refund(t.Context(), invoicing.RefundRequest{Key: "k2", Payment: "pi_1", Pence: 100})
	require.Equal(t, fhir.Timeout, fhir.KindOf(err))
	require.Len(t, s.keys, 6)
}

// TestPayoutPages: all pages of the parts of a payout are read.
func TestPayoutPages(t *testing.T) {
	s, p := start(t, func(_ string, form url.Values) (int, string) {
		if form.Get("starting_after") == "" {
			return 200, `{"has_more":true,"data":[{"id":"txn_1","type":"charge","amount":500,"fee":20,"source":{"object":"charge","id":"ch_1","payment_intent":"pi_1"}}]}`
		}
		return 200, `{"has_more":false,"data":[{"id":"txn_2","type":"refund","amount":-100,"fee":0,"source":{"object":"refund","id":"re_1"}},{"id":"txn_3","type":"payout","amount":-380,"fee":0,"source":null}]}`
	})
	got, err := p.paidOut(t.Context(), &payout{ID: "po_1", Amount: 380})
	require.NoError(t, err)
	require.Equal(t, []invoicing.PayoutItem{{Kind: "payment", Reference: "pi_1", Gross: 500, Fee: 20}, {Kind: "refund", Reference: "re_1", Gross: -100}}, got.Payout.Items)
	require.Equal(t, "txn_1", s.requests[1].Get("starting_after"))
	require.Equal(t, "po_1", s.requests[1].Get("payout"))
}
