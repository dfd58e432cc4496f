package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/server/console"
)

// screen asks for a page of the console as a person of the sandbox, nobody where person
// is "". A form makes it a POST.
func (p *pharmacyUnderTest) screen(person, path string, form ...string) (*http.Response, string) {
	p.t.Helper()
	method, body := http.MethodGet, url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		method = http.MethodPost
		body.Add(form[i], form[i+1])
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.http.URL+path, strings.NewReader(body.Encode()))
	require.NoError(p.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if person != "" {
		r.AddCookie(&http.Cookie{Name: personCookie, Value: person})
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	require.NoError(p.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	return resp, string(text)
}

// wordsOf are those of a page, with one blank between.
func wordsOf(t *testing.T, text string) string {
	root, err := html.Parse(strings.NewReader(text))
	require.NoError(t, err)
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// ordered is a prescription of the demo clinic that has come to the pharmacy.
type ordered struct {
	number, task, patient string
	items                 []string
	medicines             []string
	nhs                   string
}

// arrives sends an order and waits for its Task.
func (p *pharmacyUnderTest) arrives(order *fhir.Resource) (o ordered) {
	p.t.Helper()
	p.ask(http.StatusOK, http.MethodPost, "/$process-message", order.JSON())
	for e := range order.Get("entry").Items() {
		switch r := e.Get("resource"); r.Get("resourceType").Text() {
		case "MedicationRequest":
			o.number = r.Path("groupIdentifier", "value").Text()
			o.items = append(o.items, r.Get("identifier").Item(0).Get("value").Text())
			o.medicines = append(o.medicines, r.Path("medicationCodeableConcept", "coding").Item(0).Get("display").Text())
		case "Patient":
			o.nhs = r.Get("identifier").Item(0).Get("value").Text()
		}
	}
	require.Eventually(p.t, func() bool {
		ids, err := p.app.db.State(p.t.Context()).Find("Task", "group-identifier="+url.QueryEscape(o.number)+"&code=prescription-order")
		if err != nil || len(ids) != 1 {
			return false
		}
		o.task = "/Task/" + ids[0]
		return true
	}, 10*time.Second, 5*time.Millisecond)
	o.patient, _ = strings.CutPrefix(p.ask(http.StatusOK, http.MethodGet, o.task, nil).Root().Path("for", "reference").Text(), "Patient/")
	return o
}

// act invokes an operation on the Task; parameters are names and JSON values in turn:
// "reason", `"valueString":"…"`.
func (p *pharmacyUnderTest) act(o ordered, name string, parameters ...string) {
	p.t.Helper()
	var list []string
	for i := 0; i+1 < len(parameters); i += 2 {
		list = append(list, `{"name":"`+parameters[i]+`",`+parameters[i+1]+`}`)
	}
	body := ""
	if len(list) > 0 {
		body = `{"resourceType":"Parameters","parameter":[` + strings.Join(list, ",") + `]}`
	}
	p.ask(http.StatusOK, http.MethodPost, o.task+"/$"+name, []byte(body))
}

// comeTo are ways to each milestone that a prescription of today can come to.
var comeTo = map[string]func(p *pharmacyUnderTest, o ordered){
	"sent":      func(*pharmacyUnderTest, ordered) {},
	"preparing": func(p *pharmacyUnderTest, o ordered) { p.act(o, "accept") },
	"clinical-hold": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.act(o, "hold", "hold", `"valueCode":"DOSE"`, "reason", `"valueString":"Higher than last month"`, "item", `"valueString":"`+o.items[0]+`"`)
	},
	"legal-hold": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.act(o, "hold", "hold", `"valueCode":"CLARIFICATION"`, "reason", `"valueString":"Which strength?"`)
	},
	"query": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.act(o, "query", "reason", `"valueCode":"DA"`, "question", `"valueString":"Twice a day, as before?"`)
	},
	"second-check": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.act(o, "approve")
	},
	"collection": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.act(o, "dispense", "all", `"valueBoolean":true`, "bag", `"valueCode":"collection"`)
	},
	"delivery": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.act(o, "dispense", "all", `"valueBoolean":true`, "bag", `"valueCode":"delivery"`)
	},
	"in-transit": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.act(o, "dispense", "all", `"valueBoolean":true`, "bag", `"valueCode":"delivery"`)
		p.act(o, "dispatch", "courier", `"valueString":"DPD 1550 7788"`)
	},
	"failed-delivery": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.act(o, "dispense", "all", `"valueBoolean":true`, "bag", `"valueCode":"delivery"`)
		p.act(o, "dispatch", "courier", `"valueString":"DPD 1550 7788"`)
		p.act(o, "fail-delivery", "reason", `"valueString":"Nobody was in"`)
	},
	"delivered": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.act(o, "dispense", "all", `"valueBoolean":true`, "bag", `"valueCode":"delivery"`)
		p.act(o, "dispatch", "courier", `"valueString":"DPD 1550 7788"`)
		p.act(o, "hand-over", "collector", `"valueCode":"patient"`, "method", `"valueCode":"delivered"`, "courier", `"valueString":"DPD"`, "signature", `"valueString":"on the screen"`, "identityRequested", `"valueBoolean":true`, "identityProvided", `"valueBoolean":true`)
	},
	"collected": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.act(o, "dispense", "all", `"valueBoolean":true`)
	},
	"owing": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.ask(http.StatusOK, http.MethodPost, o.task+"/$dispense", parametersOf(o.items[0]+":0003:10", o.items[1]+":0001"))
	},
	"not-dispensed": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.ask(http.StatusOK, http.MethodPost, o.task+"/$dispense", parametersOf(o.items[0]+":0002:0010", o.items[1]+":0002:0010"))
	},
	"cancelled": func(p *pharmacyUnderTest, o ordered) {
		p.ask(http.StatusOK, http.MethodPost, o.task+"/$cancel", reason("0001"))
	},
	"cancelling": func(p *pharmacyUnderTest, o ordered) {
		p.act(o, "accept")
		p.ask(http.StatusOK, http.MethodPost, o.task+"/$cancel", reason("0001"))
	},
}

