package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// sandboxServer is a sandbox as serve makes it.
type sandboxServer struct {
	t    *testing.T
	app  *app
	http http.Handler
}

func serveSandbox(t *testing.T, log *slog.Logger) *sandboxServer {
	t.Helper()
	c := &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: t.TempDir()}
	app, err := openApp(c.appConfig(), log)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, app.close()) })
	config, err := c.config(app, log)
	require.NoError(t, err)
	config.PublicURL = "http://here"
	s, err := server.New(config)
	require.NoError(t, err)
	return &sandboxServer{t, app, s.Handler()}
}

func (s *sandboxServer) ask(status int, method, path, body string, header ...string) *fhir.Resource {
	s.t.Helper()
	r := httptest.NewRequest(method, "http://here/fhir"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/fhir+json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.http.ServeHTTP(w, r)
	require.Equal(s.t, status, w.Code, "%s %s: %s", method, path, w.Body)
	answer, err := fhir.Parse(w.Body.Bytes())
	require.NoError(s.t, err, w.Body)
	return answer
}

// TestAuditEvents reads, and finds the reads again as AuditEvents, with pages,
// links, totals and summaries as of stored resources.
func TestAuditEvents(t *testing.T) {
	s := serveSandbox(t, slog.New(slog.DiscardHandler))
	for _, id := range []string{"a", "b"} {
		s.ask(201, "PUT", "/Patient/"+id, `{"resourceType":"Patient","id":"`+id+`","birthDate":"1980-01-01"}`)
		s.ask(201, "PUT", "/Task/"+id, `{"resourceType":"Task","id":"`+id+`","status":"draft","intent":"order","code":{"text":"x"},"for":{"reference":"Patient/`+id+`"}}`)
	}
	for range 3 {
		s.ask(200, "GET", "/Patient/a", "")
	}
	s.ask(200, "GET", "/Task?patient=a,b", "")
	count := func(query string) int {
		t.Helper()
		n := 0
		_, err := fmt.Sscan(s.ask(200, "GET", "/AuditEvent?_summary=count&"+query, "").Get("total").Text(), &n)
		require.NoError(t, err)
		return n
	}
	require.Equal(t, 4, count("patient=a"))
	require.Equal(t, 1, count("patient=Patient/b&entity=Task/b"))
	require.Equal(t, 3, count("patient=a&action=R"))
	require.Equal(t, 4, count("patient=a&agent:identifier=https://fhir.nhs.uk/Id/sds-user-id|555000000000"))
	require.Equal(t, 0, count("patient=a&date=lt2020"))
	require.Equal(t, 4, count("patient=a&date=ge2020"))

	page := s.ask(200, "GET", "/AuditEvent?patient=a&_count=3", "")
	require.Equal(t, "4", page.Get("total").Text())
	require.Equal(t, 3, page.Get("entry").Len())
	next := ""
	for l := range page.Get("link").Items() {
		if l.Get("relation").Text() == "next" {
			next = strings.TrimPrefix(l.Get("url").Text(), "http://here/fhir")
		}
	}
	s.ask(200, "GET", "/Patient/a", "")
	rest := s.ask(200, "GET", next, "")
	require.Equal(t, 1, rest.Get("entry").Len())
	require.Equal(t, "4", rest.Get("total").Text(), "of the state of the first page")
	require.Equal(t, 7, count("patient=a"), "who reads AuditEvents of a patient is shown the record too")

	event := page.Sub(page.Get("entry").Item(0).Get("resource"))
	require.Equal(t, event.JSON(), s.ask(200, "GET", "/AuditEvent/"+event.ID(), "").JSON())
	require.Equal(t, event.JSON(), s.ask(200, "GET", "/AuditEvent/"+event.ID()+"/_history/1", "").JSON())
	require.Equal(t, "1", s.ask(200, "GET", "/AuditEvent/"+event.ID()+"/_history", "").Get("total").Text())
	require.False(t, s.ask(200, "GET", "/AuditEvent/"+event.ID()+"?_elements=recorded", "").Get("entity").Exists())
	for _, issue := range s.app.validator.Validate(t.Context(), event, "https://fhir.hl7.org.uk/StructureDefinition/UKCore-AuditEvent") {
		require.False(t, issue.IsError(), issue.Text())
	}
	s.ask(404, "GET", "/AuditEvent/9999", "")
	s.ask(400, "GET", "/AuditEvent/_history", "")
	s.ask(400, "GET", "/Patient?_revinclude=AuditEvent:patient", "")
	s.ask(400, "GET", "/Patient?_has:AuditEvent:patient:action=R", "")
	xml := s.ask(200, "GET", "/AuditEvent?patient=b", "")
	require.Equal(t, 1, xml.Get("entry").Len())

	report := s.ask(200, "GET", "/Patient/a/$access-report", "")
	require.Equal(t, "11", report.Get("total").Text())
	require.Equal(t, "0", s.ask(200, "GET", "/Patient/a/$access-report?end=2020-01-01", "").Get("total").Text())
	require.Equal(t, "12", s.ask(200, "POST", "/Patient/a/$access-report", `{"resourceType":"Parameters","parameter":[{"name":"start","valueDate":"2020-01-01"}]}`).Get("total").Text())
	s.ask(400, "GET", "/Patient/a/$access-report?start=soon", "")
}

// TestNobodyWritesAuditEvents tries every door.
func TestNobodyWritesAuditEvents(t *testing.T) {
	s := serveSandbox(t, slog.New(slog.DiscardHandler))
	const event = `{"resourceType":"AuditEvent","id":"1","type":{"system":"http://terminology.hl7.org/CodeSystem/audit-event-type","code":"rest"},"recorded":"2026-01-01T00:00:00Z","agent":[{"requestor":true}],"source":{"observer":{"display":"x"}}}`
	s.ask(404, "GET", "/Patient/none", "") // event 1
	entry := func(kind, method, url string) string {
		return `{"resourceType":"Bundle","type":"` + kind + `","entry":[{"resource":` + event + `,"request":{"method":"` + method + `","url":"` + url + `"}}]}`
	}
	words := func(r *fhir.Resource) {
		t.Helper()
		require.Contains(t, string(r.JSON()), "nobody writes, changes or deletes one")
	}
	words(s.ask(405, "POST", "/AuditEvent", event))
	words(s.ask(405, "POST", "/AuditEvent", event, "If-None-Exist", "_id=1"))
	words(s.ask(405, "PUT", "/AuditEvent/1", event))
	words(s.ask(405, "PUT", "/AuditEvent?_id=1", event))
	words(s.ask(405, "DELETE", "/AuditEvent/1", ""))
	words(s.ask(405, "DELETE", "/AuditEvent?_id=1", ""))
	words(s.ask(405, "PATCH", "/AuditEvent/1", `[{"op":"remove","path":"/agent"}]`, "Content-Type", "application/json-patch+json"))
	for _, c := range [][2]string{{"POST", "AuditEvent"}, {"PUT", "AuditEvent/1"}, {"DELETE", "AuditEvent/1"}} {
		words(s.ask(405, "POST", "", entry("transaction", c[0], c[1])))
		answer := s.ask(200, "POST", "", entry("batch", c[0], c[1]))
		require.Equal(t, "405 Method Not Allowed", answer.Get("entry").Item(0).Path("response", "status").Text())
	}
	_, err := s.app.db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "AuditEvent", Resource: mustParse(t, event)}}})
	require.Equal(t, fhir.Forbidden, fhir.KindOf(err), "messages and followers")
	for r := range s.ask(200, "GET", "/metadata", "").Get("rest").Item(0).Get("resource").Items() {
		if r.Get("type").Text() == "AuditEvent" {
			require.NotContains(t, string(r.Get("interaction").Raw()), "create")
			require.False(t, r.Get("conditionalCreate").Bool())
		}
	}
}

