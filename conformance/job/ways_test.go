package job

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestOracleWaysIn sends each accepted order as a message, as a transaction
// Bundle and as single resources: the Task, the Claim and the money must be the
// same.
func TestOracleWaysIn(t *testing.T) {
	ways := []func(*site, example) error{
		func(s *site, e example) error {
			_, err := s.ok(http.StatusOK, http.MethodPost, "/$process-message", e.data)
			return err
		},
		(*site).transaction,
		(*site).singly,
	}
	passed, total := 0, 0
	var misses []string
	for _, e := range examples(t) {
		if !e.request() || !e.accepted() || e.event() != "prescription-order" {
			continue
		}
		total++
		var first string
		same := true
		for i, send := range ways {
			if i > 0 && unsigned(e) {
				continue // without its message a controlled drug of it is held for want of a signature
			}
			got, err := start(t, t.TempDir()).outcome(e, send)
			if err != nil {
				t.Errorf("%s, way %d: %v", e.path, i, err)
				same = false
			}
			if i == 0 {
				first = got
			} else if err == nil && got != first {
				t.Errorf("%s, way %d differs:\n%s", e.path, i, firstDifference(first, got))
				same = false
			}
		}
		if same {
			passed++
		} else {
			misses = append(misses, e.path)
		}
	}
	oracle.Report(t, "job-ways-in", passed, total, misses)
}

// unsigned reports whether the Provenance of an order signs none of its items: its
// targets are entries that are not there.
func unsigned(e example) bool {
	b, err := fhir.Parse(e.data)
	if err != nil {
		return false
	}
	items := map[string]bool{}
	for entry := range b.Get("entry").Items() {
		if entry.Path("resource", "resourceType").Text() == "MedicationRequest" {
			items[entry.Get("fullUrl").Text()] = true
		}
	}
	for entry := range b.Get("entry").Items() {
		for target := range entry.Path("resource", "target").Items() {
			if items[target.Get("reference").Text()] {
				return false
			}
		}
	}
	return true
}

// outcome is what comes of an order: its Task when it is new, its Claim and the
// answer to that when it is dispensed, without ids and times.
func (s *site) outcome(e example, send func(*site, example) error) (string, error) {
	defer s.stop()
	if err := send(s, e); err != nil {
		return "", err
	}
	if _, err := s.task(e.order()); err != nil {
		return "", err
	}
	if err := s.settle(); err != nil {
		return "", err
	}
	tasks, err := s.find(1, "/Task", "focus:identifier", shortForm+"|"+e.order())
	if err != nil {
		return "", err
	}
	if len(tasks) != 1 {
		return "", fmt.Errorf("%d Tasks", len(tasks))
	}
	task := "/Task/" + tasks[0].text("id")
	out := plain(tasks[0])
	if _, err := s.ok(http.StatusOK, http.MethodPost, task+"/$accept", nil); err != nil {
		return "", err
	}
	if err := s.decide(e, task); err != nil {
		return "", err
	}
	if _, err := s.ok(http.StatusOK, http.MethodPost, task+"/$dispense", everything); err != nil {
		return "", err
	}
	for _, typ := range []string{"/Claim", "/ClaimResponse"} {
		found, err := s.find(1, typ)
		if err != nil {
			return "", err
		}
		out += "\n" + plain(found[0])
	}
	return out, nil
}

// settle waits until nothing has been written for a while.
func (s *site) settle() error {
	for last := ""; ; time.Sleep(150 * time.Millisecond) {
		a, err := s.ok(http.StatusOK, http.MethodGet, "/_history?_count=1", nil)
		if err != nil {
			return err
		}
		if total := fmt.Sprint(a.body["total"]); total == last {
			return nil
		} else {
			last = total
		}
	}
}

var (
	guid    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	instant = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.0-9]*(Z|[+-]\d\d:\d\d)`)
)

// plain is a resource without what differs from run to run.
func plain(o object) string {
	delete(o, "id")
	delete(o, "meta")
	text, _ := json.Marshal(o)
	out := instant.ReplaceAllString(guid.ReplaceAllString(string(text), "ID"), "TIME")
	return strings.ReplaceAll(out, `,"reference":"Bundle/ID"`, "") // only a message leaves a message behind
}

// firstDifference shows where two texts part.
func firstDifference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	from := max(0, i-120)
	return a[from:min(len(a), i+160)] + "\n" + b[from:min(len(b), i+160)]
}

// transaction sends the parts of a message as a transaction Bundle.
func (s *site) transaction(e example) error {
	var entries []any
	for _, entry := range e.body.list("entry") {
		r := entry.get("resource")
		typ := r.text("resourceType")
		if typ == "MessageHeader" {
			continue
		}
		entries = append(entries, object{"fullUrl": entry.text("fullUrl"), "resource": r, "request": object{"method": "POST", "url": typ}})
	}
	_, err := s.ok(http.StatusOK, http.MethodPost, "", object{"resourceType": "Bundle", "type": "transaction", "entry": entries})
	return err
}

// singly creates the parts of a message one by one: those that others refer to
// first, each reference replaced by the resource that was made.
func (s *site) singly(e example) error {
	made := map[string]string{}
	for _, typ := range []string{"Organization", "Location", "HealthcareService", "Practitioner", "PractitionerRole", "Patient", "List", "CommunicationRequest", "MedicationRequest", "Provenance"} {
		for _, entry := range e.body.list("entry") {
			r := entry.get("resource")
			if r.text("resourceType") != typ {
				continue
			}
			text, err := json.Marshal(r)
			if err != nil {
				return err
			}
			for from, to := range made {
				text = []byte(strings.ReplaceAll(string(text), `"`+from+`"`, `"`+to+`"`))
			}
			a, err := s.ok(http.StatusCreated, http.MethodPost, "/"+typ, text)
			if err != nil {
				return err
			}
			made[entry.text("fullUrl")] = typ + "/" + a.body.text("id")
		}
	}
	return nil
}

// TestAuditor answers who changed what and when from _history alone.
func TestAuditor(t *testing.T) {
	s := start(t, t.TempDir())
	a, err := s.ok(http.StatusCreated, http.MethodPost, "/Patient", []byte(`{"resourceType":"Patient","gender":"female"}`),
		"X-Request-ID", "11111111-1111-4111-8111-111111111111", "NHSD-Session-URID", "555000000777")
	require.NoError(t, err)
	id := a.body.text("id")
	_, err = s.ok(http.StatusOK, http.MethodPut, "/Patient/"+id, []byte(`{"resourceType":"Patient","id":"`+id+`","gender":"male"}`),
		"X-Request-ID", "22222222-2222-4222-8222-222222222222")
	require.NoError(t, err)
	a, err = s.ok(http.StatusOK, http.MethodGet, "/Patient/"+id+"/_history", nil)
	require.NoError(t, err)
	entries := a.body.list("entry")
	require.Len(t, entries, 2)
	for i, want := range []string{"22222222-2222-4222-8222-222222222222", "11111111-1111-4111-8111-111111111111"} {
		text, err := json.Marshal(entries[i])
		require.NoError(t, err)
		require.Contains(t, string(text), want)
		require.NotEmpty(t, entries[i].text("response", "lastModified"))
	}
	text, err := json.Marshal(entries[1])
	require.NoError(t, err)
	require.Contains(t, string(text), "555000000777")
}
