package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server/auth"
)

const paidFirst = "pharmacy,clinic,from,until,rule,value,vat,mark,source\n*,X99CL,2020-01-01,,payment,before-supply,,K,x\n"

// TestPaidFirstByMessageAndResource: where the clinic's terms say so, what is not paid is
// supplied neither by a dispense-notification nor by resources that
// are written one by one, in a batch or in a transaction. Once it is paid, the
// notification alone is accepted.
func TestPaidFirstByMessageAndResource(t *testing.T) {
	p, task := privately(t)
	told := notificationIn(p.ask(200, "POST", task+"/$dispense", everything))
	p.ask(200, "POST", task+"/$withdraw", reason("MU"))
	_, err := p.app.invoicing.Load(t.Context(), invoicing.File{Data: []byte(paidFirst)}, sandboxRequester)
	require.NoError(t, err)
	supplies, err := p.app.db.State(t.Context()).Find("MedicationDispense", "_lastUpdated=gt2000-01-01")
	require.NoError(t, err)
	written := p.ask(200, "GET", "/MedicationDispense/"+supplies[0], nil)

	again := func(edit func(m map[string]any)) *fhir.Resource {
		return edited(t, told, func(m map[string]any) {
			m["identifier"].(map[string]any)["value"] = uuid.NewString()
			within(m, "MedicationDispense", func(r map[string]any) {
				r["identifier"].([]any)[0].(map[string]any)["value"] = uuid.NewString()
				if edit != nil {
					edit(r)
				}
			})
		})
	}
	in := func(kind, method, url string, resources ...*fhir.Resource) []byte {
		var entries []any
		for _, r := range resources {
			entries = append(entries, fhir.Obj("fullUrl", "urn:uuid:"+uuid.NewString(), "resource", r.Root(), "request", fhir.Obj("method", method, "url", url)))
		}
		return fhir.Obj("resourceType", "Bundle", "type", kind, "entry", fhir.List(entries...)).JSON()
	}
	messages := map[string]*fhir.Resource{
		"as it is":                     again(nil),
		"handed over before the terms": again(func(r map[string]any) { r["whenHandedOver"] = "2019-12-31T10:00:00+00:00" }),
		"without a time":               again(func(r map[string]any) { delete(r, "whenHandedOver") }),
		"in a month":                   again(func(r map[string]any) { r["whenHandedOver"] = r["whenHandedOver"].(string)[:len("2026-11")] }),
	}
	single := edited(t, written, func(m map[string]any) {
		delete(m, "id")
		delete(m, "meta")
		m["status"] = "completed"
		m["identifier"].([]any)[0].(map[string]any)["value"] = uuid.NewString()
	})
	var claimed map[string]any
	require.NoError(t, json.Unmarshal(p.ask(200, "GET", task, nil).JSON(), &claimed))
	claimed["output"] = []any{map[string]any{"type": map[string]any{"text": "x"}, "valueReference": map[string]any{"reference": "Bundle/" + told.ID()}}}
	moved, err := json.Marshal(claimed)
	require.NoError(t, err)
	state, err := fhir.Parse(moved)
	require.NoError(t, err)

	head := p.app.db.Head()
	refused := func(name, path, method string, body []byte, says string) {
		t.Helper()
		status, answer := p.answered(method, "/fhir"+path, "application/fhir+json", body)
		if status == 200 { // of a batch
			assert.Regexp(t, `"status":"4`, answer, name)
			assert.NotRegexp(t, `"status":"2`, answer, name)
		} else {
			assert.True(t, status >= 400 && status < 500, "%s: %d %.300s", name, status, answer)
		}
		assert.Contains(t, answer, says, name)
	}
	for _, name := range slices.Sorted(maps.Keys(messages)) {
		says := "£12.00 is not paid"
		if name == "handed over before the terms" {
			says = "is from before"
		}
		refused(name, "/$process-message", "POST", messages[name].JSON(), says)
		refused(name+", in a batch", "", "POST", in("batch", "POST", "$process-message", messages[name]), says)
		refused(name+", in a transaction", "", "POST", in("transaction", "POST", "$process-message", messages[name]), "")
	}
	refused("$dispense in a batch", "", "POST", in("batch", "POST", task[1:]+"/$dispense", fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "all", "valueBoolean", true))).Resource()), "£12.00 is not paid")
	for _, kind := range []string{"batch", "transaction"} {
		refused("a supply in a "+kind, "", "POST", in(kind, "POST", "MedicationDispense", single), "DN-19")
		refused("the Task in a "+kind, "", "POST", in(kind, "PUT", task[1:], state), "")
	}
	refused("a supply", "/MedicationDispense", "POST", single.JSON(), "DN-19")
	refused("the withdrawn supply", "/MedicationDispense/"+written.ID(), "PUT", edited(t, written, func(m map[string]any) { m["status"] = "completed" }).JSON(), "")
	refused("the Task", task, "PUT", moved, "")
	output := fhir.Obj("type", fhir.Obj("text", "x"), "valueReference", fhir.Obj("reference", "Bundle/"+told.ID()))
	patches := map[string][]byte{
		"application/json-patch+json":  fhir.List(fhir.Obj("op", "add", "path", "/output", "value", fhir.List(output)), fhir.Obj("op", "replace", "path", "/status", "value", "in-progress")).JSON(),
		"application/merge-patch+json": fhir.Obj("output", fhir.List(output), "status", "in-progress").JSON(),
		"application/fhir+json": fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "operation", "part", fhir.List(fhir.Obj("name", "type", "valueCode", "add"),
			fhir.Obj("name", "path", "valueString", "Task"), fhir.Obj("name", "name", "valueString", "output"), fhir.Obj("name", "value", "part", fhir.List(fhir.Obj("name", "type", "valueCodeableConcept", fhir.Obj("text", "x")), fhir.Obj("name", "valueReference", "valueReference", fhir.Obj("reference", "Bundle/"+told.ID())))))))).JSON(),
	}
	for _, kind := range slices.Sorted(maps.Keys(patches)) {
		status, answer := p.answered("PATCH", "/fhir"+task, kind, patches[kind])
		assert.True(t, status >= 400 && status < 500, "PATCH as %s: %d %.300s", kind, status, answer)
		entry := fhir.Obj("resourceType", "Bundle", "type", "batch", "entry", fhir.List(fhir.Obj("resource", fhir.Obj("resourceType", "Binary", "contentType", kind, "data", base64.StdEncoding.EncodeToString(patches[kind])), "request", fhir.Obj("method", "PATCH", "url", task[1:]))))
		refused("PATCH as "+kind+" in a batch", "", "POST", entry.JSON(), "")
	}
	loads, err := loadHandler(p.app, auth.Sandbox{User: commandRequester("load")}, nil)
	require.NoError(t, err)
	for name, body := range map[string][]byte{
		"a supply": in("transaction", "POST", "MedicationDispense", single), "a supply, updated": in("transaction", "PUT", "MedicationDispense/"+written.ID(), edited(t, written, func(m map[string]any) { m["status"] = "completed" })),
		"the Task": in("transaction", "PUT", task[1:], state), "a message": in("transaction", "POST", "$process-message", messages["as it is"]), "all of it": in("transaction", "POST", "MedicationDispense", single, state),
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/fhir", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/fhir+json")
		loads.ServeHTTP(w, r)
		assert.True(t, w.Code >= 400 && w.Code < 500, "load of %s: %d %.300s", name, w.Code, w.Body.String())
	}
	assert.Equal(t, head, p.app.db.Head(), "nothing is stored")

	p.ask(200, "POST", task+"/$record-payment", payment("12.00", "1"))
	refused("a supply that is paid", "/MedicationDispense", "POST", single.JSON(), "DN-19")
	p.ask(200, "POST", "/$process-message", messages["as it is"].JSON())
	assert.NotContains(t, string(p.one("Task", "code=prescription-order").JSON()), nhs.RulePaidFirst)
}

