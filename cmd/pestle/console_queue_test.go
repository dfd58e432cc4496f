package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// version is that of the Task as a form has it.
func (p *pharmacyUnderTest) version(o ordered) string {
	return p.ask(http.StatusOK, http.MethodGet, o.task, nil).VersionID()
}

// does sends the form of an act as a person, with the version that is there unless the
// form names one, and wants a status.
func (p *pharmacyUnderTest) does(person string, o ordered, act string, status int, form ...string) string {
	p.t.Helper()
	if !strings.Contains(" "+strings.Join(form, " ")+" ", " version ") {
		form = append([]string{"version", p.version(o)}, form...)
	}
	resp, text := p.screen(person, "/console/task"+strings.TrimPrefix(o.task, "/Task")+"/"+act, form...)
	require.Equal(p.t, status, resp.StatusCode, "%s %s: %s", person, act, text)
	return text
}

// TestQueues is the work of a pharmacist through the forms alone: taken up, held, asked,
// approved, counted by a second person, and handed over; each act on the version that was
// looked at.
func TestQueues(t *testing.T) {
	p := startPharmacy(t)
	o := p.arrives(demoOrder(t, nil))
	waits := func(queue string, want bool) {
		t.Helper()
		resp, text := p.screen("pharmacist", "/console/queue/"+queue)
		require.Equal(t, http.StatusOK, resp.StatusCode, text)
		assert.Equal(t, want, strings.Contains(text, "data-id="), queue)
	}
	waits("new", true)
	waits("clinical-hold", false)
	first := p.version(o)
	p.does("pharmacist", o, "accept", http.StatusSeeOther)
	text := p.does("pharmacist-2", o, "approve", http.StatusPreconditionFailed, "version", first, "note", "Looked <at> it")
	assert.Contains(t, wordsOf(t, text), "Somebody was quicker")
	assert.Contains(t, wordsOf(t, text), "Looked <at> it", "what was typed is kept")
	assert.Contains(t, text, `name="version" value="`+p.version(o)+`"`)
	waits("new", false)
	waits("in-hand", true)

	text = p.does("pharmacist", o, "hold", http.StatusUnprocessableEntity, "hold", "NOTHING", "reason", "Higher than last month", "item", o.items[0])
	assert.Contains(t, wordsOf(t, text), "There is a problem")
	assert.Contains(t, wordsOf(t, text), "Higher than last month")
	assert.Contains(t, text, `value="`+o.items[0]+`" checked`)
	p.does("pharmacist", o, "hold", http.StatusSeeOther, "hold", "DOSE", "reason", "Higher than last month", "item", o.items[0])
	waits("clinical-hold", true)
	_, review := p.screen("pharmacist", "/console/task"+strings.TrimPrefix(o.task, "/Task"))
	release := regexp.MustCompile(`href="([^"]*release-hold[^"]*)"`).FindStringSubmatch(review)
	require.NotNil(t, release, review)
	_, form := p.screen("pharmacist", strings.ReplaceAll(release[1], "&amp;", "&"))
	assert.Contains(t, form, `<input type="hidden" name="hold" value="DOSE">`)
	p.does("pharmacist", o, "release-hold", http.StatusSeeOther, "hold", "DOSE", "reason", "The clinic raised it", "item", o.items[0])
	p.does("pharmacist", o, "query", http.StatusSeeOther, "reason", "DA", "question", "Twice a day, as before?", "item", o.items[1])
	waits("query", true)
	p.does("pharmacist", o, "release-hold", http.StatusSeeOther, "hold", "QUERY", "reason", "They called")
	for _, m := range regexp.MustCompile(`href="(/console/issue/[^"?]*)`).FindAllStringSubmatch(review, -1) {
		resp, text := p.screen("pharmacist", m[1], "action", "1", "reason", "Seen")
		require.Equal(t, http.StatusSeeOther, resp.StatusCode, text)
	}
	p.does("pharmacist", o, "approve", http.StatusSeeOther, "note", "Checked against the record")
	waits("second-check", true)

	text = p.does("pharmacist", o, "check", http.StatusUnprocessableEntity, "item.0.quantity", "28")
	assert.Contains(t, wordsOf(t, text), "another person", "nobody counts what they approved")
	p.does("pharmacist-2", o, "check", http.StatusSeeOther, "item.0.quantity", "28", "item.0.batch", "A1", "item.0.expiry", "2099-12-31")
	p.does("pharmacist-2", o, "dispense", http.StatusSeeOther, "all", "true", "bag", "collection")
	waits("collection", true)
	p.does("pharmacist-2", o, "hand-over", http.StatusSeeOther, "collector", "patient", "identityRequested", "true", "identityProvided", "true")
	waits("collection", false)
	waits("in-hand", false)
	require.Equal(t, "completed", p.ask(http.StatusOK, http.MethodGet, o.task, nil).Get("status").Text())
	_, review = p.screen("pharmacist", "/console/task"+strings.TrimPrefix(o.task, "/Task"))
	for _, said := range []string{"Checked against the record", "The clinic raised it", "Sandbox pharmacist"} {
		assert.Contains(t, wordsOf(t, review), said)
	}
}

