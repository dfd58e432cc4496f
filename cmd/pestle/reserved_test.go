package main

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestReservedRecords: what the server alone records is refused for the same rule by every way in
// which a caller may write: by itself, on a condition, in a transaction, a batch and a message, as
// a patch in each format, and as a deletion. Nothing of it is stored.
func TestReservedRecords(t *testing.T) {
	w := newStockWorld(t)
	const own = "https://pestle-fhir.github.io/"
	author := `,"author":{"type":"Organization","identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"FA565"}}`
	coded := func(system, code string) string {
		return `"code":{"coding":[{"system":"` + own + `CodeSystem/` + system + `","code":"` + code + `"}]}`
	}
	other := `"code":{"text":"x"}`
	identified := func(system string) string {
		return other + `,"identifier":[{"system":"` + own + `Id/` + system + `","value":"refused"}]`
	}
	extended := func(url string) string {
		return other + `,"extension":[{"url":"` + own + `StructureDefinition/` + url + `","valueString":"x"}]`
	}
	forged := []struct{ what, typ, rule, members string }{
		{"an item of the stock ledger", "Basic", "STOCK-4", coded("stock-ledger", "item") + author},
		{"a lot", "Basic", "STOCK-4", coded("stock-ledger", "lot") + author},
		{"a receipt", "Basic", "STOCK-4", coded("stock-ledger", "receipt") + author},
		{"a correction of a receipt", "Basic", "STOCK-4", extended("stock-reassigned")},
		{"what is found as a lot", "Basic", "STOCK-4", identified("stock-lot")},
		{"a purchase order", "SupplyRequest", "STOCK-4", `"status":"active","category":{"coding":[{"system":"` + own + `CodeSystem/stock-ledger","code":"purchase-order"}]},"itemCodeableConcept":{"text":"x"},"quantity":{"value":1}`},
		{"what the NHS was told", "Basic", "NHS-1", coded("nhs-work", "status-update") + author},
		{"what is found as told to the NHS", "Basic", "NHS-1", identified("nhs-work")},
		{"what is read as told to the NHS", "Basic", "NHS-1", extended("nhs-work")},
		{"an entry of the register", "Basic", "MDR-20", coded("controlled-drugs-register", "obtained") + author},
		{"what is found as one", "Basic", "MDR-20", identified("controlled-drugs-register-page")},
		{"a responsible pharmacist", "Basic", "RP-record", coded("responsible-pharmacist", "in") + author},
		{"an alert", "Task", "records-are-derived", `"status":"requested","intent":"order",` + coded("alert", "queue")},
	}
	entry := func(resource, method, url, more string) string {
		if resource != "" {
			resource = `"resource":` + resource + `,`
		}
		return `{` + resource + `"request":{"method":"` + method + `","url":"` + url + `"` + more + `}}`
	}
	bundle := func(kind string, entries ...string) request {
		return request{"POST", "/fhir", `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(entries, ",") + `]}`, nil}
	}
	beside := `{"resourceType":"Basic","code":{"text":"beside"}}`
	head := func() fhir.Seq { w.settle(); return w.app.db.Head() }
	refused := func(rule, what, door string, who string, r request) {
		t.Helper()
		before := head()
		rec := w.ask(who, r)
		require.Contains(t, rec.Body.String(), `"`+rule+`"`, "%s, by %s: %d", what, door, rec.Code)
		status := 422
		if strings.HasSuffix(r.path, "$process-message") { // as EPS answers
			status = 400
		}
		if !strings.Contains(r.body, `"batch"`) {
			require.Equal(t, status, rec.Code, "%s, by %s: %s", what, door, rec.Body)
		}
		require.Equal(t, before, head(), "%s, by %s", what, door)
	}
	for _, f := range forged {
		made := `{"resourceType":"` + f.typ + `",` + f.members + `}`
		put := `{"resourceType":"` + f.typ + `","id":"FA565-forged",` + f.members + `}`
		refused(f.rule, f.what, "create", "FA565", request{"POST", "/fhir/" + f.typ, made, nil})
		refused(f.rule, f.what, "conditional create", "FA565", request{"POST", "/fhir/" + f.typ, made, []string{"If-None-Exist", "identifier=urn:x|none"}})
		refused(f.rule, f.what, "update", "FA565", request{"PUT", "/fhir/" + f.typ + "/FA565-forged", put, nil})
		refused(f.rule, f.what, "conditional update", "FA565", request{"PUT", "/fhir/" + f.typ + "?identifier=urn:x|none", made, nil})
		refused(f.rule, f.what, "transaction", "FA565", bundle("transaction", entry(beside, "POST", "Basic", ""), entry(made, "POST", f.typ, "")))
		refused(f.rule, f.what, "update in a transaction", "FA565", bundle("transaction", entry(put, "PUT", f.typ+"/FA565-forged", ""), entry(beside, "POST", "Basic", "")))
		refused(f.rule, f.what, "conditional create in a transaction", "FA565", bundle("transaction", entry(made, "POST", f.typ, `,"ifNoneExist":"identifier=urn:x|none"`)))
		refused(f.rule, f.what, "batch", "FA565", bundle("batch", entry(made, "POST", f.typ, ""), entry(put, "PUT", f.typ+"/FA565-forged", "")))
		if f.typ == "Task" {
			continue // a message of an order carries none
		}
		message, _ := w.prescription("X99CL", "FA565", "9990001006")
		i := strings.LastIndex(message, "]")
		refused(f.rule, f.what, "message", "X99CL", request{"POST", "/fhir/$process-message", message[:i] + `,{"fullUrl":"urn:uuid:6f1e1bb6-0f6c-4d0c-9b3b-1f0a2b3c4d5e","resource":` + made + `}` + message[i:], nil})
	}
	// What there is: as the server made it.
	kept := map[string]int{}
	for n, f := range forged {
		id := fmt.Sprint("there-", n)
		r, err := fhir.Parse([]byte(`{"resourceType":"` + f.typ + `","id":"` + id + `",` + f.members + `}`))
		require.NoError(t, err)
		tx := &fhir.Transaction{Derived: true, Changes: []fhir.Change{{Method: fhir.Update, Type: f.typ, ID: id, Resource: r}}, Requester: fhir.Principal{Agent: "Device/pestle", OnBehalf: "FA565"}}
		if _, err := w.app.db.Commit(t.Context(), tx); err != nil {
			continue // an entry by itself: not even the server writes it so
		}
		kept[f.rule]++
		w.settle()
		url, plain := f.typ+"/"+id, `{"resourceType":"`+f.typ+`","id":"`+id+`","code":{"text":"x"},"status":"requested","intent":"order"}`
		switch f.typ {
		case "SupplyRequest":
			plain = `{"resourceType":"SupplyRequest","id":"` + id + `","status":"active","itemCodeableConcept":{"text":"x"},"quantity":{"value":1}}`
		case "Basic":
			plain = `{"resourceType":"Basic","id":"` + id + `","code":{"text":"x"}}`
		}
		patch := func(typ, body string) request {
			return request{"PATCH", "/fhir/" + url, body, []string{"Content-Type", typ}}
		}
		json := `[{"op":"add","path":"/language","value":"en"}]`
		refused(f.rule, f.what, "update of it", "FA565", request{"PUT", "/fhir/" + url, plain, nil})
		refused(f.rule, f.what, "JSON Patch", "FA565", patch("application/json-patch+json", json))
		refused(f.rule, f.what, "merge patch", "FA565", patch("application/merge-patch+json", `{"language":"en"}`))
		refused(f.rule, f.what, "FHIRPath Patch", "FA565", patch("application/fhir+json", `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"add"},{"name":"path","valueString":"`+f.typ+`"},{"name":"name","valueString":"language"},{"name":"value","valueCode":"en"}]}]}`))
		refused(f.rule, f.what, "XML Patch", "FA565", patch("application/xml-patch+xml", `<diff xmlns:f="http://hl7.org/fhir"><add sel="f:`+f.typ+`" pos="prepend"><language xmlns="http://hl7.org/fhir" value="en"/></add></diff>`))
		refused(f.rule, f.what, "deletion", "FA565", request{"DELETE", "/fhir/" + url, "", nil})
		refused(f.rule, f.what, "conditional deletion", "FA565", request{"DELETE", "/fhir/" + f.typ + "?_id=" + id, "", nil})
		refused(f.rule, f.what, "conditional patch", "FA565", request{"PATCH", "/fhir/" + f.typ + "?_id=" + id, json, []string{"Content-Type", "application/json-patch+json"}})
		refused(f.rule, f.what, "deletion in a transaction", "FA565", bundle("transaction", entry(beside, "POST", "Basic", ""), entry("", "DELETE", url, "")))
		refused(f.rule, f.what, "deletion in a batch", "FA565", bundle("batch", entry("", "DELETE", url, "")))
		refused(f.rule, f.what, "patch in a transaction", "FA565", bundle("transaction", entry(`{"resourceType":"Binary","contentType":"application/json-patch+json","data":"`+base64.StdEncoding.EncodeToString([]byte(json))+`"}`, "PATCH", url, "")))
	}
	for _, f := range forged {
		require.NotZero(t, kept[f.rule], f.rule)
	}
}

// TestMessageBringsNoSupply: a message of a prescription that carries a supply beside it is
// refused whole: one of no prescription, and one on a requisition that nobody entered.
func TestMessageBringsNoSupply(t *testing.T) {
	w := newStockWorld(t)
	const medicine = `{"coding":[{"system":"http://snomed.info/sct","code":"36123511000001103","display":"Methylphenidate 18mg modified-release tablets"}]}`
	for _, resource := range []string{
		`{"resourceType":"MedicationDispense","status":"completed","medicationCodeableConcept":` + medicine + `,"subject":{"display":"x"},"quantity":{"value":30,"unit":"tablet"},"whenHandedOver":"2026-11-29T10:00:00Z"}`,
		`{"resourceType":"SupplyRequest","status":"completed","itemCodeableConcept":` + medicine + `,"quantity":{"value":30,"unit":"tablet"}}`,
		`{"resourceType":"SupplyDelivery","status":"completed","suppliedItem":{"itemCodeableConcept":` + medicine + `,"quantity":{"value":30,"unit":"tablet"}}}`,
	} {
		w.settle()
		before := w.app.db.Head()
		message, _ := w.prescription("X99CL", "FA565", "9990001006")
		i := strings.LastIndex(message, "]")
		rec := w.ask("X99CL", request{"POST", "/fhir/$process-message", message[:i] + `,{"fullUrl":"urn:uuid:6f1e1bb6-0f6c-4d0c-9b3b-1f0a2b3c4d5e","resource":` + resource + `}` + message[i:], nil})
		require.Equal(t, 400, rec.Code, "%s: %.400s", resource, rec.Body)
		w.settle()
		require.Equal(t, before, w.app.db.Head(), resource)
	}
}
