package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/trust/emergency"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// rolesNamed is who has all scopes and the roles that the token names.
type rolesNamed struct{ table *policy.Table }

func (a rolesNamed) Authenticate(r *http.Request) (auth.Identity, error) {
	names := strings.Fields(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	return auth.Identity{Requester: fhir.Principal{Agent: "u1", OnBehalf: "FA565", Roles: names}, Scopes: auth.Full, Roles: a.table.Of(names...)}, nil
}

func (rolesNamed) Challenge(error) string { return "Bearer" }

type takesAll struct{}

func (takesAll) Validate(context.Context, *fhir.Resource, ...string) []fhir.Issue { return nil }

var (
	drugs     = []string{"Amoxicillin", "Methadone", "Morphine", "Sertraline", "Isotretinoin"}
	diagnoses = []string{"Asthma", "Depression", "Dependence", "Cancer pain", "Acne"}
)

// nhsNumber is the nth valid number of a test range.
func nhsNumber(n int) string {
	for i := 0; ; i++ {
		if text := fmt.Sprintf("%010d", 9_000_000_000+n*11+i); checkdigit.NHSNumber(text) {
			return text
		}
	}
}

// seeded is the nth prescription with what follows from it. Drug, diagnosis and
// NHS number are wherever somebody might write them.
func seeded(n int) []string {
	drug, diagnosis, number := drugs[n%len(drugs)], diagnoses[n%len(diagnoses)], nhsNumber(n)
	words := drug + " for " + diagnosis + " of " + number
	text := strings.NewReplacer("{n}", fmt.Sprint(n), "{words}", words, "{number}", number,
		"{extra}", `"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">`+words+`</div>"},"contained":[{"resourceType":"Medication","id":"m","code":{"text":"`+drug+`"}}],`+
			`"extension":[{"url":"http://x.example/e","valueString":"`+words+`"}],"modifierExtension":[{"url":"http://x.example/m","valueString":"`+words+`"}],"meta":{"tag":[{"system":"http://x.example/t","display":"`+words+`","code":"t"}],"security":[{"code":"HIV","display":"`+words+`"}]}`,
		"{concept}", `{"coding":[{"system":"https://dmd.nhs.uk","code":"12345","display":"`+drug+`"}],"text":"`+words+`"}`,
		"{id}", `[{"system":"http://x.example/id","value":"i`+fmt.Sprint(n)+`","type":{"text":"`+words+`"}},{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"`+number+`"}]`,
		"{patient}", `{"reference":"Patient/p`+fmt.Sprint(n)+`","display":"`+words+`","identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"`+number+`"}}`,
	)
	var out []string
	for _, r := range []string{
		`{"resourceType":"Patient","id":"p{n}",{extra},"identifier":{id},"active":true,"name":[{"family":"Smith","given":["Fred"],"extension":[{"url":"http://x.example/e","valueString":"{words}"}]}],"birthDate":"1980-02-01","_birthDate":{"extension":[{"url":"http://x.example/e","valueString":"{words}"}]},"address":[{"line":["1 High Street"],"postalCode":"LS1 1AA"}],"generalPractitioner":[{"display":"{words}"}],"contact":[{"name":{"text":"{words}"}}],"deceasedBoolean":false}`,
		`{"resourceType":"MedicationRequest","id":"r{n}",{extra},"identifier":{id},"status":"active","statusReason":{concept},"intent":"order","medicationCodeableConcept":{concept},"subject":{patient},"authoredOn":"2026-11-01","reasonCode":[{concept}],"note":[{"text":"{words}"}],"dosageInstruction":[{"text":"{words}"}],"groupIdentifier":{"system":"https://fhir.nhs.uk/Id/prescription-order-number","value":"G{n}"},"dispenseRequest":{"quantity":{"value":28,"unit":"{words}"}}}`,
		`{"resourceType":"MedicationRequest","id":"c{n}",{extra},"status":"active","intent":"order","medicationReference":{"reference":"#m","display":"{words}"},"subject":{patient}}`,
		`{"resourceType":"MedicationDispense","id":"d{n}",{extra},"identifier":{id},"status":"completed","type":{concept},"medicationCodeableConcept":{concept},"subject":{patient},"quantity":{"value":28,"unit":"{words}","code":"c"},"whenHandedOver":"2026-11-02","performer":[{"actor":{"display":"{words}"}}],"authorizingPrescription":[{"reference":"MedicationRequest/r{n}","display":"{words}"}],"note":[{"text":"{words}"}],"substitution":{"wasSubstituted":false,"reason":[{concept}]}}`,
		`{"resourceType":"Task","id":"t{n}",{extra},"identifier":{id},"status":"on-hold","statusReason":{concept},"businessStatus":{"coding":[{"system":"http://x.example/b","code":"held","display":"{words}"}],"text":"{words}"},"intent":"order","description":"{words}","code":{"coding":[{"code":"approve"}]},"focus":{"reference":"MedicationRequest/r{n}","display":"{words}"},"for":{patient},"note":[{"text":"{words}"}],"input":[{"type":{"text":"x"},"valueString":"{words}"}]}`,
		`{"resourceType":"Communication","id":"m{n}",{extra},"status":"completed","subject":{patient},"topic":{concept},"payload":[{"contentString":"{words}"}],"reasonCode":[{concept}],"note":[{"text":"{words}"}]}`,
		`{"resourceType":"Claim","id":"l{n}",{extra},"identifier":{id},"status":"active","type":{"coding":[{"code":"pharmacy","display":"{words}"}]},"use":"claim","patient":{patient},"created":"2026-11-03","provider":{"display":"{words}"},"priority":{"coding":[{"code":"normal"}]},"diagnosis":[{"sequence":1,"diagnosisCodeableConcept":{concept}}],"supportingInfo":[{"sequence":1,"category":{concept},"valueString":"{words}"}],"insurance":[{"sequence":1,"focal":true,"preAuthRef":["{words}"],"businessArrangement":"{words}","coverage":{"display":"{words}"}}],"item":[{"sequence":1,"productOrService":{concept},"quantity":{"value":28,"unit":"{words}"},"net":{"value":1.23,"currency":"GBP"}}]}`,
		`{"resourceType":"Claim","id":"{number}","status":"active","patient":{"reference":"https://pds.example/Patient/{number}"},"supportingInfo":[{"sequence":1,"valueString":"{words}"}]}`,
		`{"resourceType":"Observation","id":"o{n}",{extra},"status":"final","code":{concept},"subject":{patient},"valueString":"{words}"}`,
		`{"resourceType":"Medication","id":"k{n}",{extra},"code":{concept}}`,
		`{"resourceType":"Composition","id":"z{n}",{extra},"status":"final","type":{concept},"date":"2026-11-01","title":"{words}","author":[{"display":"{words}"}],"subject":{patient},"section":[{"title":"{words}","entry":[{"reference":"MedicationRequest/c{n}"}]}]}`,
		`{"resourceType":"PaymentNotice","id":"n{n}",{extra},"identifier":{id},"status":"active","created":"2026-11-03","provider":{"display":"{words}"},"payment":{"reference":"PaymentReconciliation/r{n}","display":"{words}"},"recipient":{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"{number}"},"display":"{words}"},"amount":{"value":1.23,"currency":"GBP"},"paymentStatus":{concept}}`,
		`{"resourceType":"PaymentReconciliation","id":"r{n}",{extra},"identifier":{id},"status":"active","created":"2026-11-03","disposition":"{words}","paymentDate":"2026-11-03","paymentAmount":{"value":1.23,"currency":"GBP"},"detail":[{"type":{concept},"payee":{patient},"amount":{"value":1.23,"currency":"GBP"}}],"processNote":[{"text":"{words}"}]}`,
	} {
		out = append(out, text.Replace(text.Replace(r)))
	}
	return out
}

// redactedServer serves n seeded prescriptions.
func redactedServer(t testing.TB, n int) http.Handler {
	db, err := store.Open(mem.New(), store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	for i := range n {
		tx := &fhir.Transaction{}
		for _, text := range seeded(i) {
			r, err := fhir.Parse([]byte(text))
			require.NoError(t, err, text)
			tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r})
		}
		_, err := db.Commit(context.Background(), tx)
		require.NoError(t, err)
	}
	table, err := policy.Builtin()
	require.NoError(t, err)
	config := server.Config{Repository: db, Validator: takesAll{}, Authenticator: rolesNamed{table}, PublicURL: "https://x.example",
		Operations: []fhir.Operation{{Name: "reprice", Type: "Claim", Handle: func(ctx context.Context, _ *fhir.Call) (*fhir.Reply, error) {
			v, err := db.Read(ctx, "Claim", "l1")
			if err != nil {
				return nil, err
			}
			claim, err := v.Resource()
			if err != nil {
				return nil, err
			}
			return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "return", "resource", claim), fhir.Obj("name", "more", "part", fhir.List(fhir.Obj("name", "x", "resource", claim))))).Resource()}, err
		}}, {Name: "export-month", Type: "Claim", Idempotent: true, Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) {
			r, err := fhir.Parse([]byte(`{"resourceType":"Parameters","parameter":[{"name":"a","valueString":"Methadone"},{"name":"b","valueInteger":3},{"name":"c","part":[{"name":"d","valueCodeableConcept":{"text":"Methadone"},"_valueString":{"id":"Methadone"}}]}]}`))
			return &fhir.Reply{Resource: r}, err
		}}, {Name: "month-figures", Type: "Claim", Idempotent: true, Files: []string{"text/csv"}, Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) {
			r, err := fhir.Parse([]byte(`{"resourceType":"Binary","contentType":"text/csv","data":"MSwy"}`))
			return &fhir.Reply{Resource: r, Impersonal: true}, err
		}}}}
	config.Hidden, err = (&serveCommand{}).hidden(&app{emergencies: &emergency.Desk{}})
	require.NoError(t, err)
	s, err := server.New(config)
	require.NoError(t, err)
	return s.Handler()
}

