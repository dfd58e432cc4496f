package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/register"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
	goodsfolder "github.com/pestle-fhir/pestle/pharmacy/warehouse/folder"
	"github.com/pestle-fhir/pestle/store"
)

// newStockWorld is a world that keeps a stock ledger.
func newStockWorld(t testing.TB) *orgWorld {
	return newOrgWorldOf(t, &serveCommand{Goods: goodsOptions{Stock: true}, Responsible: string(register.AskNobody)})
}

// fill does what is due of the stock as time passes.
func (w *orgWorld) fill() {
	w.settle()
	for _, timed := range w.app.warehouse.Timed() {
		for again := true; again; {
			again = false
			due, err := timed.Due(w.app.db.State(w.t.Context()), time.Now())
			require.NoError(w.t, err)
			for _, id := range due {
				changes, err := timed.Pass(w.app.db.State(w.t.Context()), id, time.Now())
				require.NoError(w.t, err)
				if len(changes) > 0 {
					_, err = w.app.db.Commit(w.t.Context(), &fhir.Transaction{Changes: changes, Derived: true})
					require.NoError(w.t, err)
					again = true
				}
			}
		}
	}
	w.settle()
}

// wrong is what a check finds.
func (w *orgWorld) wrong() []store.Finding {
	w.fill()
	f, err := w.app.db.Check(w.t.Context())
	require.NoError(w.t, err)
	checkRegister(w.t.Context(), w.app.db, medicines{w.app.library.Terminology()}, f)
	checkStock(w.t.Context(), w.app.db, medicines{w.app.library.Terminology()}, f)
	parked, err := w.app.db.State(w.t.Context()).Find("Task", nhs.Query("code", nhs.Own+"CodeSystem/follower", "parked"))
	require.NoError(w.t, err)
	require.Empty(w.t, parked)
	return f.Wrong
}

// stockDocument is what docs/warehouse.md shows: what is called with a body, what is got,
// and the answer.
var stockDocument = regexp.MustCompile("(?s)`(POST|GET) ([^`]+)`\n\n```json\n(.*?)```")

// TestWarehouseDocument calls what docs/warehouse.md shows, in its order, and wants the
// answers that it shows.
func TestWarehouseDocument(t *testing.T) {
	file := filepath.Join(oracle.Root(t), "docs", "warehouse.md")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	w := newStockWorld(t)
	fresh := stockDocument.ReplaceAllStringFunc(string(text), func(shown string) string {
		m := stockDocument.FindStringSubmatch(shown)
		if m[1] == "POST" {
			rec := w.ask("FA565+superintendent", request{m[1], "/fhir/" + m[2], m[3], nil})
			require.Equal(t, http.StatusOK, rec.Code, "%s %s: %s", m[1], m[2], rec.Body)
			if strings.Contains(m[2], "$receive-stock") {
				task := w.order("X99CL", "FA565", "9990001006")
				w.made("FA565", request{"POST", "/fhir/Task/" + task + "/$accept", "", nil})
				w.fill()
			}
			return shown
		}
		rec := w.ask("FA565+superintendent", request{m[1], "/fhir/" + m[2], "", nil})
		require.Equal(t, http.StatusOK, rec.Code, rec.Body)
		var out bytes.Buffer
		require.NoError(t, json.Indent(&out, rec.Body.Bytes(), "", "  "))
		return "`GET " + m[2] + "`\n\n```json\n" + out.String() + "\n```"
	})
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(fresh), 0o600))
	} else {
		require.Equal(t, string(text), fresh)
	}
	require.Empty(t, w.wrong())

	shown := regexp.MustCompile("(?s)```json\n(\\{\"type\".*?)```").FindStringSubmatch(string(text))
	require.NotNil(t, shown, "a message")
	var m warehouse.Message
	d := json.NewDecoder(strings.NewReader(shown[1]))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&m))
	require.JSONEq(t, shown[1], string(m.Text()))
	for _, c := range goodsfolder.Columns {
		require.Contains(t, string(text), "`"+c+"`")
	}
	for _, k := range []warehouse.EventKind{warehouse.PickedEvent, warehouse.PackedEvent, warehouse.DispatchedEvent, warehouse.TrackedEvent, warehouse.DeliveredEvent, warehouse.FailedEvent, warehouse.ReturnedEvent} {
		require.Contains(t, string(text), "| `"+string(k)+"` |")
	}
}