// TestAmendedSupplyIsPaidFirst: 50 of 100 tablets are paid, £6.00, and supplied; an
// amendment to 100 asks for the other £6.00.
func TestAmendedSupplyIsPaidFirst(t *testing.T) {
	p, task := privately(t)
	_, err := p.app.invoicing.Load(t.Context(), invoicing.File{Data: []byte(paidFirst)}, sandboxRequester)
	require.NoError(t, err)
	item := ""
	for in := range p.ask(200, "GET", task, nil).Get("input").Items() {
		if ref := in.Get("valueReference"); ref.Path("identifier", "system").Text() == nhs.IDItem {
			item = ref.Path("identifier", "value").Text()
		}
	}
	p.ask(200, "POST", task+"/$record-payment", payment("6.00", "1"))
	part := notificationIn(p.ask(200, "POST", task+"/$dispense", parametersOf(item+":0003:50")))
	whole := edited(t, amendment(t, fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "notification", "resource", part.Root()))).Resource()), func(m map[string]any) {
		within(m, "MedicationDispense", func(r map[string]any) {
			r["quantity"].(map[string]any)["value"] = 100
			r["type"].(map[string]any)["coding"] = []any{map[string]any{"system": nhs.CSLineStatus, "code": "0001", "display": "Item fully dispensed"}}
		})
	})
	status, answer := p.answered("POST", "/fhir/$process-message", "application/fhir+json", whole.JSON())
	assert.Equal(t, 400, status)
	assert.Contains(t, answer, "£6.00 is not paid")
	p.ask(200, "POST", task+"/$record-payment", payment("6.00", "2"))
	p.ask(200, "POST", "/$process-message", whole.JSON())
}

