package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/stripe"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

const privatePrices = "pharmacy,clinic,from,until,code,medicine,size,unit,price,per,vat\n*,*,2020-01-01,,322237000,Paracetamol 500mg soluble tablets,100,tablet,12.00,pro-rata,prescribed-medicine\n"

// privately starts a pharmacy with prices and a private prescription that it has
// taken.
func privately(t *testing.T) (p *pharmacyUnderTest, task string) {
	t.Helper()
	p = startPharmacy(t)
	_, err := p.app.invoicing.Load(t.Context(), invoicing.File{Data: []byte(privatePrices)}, sandboxRequester)
	require.NoError(t, err)
	p.app.invoicing.Take(till{"http://127.0.0.1"})
	order, err := privateMessage(time.Now())
	require.NoError(t, err)
	task, _ = p.taken(order, "")
	return p, task
}

// paid is the whole of private money: an invoice of £12.00 that is issued and paid.
func paidInvoice(t *testing.T) (p *pharmacyUnderTest, task string, records map[string]*fhir.Resource) {
	t.Helper()
	p, task = privately(t)
	p.ask(200, "POST", task+"/$dispense", everything)
	draft := p.one("Invoice", "status=draft")
	issued := p.ask(200, "POST", "/Invoice/"+draft.ID()+"/$issue", nil)
	require.Equal(t, "12.00", issued.Root().Path("totalGross", "value").Text())
	p.ask(200, "POST", "/Invoice/"+draft.ID()+"/$record-payment", payment("4.00", "1"))
	return p, task, map[string]*fhir.Resource{"Invoice": p.ask(200, "GET", "/Invoice/"+draft.ID(), nil), "ChargeItem": p.one("ChargeItem", "_lastUpdated=gt2000-01-01"),
		"PaymentNotice": p.one("PaymentNotice", "_lastUpdated=gt2000-01-01"), "PaymentReconciliation": p.one("PaymentReconciliation", "_lastUpdated=gt2000-01-01")}
}

func payment(amount, reference string) []byte {
	return []byte(`{"resourceType":"Parameters","parameter":[{"name":"amount","valueMoney":{"value":` + amount + `,"currency":"GBP"}},{"name":"method","valueCode":"cash"},{"name":"reference","valueString":"` + reference + `"}]}`)
}

// TestPrivateRecords: no interaction writes the records of private money.
func TestPrivateRecords(t *testing.T) {
	p, _, records := paidInvoice(t)
	p.keeps(records)
}

// TestFinanceIsToldWhatHasNoPrice: why an invoice cannot be issued is told to finance,
// with the line and the code of the product, and without the medicine.
func TestFinanceIsToldWhatHasNoPrice(t *testing.T) {
	p := startPharmacy(t)
	order, err := privateMessage(time.Now())
	require.NoError(t, err)
	task, _ := p.taken(order, "")
	p.ask(200, "POST", task+"/$dispense", everything)
	status, answer := p.answered("POST", "/fhir/Invoice/"+p.one("Invoice", "status=draft").ID()+"/$issue", "application/fhir+json", nil, personHeader, "finance")
	require.Equal(t, 422, status, answer)
	require.Contains(t, answer, "Line 1: No price of product 322237000 for clinic X99CL holds on")
	require.NotContains(t, strings.ToLower(answer), "paracetamol")
}

