package main

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // Attachment.hash is SHA-1 by R4
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// TestPurgeOfGoods: with the record of a patient goes what follows from it beside the
// prescription: the order of the warehouse, the delivery, the entry of the register, documents
// in the database and beside it, what Subscriptions were to tell, and answers that were kept.
// What is of the stock and of no patient stays, and adds up.
func TestPurgeOfGoods(t *testing.T) {
	h := newHooks(t)
	p := h.p
	dir := p.app.definitions.data
	task, _ := p.taken(demoOrder(t, func(m map[string]any) {
		within(m, "Patient", func(r map[string]any) { // nobody else's
			r["identifier"].([]any)[0].(map[string]any)["value"] = "9990004005"
			r["name"].([]any)[0].(map[string]any)["family"] = "Cholmondeley"
			r["address"] = []any{map[string]any{"line": []any{"17 Quince Passage"}, "postalCode": "LS1 6AE"}}
		})
	}), "")
	order := p.one("SupplyRequest", "status=active").ID()
	patient := p.ask(http.StatusOK, http.MethodGet, task, nil).Root().Path("for", "reference").Text()
	label := []byte("For Cholmondeley, 9990004005: one daily")
	scan := bytes.Repeat(append(label, '\n'), 4000)
	secrets := []string{"Cholmondeley", "9990004005", "Quince Passage", base64.StdEncoding.EncodeToString(label)}
	binary := func(b []byte) string {
		return "Binary/" + p.ask(201, "POST", "/Binary", fhir.Obj("resourceType", "Binary", "contentType", "text/plain", "data", base64.StdEncoding.EncodeToString(b)).Resource().JSON()).ID()
	}
	attached := func(b []byte) string {
		sum := sha1.Sum(b) //nolint:gosec // as above
		return fmt.Sprintf(`{"attachment":{"contentType":"text/plain","url":%q,"size":%d,"hash":%q}}`, binary(b), len(b), base64.StdEncoding.EncodeToString(sum[:]))
	}
	p.ask(201, "POST", "/DocumentReference", []byte(`{"resourceType":"DocumentReference","status":"current","subject":{"reference":"`+patient+`"},"content":[`+attached(label)+`,`+attached(scan)+`]}`))
	p.ask(201, "POST", "/Communication", []byte(`{"resourceType":"Communication","status":"completed","subject":{"reference":"`+patient+`"},"payload":[{"contentAttachment":{"contentType":"text/plain","data":"`+base64.StdEncoding.EncodeToString(label)+`"}}]}`))
	require.Len(t, documentFiles(t, dir), 1)
	hook := func(criteria string) {
		p.ask(201, "POST", "/Subscription", []byte(`{"resourceType":"Subscription","status":"requested","reason":"a register","criteria":"`+criteria+`","channel":{"type":"rest-hook","endpoint":"http://127.0.0.1:9/hook","payload":"application/fhir+json"}}`))
	}
	hook("MedicationDispense?status=completed") // of which nothing arrives
	hook("MedicationDispense?patient=" + patient)
	purchase := p.ask(http.StatusOK, "POST", "/Basic/$order-goods", []byte(`{"resourceType":"Parameters","parameter":[{"name":"number","valueString":"PO-1"},{"name":"product","valueCoding":{"system":"https://dmd.nhs.uk","code":"322237000"}},
		{"name":"quantity","valueQuantity":{"value":100,"unit":"tablet"}},{"name":"supplier","valueString":"Wholesale Ltd"}]}`)).Get("parameter").First().Path("resource", "id").Text()
	p.ask(http.StatusOK, http.MethodPost, task+"/$dispense", everything)
	p.one("ClaimResponse", "_lastUpdated=gt2000-01-01")
	require.Eventually(t, func() bool {
		ids, err := p.app.db.State(t.Context()).Find("Basic", "code=https://pestle-fhir.github.io/CodeSystem/stock-ledger%7Csupply")
		return err == nil && len(ids) > 0
	}, 20*time.Second, 5*time.Millisecond)
	lost := func() (list []string) {
		require.NoError(t, warehouse.Recount(t.Context(), p.app.db, func(text string) { list = append(list, text) }))
		return list
	}
	require.Empty(t, lost())
	require.Contains(t, entire(t, p.app), secrets[0])

	roles, err := policy.Builtin()
	require.NoError(t, err)
	config, err := (&serveCommand{Sandbox: true}).config(p.app, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	config.Clock = func() time.Time { return time.Now().AddDate(30, 0, 0) }
	config.Authenticator = governors{roles}
	s, err := server.New(config)
	require.NoError(t, err)
	as := func(who, method, path, body string, header ...string) (int, string) {
		w := askRole(s.Handler(), who, method, "/fhir/"+path, body, append(header, "X-Request-ID", uuid.NewString())...)
		return w.Code, w.Body.String()
	}
	code, body := as("1 superintendent", "POST", patient+"/$purge", documented(t, "propose.json"))
	require.Equal(t, http.StatusCreated, code, body)
	proposal, err := fhir.Parse([]byte(body))
	require.NoError(t, err)
	code, body = as("2 responsible-pharmacist", "POST", patient+"/$purge", strings.Replace(documented(t, "confirm.json"), "TASK", proposal.ID(), 1))
	require.Equal(t, http.StatusOK, code, body)
	require.Eventually(t, func() bool { return p.app.db.Erase(context.WithoutCancel(t.Context())) == nil }, time.Minute, 100*time.Millisecond)

	text := entire(t, p.app)
	for _, secret := range secrets {
		require.NotContains(t, text, secret)
	}
	require.Empty(t, filesHolding(t, dir, secrets))
	require.Empty(t, documentFiles(t, dir))
	for _, path := range []string{"_history?_count=1000", "Patient", "Task?patient=" + patient, "SupplyRequest", "SupplyDelivery", "MedicationDispense", "DocumentReference", "Communication", "Subscription", "Basic", "Claim", "Provenance", "AuditEvent",
		"Basic/$stock", "Basic/$stock-journal?kind=sales", "Basic/$stock-journal?kind=purchase-orders", "DocumentReference?subject=" + patient, "Patient?name=Cholmondeley&_summary=count"} {
		for _, who := range []string{"1 superintendent", "4 auditor", "6 finance", "8 pharmacist"} {
			_, body := as(who, "GET", path, "")
			for _, secret := range secrets {
				require.NotContains(t, strings.ReplaceAll(body, "name=Cholmondeley", ""), secret, "%s: %s", who, path)
			}
		}
	}
	code, _ = as("8 pharmacist", "GET", "SupplyRequest/"+order, "")
	require.Equal(t, http.StatusGone, code, "the order of the warehouse is of the patient")
	code, _ = as("8 pharmacist", "GET", "SupplyRequest/"+purchase, "")
	require.Equal(t, http.StatusOK, code, "an order to a supplier is nobody's")
	require.Empty(t, lost(), "the stock adds up without the patient")
	f, err := p.app.db.Check(t.Context())
	require.NoError(t, err)
	require.Empty(t, f.Wrong)
	require.Zero(t, f.Strays)
}
