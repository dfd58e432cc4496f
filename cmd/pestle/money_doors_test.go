package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// moneyHouse is a pharmacy with one claim of this month, asked a year later by people
// whose roles are in the header: "1 finance", "1 finance of FX999".
type moneyHouse struct {
	*pharmacyUnderTest
	h     http.Handler
	month string
	named []string // the roles of the policy
}

func newMoneyHouse(t *testing.T) *moneyHouse {
	p := startPharmacy(t)
	task, _ := p.taken(demoOrder(t, nil), "")
	p.ask(http.StatusOK, http.MethodPost, task+"/$dispense", everything)
	p.one("ClaimResponse", "_lastUpdated=gt2000-01-01")
	roles, err := policy.Builtin()
	require.NoError(t, err)
	config, err := (&serveCommand{Sandbox: true}).config(p.app, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	config.Clock = func() time.Time { return time.Now().AddDate(1, 0, 0) }
	config.Authenticator = staffOf{governors{roles}}
	s, err := server.New(config)
	require.NoError(t, err)
	return &moneyHouse{p, s.Handler(), time.Now().UTC().Format("2006-01"), roles.Names()}
}

// staffOf are governors who see what their roles see.
type staffOf struct{ governors }

func (s staffOf) Authenticate(r *http.Request) (auth.Identity, error) {
	id, err := s.governors.Authenticate(r)
	id.Requester.SeesAll, id.Requester.SeesNone = id.Roles.SeesAll(), id.Roles.SeesNone()
	return id, err
}

func (m *moneyHouse) as(who, method, target, body string, header ...string) *httptest.ResponseRecorder {
	return askRole(m.h, who, method, "/fhir/"+target, body, append(header, "X-Request-ID", uuid.NewString())...)
}

// TestMonthOverHTTP walks the month as people of finance do: one asks to close it,
// another confirms, it is read and printed, paid and settled; and every other role, and
// finance of another pharmacy, is refused each of it.
func TestMonthOverHTTP(t *testing.T) {
	m := newMoneyHouse(t)
	ok := func(want int, who, method, target, body string, header ...string) string {
		t.Helper()
		w := m.as(who, method, target, body, header...)
		require.Equal(t, want, w.Code, "%s %s: %s", who, target, w.Body)
		return w.Body.String()
	}
	parameters := func(pairs ...string) string {
		var list []any
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, fhir.Obj("name", pairs[i], "valueString", pairs[i+1]))
		}
		return string(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).JSON())
	}
	month := "month=" + m.month
	preview := ok(200, "1 finance", "GET", "Claim/$export-month?"+month, "")
	require.Contains(t, preview, `"status":"draft"`)

	// closed by two persons
	asked := ok(201, "1 finance", "POST", "Claim/$close-month?"+month, "")
	require.Contains(t, asked, `"status":"requested"`)
	require.Contains(t, asked, `"code":"close-month"`)
	request, err := fhir.Parse([]byte(asked))
	require.NoError(t, err)
	ok(403, "1 finance", "POST", "Claim/$close-month?"+month, "")
	require.Contains(t, ok(422, "1 finance", "POST", "Claim/$close-month?"+month+"&alone=nobody", ""), "wants two persons")
	require.Contains(t, ok(200, "2 finance", "GET", "Task/"+request.ID(), ""), `"status":"requested"`, "the other sees what waits")
	ok(200, "2 finance", "POST", "Claim/$close-month?"+month, "")

	// read and printed
	ok(200, "3 auditor", "GET", "Claim/$export-month?"+month+"&org="+sandboxPharmacy, "")
	pdf := m.as("1 finance", "GET", "Claim/$month-statement?"+month, "", "Accept", "application/pdf")
	require.Equal(t, 200, pdf.Code, pdf.Body)
	require.Equal(t, "application/pdf", pdf.Header().Get("Content-Type"))
	require.Equal(t, "%PDF", pdf.Body.String()[:4])
	html := m.as("1 finance", "GET", "Claim/$month-statement?"+month+"&as=html", "", "Accept", "text/html")
	require.Equal(t, 200, html.Code, html.Body)
	require.Contains(t, html.Body.String(), "<h1>Month statement "+m.month)
	require.Contains(t, html.Header().Get("Content-Security-Policy"), "default-src 'none'")

	// paid: an advance, and a schedule that says nothing of what was claimed
	ok(201, "1 finance", "POST", "Claim/$payments", parameters("month", m.month, "reference", "BACS 1", "date", "2027-12-10", "schedule", "figure,amount\nADVANCE,10.00\n"))
	paid := ok(201, "1 finance", "POST", "Claim/$payments", parameters("month", m.month, "reference", "BACS 2", "date", "2028-01-31", "schedule", "figure,amount\nBASIC_PRICES,1.00\nADVANCE,-10.00\n"))
	payment, err := fhir.Parse([]byte(paid))
	require.NoError(t, err)
	require.Equal(t, "-9.00", payment.Root().Path("paymentAmount", "value").Text())
	differences := ok(200, "1 finance", "GET", "Claim/$month-differences?"+month, "", "Accept", "text/csv")
	require.Contains(t, differences, "amount,BASIC_PRICES,")
	require.Contains(t, ok(200, "1 finance", "GET", "Claim/$month-differences?list=summary&"+month, "", "Accept", "text/csv"), "\nUNEXPLAINED,0.00,")
	id := ""
	for line := range strings.Lines(differences) {
		if strings.Contains(line, ",amount,BASIC_PRICES,") {
			id, _, _ = strings.Cut(line, ",")
		}
	}
	ok(200, "2 finance", "POST", "Claim/$settle-difference", parameters("difference", id, "action", "dispute", "reason", "ours is right"))
	require.Contains(t, ok(200, "1 finance", "GET", "Claim/$month-differences?"+month, "", "Accept", "text/csv"), ",dispute,ours is right,")
	inDocs := func(name, from, to string) string {
		return strings.NewReplacer("2026-11", m.month, from, to).Replace(documentedIn(t, "month-end.md", name))
	}
	ok(201, "1 finance", "POST", "Claim/$payments", inDocs("payment.json", "2027-01-31", "2028-01-31"))
	ok(200, "2 finance", "POST", "Claim/$settle-difference", inDocs("decision.json", "id-of-the-difference", id))
	notice := `{"resourceType":"PaymentNotice","status":"active","created":"2028-01-31","payment":{"reference":"PaymentReconciliation/` + payment.ID() + `"},"recipient":{"display":"us"},"amount":{"value":-9.00,"currency":"GBP"}}`
	ok(201, "1 finance", "POST", "PaymentNotice", notice)

	// the doors: role x operation x pharmacy
	sent := strings.Replace(inDocs("sent.json", "2026-12-04", time.Now().AddDate(1, 0, 0).UTC().Format(time.DateOnly)), `"parameter": [`, `"parameter":[`, 1)
	operations := map[string]struct{ method, target, body string }{
		"Claim/$export-month":      {"GET", "Claim/$export-month?" + month, ""},
		"Claim/$month-figures":     {"GET", "Claim/$month-figures?" + month, ""},
		"Claim/$month-statement":   {"GET", "Claim/$month-statement?" + month, ""},
		"Claim/$month-differences": {"GET", "Claim/$month-differences?" + month, ""},
		"Claim/$papers":            {"GET", "Claim/$papers?" + month, ""},
		"Claim/$papers-sent":       {"POST", "Claim/$papers-sent", sent},
		"Claim/$close-month":       {"POST", "Claim/$close-month?" + month, ""},
		"Claim/$reprice":           {"POST", "Claim/$reprice?" + month, ""},
		"Claim/$payments":          {"POST", "Claim/$payments", parameters("month", m.month, "reference", "BACS 1", "date", "2027-12-10", "schedule", "figure,amount\nADVANCE,10.00\n")},
		"Claim/$settle-difference": {"POST", "Claim/$settle-difference", parameters("difference", id, "action", "dispute", "reason", "again")},
	}
	for _, o := range m.app.reimbursement.Operations() {
		if o.Name != "submit" { // whose caller is a pharmacy, as that of POST Claim
			require.Contains(t, operations, "Claim/$"+o.Name, "an operation without a row here")
		}
	}
	roles, err := policy.Builtin()
	require.NoError(t, err)
	head := m.app.db.Head()
	for name, o := range operations {
		for _, role := range m.named {
			allowed := roles.Of(role).AllowOperation(name, "")
			own := m.as("9 "+role, o.method, withOrg(o.target, sandboxPharmacy), withOrgIn(o.body, sandboxPharmacy))
			other := m.as("9 "+role+" of FX999", o.method, withOrg(o.target, sandboxPharmacy), withOrgIn(o.body, sandboxPharmacy))
			if !allowed {
				assert.Equal(t, 403, own.Code, "%s %s: %s", role, name, own.Body)
				assert.Equal(t, 403, other.Code, "%s %s: %s", role, name, other.Body)
				continue
			}
			if name == "Claim/$papers-sent" { // the month has no private original
				assert.Equal(t, 422, own.Code, "%s %s: %s", role, name, own.Body)
				assert.Contains(t, own.Body.String(), "Nothing is due", role)
			} else {
				assert.Equal(t, 200, own.Code, "%s %s: %s", role, name, own.Body)
			}
			if name == "Claim/$reprice" { // of the claims that the caller acts for
				assert.Contains(t, other.Body.String(), `{"name":"claims","valueInteger":0}`, role)
				continue
			}
			want := []int{403, 404}
			if role == "auditor" { // who sees everything
				want = []int{200}
			}
			assert.Contains(t, want, other.Code, "%s of another pharmacy %s: %s", role, name, other.Body)
			for _, secret := range []string{id, payment.ID(), "BACS"} {
				if role != "auditor" {
					assert.NotContains(t, other.Body.String(), secret+`"`, "%s %s", role, name)
				}
			}
		}
	}
	require.LessOrEqual(t, m.app.db.Head()-head, fhir.Seq(4), "what was allowed wrote one decision and priced again")

	m.attackRecords(t, map[string]string{"Task": id, "Task/": request.ID(), "PaymentReconciliation": payment.ID()})
}