// TestPrivateRoles: who may read and do what with private money, and what they are
// not shown. Of another pharmacy and another clinic nobody finds anything.
func TestPrivateRoles(t *testing.T) {
	p, task, records := paidInvoice(t)
	invoice, notice := "/Invoice/"+records["Invoice"].ID(), "/PaymentNotice/"+records["PaymentNotice"].ID()
	subject, err := current(p.app.db.State(t.Context()), "Patient", "_lastUpdated=gt2000-01-01")
	require.NoError(t, err)
	family := subject.Get("name").Item(0).Get("family").Text()
	require.NotEmpty(t, family)
	why := []byte(`{"resourceType":"Parameters","parameter":[{"name":"reason","valueString":"why"}]}`)
	for _, c := range []struct {
		method, path string
		body         []byte
		may          string // who is answered 200
	}{
		{"GET", invoice, nil, "support finance auditor"},
		{"GET", "/ChargeItem/" + records["ChargeItem"].ID(), nil, "finance auditor"},
		{"GET", notice, nil, "support finance auditor"},
		{"GET", "/PaymentReconciliation/" + records["PaymentReconciliation"].ID(), nil, "finance auditor"},
		{"GET", invoice + "/$balance", nil, "support finance auditor"},
		{"GET", invoice + "/$receipt", nil, "support finance auditor"},
		{"GET", "/Invoice/$price-list", nil, "finance auditor"},
		{"POST", invoice + "/$record-payment", payment("1.00", "2"), "finance"},
		{"POST", invoice + "/$request-payment", nil, "support finance"},
		{"POST", task + "/$record-payment", payment("1.00", "3"), "pharmacist pharmacist-2 technician finance"},
		{"POST", notice + "/$refund", []byte(`{"resourceType":"Parameters","parameter":[{"name":"reason","valueString":"why"},{"name":"amount","valueMoney":{"value":1.00,"currency":"GBP"}}]}`), "finance"},
		{"POST", invoice + "/$credit", why, "finance"},
	} {
		for _, who := range sandboxPeople {
			body := c.body
			if strings.Contains(c.path, "$record-payment") { // once each
				body = []byte(strings.Replace(string(body), `"reference","valueString":"`, `"reference","valueString":"`+who.Name, 1))
			}
			status, answer := p.answered(c.method, "/fhir"+c.path, "application/fhir+json", body, personHeader, who.Name)
			may := strings.Contains(" "+c.may+" ", " "+who.Name+" ")
			assert.Equal(t, may, status == 200, "%s %s %s: %d %.300s", who.Name, c.method, c.path, status, answer)
			if !may {
				assert.Contains(t, []int{403, 404}, status, "%s %s %s: %.300s", who.Name, c.method, c.path, answer)
			}
			if who.Name == "support" || who.Name == "finance" || !may {
				assert.NotContains(t, strings.ToLower(answer), "paracetamol", "%s %s", who.Name, c.path)
				assert.NotContains(t, answer, family, "%s %s", who.Name, c.path)
			}
			if who.Name == "support" {
				assert.NotContains(t, answer, "322237000", c.path)
			}
		}
	}
	// Nothing of it is found by search either.
	for _, who := range []string{"clinic", "clinic-2", "pharmacy-2", "pharmacist"} {
		for typ := range records {
			status, answer := p.answered("GET", "/fhir/"+typ, "", nil, personHeader, who)
			if status == 200 {
				assert.NotContains(t, answer, records[typ].ID(), "%s %s", who, typ)
			}
		}
	}
}

// TestClinicReadsItsInvoice: a clinic that pays reads its invoice, its charges and what
// it owes; nobody else's clinic does, and the clinic does nothing with them.
func TestClinicReadsItsInvoice(t *testing.T) {
	p, task := privately(t)
	_, err := p.app.invoicing.Load(t.Context(), invoicing.File{Data: []byte("pharmacy,clinic,from,until,rule,value,vat,mark,source\n*,X99CL,2020-01-01,,payer,clinic,,K,x\n")}, sandboxRequester)
	require.NoError(t, err)
	p.ask(200, "POST", task+"/$dispense", everything)
	id := p.one("Invoice", "status=draft").ID()
	p.ask(200, "POST", "/Invoice/"+id+"/$issue", nil)
	charge := p.one("ChargeItem", "_lastUpdated=gt2000-01-01").ID()
	for path, want := range map[string]int{"/Invoice/" + id: 200, "/ChargeItem/" + charge: 200, "/Invoice/" + id + "/$balance": 200, "/Invoice/" + id + "/$receipt?as=text": 200, "/Invoice?status=issued": 200, "/Invoice/$price-list": 403} {
		status, answer := p.answered("GET", "/fhir"+path, "", nil, personHeader, "clinic")
		assert.Equal(t, want, status, "%s: %.300s", path, answer)
		status, answer = p.answered("GET", "/fhir"+path, "", nil, personHeader, "clinic-2")
		assert.NotContains(t, answer, `"`+charge, "%s %d", path, status)
		assert.NotContains(t, answer, "12.00", "%s %d", path, status)
	}
	for _, op := range []string{"$issue", "$credit", "$record-payment", "$request-payment"} {
		status, answer := p.answered("POST", "/fhir/Invoice/"+id+"/"+op, "application/fhir+json", payment("1.00", "x"), personHeader, "clinic")
		assert.Equal(t, 403, status, "%s: %.300s", op, answer)
	}
}