// answered are the words by which the answer line begins at each of them.
var answered = map[string]string{
	"sent": "Received; the pharmacy has not taken it up yet", "preparing": "Being checked and prepared", "clinical-hold": "Held: the pharmacist looks at something", "legal-hold": "Held: the pharmacist has to settle a question",
	"query": "The pharmacist has asked the clinic a question; no reply yet", "second-check": "Approved; a second person has to check it", "collection": "Ready to collect", "delivery": "Packed; waiting for the courier",
	"in-transit": "With DPD 1550 7788, to be signed for", "failed-delivery": "Delivery failed (DPD 1550 7788)", "delivered": "Delivered", "collected": "Collected", "owing": "Part supplied; 18 tablets owed",
	"not-dispensed": "Not dispensed", "cancelled": "Cancelled by the prescriber", "cancelling": "The prescriber has cancelled it",
}

// TestMilestonesAreSaid: the console has words for each milestone that there is, and for
// no other.
func TestMilestonesAreSaid(t *testing.T) {
	var codes []string
	for _, m := range prescription.Milestones() {
		codes = append(codes, string(m))
	}
	assert.ElementsMatch(t, codes, console.Milestones())
}

// TestWhereIsMyPrescription finds prescriptions at each milestone as customer service
// does, by what a caller says, and reads where they are. No page for customer service
// names a medicine or a whole NHS number.
func TestWhereIsMyPrescription(t *testing.T) {
	p := startPharmacy(t)
	var all []ordered
	for milestone, way := range comeTo {
		o := p.arrives(demoOrder(t, nil))
		way(p, o)
		all = append(all, o)

		resp, _ := p.screen("support", "/console/find", "q", o.nhs) // Ctrl+K, 10 digits, Enter: 12 keys
		require.Equal(t, http.StatusSeeOther, resp.StatusCode, milestone)
		require.Equal(t, "/console/patient/"+o.patient, resp.Header.Get("Location"), milestone)
		_, patient := p.screen("support", resp.Header.Get("Location"))
		assert.Contains(t, wordsOf(t, patient), answered[milestone], milestone)

		resp, _ = p.screen("support", "/console/find", "q", o.number)
		require.Equal(t, "/console/order/"+o.number, resp.Header.Get("Location"), milestone)
		for _, person := range []string{"support", "finance", "pharmacist", "auditor"} {
			resp, order := p.screen(person, "/console/order/"+o.number)
			require.Equal(t, http.StatusOK, resp.StatusCode, "%s %s", person, milestone)
			said := wordsOf(t, order)
			assert.Contains(t, said, answered[milestone], "%s %s", person, milestone)
			assert.Less(t, strings.Index(said, answered[milestone]), strings.Index(said, "What happened"), "the answer comes first")
			whole := person == "pharmacist" || person == "auditor"
			assert.Equal(t, whole, strings.Contains(order, o.medicines[0]), "%s is shown the medicine", person)
			assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "require-trusted-types-for 'script'")
		}
	}
	for _, o := range all {
		for _, person := range []string{"support", "finance"} {
			p.hides(person, o, "/console/order/"+o.number, "/console/patient/"+o.patient, "/console/order/"+o.number+"?at="+time.Now().UTC().Format("2006-01-02T15:04:05Z"))
		}
	}
}