// TestStockFollowsPrescriptions: what becomes of prescriptions moves the stock, and the
// ledger has of each controlled drug what its register has, whoever records it.
func TestStockFollowsPrescriptions(t *testing.T) {
	w := newStockWorld(t)
	post := func(who, path, body string, want int) string {
		rec := w.ask(who, request{"POST", "/fhir/" + path, body, nil})
		require.Equal(t, want, rec.Code, "%s: %s", path, rec.Body)
		return rec.Body.String()
	}
	// A supply before anything was received: the ledger follows from the beginning.
	before := w.order("X99CL", "FA565", "9990001006")
	post("FA565", "Task/"+before+"/$accept", "", 200)
	post("FA565", "Task/"+before+"/$dispense", `{"resourceType":"Parameters","parameter":[{"name":"all","valueBoolean":true}]}`, 200)
	receipt := `{"resourceType":"Parameters","parameter":[{"name":"product","valueCoding":{"system":"https://dmd.nhs.uk","code":"36123511000001103"}},
		{"name":"quantity","valueQuantity":{"value":40,"unit":"tablet"}},{"name":"from","part":[{"name":"name","valueString":"Wholesale Ltd"},{"name":"address","valueString":"Leeds"}]},
		{"name":"batch","valueString":"M1"},{"name":"expiry","valueDate":"2029-01-31"}]}`
	post("FA565+technician", "Basic/$receive-stock", receipt, 200)
	require.Empty(t, w.wrong())
	tasks := []string{w.order("X99CL", "FA565", "9990001006"), w.order("A83008", "FA565", "9990001006")}
	for _, task := range tasks {
		post("FA565", "Task/"+task+"/$accept", "", 200)
	}
	require.Empty(t, w.wrong())
	orders, err := w.app.db.State(t.Context()).Find("SupplyRequest", "status=active")
	require.NoError(t, err)
	require.Len(t, orders, 2, "one for each prescription of the product of which there is stock")
	// What an order has is nobody's to write.
	v, err := w.app.db.State(t.Context()).Current("SupplyRequest", orders[0])
	require.NoError(t, err)
	for _, r := range []request{{"PUT", "/fhir/SupplyRequest/" + orders[0], string(v.JSON), []string{"If-Match", `W/"` + v.VersionID + `"`}}, {"DELETE", "/fhir/SupplyRequest/" + orders[0], "", nil},
		{"PATCH", "/fhir/SupplyRequest/" + orders[0], `[{"op":"replace","path":"/status","value":"cancelled"}]`, []string{"Content-Type", "application/json-patch+json"}},
		{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + string(v.JSON) + `,"request":{"method":"PUT","url":"SupplyRequest/` + orders[0] + `"}}]}`, nil}} {
		rec := w.ask("FA565", r)
		require.Equal(t, 422, rec.Code, "%s: %s", r.method, rec.Body)
		require.Contains(t, rec.Body.String(), "STOCK-4")
	}
	// Into the bag, to the courier, to the patient.
	post("FA565", "Task/"+tasks[0]+"/$dispense", `{"resourceType":"Parameters","parameter":[{"name":"all","valueBoolean":true},{"name":"bag","valueCode":"delivery"}]}`, 200)
	post("FA565", "Task/"+tasks[0]+"/$dispatch", `{"resourceType":"Parameters","parameter":[{"name":"courier","valueString":"Courier 17"}]}`, 200)
	require.Empty(t, w.wrong())
	post("FA565", "Task/"+tasks[0]+"/$hand-over", `{"resourceType":"Parameters","parameter":[{"name":"collector","valueCode":"patient"},{"name":"identityRequested","valueBoolean":true},{"name":"identityProvided","valueBoolean":true},{"name":"method","valueCode":"delivered"},{"name":"courier","valueString":"Courier 17"},{"name":"signature","valueString":"Jo Marlow"}]}`, 200)
	require.Empty(t, w.wrong())
	deliveries, err := w.app.db.State(t.Context()).Find("SupplyDelivery", "status=completed")
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
	// The notification is taken back: so is the supply.
	post("FA565", "Task/"+tasks[0]+"/$withdraw", `{"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"MU"}]}`, 200)
	require.Empty(t, w.wrong())
	post("FA565+superintendent", "Basic/$destroy", `{"resourceType":"Parameters","parameter":[{"name":"product","valueCoding":{"system":"https://dmd.nhs.uk","code":"36123511000001103"}},
		{"name":"quantity","valueQuantity":{"value":2,"unit":"tablet"}},{"name":"reason","valueString":"crushed"},{"name":"witness","part":[{"name":"name","valueString":"Wanda Witness"},{"name":"role","valueString":"CD liaison officer"}]}]}`, 200)
	post("FA565+superintendent", "Basic/$correct-register", `{"resourceType":"Parameters","parameter":[{"name":"product","valueCoding":{"system":"https://dmd.nhs.uk","code":"36123511000001103"}},
		{"name":"change","valueQuantity":{"value":-1,"unit":"tablet"}},{"name":"reason","valueString":"one crushed"},{"name":"witness","part":[{"name":"name","valueString":"Tom Tech"},{"name":"role","valueString":"technician"}]}]}`, 200)
	require.Empty(t, w.wrong())
	post("FA565+pharmacist", "Basic/$supply-requisition", `{"resourceType":"Parameters","parameter":[{"name":"product","valueCoding":{"system":"https://dmd.nhs.uk","code":"36123511000001103"}},
		{"name":"quantity","valueQuantity":{"value":3,"unit":"tablet"}},{"name":"to","part":[{"name":"name","valueString":"Example Surgery"},{"name":"address","valueString":"Leeds"}]},
		{"name":"authority","part":[{"name":"name","valueString":"Dana Doe"},{"name":"role","valueString":"doctor"}]},{"name":"purpose","valueString":"bag"}]}`, 200)
	require.Empty(t, w.wrong())
	holdings, err := warehouse.HoldingsOf(w.app.db.State(t.Context()), "FA565")
	require.NoError(t, err)
	require.NotEmpty(t, holdings)
	require.NoError(t, pharmacy.CheckAcyclic(w.app.followers()))
}