// TestPaidFirstOfEachItem: two items are in the bag, for £12.00 and £5.00. The first is
// paid, and a courier has it; the second is not handed over with it. That the
// second is not dispensed is recorded all the same, and then the first is handed over,
// although its price has risen: the courier had it when it was paid.
func TestPaidFirstOfEachItem(t *testing.T) {
	p := startPharmacy(t)
	load := func(file string) {
		_, err := p.app.invoicing.Load(t.Context(), invoicing.File{Data: []byte(file)}, sandboxRequester)
		require.NoError(t, err)
	}
	prices := privatePrices + "*,*,2020-01-01,,322236009,Paracetamol 500mg tablets,32,tablet,5.00,whole-packs,prescribed-medicine\n"
	load(prices)
	load(paidFirst)
	task, items := p.taken(twoItems(t), "")
	do := func(want int, op string, says string, parameters ...any) {
		t.Helper()
		status, answer := p.answered("POST", "/fhir"+task+"/"+op, "application/fhir+json", fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parameters...)).JSON())
		assert.Equal(t, want, status, "%s: %.900s", op, answer)
		assert.Contains(t, answer, says, op)
	}
	item := func(n int) fhir.Value { return fhir.Obj("name", "item", "valueString", items[n]) }
	courier, patient := fhir.Obj("name", "courier", "valueString", "Van 1"), fhir.Obj("name", "collector", "valueCode", "patient")
	do(200, "$dispense", "", fhir.Obj("name", "all", "valueBoolean", true), fhir.Obj("name", "bag", "valueCode", "delivery"))
	do(422, "$dispatch", "£12.00 is not paid", courier, item(0))
	p.ask(200, "POST", task+"/$record-payment", payment("12.00", "1"))
	do(422, "$dispatch", "£5.00 is not paid", courier)
	do(200, "$dispatch", "", courier, item(0))
	do(422, "$hand-over", "£5.00 is not paid", patient)
	do(422, "$hand-over", "£5.00 is not paid", patient, item(1))
	do(200, "$put-back", "", item(1), fhir.Obj("name", "reason", "valueString", "It is out of stock."), fhir.Obj("name", "notDispensed", "valueCode", "0004"))
	load(strings.Replace(prices, "12.00", "20.00", 1))
	do(200, "$hand-over", "", patient)
}