// patientNumber is the NHS number of the patient of an order.
func patientNumber(order *fhir.Resource) string {
	for e := range order.Get("entry").Items() {
		if r := e.Get("resource"); r.Get("resourceType").Text() == "Patient" {
			return r.Get("identifier").Item(0).Get("value").Text()
		}
	}
	return ""
}

// hides wants pages without the medicines and the whole NHS number of a prescription, in
// their bytes, and no name in their titles.
func (p *pharmacyUnderTest) hides(person string, o ordered, paths ...string) {
	p.t.Helper()
	for _, path := range paths {
		resp, text := p.screen(person, path)
		require.Equal(p.t, http.StatusOK, resp.StatusCode, "%s %s", person, path)
		low := strings.ToLower(text)
		for _, m := range o.medicines {
			for _, word := range []string{m, strings.Fields(m)[0]} {
				assert.NotContains(p.t, low, strings.ToLower(word), "%s %s", person, path)
			}
		}
		assert.NotContains(p.t, strings.ReplaceAll(text, " ", ""), o.nhs, "%s %s", person, path)
		for _, secret := range []string{"Twice a day", "Higher than last month", "One tablet each morning"} {
			assert.NotContains(p.t, text, secret, "%s %s", person, path)
		}
	}
}

// TestConsoleHides looks for every medicine and every NHS number in the pages for
// customer service and finance of a generated set; with PESTLE_LONG of 10,000.
func TestConsoleHides(t *testing.T) {
	n := 48
	if os.Getenv("PESTLE_LONG") != "" {
		n = 10_000
	}
	p := startPharmacy(t)
	ways := []string{"sent", "preparing", "query", "clinical-hold", "collection", "in-transit", "owing", "collected"}
	var all []ordered
	seen := map[string]bool{}
	for i := range n {
		order := demoOrder(t, nil)
		number := patientNumber(order)
		if seen[number] { // of another patient, made at random too: it would be held
			continue
		}
		seen[number] = true
		o := p.arrives(order)
		comeTo[ways[i%len(ways)]](p, o)
		all = append(all, o)
	}
	for _, o := range all {
		for _, person := range []string{"support", "finance"} {
			p.hides(person, o, "/console/order/"+o.number, "/console/patient/"+o.patient)
		}
	}
}

