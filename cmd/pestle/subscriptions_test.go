package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/server/subscription"
)

// told is one call that a receiver got.
type told struct {
	method, path string
	header       http.Header
	body         []byte
}

// kind is the type of a notification, "" for a call that is none.
func (c told) kind() string { return c.parameter("type").Get("valueCode").Text() }

func (c told) parameter(name string) fhir.Node {
	r, err := fhir.Parse(c.body)
	if err != nil {
		return fhir.Node{}
	}
	for e := range r.Get("entry").Items() {
		for p := range e.Path("resource", "parameter").Items() {
			if p.Get("name").Text() == name {
				return p
			}
		}
	}
	return fhir.Node{}
}

// numbers are those of the events of a notification.
func (c told) numbers() (list []string) {
	r, err := fhir.Parse(c.body)
	if err != nil {
		return nil
	}
	for e := range r.Get("entry").Items() {
		for p := range e.Path("resource", "parameter").Items() {
			for part := range p.Get("part").Items() {
				if part.Get("name").Text() == "event-number" {
					list = append(list, part.Get("valueString").Text())
				}
			}
		}
	}
	return list
}

// receiver is an endpoint of subscriptions.
type receiver struct {
	t      *testing.T
	http   *httptest.Server
	mu     sync.Mutex
	calls  []told
	answer func(w http.ResponseWriter, r *http.Request) // nil for 200
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t}
	r.http = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.http.Close)
	return r
}

func (r *receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.calls = append(r.calls, told{req.Method, req.URL.Path, req.Header, body})
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w, req)
	}
}

func (r *receiver) answers(f func(w http.ResponseWriter, r *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// got waits for so many calls, and returns all.
func (r *receiver) got(n int) []told {
	r.t.Helper()
	require.Eventually(r.t, func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.calls) >= n }, 10*time.Second, 2*time.Millisecond, "fewer than %d calls", n)
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]told(nil), r.calls...)
}

// caller makes requests as a person of a sandbox.
type caller struct {
	t      *testing.T
	base   string
	person string
	token  string // "" for none
}

func as(t *testing.T, base, person string) caller { return caller{t: t, base: base, person: person} }