// TestEachDispatchIsPaidFirst: a delivery costs £5.99 with VAT. Two items leave with a courier
// one after the other: the fee of the second delivery is asked for before it leaves, and
// what was with the courier is handed over without another payment. An attempt that
// fails and the next one are one delivery.
func TestEachDispatchIsPaidFirst(t *testing.T) {
	p := startPharmacy(t)
	for _, file := range []string{privatePrices + "*,*,2020-01-01,,322236009,Paracetamol 500mg tablets,32,tablet,5.00,whole-packs,prescribed-medicine\n",
		paidFirst + "*,*,2020-01-01,,delivery-fee,4.99,delivery-service,K,x\n"} {
		_, err := p.app.invoicing.Load(t.Context(), invoicing.File{Data: []byte(file)}, sandboxRequester)
		require.NoError(t, err)
	}
	task, items := p.taken(twoItems(t), "")
	do := func(want int, op string, says string, parameters ...any) {
		t.Helper()
		status, answer := p.answered("POST", "/fhir"+task+"/"+op, "application/fhir+json", fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parameters...)).JSON())
		assert.Equal(t, want, status, "%s: %.900s", op, answer)
		assert.Contains(t, answer, says, op)
	}
	item := func(n int) fhir.Value { return fhir.Obj("name", "item", "valueString", items[n]) }
	courier, patient := fhir.Obj("name", "courier", "valueString", "Van 1"), fhir.Obj("name", "collector", "valueCode", "patient")
	do(200, "$dispense", "", fhir.Obj("name", "all", "valueBoolean", true), fhir.Obj("name", "bag", "valueCode", "delivery"))
	do(422, "$dispatch", "£17.99 is not paid", courier, item(0))
	p.ask(200, "POST", task+"/$record-payment", payment("17.99", "1"))
	do(200, "$dispatch", "", courier, item(0))
	do(200, "$fail-delivery", "", fhir.Obj("name", "reason", "valueString", "Nobody was there."), item(0))
	do(200, "$dispatch", "", courier, item(0))
	do(422, "$dispatch", "£10.99 is not paid", courier, item(1))
	p.ask(200, "POST", task+"/$record-payment", payment("5.00", "2"))
	do(422, "$dispatch", "£5.99 is not paid", courier, item(1))
	p.ask(200, "POST", task+"/$record-payment", payment("5.99", "3"))
	do(200, "$dispatch", "", courier, item(1))
	do(200, "$hand-over", "", patient, item(0))
	do(200, "$hand-over", "", patient, item(1))
}

// twoItems is the private order of the sandbox with a second item.
func twoItems(t *testing.T) *fhir.Resource {
	t.Helper()
	order, err := privateMessage(time.Now())
	require.NoError(t, err)
	return edited(t, order, func(m map[string]any) {
		var second map[string]any
		for _, e := range m["entry"].([]any) {
			if x := e.(map[string]any); x["resource"].(map[string]any)["resourceType"] == "MedicationRequest" {
				text, err := json.Marshal(x)
				require.NoError(t, err)
				require.NoError(t, json.Unmarshal(text, &second))
			}
		}
		id := uuid.NewString()
		second["fullUrl"] = "urn:uuid:" + id
		r := second["resource"].(map[string]any)
		r["identifier"].([]any)[0].(map[string]any)["value"] = id
		r["medicationCodeableConcept"] = map[string]any{"coding": []any{map[string]any{"system": nhs.CSSNOMED, "code": "322236009", "display": "Paracetamol 500mg tablets"}}}
		r["dispenseRequest"].(map[string]any)["quantity"].(map[string]any)["value"] = 32
		m["entry"] = append(m["entry"].([]any), second)
		to := map[string]any{"reference": "urn:uuid:" + id}
		within(m, "MessageHeader", func(r map[string]any) { r["focus"] = append(r["focus"].([]any), to) })
		within(m, "Provenance", func(r map[string]any) { r["target"] = append(r["target"].([]any), to) })
	})
}