func withOrg(target, org string) string {
	if strings.Contains(target, "?") && !strings.Contains(target, "$reprice") { // of the claims that the caller acts for
		return target + "&org=" + org
	}
	return target
}

func withOrgIn(body, org string) string {
	if !strings.Contains(body, `"reference"`) {
		return body
	}
	return strings.Replace(body, `"parameter":[`, `"parameter":[{"name":"org","valueString":"`+org+`"},`, 1)
}

// attackRecords has every role overwrite, patch and delete every record of money, by
// itself, in a batch and in a transaction: none is changed.
func (m *moneyHouse) attackRecords(t *testing.T, more map[string]string) {
	records := map[string]string{}
	for typ, id := range more {
		records[strings.TrimSuffix(typ, "/")+"/"+id] = strings.TrimSuffix(typ, "/")
	}
	state := m.app.db.State(t.Context())
	for _, typ := range []string{"Claim", "ClaimResponse", "Invoice", "PaymentReconciliation", "PaymentNotice", "Binary"} {
		ids, err := state.Find(typ, "_lastUpdated=gt2000-01-01")
		require.NoError(t, err)
		for _, id := range ids {
			if typ != "Binary" || strings.HasPrefix(id, "tariff-") {
				records[typ+"/"+id] = typ
			}
		}
	}
	require.GreaterOrEqual(t, len(records), 10)
	head := m.app.db.Head()
	for ref, typ := range records {
		v, err := state.Current(typ, strings.TrimPrefix(ref, typ+"/"))
		require.NoError(t, err)
		require.NotNil(t, v, ref)
		r, err := v.Resource()
		require.NoError(t, err)
		changed := string(edited(t, r, func(m map[string]any) { m["language"] = "en" }).JSON())
		entry := func(kind, method string) string {
			with := ""
			if method != "DELETE" {
				with = `"resource":` + changed + `,`
			}
			return `{"resourceType":"Bundle","type":"` + kind + `","entry":[{` + with + `"request":{"method":"` + method + `","url":"` + ref + `"}}]}`
		}
		patch := `[{"op":"add","path":"/language","value":"en"}]`
		for _, role := range append(slices.Clone(m.named), "finance of FX999", "pharmacist of FX999") {
			who := "5 " + role
			for name, w := range map[string]*httptest.ResponseRecorder{
				"put":             m.as(who, "PUT", ref, changed),
				"patch":           askRole(m.h, who, "PATCH", "/fhir/"+ref, patch, "Content-Type", "application/json-patch+json"),
				"delete":          m.as(who, "DELETE", ref, ""),
				"transaction put": m.as(who, "POST", "", entry("transaction", "PUT")), "transaction delete": m.as(who, "POST", "", entry("transaction", "DELETE")),
			} {
				assert.Contains(t, []int{400, 403, 404, 405, 409, 412, 422}, w.Code, "%s %s %s: %s", who, name, ref, w.Body)
			}
			for _, method := range []string{"PUT", "DELETE"} {
				w := m.as(who, "POST", "", entry("batch", method))
				if w.Code == 200 {
					assert.NotContains(t, w.Body.String(), `"status":"20`, "%s batch %s %s", who, method, ref)
				}
			}
		}
	}
	require.Equal(t, head, m.app.db.Head(), "nothing was written")
}