func mustParse(t *testing.T, text string) *fhir.Resource {
	r, err := fhir.Parse([]byte(text))
	require.NoError(t, err)
	return r
}

// TestNoPatientInLogs plants names in everything that is sent, and wants none in
// the log, the figures and the words of failures.
func TestNoPatientInLogs(t *testing.T) {
	var log strings.Builder
	s := serveSandbox(t, slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	const canary = "Plantedcanary"
	patient := `{"resourceType":"Patient","id":"` + canary + `","name":[{"family":"` + canary + `"}],"address":[{"text":"` + canary + `"}]}`
	do := func(method, path, body string, header ...string) {
		r := httptest.NewRequest(method, "http://here"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/fhir+json")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		s.http.ServeHTTP(httptest.NewRecorder(), r)
	}
	for _, header := range [][]string{nil, {"X-Request-ID", canary}, {"Accept", "application/" + canary}, {"If-Match", canary}, {"NHSD-Session-URID", canary}} {
		do("PUT", "/fhir/Patient/"+canary, patient, header...)
		do("POST", "/fhir/Patient", strings.Replace(patient, "name", canary, 1), header...)
		do("POST", "/fhir/$process-message", `{"resourceType":"Bundle","type":"message","entry":[{"resource":`+patient+`}]}`, header...)
		for _, path := range []string{"/fhir/Patient/", "/fhir/Patient?family=", "/fhir/Patient?bad=", "/fhir/", "/", "/fhir/Patient/x/$", "/fhir/AuditEvent?patient=", "/fhir/Patient/x?_at="} {
			do("GET", path+canary, "", header...)
			do("DELETE", path+canary, "", header...)
		}
		do("POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+patient+`,"request":{"method":"POST","url":"Patient","ifNoneExist":"family=`+canary+`"}}]}`, header...)
	}
	require.NoError(t, s.app.audit.Close()) // what fails says nothing either
	do("GET", "/fhir/Patient/"+canary, "")
	do("GET", "/fhir/Patient?family="+canary, "")
	require.Contains(t, log.String(), "audit")
	w := httptest.NewRecorder()
	s.http.ServeHTTP(w, httptest.NewRequest("GET", "http://here/metrics", nil))
	require.Equal(t, 200, w.Code)
	for _, text := range []string{log.String(), w.Body.String()} {
		require.NotContains(t, strings.ToLower(text), strings.ToLower(canary))
	}
}

// TestAuditIsBackedUp backs a log up in two parts, restores it under a key, and
// damages it for accept.
func TestAuditIsBackedUp(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	pestle := func(code int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		require.Equal(t, code, run(args, streams{in: strings.NewReader(""), out: &out, err: &out}), "%v: %s", args, &out)
		return out.String()
	}
	read := func(id string) {
		app, err := openApp(appConfig{Data: at("db")}, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		_, err = app.db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Basic", Resource: mustParse(t, `{"resourceType":"Basic","code":{"text":"x"}}`)}}})
		require.NoError(t, err)
		require.NoError(t, app.audit.Record(t.Context(), &fhir.Access{Time: time.Now(), Interaction: "read", Status: 200, RequestID: id}))
		require.NoError(t, app.close())
	}
	read("first")
	pestle(0, "backup", "create", "--data", at("db"), "--to", at("one"))
	read("second")
	pestle(0, "backup", "create", "--data", at("db"), "--to", at("two"), "--after", at("one"))
	require.NoError(t, os.WriteFile(at("key"), []byte(strings.Repeat("ab", 32)), 0o600))
	require.NoError(t, os.WriteFile(at("new"), []byte(strings.Repeat("cd", 32)), 0o600))
	pestle(0, "restore", at("one"), at("two"), "--data", at("restored"), "--encryption-key-file", at("key"))
	pestle(0, "key", "rotate", "--data", at("restored"), "--encryption-key-file", at("key"), "--new-key-file", at("new"))
	pestle(1, "audit", "export", "--data", at("restored"), "--encryption-key-file", at("key"))
	events := pestle(0, "audit", "export", "--data", at("restored"), "--encryption-key-file", at("new"), "--format", "compact")
	for _, want := range []string{`"RequestID":"first"`, `"RequestID":"second"`, `"Target":"backup `, `"Target":"restore `, `"Target":"audit export`} {
		require.Equal(t, 1+2*strings.Count(want, "backup"), strings.Count(events, want), "%s in %s", want, events)
	}
	require.NotContains(t, string(contents(t, at("restored/audit"))), "first")
	pestle(0, "check", "--data", at("restored"), "--encryption-key-file", at("new"))

	segment := at("db/audit/00000000000000000001.audit")
	text, err := os.ReadFile(segment)
	require.NoError(t, err)
	text[80] ^= 1
	require.NoError(t, os.WriteFile(segment, text, 0o600))
	require.Contains(t, pestle(1, "check", "--data", at("db")), "audit log is damaged")
	require.Contains(t, pestle(1, "audit", "export", "--data", at("db")), "audit log is damaged")
	require.Contains(t, pestle(0, "accept", "--data", at("db")), "audit.damaged")
	require.Contains(t, pestle(0, "audit", "export", "--data", at("db"), "--format", "compact"), `"Target":"accept"`)
}

func contents(t *testing.T, dir string) (all []byte) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		all = append(all, text...)
	}
	return all
}