// TestActsOfRoles: an act is offered to who may do it, and carried out for nobody else;
// each form is a page that can be filled in.
func TestActsOfRoles(t *testing.T) {
	p := startPharmacy(t)
	o := p.arrives(demoOrder(t, nil))
	p.act(o, "accept")
	at := "/console/task" + strings.TrimPrefix(o.task, "/Task")
	for _, person := range []string{"support", "finance", "auditor", "pharmacy-2", "clinic"} {
		for _, act := range []string{"approve", "hold", "dispense"} {
			resp, _ := p.screen(person, at+"/"+act)
			assert.Contains(t, []int{403, 404}, resp.StatusCode, "%s %s", person, act)
			resp, text := p.screen(person, at+"/"+act, "version", p.version(o), "hold", "DOSE", "reason", "x", "all", "true")
			assert.Contains(t, []int{403, 404}, resp.StatusCode, "%s %s: %s", person, act, text)
		}
		resp, text := p.screen(person, "/console/queue/in-hand")
		assert.Equal(t, person == "pharmacy-2", resp.StatusCode == http.StatusOK, person) // with its own work
		assert.NotContains(t, text, "data-id=", person)
	}
	assert.Equal(t, "accepted", p.ask(http.StatusOK, http.MethodGet, o.task, nil).Get("status").Text())
	_, review := p.screen("pharmacist", at)
	offered := regexp.MustCompile(`href="([^"?]*)\?[^"]*" data-op="([^"]*)"`).FindAllStringSubmatch(review, -1)
	require.Greater(t, len(offered), 8)
	for _, m := range offered {
		resp, text := p.screen("pharmacist", m[1])
		assert.Equal(t, http.StatusOK, resp.StatusCode, "%s: %s", m[2], text)
		assert.Contains(t, text, `<form class="act"`, m[2])
	}
	for _, path := range []string{at + "/nothing", "/console/task/nobody/hold", "/console/issue/nobody/mitigate?x=1"} {
		resp, _ := p.screen("pharmacist", path)
		assert.Contains(t, []int{200, 404}, resp.StatusCode, path)
	}
	resp, _ := p.screen("pharmacist", at+"/approve", "note", "without a version")
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	resp, _ = p.screen("pharmacist", at+"/approve", "version", p.version(o), "back", "https://evil.example/")
	assert.NotContains(t, resp.Header.Get("Location"), "evil.example")
}

// TestBreakGlass of the console: what is hidden of a patient is shown for some minutes,
// and each page says so.
func TestConsoleBreaksGlass(t *testing.T) {
	p := startPharmacy(t)
	o := p.arrives(demoOrder(t, nil))
	_, text := p.screen("support", "/console/patient/"+o.patient)
	require.Contains(t, text, "/console/patient/"+o.patient+"/break-glass")
	resp, text := p.screen("support", "/console/patient/"+o.patient+"/break-glass", "code", "BTG")
	require.Equal(t, http.StatusUnprocessableEntity, resp.StatusCode, text)
	resp, text = p.screen("support", "/console/patient/"+o.patient+"/break-glass", "code", "BTG", "reason", "The patient is in A&E")
	require.Equal(t, http.StatusSeeOther, resp.StatusCode, text)
	_, text = p.screen("support", "/console/order/"+o.number)
	assert.Contains(t, text, o.medicines[0])
	assert.Contains(t, wordsOf(t, text), "A record is open in an emergency")
	_, text = p.screen("finance", "/console/order/"+o.number)
	assert.NotContains(t, text, o.medicines[0])
}

// stream reads the events of a queue until there are as many rows as wanted, or the time
// is over.
type stream struct {
	rows map[string][]string // versions by id, "" where it has gone
	last string              // id of the last event
}