func askRole(h http.Handler, role, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+role)
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var secret = regexp.MustCompile(strings.Join(append(append([]string{}, drugs...), diagnoses...), "|") + `|\b9\d{9}\b`)

// secretIn is the first of [secret] in a page, or "": word by word, since the
// expression as a whole takes most of the time where there are hundreds of MB.
func secretIn(page string) string {
	for _, word := range slices.Concat(drugs, diagnoses) {
		if strings.Contains(page, word) {
			return word
		}
	}
	for i := strings.IndexByte(page, '9'); i >= 0; {
		from := max(0, i-1)
		if at := secret.FindStringIndex(page[from:min(len(page), i+11)]); at != nil && from+at[0] == i {
			return page[i : from+at[1]]
		}
		next := strings.IndexByte(page[i+1:], '9')
		if next < 0 {
			return ""
		}
		i += 1 + next
	}
	return ""
}

// TestRedactedPages reads every page of 1,000 prescriptions as the roles that are
// shown a part: no drug, no diagnosis and no whole NHS number is in any.
func TestRedactedPages(t *testing.T) {
	for page, want := range map[string]string{`9 x"9990001006"`: "9990001006", "9990001006": "9990001006", "99990001006 9_9": "", "a Acne": "Acne"} {
		require.Equal(t, want, secretIn(page))
	}
	patients := 60
	if os.Getenv("PESTLE_LONG") != "" {
		patients = 1000
	}
	h := redactedServer(t, patients)
	types := []string{"Patient", "MedicationRequest", "MedicationDispense", "Task", "Communication", "Claim", "Observation", "Medication", "PaymentNotice", "PaymentReconciliation"}
	next := regexp.MustCompile(`"relation":"next","url":"https://x.example([^"]+)"`)
	for _, role := range []string{"customer-service", "finance", "customer-service finance", "finance administrator"} {
		answered := 0
		clean := func(w *httptest.ResponseRecorder, where string) string {
			t.Helper()
			body := w.Body.String()
			if found := secretIn(body); found != "" {
				t.Fatalf("%s: %s: %s in %.3000s", role, where, found, body)
			}
			if w.Code == 200 {
				answered++
			}
			return body
		}
		for _, typ := range types {
			forms := []string{"?_count=500", "?_count=1000&_format=xml", "/_history?_count=500", "?_count=1000&_elements=medication,text,contained,extension,note,identifier"}
			if strings.Contains(role, " ") {
				forms = forms[:1]
			}
			forms = append(forms, "?_summary=true", "?_summary=text", "?_summary=data&_total=accurate", "?_count=5&_format=html")
			for i, form := range forms {
				for target := "/fhir/" + typ + form; target != ""; {
					body := clean(askRole(h, role, "GET", target, ""), target)
					target = ""
					if m := next.FindStringSubmatch(body); m != nil && i < len(forms)-4 {
						target = m[1]
					}
				}
			}
			ids := map[string]string{"Patient": "p", "MedicationRequest": "c", "MedicationDispense": "d", "Task": "t", "Communication": "m", "Claim": "l", "Observation": "o", "Medication": "k", "PaymentNotice": "n", "PaymentReconciliation": "r"}
			for i := range 5 {
				target := fmt.Sprintf("/fhir/%s/%s%d", typ, ids[typ], i)
				for _, form := range []string{"", "/_history", "/_history/1", "?_format=xml", "?_summary=text", "?_elements=text,contained"} {
					clean(askRole(h, role, "GET", target+form, ""), target+form)
				}
			}
			batch := `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"` + typ + `?_count=100"}},{"request":{"method":"GET","url":"` + typ + `/` + ids[typ] + `1"}}]}`
			clean(askRole(h, role, "POST", "/fhir", batch), batch)
			clean(askRole(h, role, "POST", "/fhir", strings.Replace(batch, "batch", "transaction", 1)), batch)
			for _, target := range []string{"/fhir/$diff?includeMeta=true&from=" + typ + "/" + ids[typ] + "1&to=" + typ + "/" + ids[typ] + "2", "/fhir/" + typ + "/$meta", "/fhir/" + typ + "/" + ids[typ] + "1/$meta", "/fhir/" + typ + "/" + ids[typ] + "1/$everything?_count=100", "/fhir/" + typ + "/" + ids[typ] + "1/$timeline?_count=100", "/fhir/" + typ + "/" + ids[typ] + "1/$timeline?_format=xml"} {
				clean(askRole(h, role, "GET", target, ""), target)
			}
			if later := askRole(h, role, "GET", "/fhir/"+typ+"?_count=100", "", "Prefer", "respond-async"); later.Code == 202 {
				status := strings.TrimPrefix(later.Header().Get("Content-Location"), "https://x.example")
				require.Eventually(t, func() bool {
					w := askRole(h, role, "GET", status, "")
					clean(w, "later "+typ)
					return w.Code == 200
				}, 10*time.Second, time.Millisecond)
			}
		}
		clean(askRole(h, role, "GET", "/fhir/_history?_count=1000", ""), "_history")
		clean(askRole(h, role, "GET", "/fhir/MedicationDispense?_include=MedicationDispense:subject&_include=MedicationDispense:prescription&_count=200", ""), "include")
		clean(askRole(h, role, "GET", "/fhir/Patient?_revinclude=Task:patient&_revinclude=MedicationRequest:subject&_count=200", ""), "revinclude")
		clean(askRole(h, role, "POST", "/fhir/Claim/$reprice", ""), "operation")
		assert.Greater(t, answered, 100, role)
	}
	// What the pages would hold, so that the test can fail.
	assert.Regexp(t, secret, askRole(h, "pharmacist", "GET", "/fhir/MedicationRequest", "").Body.String())
	assert.Regexp(t, secret, askRole(h, "pharmacist customer-service", "GET", "/fhir/MedicationRequest", "").Body.String())
	assert.Regexp(t, secret, askRole(h, "auditor", "GET", "/fhir/Task?_summary=false", "").Body.String())
	assert.Regexp(t, secret, askRole(h, "pharmacist", "GET", "/fhir/$diff?from=Claim/l1&to=Claim/l2", "").Body.String())
	assert.Regexp(t, secret, askRole(h, "pharmacist", "GET", "/fhir/Task/$meta", "").Body.String())
	refused := askRole(h, "finance", "GET", "/fhir/$diff?from=PaymentNotice/n1&to=PaymentNotice/n2", "")
	assert.Equal(t, 403, refused.Code)
	assert.Contains(t, refused.Body.String(), "shown in part")
}

