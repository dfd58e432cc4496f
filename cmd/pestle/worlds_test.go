package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/internal/long"
	"github.com/pestle-fhir/pestle/pharmacy/register"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// The organisations of the worlds: two pharmacies, the first of which the server
// serves, and three clinics.
var worldOrgs = []string{"FA565", "X99PH", "X99CL", "A83008", "EVIL99"}

// byOrg takes the ODS code of the caller for their token, "" for one without an
// organisation; FA565+technician is of somebody who has that role there, or several, and
// Bea/FA565+technician of another one.
type byOrg struct{}

func (byOrg) Authenticate(r *http.Request) (auth.Identity, error) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	org, roles, named := strings.Cut(token[strings.IndexByte(token, '/')+1:], "+")
	who := auth.Identity{Requester: fhir.Principal{Agent: "client-" + token, OnBehalf: org}, Scopes: auth.ParseScopes("system/*.cruds system/Provenance.cruds system/AuditEvent.rs system/Consent.cruds system/$process-message " +
		"system/Task/$release system/Task/$accept system/Task/$dispense system/Task/$return system/Task/$withdraw system/Task/$cancel system/Task/$release-hold system/Task/$hold system/Task/$approve system/Task/$reject system/Task/$record-original system/Task/$query system/Task/$correct system/Task/$check system/Task/$owe system/Task/$hand-over system/Task/$put-back system/Task/$dispatch system/Task/$fail-delivery system/Task/$tracking-status system/DetectedIssue/$mitigate system/MedicationRequest/$detect-issues " +
		"system/Basic/$receive-goods system/Basic/$adjust-stock system/Basic/$correct-receipt system/Basic/$destroy-goods system/Basic/$return-goods system/Basic/$recall-batch system/Basic/$clear-quarantine system/Basic/$move-stock system/Basic/$count-stock system/Basic/$stock-level system/Basic/$order-goods system/SupplyRequest/$cancel-order system/Basic/$stock system/Basic/$stock-journal system/Basic/$warehouse-resume system/Basic/$nhs-resend system/SupplyRequest/$resume " +
		"system/Claim/$submit system/Claim/$export-month system/Claim/$close-month system/Claim/$reprice")}
	if strings.Contains(roles, "administrator") {
		who.Scopes = auth.Full
	}
	if org == "SUP01" {
		who.Requester.Delegates = []string{"X99CL"}
	}
	if named {
		table, err := policy.Builtin()
		if err != nil {
			return who, err
		}
		who.Requester.Roles = strings.Split(roles, "+")
		grants := table.Of(who.Requester.Roles...)
		who.Roles, who.Requester.SeesAll, who.Requester.SeesNone = grants, grants.SeesAll(), grants.SeesNone()
	}
	return who, nil
}

func (byOrg) Challenge(error) string { return "Bearer" }

// orgWorld is a server of its own with all its parts.
type orgWorld struct {
	t       testing.TB
	app     *app
	handler http.Handler
	alias   map[string]string // what stands for an id or a time in answers
	orders  int
	dir     string
	stop    func() // closes the database
}

func newOrgWorld(t testing.TB) *orgWorld { return newOrgWorldAsking(t, register.AskNobody) }

// newOrgWorldAsking is a world in which a responsible pharmacist is asked for.
func newOrgWorldAsking(t testing.TB, asked register.Asked) *orgWorld {
	return newOrgWorldOf(t, &serveCommand{Responsible: string(asked)})
}