// TestPurchaseOrders: who may order from a supplier does so once, what arrives is received
// against the order, of a controlled drug by its register too, and nobody writes an order by hand.
func TestPurchaseOrders(t *testing.T) {
	w := newStockWorld(t)
	ask := func(who string, want int, r request) string {
		t.Helper()
		rec := w.ask(who, r)
		require.Equal(t, want, rec.Code, "%s %s %s: %s", who, r.method, r.path, rec.Body)
		return rec.Body.String()
	}
	const product, controlled = `{"name":"product","valueCoding":{"system":"https://dmd.nhs.uk","code":"322237000"}}`, `{"name":"product","valueCoding":{"system":"https://dmd.nhs.uk","code":"36123511000001103"}}`
	body := func(parts ...string) string {
		return `{"resourceType":"Parameters","parameter":[` + strings.Join(parts, ",") + `]}`
	}
	quantity := func(n string) string {
		return `{"name":"quantity","valueQuantity":{"value":` + n + `,"unit":"tablet"}}`
	}
	order := body(product, quantity("200"), `{"name":"number","valueString":"PO-1"}`, `{"name":"supplier","valueString":"Wholesale Ltd"}`)
	for _, who := range []string{"FA565+technician", "FA565+accuracy-checker", "FA565+finance", "FA565+auditor", "FA565+customer-service", "X99CL+prescriber", "X99CL+clinic-system", "FA565+warehouse"} {
		ask(who, 403, request{"POST", "/fhir/Basic/$order-goods", order, nil})
	}
	placed := func(answer string) (id string) {
		r, err := fhir.Parse([]byte(answer))
		require.NoError(t, err)
		for p := range r.Get("parameter").Items() {
			if p.Get("name").Text() == "order" {
				id = p.Path("resource", "id").Text()
			}
		}
		require.NotEmpty(t, id, answer)
		return id
	}
	once := []string{"Idempotency-Key", "3d9a2e63-30a2-4a3c-a1c3-52b8b1c7a1de"}
	first := ask("FA565+pharmacist", 200, request{"POST", "/fhir/Basic/$order-goods", order, once})
	require.Equal(t, first, ask("FA565+pharmacist", 200, request{"POST", "/fhir/Basic/$order-goods", order, once}))
	id := placed(first)
	require.Equal(t, id, placed(ask("FA565", 200, request{"POST", "/fhir/Basic/$order-goods", order, nil})), "the order that there is")
	// Another pharmacy orders for itself, and neither sees the other's.
	other := placed(ask("X99PH+pharmacist", 200, request{"POST", "/fhir/Basic/$order-goods", order, nil}))
	require.NotEqual(t, id, other)
	ask("X99PH+pharmacist", 404, request{"GET", "/fhir/SupplyRequest/" + id, "", nil})
	ask("X99PH+pharmacist", 404, request{"POST", "/fhir/SupplyRequest/" + id + "/$cancel-order", body(`{"name":"reason","valueString":"r"}`), nil})
	// What is received.
	receipt := func(n, of string) string {
		return body(product, quantity(n), `{"name":"from","valueString":"Wholesale Ltd"}`, `{"name":"batch","valueString":"P1"}`, `{"name":"expiry","valueDate":"2031-01-31"}`, `{"name":"order","valueReference":{"reference":"SupplyRequest/`+of+`"}}`)
	}
	require.Contains(t, ask("FA565+technician", 422, request{"POST", "/fhir/Basic/$receive-goods", receipt("1", other), nil}), "STOCK-7")
	require.Contains(t, ask("FA565+technician", 422, request{"POST", "/fhir/Basic/$receive-goods", receipt("201", id), nil}), "STOCK-8")
	ask("FA565+technician", 200, request{"POST", "/fhir/Basic/$receive-goods", receipt("120", id), nil})
	outstanding := "/fhir/SupplyRequest?identifier=https://pestle-fhir.github.io/Id/purchase-order-outstanding%7CFA565"
	require.Contains(t, ask("FA565+technician", 200, request{"GET", outstanding, "", nil}), id)
	// A controlled drug is signed for, and received by its register.
	require.Contains(t, ask("FA565+pharmacist", 422, request{"POST", "/fhir/Basic/$order-goods", body(controlled, quantity("30"), `{"name":"number","valueString":"PO-1"}`, `{"name":"supplier","valueString":"Wholesale Ltd"}`), nil}), "authority")
	drug := placed(ask("FA565+pharmacist", 200, request{"POST", "/fhir/Basic/$order-goods", body(controlled, quantity("30"), `{"name":"number","valueString":"PO-1"}`, `{"name":"supplier","valueString":"Wholesale Ltd"}`,
		`{"name":"purpose","valueString":"stock"}`, `{"name":"authority","part":[{"name":"name","valueString":"P Potion"},{"name":"role","valueString":"pharmacist"}]}`), nil}))
	stock := func(n, of string) string {
		return body(controlled, quantity(n), `{"name":"from","part":[{"name":"name","valueString":"Wholesale Ltd"},{"name":"address","valueString":"Leeds"}]}`, `{"name":"batch","valueString":"M1"}`, `{"name":"expiry","valueDate":"2031-01-31"}`,
			`{"name":"order","valueReference":{"reference":"SupplyRequest/`+of+`"}}`)
	}
	require.Contains(t, ask("FA565+technician", 422, request{"POST", "/fhir/Basic/$receive-stock", stock("31", drug), nil}), "STOCK-8")
	require.Contains(t, ask("FA565+technician", 422, request{"POST", "/fhir/Basic/$receive-stock", stock("30", id), nil}), "STOCK-7")
	ask("FA565+technician", 200, request{"POST", "/fhir/Basic/$receive-stock", stock("30", drug), nil})
	// What was received against the wrong order: who may adjust the stock corrects it, once.
	second := placed(ask("FA565+pharmacist", 200, request{"POST", "/fhir/Basic/$order-goods", strings.Replace(order, "PO-1", "PO-2", 1), nil}))
	entries, err := w.app.db.State(t.Context()).Find("Basic", "code=https://pestle-fhir.github.io/CodeSystem/stock-ledger%7Creceipt&identifier=https://pestle-fhir.github.io/Id/stock-ledger%7CFA565")
	require.NoError(t, err)
	require.Len(t, entries, 2)
	wrongly := ""
	for _, e := range entries {
		if v, err := w.app.db.State(t.Context()).Current("Basic", e); err == nil && strings.Contains(string(v.JSON), `"SupplyRequest/`+id+`"`) {
			wrongly = e
		}
	}
	correction := body(`{"name":"receipt","valueReference":{"reference":"Basic/`+wrongly+`"}}`, `{"name":"order","valueReference":{"reference":"SupplyRequest/`+second+`"}}`, `{"name":"reason","valueString":"the note names PO-2"}`)
	for _, who := range []string{"FA565+technician", "FA565+accuracy-checker", "FA565+finance", "FA565+auditor", "FA565+customer-service", "X99CL+prescriber", "X99CL+clinic-system", "FA565+warehouse"} {
		ask(who, 403, request{"POST", "/fhir/Basic/$correct-receipt", correction, nil})
	}
	require.Contains(t, ask("X99PH+pharmacist", 404, request{"POST", "/fhir/Basic/$correct-receipt", correction, nil}), "no such receipt")
	require.Contains(t, ask("FA565+pharmacist", 422, request{"POST", "/fhir/Basic/$correct-receipt", strings.Replace(correction, second, other, 1), nil}), "STOCK-7")
	again := []string{"Idempotency-Key", "7b0f6a1e-46a2-4d5e-9d0e-0f6f6f0a9b11"}
	corrected := ask("FA565+pharmacist", 200, request{"POST", "/fhir/Basic/$correct-receipt", correction, again})
	require.Equal(t, corrected, ask("FA565+pharmacist", 200, request{"POST", "/fhir/Basic/$correct-receipt", correction, again}))
	require.Contains(t, ask("FA565+pharmacist", 409, request{"POST", "/fhir/Basic/$correct-receipt", correction, nil}), "already")
	require.Empty(t, w.wrong())
	ask("FA565+pharmacist", 200, request{"POST", "/fhir/Basic/$correct-receipt", strings.Replace(correction, second, id, 1), nil})
	// Nobody writes an order by hand.
	v, err := w.app.db.State(t.Context()).Current("SupplyRequest", id)
	require.NoError(t, err)
	entry := func(r, method, url string) string {
		return `{"resource":` + r + `,"request":{"method":"` + method + `","url":"` + url + `"}}`
	}
	forged := `{"resourceType":"SupplyRequest","status":"active","category":{"coding":[{"system":"https://pestle-fhir.github.io/CodeSystem/stock-ledger","code":"purchase-order"}]},"itemCodeableConcept":{"text":"x"},"quantity":{"value":1},"requester":{"identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"FA565"}}}`
	for _, r := range []request{{"POST", "/fhir/SupplyRequest", forged, nil}, {"PUT", "/fhir/SupplyRequest/" + id, string(v.JSON), []string{"If-Match", `W/"` + v.VersionID + `"`}}, {"DELETE", "/fhir/SupplyRequest/" + id, "", nil},
		{"PATCH", "/fhir/SupplyRequest/" + id, `[{"op":"replace","path":"/status","value":"cancelled"}]`, []string{"Content-Type", "application/json-patch+json"}},
		{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[` + entry(forged, "POST", "SupplyRequest") + `]}`, nil},
		{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[` + entry(string(v.JSON), "PUT", "SupplyRequest/"+id) + `]}`, nil}} {
		require.Contains(t, ask("FA565", 422, r), "STOCK-4", r.method)
	}
	require.Contains(t, ask("FA565", 200, request{"POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[` + entry(forged, "POST", "SupplyRequest") + `]}`, nil}), "STOCK-4")
	ask("FA565+technician", 403, request{"POST", "/fhir/SupplyRequest/" + id + "/$cancel-order", body(`{"name":"reason","valueString":"late"}`), nil})
	ask("FA565+pharmacist", 200, request{"POST", "/fhir/SupplyRequest/" + id + "/$cancel-order", body(`{"name":"reason","valueString":"late"}`), nil})
	require.NotContains(t, ask("FA565+technician", 200, request{"GET", outstanding, "", nil}), id)
	rows := ask("FA565+finance", 200, request{"GET", "/fhir/Basic/$stock-journal?kind=purchase-orders", "", []string{"Accept", "text/csv"}})
	require.Contains(t, rows, ",200,120,0,cancelled,")
	require.Contains(t, rows, ",30,30,0,completed,")
	require.Empty(t, w.wrong())
}

// TestNoStockLedger: without --stock nothing of it is kept, and its operations say so.
func TestNoStockLedger(t *testing.T) {
	w := newOrgWorld(t)
	rec := w.ask("FA565+superintendent", request{"GET", "/fhir/Basic/$stock", "", nil})
	require.Equal(t, http.StatusBadRequest, rec.Code, rec.Body)
	require.Contains(t, rec.Body.String(), "serve --stock")
	rec = w.ask("FA565+superintendent", request{"POST", "/fhir/SupplyRequest/none/$cancel-order", `{"resourceType":"Parameters","parameter":[{"name":"reason","valueString":"r"}]}`, nil})
	require.Equal(t, http.StatusBadRequest, rec.Code, rec.Body)
	rec = w.ask("FA565+technician", request{"POST", "/fhir/Basic/$receive-stock", `{"resourceType":"Parameters","parameter":[{"name":"product","valueCoding":{"system":"https://dmd.nhs.uk","code":"36123511000001103"}},
		{"name":"quantity","valueQuantity":{"value":40,"unit":"tablet"}},{"name":"from","part":[{"name":"name","valueString":"Wholesale Ltd"},{"name":"address","valueString":"Leeds"}]},{"name":"order","valueReference":{"reference":"SupplyRequest/1"}}]}`, nil})
	require.Contains(t, rec.Body.String(), "serve --stock", "an order that nobody would enter is not taken")
}

// TestStockAccounts: the accounts of each day that is over are written once, whole, also
// of the days that passed while the server was off.
func TestStockAccounts(t *testing.T) {
	w := newStockWorld(t)
	rec := w.ask("FA565+technician", request{"POST", "/fhir/Basic/$receive-goods", `{"resourceType":"Parameters","parameter":[{"name":"product","valueCoding":{"system":"https://dmd.nhs.uk","code":"322237000"}},
		{"name":"quantity","valueQuantity":{"value":200,"unit":"tablet"}},{"name":"from","valueString":"Wholesale Ltd"},{"name":"price","valueMoney":{"value":3.20,"currency":"GBP"}},
		{"name":"batch","valueString":"P1"},{"name":"expiry","valueDate":"2031-01-31"}]}`, nil})
	require.Equal(t, 200, rec.Code, rec.Body)
	dir, now := t.TempDir(), time.Now()
	names := func() string {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		var list []string
		for _, e := range entries {
			list = append(list, e.Name())
		}
		return strings.Join(list, " ")
	}
	today := nhs.DateOf(now)
	require.NoError(t, w.app.writeAccounts(t.Context(), dir, now.AddDate(0, 0, 1)))
	require.Equal(t, strings.ReplaceAll("changes-D.csv control-D.csv orders-D.csv purchase-orders-D.csv purchases-D.csv sales-D.csv valuation-D.csv", "D", today.String()), names())
	control, err := os.ReadFile(filepath.Join(dir, "control-"+today.String()+".csv"))
	require.NoError(t, err)
	require.Contains(t, string(control), ",opening,0.00\n")
	require.Contains(t, string(control), ",purchases,3.20\n")
	require.Contains(t, string(control), ",closing,3.20\n")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sales-"+today.String()+".csv"), []byte("taken"), 0o600))
	require.NoError(t, w.app.writeAccounts(t.Context(), dir, now.AddDate(0, 0, 4)))
	require.Equal(t, 28, len(strings.Fields(names())), "three days more: %s", names())
	kept, err := os.ReadFile(filepath.Join(dir, "sales-"+today.String()+".csv"))
	require.NoError(t, err)
	require.Equal(t, "taken", string(kept), "a day is written once")
	// By hand, as CSV.
	rec = w.ask("FA565+finance", request{"GET", "/fhir/Basic/$stock-journal?kind=control", "", []string{"Accept", "text/csv"}})
	require.Equal(t, 200, rec.Code, rec.Body)
	require.Contains(t, rec.Body.String(), ",closing,3.20\n")
	rec = w.ask("FA565+customer-service", request{"GET", "/fhir/Basic/$stock-journal?kind=control", "", nil})
	require.Equal(t, 403, rec.Code)
}