// TestConsoleAsks: nobody is shown anything who has not signed in; another site sends no
// form; what a role may not see is refused, with what to do; an address has no name.
func TestConsoleAsks(t *testing.T) {
	p := startPharmacy(t, keepingMessages)
	o := p.arrives(demoOrder(t, nil))
	for _, path := range []string{"/console", "/console/find", "/console/patient/" + o.patient, "/console/order/" + o.number, "/console/fhir/Patient/" + o.patient} {
		resp, text := p.screen("", path)
		assert.Equal(t, http.StatusSeeOther, resp.StatusCode, path)
		assert.Equal(t, "/sandbox/people?back="+url.QueryEscape(path), resp.Header.Get("Location"))
		assert.NotContains(t, text, o.nhs)
	}
	for person, home := range map[string]string{"support": "/console/find", "auditor": "/console/audit", "finance": "/console/money", "pharmacist": "/console/queue", "clinic": "/console/messages", "administrator": "/console/admin"} {
		resp, _ := p.screen(person, "/console")
		assert.Equal(t, home, resp.Header.Get("Location"), person)
	}
	for _, person := range []string{"clinic-2", "pharmacy-2"} { // of other organisations
		for _, path := range []string{"/console/patient/" + o.patient, "/console/order/" + o.number} {
			resp, text := p.screen(person, path)
			assert.Equal(t, http.StatusNotFound, resp.StatusCode, "%s %s", person, path)
			assert.NotContains(t, text, o.medicines[0])
		}
	}
	for _, path := range []string{"/console/nothing", "/console/patient/nobody", "/console/order/nothing", "/console/patient/%2e%2e%2fTask"} {
		resp, text := p.screen("pharmacist", path)
		assert.Equal(t, http.StatusNotFound, resp.StatusCode, path)
		assert.Contains(t, text, `role="alert"`, path)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.http.URL+"/console/find", strings.NewReader("q="+o.nhs))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.AddCookie(&http.Cookie{Name: personCookie, Value: "support"})
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	_ = resp.Body.Close()
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
	_, text := p.screen("pharmacist", "/console/order/"+o.number)
	for _, m := range regexp.MustCompile(`(?:href|action)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		assert.NotContains(t, m[1], o.nhs)
	}
}

// TestFindTells: what is found by each way, that more than ten people are not listed, and
// that nothing is opened where several fit.
func TestFindTells(t *testing.T) {
	p := startPharmacy(t)
	save := func(n int, family, given, born, postcode string) {
		p.ask(http.StatusCreated, http.MethodPost, "/Patient", []byte(fmt.Sprintf(`{"resourceType":"Patient","active":true,"name":[{"family":%q,"given":[%q]}],"birthDate":%q,"telecom":[{"system":"phone","value":"07700 90%04d"}],"address":[{"line":["1 High Street"],"city":"Leeds","postalCode":%q}]}`, family, given, born, n, postcode)))
	}
	save(1, "Unique", "Ann", "1980-02-01", "LS1 1AA")
	save(2, "Twin", "Ann", "1981-02-01", "LS1 1AB")
	save(3, "Twin", "Bea", "1981-02-01", "LS1 1AB")
	for i := range 12 {
		save(10+i, "Many", fmt.Sprint("M", string(rune('a'+i))), "1982-02-01", "LS1 1AC")
	}
	for q, want := range map[string]string{
		"Unique 1/2/1980": "303", "Ann Unique 01/02/1980": "303", "Unique, Ann 1980-02-01": "303", "LS1 1AA 1 Feb 1980": "303", "07700 900001": "303",
		"Twin 1/2/1981": "2 people fit by name and date of birth", "LS1 1AB 1/2/1981": "2 people fit", "Bea Twin 1/2/1981": "303",
		"Many 1/2/1982": "12 people fit, and none is listed", "Nobody 1/2/1982": "Nobody was found by name and date of birth", "Unique": "type the date of birth too",
		"9000000009": "Nobody was found by NHS number", "9000000008": "its last digit does not fit", "24F5DA-A83008-7EFE6Z": "There is no prescription 24F5DA-A83008-7EFE6Z here",
	} {
		resp, text := p.screen("pharmacist", "/console/find", "q", q)
		if want == "303" {
			assert.Equal(t, http.StatusSeeOther, resp.StatusCode, q)
			assert.NotContains(t, strings.ToLower(resp.Header.Get("Location")), "unique")
			continue
		}
		require.Equal(t, http.StatusOK, resp.StatusCode, q)
		assert.Contains(t, wordsOf(t, text), want, q)
		assert.Equal(t, strings.HasPrefix(want, "2 people"), strings.Contains(text, `class="found"`), q)
	}
}

// TestPast: a page of the past shows what was stored then, says so, and lets nothing be done.
func TestPast(t *testing.T) {
	p := startPharmacy(t)
	o := p.arrives(demoOrder(t, nil))
	time.Sleep(1100 * time.Millisecond) // the address of an instant has whole seconds here
	before := time.Now().UTC().Truncate(time.Second).Format(time.RFC3339)
	time.Sleep(1100 * time.Millisecond)
	p.act(o, "accept")
	p.act(o, "query", "reason", `"valueCode":"DA"`, "question", `"valueString":"Twice a day, as before?"`)
	_, now := p.screen("pharmacist", "/console/order/"+o.number)
	resp, past := p.screen("pharmacist", "/console/order/"+o.number+"?at="+url.QueryEscape(before))
	require.Equal(t, http.StatusOK, resp.StatusCode, past)
	assert.Contains(t, now, "Twice a day, as before?")
	assert.NotContains(t, past, "Twice a day, as before?")
	assert.Contains(t, wordsOf(t, past), "You look at the past: what was stored by "+before)
	assert.Contains(t, wordsOf(t, past), "To be Dispensed")
	assert.NotContains(t, wordsOf(t, past), "With Dispenser")
	resp, text := p.screen("pharmacist", "/console/order/"+o.number+"?at=soon")
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	assert.Contains(t, wordsOf(t, text), "The time is malformed")
}