// TestPaidFirstByOperation: where the clinic's terms say so, a prescription that is not
// paid is neither supplied nor dispatched by an operation.
func TestPaidFirstByOperation(t *testing.T) {
	p, task := privately(t)
	_, err := p.app.invoicing.Load(t.Context(), invoicing.File{Data: []byte(paidFirst)}, sandboxRequester)
	require.NoError(t, err)
	bag := func(what string) []byte {
		return []byte(`{"resourceType":"Parameters","parameter":[{"name":"all","valueBoolean":true},{"name":"bag","valueCode":"` + what + `"}]}`)
	}
	collectedBy := []byte(`{"resourceType":"Parameters","parameter":[{"name":"collector","valueCode":"patient"}]}`)
	refuse := func(path string, body []byte) {
		t.Helper()
		status, answer := p.answered("POST", "/fhir"+path, "application/fhir+json", body)
		assert.Contains(t, []int{400, 422}, status, answer)
		assert.Contains(t, answer, "£12.00 is not paid", path)
		assert.Contains(t, answer, nhs.RulePaidFirst, path)
	}
	refuse(task+"/$dispense", everything)
	p.ask(200, "POST", task+"/$dispense", bag("delivery"))
	refuse(task+"/$dispatch", []byte(`{"resourceType":"Parameters","parameter":[{"name":"courier","valueString":"Van 1"}]}`))
	refuse(task+"/$hand-over", collectedBy)
	supplies, err := p.app.db.State(t.Context()).Find("MedicationDispense", "_lastUpdated=gt2000-01-01")
	require.NoError(t, err)
	require.Empty(t, supplies)

	asked := p.ask(200, "POST", task+"/$request-payment", nil)
	page := ""
	for q := range asked.Get("parameter").Items() {
		page += q.Get("valueUrl").Text()
	}
	h := (&payments{app: p.app, till: true, log: slog.New(slog.DiscardHandler)}).within(http.NotFoundHandler())
	post := func(choice, site string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", strings.TrimPrefix(page, "http://127.0.0.1"), strings.NewReader("choice="+choice))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	assert.Equal(t, 403, post("pay", "cross-site").Code)
	assert.Equal(t, 400, post("steal", "same-origin").Code)
	assert.Contains(t, post("decline", "same-origin").Body.String(), "declined")
	refuse(task+"/$hand-over", collectedBy)
	assert.Contains(t, post("pay", "same-origin").Body.String(), "It is paid")
	assert.Contains(t, post("decline", "same-origin").Body.String(), "It is paid", "what is paid stays paid")
	p.ask(200, "POST", task+"/$hand-over", collectedBy)
	for _, path := range []string{"none", "", "../x"} {
		r := httptest.NewRequest("GET", tillPath+path, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.Equal(t, 404, w.Code, path)
	}
}

// TestStripeWebhook: events count by their signature, once, and are told again until
// they can be recorded.
func TestStripeWebhook(t *testing.T) {
	p, _, records := paidInvoice(t)
	const secret = "whsec_pestletest"
	provider, err := stripe.New(stripe.Config{Key: "sk_test_x", Secrets: []string{"whsec_rotated_in", secret}, Return: "https://pharmacy.example"})
	require.NoError(t, err)
	h := (&payments{app: p.app, stripe: provider, log: slog.New(slog.DiscardHandler)}).within(http.NotFoundHandler())
	send := func(method, body, signature string) int {
		r := httptest.NewRequest(method, stripePath, strings.NewReader(body))
		r.Header.Set("Stripe-Signature", signature)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		got, _ := io.ReadAll(w.Body)
		assert.Empty(t, got, "nothing is told")
		return w.Code
	}
	sign := func(body, secret string) string {
		now := time.Now().Unix()
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%d.%s", now, body)
		return fmt.Sprintf("t=%d,v1=%s", now, hex.EncodeToString(mac.Sum(nil)))
	}
	event := func(typ, object string) string {
		return fmt.Sprintf(`{"id":"evt_%s","object":"event","created":%d,"type":%q,"data":{"object":%s}}`, typ, time.Now().Unix(), typ, object)
	}
	refund := event("refund.updated", `{"id":"re_1","object":"refund","status":"succeeded","currency":"gbp","amount":300,"payment_intent":"pi_1"}`)
	paid := event("payment_intent.succeeded", `{"id":"pi_1","object":"payment_intent","currency":"gbp","amount_received":800}`)
	assert.Equal(t, 401, send("POST", paid, "t=1,v1=00"))
	assert.Equal(t, 401, send("POST", paid, ""))
	assert.Equal(t, 401, send("POST", paid+" ", sign(paid, secret)))
	assert.Equal(t, 405, send("GET", "", ""))
	assert.Equal(t, 413, send("POST", strings.Repeat("x", eventBytes+1), ""))
	assert.Equal(t, 400, send("POST", "{", sign("{", secret)))
	assert.Equal(t, 503, send("POST", refund, sign(refund, secret)), "before its payment")
	head := p.app.db.Head()
	for _, s := range []string{secret, "whsec_rotated_in", secret} {
		assert.Equal(t, 204, send("POST", paid, sign(paid, s)))
	}
	assert.Equal(t, head+1, p.app.db.Head(), "recorded once")
	assert.Equal(t, 204, send("POST", refund, sign(refund, secret)))
	other := event("customer.created", `{"id":"cus_1"}`)
	assert.Equal(t, 204, send("POST", other, sign(other, secret)), "what is not ours is not sent again")
	unmatched, err := p.app.db.State(t.Context()).Find("PaymentNotice", nhs.Query("identifier", nhs.Own+"Id/private-account", "unmatched/stripe"))
	require.NoError(t, err)
	assert.Len(t, unmatched, 2)
	_, err = p.app.audit.Verify(t.Context(), nil)
	require.NoError(t, err)
	assert.NotEmpty(t, records)
}

// TestHalfConfigured: a server that would take cards and not hear of it does not start.
func TestHalfConfigured(t *testing.T) {
	for says, o := range map[string]cardOptions{
		"never recorded":                 {StripeKey: "sk_test_x"},
		"the key of the account is not":  {StripeWebhookSecrets: []string{"whsec_12345678"}},
		"not a secret or restricted key": {StripeKey: "x", StripeWebhookSecrets: []string{"whsec_12345678"}},
		"expected whsec_":                {StripeKey: "sk_test_x", StripeWebhookSecrets: []string{"secret"}},
	} {
		require.ErrorContains(t, o.complete(false, "FA565", "https://x"), says)
	}
	whole := cardOptions{StripeKey: "sk_test_x", StripeWebhookSecrets: []string{"whsec_12345678"}}
	require.ErrorContains(t, whole.complete(true, "", ""), "not for a sandbox")
	require.ErrorContains(t, whole.complete(false, "", "https://x"), "--site")
	require.ErrorContains(t, whole.complete(false, "FA565", "http://x"), "https alone")
	require.NoError(t, whole.complete(false, "FA565", "https://x"))
	require.NoError(t, (&cardOptions{}).complete(false, "", ""))
}