// TestRedactedContent says what is left, and that something is hidden.
func TestRedactedContent(t *testing.T) {
	h := redactedServer(t, 2)
	for _, c := range []struct{ role, target, want string }{
		{"customer-service", "Patient/p1", `"value":"******` + nhsNumber(1)[6:] + `"`},
		{"finance", "Patient/p1", `"value":"*******` + nhsNumber(1)[7:] + `"`},
		{"customer-service", "Patient/p1", `"address":[{"line":["1 High Street"],"postalCode":"LS1 1AA"}]`},
		{"finance", "Patient/p1", `"name":[{"text":"F.S."}]`},
		{"customer-service", "Patient/p1", `"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"REDACTED"},{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"MASKED"}]`},
		{"customer-service", "MedicationRequest/c1", `"medicationCodeableConcept":{"text":"Item"}`},
		{"finance", "MedicationRequest/c1", `"medicationReference":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}`},
		{"finance", "Claim/l1", `"productOrService":{"coding":[{"system":"https://dmd.nhs.uk","code":"12345"}]},"quantity":{"value":28},"net":{"value":1.23,"currency":"GBP"}`},
		{"finance", "PaymentNotice/n1", `"payment":{"reference":"PaymentReconciliation/r1"},"recipient":{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"*******` + nhsNumber(1)[7:] + `"}},"amount":{"value":1.23,"currency":"GBP"}`},
		{"finance", "Claim/l1", `"insurance":[{"sequence":1,"focal":true}]`},
		{"finance", "Claim/9000000017", `"id":"xxxxxxx017"`},
		{"finance", "Claim/9000000017", `"patient":{"reference":"https://pds.example/Patient/xxxxxxx017"}`},
		{"finance", "Claim/$export-month", `[{"name":"a","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]},{"name":"b","valueInteger":3},{"name":"c","part":[{"name":"d","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}]}]`},
		{"customer-service", "Task/t1", `"businessStatus":{"coding":[{"system":"http://x.example/b","code":"held"}]}`},
	} {
		body := askRole(h, c.role, "GET", "/fhir/"+c.target, "").Body.String()
		assert.Contains(t, body, c.want, "%s %s", c.role, c.target)
	}
	assert.NotContains(t, askRole(h, "finance", "GET", "/fhir/Patient/p1", "").Body.String(), "1980")
}