// TestExportWithCSV: the claims of a month as a CSV beside the Bundle, in one answer.
func TestExportWithCSV(t *testing.T) {
	m := newMoneyHouse(t)
	month, err := tariff.ParseMonth(m.month)
	require.NoError(t, err)
	list, err := m.app.reimbursement.ExportMonth(t.Context(), reimbursement.ExportRequest{Month: month, Time: time.Now()})
	require.NoError(t, err)
	require.NotEmpty(t, list)
	c := &exportClaims{Out: t.TempDir(), CSV: true}
	var answer bytes.Buffer
	require.NoError(t, c.write(&answer, m.app.reimbursement, list, []string{"a note"}))
	whole := bytes.Clone(answer.Bytes())
	var said bytes.Buffer
	require.NoError(t, c.files(bufio.NewReader(&answer), streams{out: &said, err: &said}))
	require.Equal(t, "a note\n", said.String())
	at := filepath.Join(c.Out, fmt.Sprintf("claims-%s-%s", m.month, list[0].Org))
	bundle, err := os.ReadFile(at + ".json")
	require.NoError(t, err)
	var same bytes.Buffer
	_, err = list[0].WriteTo(&same)
	require.NoError(t, err)
	require.Equal(t, same.String(), string(bundle), "the bytes of the run, with the line ends of the orders that were sent")
	require.Contains(t, string(bundle), "\n")
	require.True(t, json.Valid(bundle))
	rows, err := os.ReadFile(at + ".csv")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(rows), "prescription,day,month,mark,exemption,group,items,payable,claim\n"))
	require.Equal(t, 2, strings.Count(string(rows), "\n"))
	require.ErrorContains(t, (&exportClaims{Month: m.month, CSV: true}).Run(streams{}), "needs --out")

	// an answer that ends early leaves no file that is not whole
	for _, n := range []int{len(whole) / 4, len(whole) / 2, len(whole) - len(rows), len(whole) - 1} {
		cut := &exportClaims{Out: t.TempDir(), CSV: true}
		require.ErrorContains(t, cut.files(bufio.NewReader(bytes.NewReader(whole[:n])), streams{out: io.Discard, err: io.Discard}), "cut short", n)
		left, err := os.ReadDir(cut.Out)
		require.NoError(t, err)
		for _, f := range left {
			have, err := os.ReadFile(filepath.Join(cut.Out, f.Name()))
			require.NoError(t, err)
			require.Equal(t, filepath.Base(at)+".json", f.Name(), n)
			require.Equal(t, string(bundle), string(have), n)
		}
	}
}