// newOrgWorldOf is a world of a server with these options.
func newOrgWorldOf(t testing.TB, c *serveCommand) *orgWorld {
	c.Sandbox, c.Addr, c.Site, c.Data, c.LawFromReceipt = true, "127.0.0.1:0", "FA565", t.TempDir(), true
	require.NoError(t, c.complete())
	config := c.appConfig()
	config.Origins = []string{"http://pharmacy.test"}
	a, err := openApp(config, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	s, err := server.New(server.Config{Repository: a.repository, Validator: a.validator, Operations: a.operations(), Intakes: a.intakes(),
		Narrowings: a.dispensing.Narrowings(), Authenticator: byOrg{}, PublicURL: "http://pharmacy.test", Secret: []byte("secret")})
	require.NoError(t, err)
	end := sync.OnceFunc(func() { _ = a.close() })
	t.Cleanup(end)
	return &orgWorld{t: t, app: a, handler: s.Handler(), alias: map[string]string{}, dir: c.Data, stop: end}
}

// request is one of a sequence.
type request struct {
	method, path, body string
	headers            []string
}

func (w *orgWorld) ask(org string, r request) *httptest.ResponseRecorder {
	req := httptest.NewRequest(r.method, "http://pharmacy.test"+r.path, strings.NewReader(r.body))
	req.Header.Set("Authorization", "Bearer "+org)
	if r.body != "" {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	for i := 0; i+1 < len(r.headers); i += 2 {
		req.Header.Set(r.headers[i], r.headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, req)
	w.settle()
	return rec
}

// settle has the followers see everything, one after the other, so that what they
// write is in the same order in every world.
func (w *orgWorld) settle() {
	for begun := time.Now(); ; {
		head := w.app.db.Head()
		for _, f := range w.app.followers() {
			w.follow(f.Name(), head)
		}
		if head == w.app.db.Head() {
			return
		}
		require.Less(w.t, time.Since(begun), 20*time.Second, "the followers")
	}
}

// follow runs a follower until it has taken a commit.
func (w *orgWorld) follow(name string, head fhir.Seq) {
	loop := w.app.loops[name]
	if loop.At() >= head {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	done := make(chan struct{})
	go func() { defer close(done); _ = loop.Run(ctx) }()
	for loop.At() < head && ctx.Err() == nil {
		time.Sleep(100 * time.Microsecond)
	}
	stop()
	<-done
}

// made makes a request that must work, and returns the id that its answer locates.
func (w *orgWorld) made(org string, r request) string {
	rec := w.ask(org, r)
	require.Less(w.t, rec.Code, 300, "%s %s by %s: %s", r.method, r.path, org, rec.Body)
	parts := strings.Split(rec.Header().Get("Location"), "/")
	for i, part := range parts {
		if part == "_history" {
			return parts[i-1]
		}
	}
	return ""
}

// order sends a prescription of a clinic that is nominated to a pharmacy, and
// returns its Task.
func (w *orgWorld) order(clinic, pharmacy, nhs string) (task string) {
	message, number := w.prescription(clinic, pharmacy, nhs)
	rec := w.ask(clinic, request{"POST", "/fhir/$process-message", message, nil})
	require.Equal(w.t, 200, rec.Code, rec.Body.String())
	found := w.ask("", request{"GET", "/fhir/Task?identifier=https://fhir.nhs.uk/Id/prescription-order-number|" + number, "", nil})
	require.NotContains(w.t, found.Body.String(), `"Task"`, "nobody's token sees it")
	ids, err := w.app.db.State(context.Background()).Find("Task", "code=prescription-order&group-identifier=https://fhir.nhs.uk/Id/prescription-order-number|"+number)
	require.NoError(w.t, err)
	require.Len(w.t, ids, 1)
	return ids[0]
}

// prescription is the message of a new prescription, and its number.
func (w *orgWorld) prescription(clinic, pharmacy, nhs string) (message, number string) {
	w.orders++
	text, err := sandboxFiles.ReadFile("sandbox/order.json")
	require.NoError(w.t, err)
	now := time.Now().UTC().Truncate(time.Second)
	n := slices.Index(worldOrgs, clinic)
	body := fmt.Sprintf("%06X%-6s%05X", 0xA00000+n, clinic, 0x10000+w.orders)
	body = strings.ReplaceAll(body, " ", "0")
	number = fmt.Sprintf("%s-%s-%s%c", body[:6], body[6:12], body[12:], checkdigit.Prescription(body))
	values := []string{"{now}", now.Format("2006-01-02T15:04:05+00:00"), "{today}", now.Format(time.DateOnly), "{end}", now.AddDate(0, 0, 27).Format(time.DateOnly),
		"{number}", number, "9990001006", nhs, `"X99CL"`, `"` + clinic + `"`, `"X99PH"`, `"` + pharmacy + `"`,
		"555000000001", fmt.Sprint("55500000001", n), "555000000002", fmt.Sprint("55500000002", n), "C1234567", fmt.Sprint("C123456", n)}
	if pharmacy == "" {
		text = nomination.ReplaceAll(text, nil)
	}
	for i, name := range []string{"message", "header", "line1", "line2", "patient", "practitioner", "role", "clinic", "provenance", "prescription"} {
		values = append(values, "{"+name+"}", fmt.Sprintf("%08x-%04x-4000-8000-%012x", 0xabcd0000+i, n, w.orders))
	}
	return strings.NewReplacer(values...).Replace(string(text)), number
}

// nomination is what an order says of the pharmacy that it is for.
var nomination = regexp.MustCompile(`,\s*"(performer|receiver)": \{\s*"identifier": \{[^}]*"X99PH"\s*\}\s*\}`)

// told is an answer with every id and time replaced by the place of its first
// appearance, so that the answers of two worlds can be compared.
func (w *orgWorld) told(rec *httptest.ResponseRecorder) string {
	var out strings.Builder
	fmt.Fprintln(&out, rec.Code)
	for _, name := range slices.Sorted(maps.Keys(rec.Header())) {
		switch name {
		case "Content-Length", "Date": // tokens and ids differ in length
		case "Pestle-Sequence":
			fmt.Fprintln(&out, name, "token")
		default:
			fmt.Fprintln(&out, name, rec.Header()[name])
		}
	}
	out.Write(rec.Body.Bytes())
	return changing.ReplaceAllStringFunc(out.String(), func(text string) string {
		switch {
		case strings.HasPrefix(text, "_page="):
			return "_page=token"
		case !uuidForm.MatchString(text):
			return "time"
		}
		if w.alias[text] == "" {
			w.alias[text] = fmt.Sprint("id", len(w.alias))
		}
		return w.alias[text]
	})
}

var (
	uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	changing = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|_page=[\w-]+|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT`)
)

// somebody is a Patient with a name and an identifier.
func somebody(id, number, family string) string {
	if id != "" {
		id = `"id":"` + id + `",`
	}
	return `{"resourceType":"Patient",` + id + `"identifier":[{"system":"https://clinic.example/id","value":"` + number + `"}],"name":[{"family":"` + family + `"}],"gender":"female","birthDate":"1980-0` + number[:1] + `-03"}`
}

func observation(patient, value string) string {
	return `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":"Patient/` + patient + `"},"effectiveDateTime":"2026-01-0` + value[:1] + `","valueString":"` + value + `"}`
}

// pair is the two worlds of an organisation.
type pair struct {
	with, without *orgWorld // what it may not see
	own           []string  // references that it sees, in each world its own
	position      string    // of a write of its own
	twin          map[string]string
	hidden        []string // references to what it does not see, in the one world
}

// both makes the same in both worlds.
func (p *pair) both(org, typ, body string, seen bool) {
	in := func(w *orgWorld, text string) string {
		return w.made(org, request{"POST", "/fhir/" + typ, text, nil})
	}
	twinBody := body
	for a, b := range p.twin {
		twinBody = strings.ReplaceAll(twinBody, a, b)
	}
	a, b := in(p.with, body), in(p.without, twinBody)
	p.twin[a] = b
	if seen {
		p.own = append(p.own, typ+"/"+a)
	}
}

// worldsOf makes both worlds of an organisation. Names and numbers are the same on
// both sides of what it sees.
func worldsOf(t testing.TB, org string) *pair {
	p := &pair{with: newOrgWorld(t), without: newOrgWorld(t), twin: map[string]string{}}
	clinic := slices.Index(worldOrgs, org) >= 2
	others := slices.DeleteFunc(slices.Clone(worldOrgs), func(o string) bool { return o == org })
	elsewhere := map[bool]string{true: "FA565", false: "X99PH"}[org != "FA565"] // a pharmacy that is not the organisation
	for _, w := range []*orgWorld{p.with, p.without} {
		for _, c := range worldOrgs[2:] { // the directories, which are everybody's
			w.order(c, elsewhere, "9990001006")
		}
	}
	for i := range 4 {
		p.both(org, "Patient", somebody("", fmt.Sprint(i+1), []string{"Ames", "Bell"}[i%2]), true)
		p.both(org, "Observation", observation(strings.TrimPrefix(p.own[2*i], "Patient/"), fmt.Sprint(i+1)), true)
	}
	for _, c := range worldOrgs[2:] {
		if pharmacy := org; !clinic || c == org {
			if clinic {
				pharmacy = elsewhere
			}
			a, b := p.with.order(c, pharmacy, "9990001022"), p.without.order(c, pharmacy, "9990001022")
			require.Equal(t, a, b)
			p.own = append(p.own, "Task/"+a)
		}
	}
	p.with.orders += 1000 // numbers that the other world has not
	for i, other := range others {
		for k := range 3 {
			id := p.with.made(other, request{"POST", "/fhir/Patient", somebody("", fmt.Sprint(k+1), []string{"Ames", "Bell", "Hidden"}[k]), nil})
			o := p.with.made(other, request{"POST", "/fhir/Observation", observation(id, fmt.Sprint(k+1)), nil})
			p.hidden = append(p.hidden, "Patient/"+id, "Observation/"+o)
		}
		own := strings.TrimPrefix(p.own[0], "Patient/") // one of the organisation's, to which others refer
		p.hidden = append(p.hidden, "Observation/"+p.with.made(other, request{"POST", "/fhir/Observation", observation(own, fmt.Sprint(i+5)), nil}))
		p.with.made(other, request{"DELETE", "/fhir/" + p.hidden[len(p.hidden)-2], "", nil})
		p.with.made(other, request{"PUT", "/fhir/" + p.hidden[len(p.hidden)-7], somebody(strings.TrimPrefix(p.hidden[len(p.hidden)-7], "Patient/"), "9", "Hidden"), nil})
		if slices.Index(worldOrgs, other) >= 2 {
			p.hidden = append(p.hidden, "Task/"+p.with.order(other, elsewhere, "9990001006"))
		}
	}
	return p
}

// requests are the kinds of request that an organisation makes at random.
func (p *pair) request(r *rand.Rand) request {
	ref := p.own[r.IntN(len(p.own))]
	switch r.IntN(3) {
	case 0:
		ref = p.hidden[r.IntN(len(p.hidden))]
	case 1:
		if r.IntN(4) == 0 {
			ref = []string{"Patient/11111111-2222-3333-4444-555555555555", "Task/none"}[r.IntN(2)]
		}
	}
	typ, id, _ := strings.Cut(ref, "/")
	number := fmt.Sprint(1 + r.IntN(9))
	switch r.IntN(12) {
	case 0:
		return request{[]string{"GET", "HEAD"}[r.IntN(2)], "/fhir/" + ref + []string{"", "", "/_history", "/_history/1", "/_history/2", "/_history?_count=1"}[r.IntN(6)], "", []string{"If-None-Match", []string{`W/"1"`, `W/"7"`}[r.IntN(2)]}}
	case 1:
		return request{"GET", "/fhir" + []string{"/_history?_count=7", "/Patient/_history", "/Observation/_history?_count=3", "/Task/_history", "/Provenance/_history?_summary=count", "/MedicationRequest/_history?_since=2020-01-01"}[r.IntN(6)], "", nil}
	case 2, 3, 4:
		return request{"GET", "/fhir/" + p.query(r, ref), "", nil}
	case 5:
		path, query, _ := strings.Cut(p.query(r, ref), "?")
		return request{"POST", "/fhir/" + path + "/_search", query, []string{"Content-Type", "application/x-www-form-urlencoded"}}
	case 6:
		return request{"POST", "/fhir/Patient", somebody("", number, "New"), []string{"If-None-Exist", []string{"identifier=https://clinic.example/id|" + number, "family=Hidden", "_id=" + id}[r.IntN(3)]}}
	case 7:
		path := []string{ref, ref, "Patient?identifier=https://clinic.example/id|" + number, "Patient?family=Hidden"}[r.IntN(4)]
		body := somebody(map[bool]string{true: id, false: ""}[path == ref], number, "Changed")
		if typ != "Patient" && path == ref {
			return request{"GET", "/fhir/" + ref, "", nil}
		}
		return request{"PUT", "/fhir/" + path, body, []string{[]string{"If-Match", "X"}[r.IntN(2)], `W/"1"`}}
	case 8:
		path := []string{ref, "Patient?identifier=https://clinic.example/id|" + number, "Observation?subject=" + ref}[r.IntN(3)]
		return request{"PATCH", "/fhir/" + path, `[{"op":"add","path":"/language","value":"en"}]`, []string{"Content-Type", "application/json-patch+json"}}
	case 9:
		if r.IntN(3) > 0 {
			return request{"GET", "/fhir/" + ref, "", nil}
		}
		return request{"DELETE", "/fhir/" + []string{ref, "Patient?family=Hidden", "Observation?value-string=" + number}[r.IntN(3)], "", nil}
	case 10:
		entries := []string{
			`{"request":{"method":"GET","url":"` + p.query(r, ref) + `"}}`,
			`{"resource":` + somebody("", number, "Batch") + `,"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=https://clinic.example/id|` + number + `"}}`,
			`{"resource":` + strings.Replace(observation("x", number), "Patient/x", []string{ref, "Patient?family=Hidden", "Patient?identifier=https://clinic.example/id|" + number}[r.IntN(3)], 1) + `,"request":{"method":"POST","url":"Observation"}}`,
		}
		kind, some := "transaction", entries[r.IntN(2):]
		if r.IntN(2) == 0 { // whose entries come in any order, so that one writes
			kind, some = "batch", []string{entries[0], entries[1+r.IntN(2)]}
		}
		return request{"POST", "/fhir/", `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(some, ",") + `]}`, nil}
	}
	if typ == "Task" {
		op := []string{"accept", "return", "withdraw", "cancel", "dispense"}[r.IntN(5)]
		return request{"POST", "/fhir/" + ref + "/$" + op, "", nil}
	}
	return request{"GET", "/fhir/" + ref + "/$validate", "", nil}
}

// query is a random search.
func (p *pair) query(r *rand.Rand, ref string) string {
	number := fmt.Sprint(1 + r.IntN(9))
	_, id, _ := strings.Cut(ref, "/")
	q := []string{
		"Patient?", "Observation?", "Task?", "MedicationRequest?", "Provenance?", "Bundle?", "Organization?", "Practitioner?", "PractitionerRole?",
		"Patient?family=Ames", "Patient?family=Hidden", "Patient?birthdate=ge1980-02-01", "Patient?gender=female&birthdate=lt1990", "Patient?_id=" + id,
		"Patient?identifier=https://clinic.example/id|" + number, "Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990001006", "Patient?name:contains=e",
		"Patient?_has:Observation:subject:code=29463-7", "Patient?_has:Observation:subject:value-string=" + number, "Patient?_has:Task:patient:status=requested,accepted",
		"Observation?subject=" + ref, "Observation?subject.family=Hidden", "Observation?patient.identifier=https://clinic.example/id|" + number,
		"Observation?date=ge2026-01-02", "Observation?subject:Patient.name=Ames", "Task?patient=" + ref, "Task?status=requested", "Task?_id=" + id,
		"Task?patient.family=Marlow", "MedicationRequest?subject=" + ref, "MedicationRequest?patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990001022",
		"Provenance?target=" + ref, "Observation?value-string=" + number, "Observation?code:not=29463-7", "Patient?family:missing=false", "Observation?_lastUpdated=ge2020",
		ref + "/Observation?", ref + "/*?", ref + "/MedicationRequest?status=active", ref + "/$everything?_type=Patient,Observation&", "?_type=Patient,Observation,Task&", "?_sort=-_lastUpdated&", "?_id=" + id, "Observation?_at=2100&subject=" + ref,
	}[r.IntN(44)]
	for _, more := range []string{
		"_count=" + fmt.Sprint(r.IntN(4)), "_total=" + []string{"accurate", "none", "estimate"}[r.IntN(3)], "_summary=" + []string{"count", "true"}[r.IntN(2)],
		// What one resource refers to by a wildcard comes in the order of the ids, which are drawn.
		"_include=Task:patient", "_revinclude=Observation:subject", "_revinclude=Provenance:target", "_revinclude=*", "_include=Observation:subject&_revinclude:iterate=Observation:subject",
		"_sort=" + []string{"-_lastUpdated", "_lastUpdated", "status", "-identifier"}[r.IntN(4)], "_elements=id", "_include=MedicationRequest:subject&_include:iterate=MedicationRequest:requester",
	} {
		if r.IntN(7) == 0 {
			q += "&" + more
		}
	}
	return strings.Replace(q, "?&", "?", 1)
}

// stored is what there is that the organisation may not see.
func (p *pair) stored() (all []string) {
	for _, ref := range p.hidden {
		typ, id, _ := strings.Cut(ref, "/")
		h, err := p.with.app.db.History(context.Background(), fhir.HistoryQuery{Type: typ, ID: id, Count: 1000})
		require.NoError(p.with.t, err)
		for _, v := range h.Versions {
			all = append(all, ref+" "+v.VersionID+" "+string(v.JSON))
		}
	}
	return all
}

// compare sends the same requests to both worlds, follows the links of what comes,
// and returns the first difference.
func (p *pair) compare(org string, r *rand.Rand, n int) string {
	hidden := p.stored()
	defer func() { require.Equal(p.with.t, hidden, p.stored(), "nothing of it was changed") }()
	for i := 0; i < n; i++ {
		ask := p.request(r)
		if r.IntN(8) == 0 && p.position != "" {
			ask.headers = append(slices.Clone(ask.headers), "Pestle-Min-Sequence", p.position)
		}
		var next string
		for page := 0; page == 0 || next != "" && page < 4; page++ {
			if next != "" {
				ask = request{"GET", next, "", nil}
			}
			twin := ask
			if next != "" { // a link as a whole, before an id within it
				twin.path = p.twin[next]
			}
			for a, b := range p.twin {
				if next == "" {
					twin.path = strings.ReplaceAll(twin.path, a, b)
				}
				twin.body = strings.ReplaceAll(twin.body, a, b)
				twin.headers = slices.Clone(twin.headers)
				for k := range twin.headers {
					twin.headers[k] = strings.ReplaceAll(twin.headers[k], a, b)
				}
			}
			with, without := p.with.ask(org, ask), p.without.ask(org, twin)
			a, b := p.with.told(with), p.without.told(without)
			if a != b {
				return fmt.Sprintf("request %d of %s: %s %s %s %s\n--- with what it may not see\n%s\n--- without\n%s", i, org, ask.method, ask.path, ask.body, ask.headers, a, b)
			}
			p.learn(with, without)
			next = nextLink(with.Body.String())
			if next != "" {
				p.twin[next] = nextLink(without.Body.String())
			}
		}
	}
	return ""
}

// learn notes what an answer has created, and where in the log.
func (p *pair) learn(with, without *httptest.ResponseRecorder) {
	if token := with.Header().Get("Pestle-Sequence"); token != "" {
		p.position, p.twin[token] = token, without.Header().Get("Pestle-Sequence")
	}
	if with.Code != 201 {
		return
	}
	a, b := strings.Split(with.Header().Get("Location"), "/"), strings.Split(without.Header().Get("Location"), "/")
	if len(a) == len(b) && len(a) > 5 {
		p.own, p.twin[a[5]] = append(p.own, a[4]+"/"+a[5]), b[5]
	}
}

func nextLink(body string) string {
	r, err := fhir.Parse([]byte(body))
	if err != nil {
		return ""
	}
	for l := range r.Get("link").Items() {
		if l.Get("relation").Text() == "next" {
			return strings.TrimPrefix(l.Get("url").Text(), "http://pharmacy.test")
		}
	}
	return ""
}

// TestTwoWorlds: whatever an organisation asks, it is answered alike whether there
// is what it may not see or not: status, headers, bodies, counts and links.
func TestTwoWorlds(t *testing.T) {
	for i, org := range worldOrgs {
		if problem := worldsOf(t, org).compare(org, rand.New(rand.NewPCG(uint64(i), 1)), 20); problem != "" {
			t.Error(problem)
		}
	}
}

// TestLongWorlds is the same with other requests each time.
func TestLongWorlds(t *testing.T) {
	p := long.Start(t, 5, 50) // each of a hundred requests and the pages behind them
	for i := range p.Tries {
		org := worldOrgs[i%len(worldOrgs)]
		var err error
		if problem := worldsOf(t, org).compare(org, p.Rand(i), 100); problem != "" {
			err = errors.New(problem)
		}
		p.Try(fmt.Sprint("worlds ", i, " of ", org), err)
	}
	p.Report("%d requests in two worlds each", 100*p.Tries)
}