// TestRedactedSearch refuses to look at what is hidden, before anything is looked
// up, and names the parameter.
func TestRedactedSearch(t *testing.T) {
	h := redactedServer(t, 2)
	number := nhsNumber(1)
	for _, c := range []struct {
		role, target string
		status       int
		named        string
	}{
		{"customer-service", "MedicationRequest?code=12345", 403, "code"},
		{"customer-service", "MedicationRequest?code:text=Methadone", 403, "code"},
		{"customer-service", "MedicationRequest?_sort=code", 403, "_sort=code"},
		{"customer-service", "Patient?_has:MedicationRequest:subject:code=12345", 403, "code"},
		{"customer-service", "Patient?_has:MedicationRequest:medication:status=active", 403, "_has:MedicationRequest:medication"},
		{"customer-service", "Task?focus:MedicationRequest.code=12345", 403, "code"},
		{"customer-service", "Task?subject:Patient.death-date:missing=true", 403, "death-date"},
		{"customer-service", "MedicationRequest?medication:missing=false", 403, "medication"},
		{"customer-service", "MedicationRequest?_include=MedicationRequest:medication", 403, "_include"},
		{"customer-service", "MedicationRequest?_include=*", 403, "_include"},
		{"customer-service", "Medication?_revinclude=MedicationRequest:medication", 403, "_revinclude"},
		{"customer-service", "Communication?medium=x", 403, "medium"},
		{"customer-service", "Task?last-day=le2099-01-01", 403, "last-day"},
		{"customer-service", "Task?_sort=last-day", 403, "_sort=last-day"},
		{"customer-service", "Patient?_tag=t", 403, "_tag"},
		{"customer-service", "Patient?_security=HIV", 403, "_security"},
		{"customer-service", "Medication?code=12345", 403, "code"},
		{"customer-service", "Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|" + number, 200, ""},
		{"customer-service", "Patient?identifier=" + number, 200, ""},
		{"customer-service", "Patient?identifier:not=" + number, 403, "identifier"},
		{"customer-service", "Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|", 403, "identifier"},
		{"customer-service", "Patient?_sort=identifier", 403, "_sort=identifier"},
		{"customer-service", "Task?subject:Patient.identifier=" + number, 200, ""},
		{"customer-service", "Patient?family=smith&birthdate=1980-02-01&_sort=name", 200, ""},
		{"customer-service", "Task?status=on-hold&business-status=held&_include=Task:subject", 200, ""},
		{"finance", "Patient?identifier=" + number, 403, "identifier"},
		{"finance", "Patient?family=smith", 403, "family"},
		{"finance", "Patient?name=smith", 403, "name"},
		{"finance", "Patient?birthdate=1980-02-01", 403, "birthdate"},
		{"finance", "Patient?_sort=birthdate", 403, "_sort=birthdate"},
		{"finance", "Claim?patient.birthdate=gt1970", 403, "birthdate"},
		{"finance", "MedicationRequest?code:text=Methadone", 403, "code"},
		{"finance", "MedicationRequest?code=12345", 200, ""},
		{"finance", "Claim?patient=Patient/p1&_sort=created", 200, ""},
		{"finance administrator", "Patient?family=smith", 403, "family"},
		{"finance customer-service", "Patient?family=smith", 200, ""},
		{"pharmacist", "MedicationRequest?code=12345", 200, ""},
	} {
		w := askRole(h, c.role, "GET", "/fhir/"+c.target, "")
		assert.Equal(t, c.status, w.Code, "%s %s: %s", c.role, c.target, w.Body)
		if c.status == 403 {
			assert.Contains(t, w.Body.String(), `"expression":["`+c.named, "%s %s", c.role, c.target)
		}
		name, query, _ := strings.Cut(c.target, "?")
		form := httptest.NewRequest("POST", "/fhir/"+name+"/_search", strings.NewReader(query))
		form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		form.Header.Set("Authorization", "Bearer "+c.role)
		posted := httptest.NewRecorder()
		h.ServeHTTP(posted, form)
		assert.Equal(t, c.status, posted.Code, "POST %s %s", c.role, c.target)
	}
	w := askRole(h, "customer-service", "POST", "/fhir/Communication", `{"resourceType":"Communication","status":"completed","subject":{"reference":"Patient?death-date=ge2020"}}`)
	assert.Equal(t, 403, w.Code, w.Body)
	w = askRole(h, "customer-service", "POST", "/fhir/Communication", `{"resourceType":"Communication","status":"completed"}`, "If-None-Exist", "medium=x")
	assert.Equal(t, 403, w.Code, w.Body)
}