func (c caller) do(method, path, body string, want int) *fhir.Resource {
	c.t.Helper()
	r, err := http.NewRequest(method, c.base+"/fhir"+path, strings.NewReader(body))
	require.NoError(c.t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	if c.person != "" {
		r.Header.Set(personHeader, c.person)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(c.t, err)
	require.Equal(c.t, want, answer.StatusCode, "%s %s: %s", method, path, text)
	if len(text) == 0 {
		return nil
	}
	resource, err := fhir.Parse(text)
	require.NoError(c.t, err)
	return resource
}

// becomes waits until a Subscription has a status.
func (c caller) becomes(id, status string) *fhir.Resource {
	c.t.Helper()
	var r *fhir.Resource
	require.Eventually(c.t, func() bool {
		r = c.do("GET", "/Subscription/"+id, "", 200)
		return r.Get("status").Text() == status
	}, 10*time.Second, 5*time.Millisecond, "%s is not %s", id, status)
	return r
}

// plainSubscription is one of plain R4.
func plainSubscription(criteria, endpoint, payload string) string {
	channel := fhir.Obj("type", "rest-hook", "endpoint", endpoint, "payload", payload, "header", []string{"X-Mine: yes"})
	return string(fhir.Obj("resourceType", "Subscription", "status", "requested", "reason", "test", "criteria", criteria, "channel", channel).JSON())
}

// topicSubscription is one of a topic. more are further members of the channel.
func topicSubscription(topic, endpoint, content string, more ...any) string {
	const guide = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	channel := append([]any{"type", "rest-hook", "endpoint", endpoint, "payload", "application/fhir+json",
		"_payload", fhir.Obj("extension", fhir.List(fhir.Obj("url", guide+"backport-payload-content", "valueCode", content)))}, more...)
	return string(fhir.Obj("resourceType", "Subscription", "status", "requested", "reason", "test",
		"criteria", "https://pestle-fhir.github.io/SubscriptionTopic/"+topic, "channel", fhir.Obj(channel...)).JSON())
}

func patientNamed(name string) string {
	return fmt.Sprintf(`{"resourceType":"Patient","name":[{"family":%q}]}`, name)
}

func TestSubscriptionsOfPlainR4(t *testing.T) {
	s := startIssuing(t, filepath.Join(t.TempDir(), "data"), true)
	defer s.stop()
	in := newReceiver(t)
	c := as(t, s.base, "pharmacist")
	full := c.do("POST", "/Subscription", plainSubscription("Patient?family=ada", in.http.URL+"/full", "application/fhir+json"), 201).Get("id").Text()
	bare := c.do("POST", "/Subscription", plainSubscription("Patient?family=ada", in.http.URL+"/bare", ""), 201).Get("id").Text()
	inXML := c.do("POST", "/Subscription", plainSubscription("Patient?family=ada", in.http.URL+"/xml", "application/fhir+xml; fhirVersion=4.0"), 201).Get("id").Text()
	c.becomes(full, "active")
	c.becomes(bare, "active")
	c.becomes(inXML, "active")
	id := c.do("POST", "/Patient", patientNamed("Ada"), 201).Get("id").Text()
	c.do("POST", "/Patient", patientNamed("Bob"), 201)
	calls := in.got(3)
	for _, call := range calls {
		require.Equal(t, "yes", call.header.Get("X-Mine"))
		require.NotEmpty(t, call.header.Get(webhook.HeaderSignature))
		if call.path == "/bare" {
			require.Equal(t, "POST", call.method)
			require.Empty(t, call.body)
			continue
		}
		require.Equal(t, "PUT", call.method)
		if call.path == "/xml/Patient/"+id {
			require.Equal(t, "application/fhir+xml; fhirVersion=4.0", call.header.Get("Content-Type"))
			require.Contains(t, string(call.body), `<Patient xmlns="http://hl7.org/fhir">`)
			require.Contains(t, string(call.body), `<family value="Ada"/>`)
			continue
		}
		require.Equal(t, "/full/Patient/"+id, call.path)
		require.Contains(t, string(call.body), "Ada")
	}
}

func TestSubscriptionsOfTopics(t *testing.T) {
	s := startIssuing(t, filepath.Join(t.TempDir(), "data"), true)
	defer s.stop()
	in := newReceiver(t)
	c := as(t, s.base, "pharmacist")
	id := c.do("POST", "/Subscription", topicSubscription("prescription-received", in.http.URL, "full-resource"), 201).Get("id").Text()
	handshake := in.got(1)[0]
	require.Equal(t, "handshake", handshake.kind())
	require.Equal(t, "application/fhir+json", handshake.header.Get("Content-Type"))
	c.becomes(id, "active")
	secrets := c.do("POST", "/Subscription/"+id+"/$webhook-secret", "", 200)
	secret, err := webhook.ParseSecret(secrets.Get("parameter").Get("valueString").Text())
	require.NoError(t, err)

	order(c)
	event := in.got(2)[1]
	require.Equal(t, "event-notification", event.kind())
	require.Equal(t, []string{"1"}, event.numbers())
	require.Contains(t, string(event.body), `"resourceType":"Task"`)
	webhookID, err := webhook.Verify(event.header, event.body, time.Now(), secret)
	require.NoError(t, err)
	require.Regexp(t, "^"+id+"-1-1-[0-9a-f]{12}$", webhookID)

	status := c.do("GET", "/Subscription/"+id+"/$status", "", 200)
	require.Contains(t, string(status.JSON()), `"events-since-subscription-start","valueString":"1"`)
	events := c.do("GET", "/Subscription/"+id+"/$events?eventsSinceNumber=1&content=id-only", "", 200)
	require.Contains(t, string(events.JSON()), `"query-event"`)
	require.NotContains(t, string(events.JSON()), `"resourceType":"Task"`)
}

// order sends the clinic's demo prescription.
func order(c caller) {
	c.t.Helper()
	message := c.do("GET", "/$"+freshOrder, "", 200)
	c.person = "clinic"
	c.do("POST", "/$process-message", string(message.JSON()), 200)
}

// TestSubscriptionsThatCannotBeServed is what is refused, with every reason at once.
func TestSubscriptionsThatCannotBeServed(t *testing.T) {
	s := startIssuing(t, filepath.Join(t.TempDir(), "data"), true)
	defer s.stop()
	c := as(t, s.base, "pharmacist")
	places := func(body string) (list []string) {
		for issue := range c.do("POST", "/Subscription", body, 422).Get("issue").Items() {
			list = append(list, issue.Get("expression").Item(0).Text())
		}
		return list
	}
	const at = "https://hooks.example.org/in"
	for _, row := range []struct {
		body   string
		places []string
	}{
		{plainSubscription("Frog?x=1", at, ""), []string{"Subscription.criteria"}},
		{plainSubscription("Patient?frog=1&toad=2", at, ""), []string{"Subscription.criteria", "Subscription.criteria"}},
		{plainSubscription("Patient?_count=1", at, ""), []string{"Subscription.criteria"}},
		{plainSubscription("AuditEvent?date=gt2020", at, ""), []string{"Subscription.criteria"}},
		{plainSubscription("Subscription?status=error", at, ""), []string{"Subscription.criteria"}},
		{plainSubscription("https://example.org/topic", at, ""), []string{"Subscription.criteria", "Subscription.channel"}},
		{plainSubscription("Patient?family=a", "http://hooks.example.org/in", ""), []string{"Subscription.channel.endpoint"}},
		{plainSubscription("Patient?family=a", "https://169.254.169.254/latest", ""), []string{"Subscription.channel.endpoint"}},
		{plainSubscription("Patient?family=a", "https://user:pw@hooks.example.org/in", ""), []string{"Subscription.channel.endpoint"}},
		{plainSubscription("Patient?family=a", s.base+"/fhir", ""), []string{"Subscription.channel.endpoint"}},
		{plainSubscription("Patient?family=a", at, "text/csv"), []string{"Subscription.channel.payload"}},
		{plainSubscription("Patient?frog=1", "ftp://x", "text/csv"), []string{"Subscription.criteria", "Subscription.channel.endpoint", "Subscription.channel.payload"}},
		{strings.Replace(plainSubscription("Patient?family=a", at, ""), "X-Mine: yes", "Content-Length: 5", 1), []string{"Subscription.channel.header[0]"}},
		{strings.Replace(plainSubscription("Patient?family=a", at, ""), "rest-hook", "sms", 1), []string{"Subscription.channel.type", "Subscription.channel.header[0]"}},
		{strings.Replace(plainSubscription("Patient?family=a", at, ""), "rest-hook", "email", 1), []string{"Subscription.channel.type", "Subscription.channel.header[0]"}},
		{strings.Replace(plainSubscription("Patient?family=a", at, ""), `"requested"`, `"active"`, 1), []string{"Subscription.status"}},
		{strings.Replace(plainSubscription("Patient?family=a", at, ""), `"reason"`, `"end":"2020-01-01T00:00:00Z","reason"`, 1), []string{"Subscription.end"}},
		{topicSubscription("prescription-lost", at, "empty"), []string{"Subscription.criteria"}},
		{topicSubscription("claims-paid", at, "everything"), []string{"Subscription.channel.payload"}},
		{strings.Replace(topicSubscription("claims-paid", at, "empty"), "fhir+json", "fhir+json; fhirVersion=4.3", 1), []string{"Subscription.channel.payload"}},
		{topicSubscription("claims-paid", at, "empty", "extension", fhir.List(fhir.Obj("url", "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-heartbeat-period", "valueUnsignedInt", 1))), []string{"Subscription.channel.extension[0]"}},
	} {
		require.Equal(t, row.places, places(row.body), row.body)
	}
	transaction := `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + plainSubscription("Frog?x=1", at, "") + `,"request":{"method":"POST","url":"Subscription"}}]}`
	c.do("POST", "", transaction, 422)
	c.do("PUT", "/Subscription/mine", strings.Replace(plainSubscription("Frog?x=1", at, ""), `"status"`, `"id":"mine","status"`, 1), 422)
	require.Equal(t, "0", c.do("GET", "/Subscription?_summary=count", "", 200).Get("total").Text())

	support := as(t, s.base, "support") // who may not read claims
	support.do("POST", "/Subscription", topicSubscription("prescription-claimed", at, "id-only"), 403)
	clinic := as(t, s.base, "clinic")
	clinic.do("POST", "/Subscription", plainSubscription("PaymentReconciliation?created=gt2020", at, ""), 403)
}

// TestSubscriptionsSeeWhatTheirOwnersSee has two clinics and a pharmacy subscribe to the
// same: each is told of its own.
func TestSubscriptionsSeeWhatTheirOwnersSee(t *testing.T) {
	s := startIssuing(t, filepath.Join(t.TempDir(), "data"), true)
	defer s.stop()
	in := newReceiver(t)
	for _, person := range []string{"clinic", "clinic-2", "pharmacist"} {
		c := as(t, s.base, person)
		id := c.do("POST", "/Subscription", topicSubscription("prescription-received", in.http.URL+"/"+person, "full-resource"), 201).Get("id").Text()
		c.becomes(id, "active")
	}
	order(caller{t: t, base: s.base})
	order(caller{t: t, base: s.base})
	in.got(3 + 4)
	time.Sleep(100 * time.Millisecond) // nothing more comes
	paths := map[string][]string{}
	for _, call := range in.got(0) {
		paths[call.path] = append(paths[call.path], call.numbers()...)
	}
	require.Equal(t, map[string][]string{"/clinic": {"1", "2"}, "/pharmacist": {"1", "2"}, "/clinic-2": nil}, paths)
	other := as(t, s.base, "clinic-2")
	mine := as(t, s.base, "clinic").do("GET", "/Subscription/$status", "", 200).Get("entry").Len()
	require.Equal(t, 1, mine, "each sees its own")
	require.Equal(t, 1, other.do("GET", "/Subscription/$status", "", 200).Get("entry").Len())
}

// TestReceiversThatFail is what becomes of receivers that fail, hang, redirect, and are
// gone; others are told meanwhile.
func TestReceiversThatFail(t *testing.T) {
	s := startIssuing(t, filepath.Join(t.TempDir(), "data"), true)
	defer s.stop()
	c := as(t, s.base, "pharmacist")
	add := func(in *receiver) string {
		id := c.do("POST", "/Subscription", topicSubscription("item-handed-over", in.http.URL, "id-only"), 201).Get("id").Text()
		return id
	}
	refuses, gone, away, hangs, fine := newReceiver(t), newReceiver(t), newReceiver(t), newReceiver(t), newReceiver(t)
	refuses.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	gone.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	away.answers(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
	})
	for in, why := range map[*receiver]string{refuses: "500", gone: "410", away: "redirect"} {
		id := add(in)
		require.Contains(t, c.becomes(id, "error").Get("error").Text(), why)
		require.Len(t, in.got(1), 1, "a handshake is tried once")
		require.Contains(t, string(c.do("GET", "/Subscription/"+id+"/$status", "", 200).JSON()), why)
	}

	release := make(chan struct{})
	hangs.answers(func(http.ResponseWriter, *http.Request) { <-release })
	stuck := add(hangs)
	hangs.got(1)
	// One that is slow keeps nobody else waiting.
	id := add(fine)
	c.becomes(id, "active")
	close(release)
	hangs.answers(nil)
	c.becomes(stuck, "active")

	// Whoever is in error is tried again when it is requested.
	refuses.answers(nil)
	found := c.do("GET", "/Subscription?url="+refuses.http.URL, "", 200).Get("entry").Item(0).Path("resource", "id").Text()
	again := fhir.Revise(c.do("GET", "/Subscription/"+found, "", 200), "status", "requested", "error", "")
	c.do("PUT", "/Subscription/"+again.Get("id").Text(), string(again.JSON()), 200)
	c.becomes(again.Get("id").Text(), "active")
	require.Len(t, refuses.got(2), 2)
}

// TestDeliveriesThatFail retries until the receiver takes them, in order, under the
// numbers that they had.
func TestDeliveriesThatFail(t *testing.T) {
	s := startIssuing(t, filepath.Join(t.TempDir(), "data"), true)
	defer s.stop()
	c := as(t, s.base, "pharmacist")
	beats := newReceiver(t) // with heartbeats, which are waited for at the same time
	c.do("POST", "/Subscription", topicSubscription("prescription-received", beats.http.URL, "empty", "extension",
		fhir.List(fhir.Obj("url", "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-heartbeat-period", "valueUnsignedInt", 5))), 201)
	in := newReceiver(t)
	id := c.do("POST", "/Subscription", plainSubscription("Patient?family=ada", in.http.URL, "application/fhir+json"), 201).Get("id").Text()
	c.becomes(id, "active")
	in.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	var ids []string
	for range 3 {
		ids = append(ids, c.do("POST", "/Patient", patientNamed("Ada"), 201).Get("id").Text())
	}
	require.Equal(t, "/Patient/"+ids[0], in.got(1)[0].path)
	require.Eventually(t, func() bool {
		return strings.Contains(string(c.do("GET", "/Subscription/"+id+"/$status", "", 200).JSON()), "it answered 503")
	}, 5*time.Second, 5*time.Millisecond)
	in.answers(nil)
	calls := in.got(4) // after five seconds
	var paths, keys []string
	for _, call := range calls {
		paths, keys = append(paths, strings.TrimPrefix(call.path, "/Patient/")), append(keys, call.header.Get(webhook.HeaderID))
	}
	require.Equal(t, []string{ids[0], ids[0], ids[1], ids[2]}, paths)
	for i, number := range []string{"1", "1", "2", "3"} {
		require.Regexp(t, "^"+id+"-"+number+"-"+number+"-[0-9a-f]{12}$", keys[i])
	}
	require.Equal(t, keys[0], keys[1], "an attempt that is repeated has the id of the first")

	c.do("POST", "/Subscription/"+id+"/$resend", `{"resourceType":"Parameters","parameter":[{"name":"eventsSinceNumber","valueString":"2"},{"name":"eventsUntilNumber","valueString":"3"}]}`, 200)
	calls = in.got(6)
	beat := beats.got(2)[1]
	require.Equal(t, "heartbeat", beat.kind())
	require.Equal(t, "0", beat.parameter("events-since-subscription-start").Get("valueString").Text())
	require.Equal(t, "active", beat.parameter("status").Get("valueCode").Text())
	require.Equal(t, keys[2:], []string{calls[4].header.Get(webhook.HeaderID), calls[5].header.Get(webhook.HeaderID)})
}

// TestSubscriptionsOutliveARestart stops a server while a receiver does not answer, and
// starts it again: what happened before, meanwhile and after is told, in order. So does a server of a
// backup of it, under the same secret.
func TestSubscriptionsOutliveARestart(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	in := newReceiver(t)
	s := startIssuing(t, data, true)
	c := as(t, s.base, "pharmacist")
	id := c.do("POST", "/Subscription", plainSubscription("Patient?family=ada", in.http.URL, "application/fhir+json"), 201).Get("id").Text()
	c.becomes(id, "active")
	var ids []string
	add := func() { ids = append(ids, c.do("POST", "/Patient", patientNamed("Ada"), 201).Get("id").Text()) }
	add()
	in.got(1)
	in.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	add()
	in.got(2)
	add()
	s.stop()
	in.answers(nil)
	s = startIssuing(t, data, true)
	c.base = s.base
	add()
	calls := in.got(5)
	secret := c.do("POST", "/Subscription/"+id+"/$webhook-secret", "", 200).Get("parameter").Get("valueString").Text()
	s.stop()
	file, restored := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "restored")
	for _, command := range []string{"backup create --data " + data + " --to " + file, "restore --data " + restored + " " + file} {
		var out bytes.Buffer
		require.Zero(t, run(strings.Fields(command), streams{in: strings.NewReader(""), out: &out, err: &out}), out.String())
	}
	// What happens after the backup is lost with the restore, and its number is given again.
	s = startIssuing(t, data, true)
	c.base = s.base
	add()
	lost := in.got(6)[5].header.Get(webhook.HeaderID)
	s.stop()
	s = startIssuing(t, restored, true)
	defer s.stop()
	c.base = s.base
	require.Equal(t, secret, c.do("POST", "/Subscription/"+id+"/$webhook-secret", "", 200).Get("parameter").Get("valueString").Text())
	add()
	last := in.got(7)[6]
	require.Equal(t, "/Patient/"+ids[5], last.path)
	require.Regexp(t, "^"+id+"-5-5-", lost)
	require.Regexp(t, "^"+id+"-5-5-", last.header.Get(webhook.HeaderID))
	require.NotEqual(t, lost, last.header.Get(webhook.HeaderID), "another event is not taken for one that was had before")
	var paths []string
	for _, call := range calls {
		paths = append(paths, strings.TrimPrefix(call.path, "/Patient/"))
	}
	require.Equal(t, []string{ids[0], ids[1], ids[1], ids[2], ids[3]}, paths)
	require.Regexp(t, "^"+id+"-4-4-", calls[4].header.Get(webhook.HeaderID))
}

// TestSubscriptionsEnd is what is not told any more: after the end that was set, after off,
// and after a deletion.
func TestSubscriptionsEnd(t *testing.T) {
	s := startIssuing(t, filepath.Join(t.TempDir(), "data"), true)
	defer s.stop()
	in := newReceiver(t)
	c := as(t, s.base, "pharmacist")
	ends := time.Now().Add(400 * time.Millisecond).UTC().Format(fhir.InstantLayout)
	soon := c.do("POST", "/Subscription", strings.Replace(plainSubscription("Patient?family=ada", in.http.URL, ""), `"reason"`, `"end":"`+ends+`","reason"`, 1), 201).Get("id").Text()
	turned := c.do("POST", "/Subscription", plainSubscription("Patient?family=ada", in.http.URL, ""), 201).Get("id").Text()
	deleted := c.do("POST", "/Subscription", plainSubscription("Patient?family=ada", in.http.URL, ""), 201).Get("id").Text()
	c.becomes(soon, "off")
	r := c.becomes(turned, "active")
	c.do("PUT", "/Subscription/"+turned, string(fhir.Revise(r, "status", "off").JSON()), 200)
	c.do("DELETE", "/Subscription/"+deleted, "", 200)
	last := c.do("POST", "/Subscription", plainSubscription("Patient?family=ada", in.http.URL+"/last", ""), 201).Get("id").Text()
	c.becomes(last, "active")
	c.do("POST", "/Patient", patientNamed("Ada"), 201)
	require.Equal(t, "/last", in.got(1)[0].path)
	time.Sleep(50 * time.Millisecond)
	require.Len(t, in.got(0), 1)
}

// TestWebsockets binds by a token and by an access token, and is told of events.
func TestWebsockets(t *testing.T) {
	s := startIssuing(t, filepath.Join(t.TempDir(), "data"), true)
	defer s.stop()
	c := as(t, s.base, "pharmacist")
	body := strings.Replace(strings.Replace(topicSubscription("prescription-received", "", "full-resource"), "rest-hook", "websocket", 1), `"endpoint":"",`, "", 1)
	id := c.do("POST", "/Subscription", body, 201).Get("id").Text()
	plain := c.do("POST", "/Subscription", `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"Patient?family=ada","channel":{"type":"websocket"}}`, 201).Get("id").Text()
	c.becomes(id, "active")
	c.becomes(plain, "active")
	token := c.do("GET", "/Subscription/"+id+"/$get-ws-binding-token", "", 200)
	address := ""
	for p := range token.Get("parameter").Items() {
		if p.Get("name").Text() == "websocket-url" {
			address = p.Get("valueUrl").Text()
		}
	}
	require.Equal(t, "ws"+strings.TrimPrefix(s.base, "http")+"/subscriptions/websocket", address)
	as(t, s.base, "clinic").do("GET", "/Subscription/"+id+"/$get-ws-binding-token", "", 404)
	metadata := c.do("GET", "/metadata", "", 200)
	require.Contains(t, string(metadata.JSON()), address)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	dial := func(person string) *websocket.Conn {
		conn, answer, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPHeader: http.Header{personHeader: {person}, "Authorization": {"Bearer x"}}})
		require.NoError(t, err)
		if answer.Body != nil {
			_ = answer.Body.Close()
		}
		conn.SetReadLimit(1 << 20)
		return conn
	}
	read := func(conn *websocket.Conn) told {
		_, text, err := conn.Read(ctx)
		require.NoError(t, err)
		return told{body: text}
	}
	say := func(conn *websocket.Conn, text string) {
		require.NoError(t, conn.Write(ctx, websocket.MessageText, []byte(text)))
	}
	one := dial("pharmacist")
	say(one, "bind-with-token "+token.Get("parameter").Item(0).Get("valueString").Text())
	require.Equal(t, "handshake", read(one).kind())
	say(one, "bind "+plain)
	require.Equal(t, "bound "+plain, string(read(one).body))
	order(c)
	event := read(one)
	require.Equal(t, []string{"1"}, event.numbers())
	require.Contains(t, string(event.body), `"resourceType":"Task"`)
	c.do("POST", "/Patient", patientNamed("Ada"), 201)
	require.Equal(t, "ping "+plain, string(read(one).body))
	require.NoError(t, one.Close(websocket.StatusNormalClosure, ""))

	for _, text := range []string{"bind " + plain, "bind-with-token x", "hello"} {
		other := dial("clinic")
		say(other, text)
		_, _, err := other.Read(ctx)
		require.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err), text)
	}
}

// TestSubscriptionsAreForWhoMay disables the client that subscribed: it is told of nothing
// more, and its Subscription says why.
func TestSubscriptionsAreForWhoMay(t *testing.T) {
	dir := t.TempDir()
	data, key := filepath.Join(dir, "data"), filepath.Join(dir, "key.json")
	authority := newAuthority(t)
	in := newReceiver(t)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(in.serve))
	trusted, stranger := authority.pair(t, "hooks"), newAuthority(t).pair(t, "hooks")
	var shown atomic.Pointer[tls.Certificate]
	shown.Store(&trusted)
	secure.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*shown.Load()}}, nil
	}}
	secure.Config.SetKeepAlivesEnabled(false) // each call meets the certificate of the day
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	base := "http://" + listener.Addr().String()
	command := &serveCommand{IssueTokens: true, Addr: listener.Addr().String(), PublicURL: base, Site: "FA565", Data: data, DrainSeconds: 5, VerifyShare: 10}
	ca := filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.cert.Raw}), 0o600))
	command.Subscribed = subscriptionOptions{CAFile: ca, loopback: true}
	s := startServing(t, listener, command)
	defer s.stop()
	keys := filepath.Join(dir, "keys.json")
	require.NoError(t, os.WriteFile(keys, []byte(s.must("client", "key", "--out", key)), 0o600))
	s.must("client", "add", "clinic", "--data", data, "--name", "Clinic", "--organisation", "A83008", "--keys", keys, "--scope", "system/Patient.cruds system/Subscription.cruds")
	token := s.must("token", "--client", "clinic", "--key", key, "--scope", "system/Patient.cruds system/Subscription.cruds", "--server", s.base)
	c := caller{t: t, base: s.base, token: token}
	c.do("POST", "/Subscription", plainSubscription("Task?status=ready", secure.URL, ""), 403)
	c.do("POST", "/Subscription", plainSubscription("Patient?family=ada", secure.URL, "application/fhir+json"), 422) // no host may be told what resources hold
	id := c.do("POST", "/Subscription", plainSubscription("Patient?family=ada", secure.URL, ""), 201).Get("id").Text()
	c.becomes(id, "active")
	c.do("POST", "/Patient", patientNamed("Ada"), 201)
	in.got(1)

	// Another certificate by who is trusted changes nothing; one by somebody else does.
	next := authority.pair(t, "hooks")
	shown.Store(&next)
	c.do("POST", "/Patient", patientNamed("Ada"), 201)
	in.got(2)
	shown.Store(&stranger)
	c.do("POST", "/Patient", patientNamed("Ada"), 201)
	require.Eventually(t, func() bool {
		return strings.Contains(string(c.do("GET", "/Subscription/"+id+"/$status", "", 200).JSON()), "certificate")
	}, 10*time.Second, 10*time.Millisecond)
	require.Len(t, in.got(2), 2)
	shown.Store(&next)
	in.got(3) // after five seconds

	s.must("client", "disable", "clinic", "--data", data)
	s.must("client", "key", "--out", filepath.Join(dir, "other.json"))
	auditor := filepath.Join(dir, "other-keys.json")
	require.NoError(t, os.WriteFile(auditor, []byte(s.must("client", "key", "--out", filepath.Join(dir, "auditor.json"))), 0o600))
	s.must("client", "add", "other", "--data", data, "--name", "Other", "--organisation", "A83008", "--keys", auditor, "--scope", "system/Patient.cruds system/Subscription.cruds")
	c.token = s.must("token", "--client", "other", "--key", filepath.Join(dir, "auditor.json"), "--scope", "system/Patient.cruds system/Subscription.cruds", "--server", s.base)
	c.do("POST", "/Patient", patientNamed("Ada"), 201)
	time.Sleep(200 * time.Millisecond)
	require.Len(t, in.got(3), 3, "who is disabled is told nothing")
	stopped := c.do("GET", "/Subscription/"+id, "", 200)
	c.do("PUT", "/Subscription/"+id, string(fhir.Revise(stopped, "status", "requested", "error", "").JSON()), 200)
	c.becomes(id, "active")
	c.do("POST", "/Patient", patientNamed("Ada"), 201)
	in.got(4)
}

// TestSubscriptionsByEmail sends what has happened, and no more, by email.
func TestSubscriptionsByEmail(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	sent := make(chan subscription.Mail, 10)
	command := &serveCommand{Sandbox: true, Addr: listener.Addr().String(), PublicURL: "http://" + listener.Addr().String(), Data: filepath.Join(t.TempDir(), "data"), DrainSeconds: 5, VerifyShare: 10}
	command.Subscribed.mail = func(_ context.Context, m subscription.Mail) error { sent <- m; return nil }
	s := startServing(t, listener, command)
	defer s.stop()
	c := as(t, s.base, "pharmacist")
	body := strings.NewReplacer("rest-hook", "email", "application/fhir+json", "text/plain").Replace(topicSubscription("prescription-received", "mailto:shop@pharmacy.example", "id-only"))
	c.do("POST", "/Subscription", strings.Replace(body, "id-only", "full-resource", 1), 422)
	id := c.do("POST", "/Subscription", body, 201).Get("id").Text()
	c.becomes(id, "active")
	order(c)
	m := <-sent
	require.Equal(t, "shop@pharmacy.example", m.To)
	require.Contains(t, m.Text, "Event 1 of ")
	require.Contains(t, m.Text, "/fhir/Task/")
	require.NotContains(t, m.Text, "resourceType")
	require.Regexp(t, "^"+id+"-1-1-", m.Key)
}

// TestSubscriptionsHideWhatIsHidden tells a role of resources as it is shown them, and
// refuses criteria by what is hidden from it.
func TestSubscriptionsHideWhatIsHidden(t *testing.T) {
	roles, err := os.ReadFile(filepath.Join(oracle.Root(t), "trust", "policy", "roles.tsv"))
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := startServing(t, listener, &serveCommand{Sandbox: true, Addr: listener.Addr().String(), PublicURL: "http://" + listener.Addr().String(), Data: filepath.Join(t.TempDir(), "data"), DrainSeconds: 5, VerifyShare: 10,
		Roles: append(roles, "customer-service\tSubscription\tcruds\t\n"...)})
	defer s.stop()
	in := newReceiver(t)
	support, pharmacist := as(t, s.base, "support"), as(t, s.base, "pharmacist")
	support.do("POST", "/Subscription", plainSubscription("Patient?gender=female", in.http.URL, "application/fhir+json"), 403)
	id := support.do("POST", "/Subscription", plainSubscription("Patient?active=true", in.http.URL, "application/fhir+json"), 201).Get("id").Text()
	pharmacist.becomes(id, "active")
	made := pharmacist.do("POST", "/Patient", `{"resourceType":"Patient","active":true,"gender":"female","name":[{"family":"Adalovelace"}]}`, 201).Get("id").Text()
	call := in.got(1)[0]
	require.Equal(t, "/Patient/"+made, call.path)
	require.NotContains(t, string(call.body), `"female"`)
	require.JSONEq(t, string(support.do("GET", "/Patient/"+made, "", 200).JSON()), string(call.body), "it is what a read shows")
}

// TestEventsAreForWhoMayRead asks for events as others than the owner.
func TestEventsAreForWhoMayRead(t *testing.T) {
	s := startIssuing(t, filepath.Join(t.TempDir(), "data"), true)
	defer s.stop()
	in := newReceiver(t)
	c := as(t, s.base, "pharmacist")
	id := c.do("POST", "/Subscription", topicSubscription("prescription-queried", in.http.URL, "full-resource"), 201).Get("id").Text()
	c.becomes(id, "active")
	c.do("POST", "/CommunicationRequest", `{"resourceType":"CommunicationRequest","status":"active"}`, 201)
	require.Equal(t, []string{"1"}, in.got(2)[1].numbers())
	support := as(t, s.base, "auditor") // who may read all of it
	events := support.do("GET", "/Subscription/"+id+"/$events", "", 200)
	require.Equal(t, 2, events.Get("entry").Len())
	as(t, s.base, "clinic-2").do("GET", "/Subscription/"+id+"/$events", "", 404)
	finance := as(t, s.base, "finance") // of the same pharmacy, who may not read what it is about
	finance.do("GET", "/Subscription/"+id+"/$events?content=id-only", "", 403)
}