func (p *pharmacyUnderTest) stream(t *testing.T, queue, since, last string, until func(*stream) bool) *stream {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.http.URL+"/console/events?"+url.Values{"queue": {queue}, "since": {since}}.Encode(), http.NoBody)
	require.NoError(t, err)
	r.AddCookie(&http.Cookie{Name: personCookie, Value: "pharmacist"})
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	s := &stream{rows: map[string][]string{}}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		line := lines.Text()
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			s.last = id
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			var row struct{ ID, Version string }
			require.NoError(t, json.Unmarshal([]byte(data), &row))
			if row.ID != "" {
				s.rows[row.ID] = append(s.rows[row.ID], row.Version)
				assert.NotContains(t, data, "Methylphenidate")
				continue
			}
			if until(s) {
				return s
			}
		}
	}
	require.Fail(t, "the stream ended too early")
	return s
}

// TestLive: a page that was made before is told of everything since then, once; a stream
// that broke off goes on where it was.
func TestLive(t *testing.T) {
	p := startPharmacy(t)
	_, page := p.screen("pharmacist", "/console/queue/new")
	since := regexp.MustCompile(`data-since="([^"]*)"`).FindStringSubmatch(page)[1]
	const n = 12
	sent := make(chan struct{})
	var tasks []string
	go func() {
		defer close(sent)
		for range n {
			tasks = append(tasks, strings.TrimPrefix(p.arrives(demoOrder(t, nil)).task, "/Task/"))
		}
	}()
	half := p.stream(t, "new", since, "", func(s *stream) bool { return len(s.rows) >= n/2 })
	rest := p.stream(t, "new", since, half.last, func(s *stream) bool { return len(s.rows)+len(half.rows) >= n })
	<-sent
	for _, id := range tasks {
		assert.Len(t, append(half.rows[id], rest.rows[id]...), 1, "%s is told once", id)
	}
	o := p.arrives(demoOrder(t, nil)) // and that it goes
	id := strings.TrimPrefix(o.task, "/Task/")
	gone := p.stream(t, "new", since, rest.last, func(s *stream) bool {
		if len(s.rows[id]) == 1 && s.rows[id][0] != "" {
			go p.act(o, "accept")
		}
		return len(s.rows[id]) == 2
	})
	assert.Empty(t, gone.rows[id][1])
	resp, _ := p.screen("support", "/console/events?queue=nothing&since="+url.QueryEscape(since))
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
	resp, _ = p.screen("", "/console/events?queue=new&since="+url.QueryEscape(since))
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
}

// TestAuditScreens: an auditor sees who wrote each version and what was changed, and who
// was shown a patient; what was opened in an emergency is listed until it is reviewed. Nobody
// else sees the audit log, and who is shown parts compares parts.
func TestAuditScreens(t *testing.T) {
	p := startPharmacy(t)
	o := p.arrives(demoOrder(t, nil))
	p.does("pharmacist", o, "accept", http.StatusSeeOther)
	p.screen("support", "/console/patient/"+o.patient)
	p.screen("support", "/console/patient/"+o.patient+"/break-glass", "code", "BTG", "reason", "The patient is in A&E")
	at := "/console/history" + o.task
	resp, text := p.screen("auditor", at+"?from=1&to=2")
	require.Equal(t, http.StatusOK, resp.StatusCode, text)
	said := wordsOf(t, text)
	for _, want := range []string{"Sandbox pharmacist, X99PH", "follower|dispensing", "From version 1 to 2", "status changed requested accepted", "What changed in 2", "Which version each element is from"} {
		assert.Contains(t, said, want)
	}
	resp, text = p.screen("auditor", "/console/patient/"+o.patient+"/access")
	require.Equal(t, http.StatusOK, resp.StatusCode, text)
	assert.Contains(t, wordsOf(t, text), "Customer service")
	resp, text = p.screen("auditor", "/console/audit")
	require.Equal(t, http.StatusOK, resp.StatusCode, text)
	assert.Contains(t, wordsOf(t, text), "Opened in an emergency, not reviewed yet")
	assert.Contains(t, text, "/console/patient/"+o.patient+"/access")
	for _, query := range []string{"?from=2026-01-01&until=2099-01-01", "?kind=110127", "?kind=sign-in"} {
		resp, text = p.screen("auditor", "/console/audit"+query)
		require.Equal(t, http.StatusOK, resp.StatusCode, text)
	}
	for _, person := range []string{"support", "finance", "pharmacist", "clinic"} {
		for _, path := range []string{"/console/audit", "/console/patient/" + o.patient + "/access"} {
			resp, _ := p.screen(person, path)
			assert.Equal(t, http.StatusForbidden, resp.StatusCode, "%s %s", person, path)
		}
	}
	_, text = p.screen("finance", at+"?from=1&to=2")
	assert.NotContains(t, strings.ToLower(text), "methylphenidate")
	for _, path := range []string{"/console/history/Nothing/1", "/console/history/Task/nobody"} {
		resp, _ := p.screen("auditor", path)
		assert.Equal(t, http.StatusNotFound, resp.StatusCode, path)
	}
}