// TestRedactedChange: a PATCH changes what is shown and nothing else, and what is
// hidden stays as it was.
func TestRedactedChange(t *testing.T) {
	for _, c := range []struct {
		name, method, target, kind, body string
		status                           int
	}{
		{"address", "PATCH", "Patient/p1", "application/json-patch+json", `[{"op":"replace","path":"/address/0/line/0","value":"2 Low Street"}]`, 200},
		{"address, merged", "PATCH", "Patient/p1", "application/merge-patch+json", `{"address":[{"line":["2 Low Street"]}]}`, 200},
		{"address, by path", "PATCH", "Patient/p1", "application/fhir+json", `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Patient.address.line"},{"name":"value","valueString":"2 Low Street"}]}]}`, 200},
		{"address, conditional", "PATCH", "Patient?_id=p1", "application/merge-patch+json", `{"address":[{"line":["2 Low Street"]}]}`, 200},
		{"condition on what is hidden", "PATCH", "Patient?death-date:missing=true", "application/merge-patch+json", `{"address":[{"line":["2 Low Street"]}]}`, 403},
		{"hidden element", "PATCH", "Patient/p1", "application/merge-patch+json", `{"deceasedBoolean":true}`, 403},
		{"hidden element, removed", "PATCH", "Patient/p1", "application/json-patch+json", `[{"op":"remove","path":"/contact"}]`, 422},
		{"masked element", "PATCH", "Patient/p1", "application/merge-patch+json", `{"identifier":[{"value":"1"}]}`, 403},
		{"shown in part", "PATCH", "Patient/p1", "application/merge-patch+json", `{"name":[{"family":"Jones"}]}`, 403},
		{"label", "PATCH", "Patient/p1", "application/merge-patch+json", `{"meta":{"security":null}}`, 403},
		{"test of what is hidden", "PATCH", "Patient/p1", "application/json-patch+json", `[{"op":"test","path":"/contact/0/name/text","value":"x"}]`, 422},
		{"copy of what is hidden", "PATCH", "Patient/p1", "application/json-patch+json", `[{"op":"copy","from":"/contact/0/name/text","path":"/address/0/text"}]`, 422},
		{"whole", "PUT", "Patient/p1", "application/fhir+json", `{"resourceType":"Patient","id":"p1"}`, 403},
		{"whole, conditional", "PUT", "Patient?_id=p1", "application/fhir+json", `{"resourceType":"Patient","id":"p1"}`, 403},
		{"whole, in a transaction", "POST", "", "application/fhir+json", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient","id":"p1"},"request":{"method":"PUT","url":"Patient/p1"}}]}`, 403},
	} {
		h := redactedServer(t, 2)
		before := askRole(h, "pharmacist", "GET", "/fhir/Patient/p1", "").Body.String()
		w := askRole(h, "customer-service", c.method, "/fhir/"+c.target, c.body, "Content-Type", c.kind)
		assert.Equal(t, c.status, w.Code, "%s: %s", c.name, w.Body)
		assert.NotRegexp(t, secret, w.Body.String(), c.name)
		after := askRole(h, "pharmacist", "GET", "/fhir/Patient/p1", "").Body.String()
		if c.status != 200 {
			assert.Equal(t, before, after, c.name)
			continue
		}
		assert.Contains(t, after, "2 Low Street", c.name)
		for _, kept := range []string{nhsNumber(1), `"contact":[{"name":{"text":"`, `"deceasedBoolean":false`, `"contained":[`, `"div":`, `"_birthDate":`} {
			assert.Contains(t, after, kept, c.name)
		}
		assert.NotContains(t, after, "REDACTED", c.name)
	}
}

// BenchmarkPage reads a page of 50: whoever has no role that is shown a part pays
// nothing for those that are.
func BenchmarkPage(b *testing.B) {
	h := redactedServer(b, 100)
	for _, role := range []string{"pharmacist", "finance"} {
		b.Run(role, func(b *testing.B) {
			for b.Loop() {
				if w := askRole(h, role, "GET", "/fhir/MedicationRequest?_count=50", ""); w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

// TestNumbersAreNoIDs: no Patient is created under their NHS number, by whatever
// interaction.
func TestNumbersAreNoIDs(t *testing.T) {
	h := twoClinics(t)
	for _, id := range []string{"A83008-9000000017", "A83008.9000000017", "a83008-9000000017-x"} {
		patient := `{"resourceType":"Patient","id":"` + id + `"}`
		for _, w := range []*httptest.ResponseRecorder{
			askRole(h, "A83008", "PUT", "/fhir/Patient/"+id, patient),
			askRole(h, "server", "PUT", "/fhir/Patient/"+id, patient),
			askRole(h, "A83008", "PUT", "/fhir/Patient?_id="+id, patient),
			askRole(h, "A83008", "POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+patient+`,"request":{"method":"PUT","url":"Patient/`+id+`"}}]}`),
		} {
			assert.Equal(t, 422, w.Code, w.Body)
			assert.Contains(t, w.Body.String(), "nhs-number-id")
		}
	}
	for _, id := range []string{"A83008-9000000018", "A83008-19000000017", "A83008-x9000000017"} {
		assert.Equal(t, 201, askRole(h, "A83008", "PUT", "/fhir/Patient/"+id, `{"resourceType":"Patient","id":"`+id+`"}`).Code, id)
	}
}

// TestImpersonal: what an operation says tells of nobody is shown whole to a role that
// is shown a part of resources, within a Bundle too, where its neighbours are redacted.
func TestImpersonal(t *testing.T) {
	h := redactedServer(t, 1)
	w := askRole(h, "finance", "GET", "/fhir/Claim/$month-figures", "")
	require.Equal(t, 200, w.Code, w.Body)
	require.JSONEq(t, `{"resourceType":"Binary","contentType":"text/csv","data":"MSwy"}`, w.Body.String())
	for _, kind := range []string{"batch", "transaction"} {
		w = askRole(h, "finance", "POST", "/fhir", `{"resourceType":"Bundle","type":"`+kind+`","entry":[{"request":{"method":"GET","url":"Claim/l0"}},{"request":{"method":"GET","url":"Claim/$month-figures"}},{"request":{"method":"GET","url":"Claim?_count=2"}}]}`)
		require.Equal(t, 200, w.Code, w.Body)
		require.Empty(t, secretIn(w.Body.String()), kind)
		r, err := fhir.Parse(w.Body.Bytes())
		require.NoError(t, err)
		require.Equal(t, 3, r.Get("entry").Len())
		require.JSONEq(t, `{"resourceType":"Binary","contentType":"text/csv","data":"MSwy"}`, string(r.Sub(r.Get("entry").Item(1).Get("resource")).JSON()), kind)
		require.Equal(t, "200 OK", r.Get("entry").Item(1).Path("response", "status").Text())
	}
	w = askRole(h, "finance", "GET", "/fhir/Claim/$month-figures", "", "Accept", "text/csv;q=0.9")
	require.Equal(t, "200 text/csv 1,2", fmt.Sprint(w.Code, " ", w.Header().Get("Content-Type"), " ", w.Body))
	require.Equal(t, 406, askRole(h, "finance", "GET", "/fhir/Claim/$month-figures", "", "Accept", "image/png").Code)
	require.Equal(t, 406, askRole(h, "finance", "GET", "/fhir/Claim/$export-month", "", "Accept", "text/csv").Code)
}

// onceMade is what differs each time that something is asked; placeOfEntry is where in a Bundle
// something is wrong.
var (
	onceMade     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|20\d\d-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)`)
	placeOfEntry = regexp.MustCompile(`Bundle\.entry\[0\]\.(request\.|resource\.)?`)
)

// TestBatchAnswersAsAlone: each answer of a batch is that of the request by itself, to every
// role.
func TestBatchAnswersAsAlone(t *testing.T) {
	h := redactedServer(t, 2)
	table, err := policy.Builtin()
	require.NoError(t, err)
	compared := 0
	for _, role := range append(table.Names(), "customer-service finance", "finance administrator") {
		for _, target := range []string{"Claim/l0", "Patient/p0", "Task/t0", "MedicationRequest/r0", "MedicationDispense/d0", "Observation/o0", "Composition/z0", "Composition/z0/$document", "Patient/none", "Patient/p0/_history/1", "Patient/p0/_history",
			"Claim?_count=3", "Patient?_count=1&_elements=name", "Claim/$month-figures", "Claim/$export-month", "Patient/p0/$everything", "Patient/p0/$timeline", "Patient/p0/$meta", "Patient?nothing=x", "Binary/none"} {
			alone := askRole(h, role, "GET", "/fhir/"+target, "")
			w := askRole(h, role, "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"`+target+`"}}]}`)
			require.Equal(t, 200, w.Code, "%s %s: %s", role, target, w.Body)
			r, err := fhir.Parse(w.Body.Bytes())
			require.NoError(t, err)
			entry := r.Get("entry").Item(0)
			status, _, _ := strings.Cut(entry.Path("response", "status").Text(), " ")
			require.Equal(t, fmt.Sprint(alone.Code), status, "%s %s: %s, alone %s", role, target, w.Body, alone.Body)
			part := entry.Get("resource")
			if alone.Code >= 400 {
				part = entry.Path("response", "outcome")
			}
			one, err := fhir.Parse(alone.Body.Bytes())
			require.NoError(t, err, "%s %s: %s", role, target, alone.Body)
			require.True(t, part.Exists(), "%s %s: %s", role, target, w.Body)
			plain := func(r *fhir.Resource) string {
				return onceMade.ReplaceAllString(placeOfEntry.ReplaceAllString(string(r.JSON()), ""), "*")
			}
			require.Equal(t, plain(one), plain(r.Sub(part)), "%s %s", role, target)
			compared++
		}
	}
	require.Greater(t, compared, 200)
}

// TestRedactedDocument: the document of a Composition shows to each role no more than its
// parts do by themselves, alone and in a batch.
func TestRedactedDocument(t *testing.T) {
	h := redactedServer(t, 2)
	batch := `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Composition/z1/$document"}}]}`
	whole := 0
	for _, role := range []string{"pharmacist", "auditor", "superintendent"} {
		if w := askRole(h, role, "GET", "/fhir/Composition/z1/$document", ""); w.Code == 200 && secretIn(w.Body.String()) != "" {
			whole++
		}
	}
	require.Positive(t, whole, "somebody is shown it, so that the test can fail")
	for _, role := range []string{"customer-service", "finance", "customer-service finance", "finance administrator"} {
		for _, w := range []*httptest.ResponseRecorder{askRole(h, role, "GET", "/fhir/Composition/z1/$document", ""), askRole(h, role, "POST", "/fhir", batch)} {
			require.Empty(t, secretIn(w.Body.String()), "%s: %s", role, w.Body)
		}
	}
}