// TestRegisterScreen is the register, the stock and the responsible pharmacist: stock is received and counted by the forms, with a second person, and
// a supply is entered; the register of another day is shown as it was.
func TestRegisterScreen(t *testing.T) {
	p := startPharmacy(t, func(c *serveCommand) { c.Goods.Stock, c.Responsible = true, "persons" })
	o := p.arrives(demoOrder(t, nil))
	p.act(o, "accept")
	p.act(o, "dispense", "all", `"valueBoolean":true`)
	var text string
	require.Eventually(t, func() bool {
		_, text = p.screen("pharmacist", "/console/register")
		return strings.Contains(text, o.number)
	}, 10*time.Second, 20*time.Millisecond)
	assert.Contains(t, wordsOf(t, text), "Balance -28 tablets")
	product, err := url.Parse(doorOf(t, text, `receive-stock\?[^"]*product=`))
	require.NoError(t, err)
	send := func(act string, status int, form ...string) string {
		t.Helper()
		resp, text := p.screen("pharmacist", "/console/register/stock/"+act, append(form, "product", product.Query().Get("product"))...)
		require.Equal(t, status, resp.StatusCode, text)
		return text
	}
	text = send("receive-stock", http.StatusUnprocessableEntity, "quantity", "56")
	assert.Contains(t, text, `value="56"`)
	send("receive-stock", http.StatusSeeOther, "quantity", "56", "from.name", "Wholesaler", "from.address", "2 Dock Road, Leeds")
	text = send("stock-check", http.StatusUnprocessableEntity, "counted", "28")
	assert.Contains(t, wordsOf(t, text), "witness")
	text = send("stock-check", http.StatusForbidden, "counted", "28", "witness.name", "Sandbox pharmacist")
	assert.Contains(t, wordsOf(t, text), "another person")
	send("stock-check", http.StatusSeeOther, "counted", "28", "witness.name", "Second Person")
	_, text = p.screen("auditor", "/console/register")
	for _, want := range []string{"Balance 28 tablets", "Wholesaler, 2 Dock Road, Leeds", "+56 tablets"} {
		assert.Contains(t, wordsOf(t, text), want)
	}
	assert.NotContains(t, text, "receive-stock?", "an auditor receives nothing")
	_, text = p.screen("auditor", "/console/register?until=2020-01-01")
	assert.NotContains(t, text, o.number)
	for _, person := range []string{"support", "finance", "clinic"} {
		resp, _ := p.screen(person, "/console/register")
		assert.Equal(t, http.StatusForbidden, resp.StatusCode, person)
	}
	stockScreens(t, p)
	responsibleScreens(t, p)
}

// TestTry: a clinic's developer is told what is wrong with a message, at its lines, and
// nothing is stored.
func TestTry(t *testing.T) {
	p := startPharmacy(t)
	before := p.app.db.Head()
	resp, text := p.screen("clinic", "/console/try", "text", "{\"resourceType\":\"Patient\",\n\"birthdate\":\"1980-02-30\",\n\"gender\":\"<woman>\"}")
	require.Equal(t, http.StatusOK, resp.StatusCode, text)
	said := wordsOf(t, text)
	for _, want := range []string{"2 things to put right", "Line 2 : Patient has no element", "Write birthDate", "3 ▶", "Authorization: Bearer …"} {
		assert.Contains(t, said, want)
	}
	resp, text = p.screen("clinic", "/console/try", "text", string(demoOrder(t, nil).JSON()))
	require.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Contains(t, wordsOf(t, text), "It is valid")
	for _, bad := range []string{"", "no JSON", "{\"resourceType\":\"Nothing\"}", "[]"} {
		resp, text = p.screen("clinic", "/console/try", "text", bad)
		require.Equal(t, http.StatusOK, resp.StatusCode, bad)
		assert.NotContains(t, wordsOf(t, text), "It is valid", bad)
	}
	assert.Equal(t, before, p.app.db.Head(), "nothing is stored")
	resp, _ = p.screen("support", "/console/try")
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
}
