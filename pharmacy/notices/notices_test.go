package notices

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestEachKindIsToldOnce: what is stored again and again is one message, and a replay of
// the whole log tells nothing twice.
func TestEachKindIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.patient("")
	stamp := nhs.Stamp(w.now)
	for range 3 {
		w.rx(`,{"url":"for","valueCode":"collection"},{"url":"void","valueBoolean":true}`)
		w.queue("owing", "received", stamp)
		w.queue("collection", "completed", stamp)
		w.put(payment("open", "https://pay.example/1"))
		w.settle()
	}
	for attempt, queue := range []string{"in-transit", "failed-delivery"} {
		stage := map[string]string{"in-transit": "dispatched", "failed-delivery": "failed"}[queue]
		w.rx(`,{"url":"for","valueCode":"delivery"},{"url":"stage","valueString":"` + stage + `"},{"url":"courier","valueString":"Royal Mail AB1"},{"url":"expected","valueDate":"2026-12-02"},{"url":"attempts","valueInteger":` + []string{"0", "1"}[attempt] + `}`)
		w.queue(queue, "received", stamp)
		w.settle()
	}
	w.done = 0
	w.settle()
	assert.Equal(t, []string{
		"Communication collected completed", "Communication dispatched completed", "Communication failed-delivery completed", "Communication owing completed", "Communication payment-link completed",
		"CommunicationRequest collected completed", "CommunicationRequest dispatched completed", "CommunicationRequest failed-delivery completed", "CommunicationRequest owing completed", "CommunicationRequest payment-link completed"}, w.told())
	require.Len(t, w.sent, 5)
	for _, m := range w.sent {
		assert.Equal(t, Address{Email, "jo@example.com"}, m.Address)
		assert.NotContains(t, strings.ToLower(m.Subject+m.Text), "paracetamol", "no medicine is named")
		assert.NotContains(t, m.Text, "{")
	}
	all := ""
	for _, m := range w.sent {
		all += m.Text
	}
	for _, want := range []string{"£15.25", "https://pay.example/1", "Royal Mail AB1", "Expected on: 2 December 2026", "collected on 30 November 2026", "Dear Jo,"} {
		assert.Contains(t, all, want)
	}
}

func payment(state, page string) string {
	return `{"resourceType":"Basic","id":"pay","extension":[{"url":"` + extPayment + `","extension":[{"url":"amount","valueMoney":{"value":15.25,"currency":"GBP"}},{"url":"of","valueReference":{"reference":"Task/rx"}},{"url":"state","valueCode":"` + state + `"},{"url":"page","valueUrl":"` + page + `"}]}],
		"code":{"coding":[{"system":"` + csMoney + `","code":"payment-request"}]},"author":{"identifier":{"system":"` + nhs.IDODS + `","value":"` + testPharmacy + `"}}}`
}

// TestWhatIsNotTold: each reason for which nothing is sent is on the Communication.
func TestWhatIsNotTold(t *testing.T) {
	for name, c := range map[string]struct {
		patient string
		before  func(w *world)
		after   func(w *world)
		want    string
	}{
		"dead":            {patient: `,"deceasedDateTime":"2026-11-29"`, want: notActive},
		"dead, as a flag": {patient: `,"deceasedBoolean":true`, want: notActive},
		"not in use":      {patient: `,"active":false`, want: notActive},
		"not wanted":      {before: func(w *world) { w.put(consentOf("deny", "")) }, want: stopped},
		"this kind not wanted": {before: func(w *world) {
			w.put(consentOf("deny", `,"code":[{"coding":[{"system":"`+csNotice+`","code":"dispatched"}]}]`))
		}, want: stopped},
		"other kind not wanted": {before: func(w *world) {
			w.put(consentOf("deny", `,"code":[{"coding":[{"system":"`+csNotice+`","code":"owing"}]}]`))
		}},
		"was not wanted": {before: func(w *world) { w.put(consentOf("deny", `,"period":{"end":"2026-11-29"}`)) }},
		"wanted":         {before: func(w *world) { w.put(consentOf("permit", "")) }},
		"too late":       {after: func(w *world) { w.now = w.now.Add(49 * time.Hour) }, want: tooLate},
		"refused":        {after: func(w *world) { w.fails = []error{Refused("550 no such user")} }, want: refused},
		"alive":          {patient: `,"deceasedBoolean":false,"active":true`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.patient(c.patient)
			if c.before != nil {
				c.before(w)
			}
			w.dispatched(0)
			entries, err := w.db.Log(w.ctx, 0, 100)
			require.NoError(t, err)
			for _, e := range entries {
				for _, v := range e.Versions {
					w.step(v)
				}
			}
			if c.after != nil {
				c.after(w)
			}
			w.send()
			if c.want == "" {
				assert.Equal(t, []string{"Communication dispatched completed", "CommunicationRequest dispatched completed"}, w.told())
				return
			}
			told := w.told()
			require.Len(t, told, 2)
			assert.Contains(t, told[0], "Communication dispatched not-done "+c.want)
			assert.Contains(t, told[1], "CommunicationRequest dispatched revoked "+c.want)
		})
	}
}

func consentOf(typ, more string) string {
	return `{"resourceType":"Consent","id":"c","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":"` + csConsent + `","code":"notices"}]}],
		"patient":{"reference":"Patient/1"},"policyRule":{"text":"as asked"},"provision":{"type":"` + typ + `"` + more + `}}`
}

// TestRetries: what fails is tried again after longer and longer pauses, under the same key,
// and is given up when its time is over.
func TestRetries(t *testing.T) {
	w := newWorld(t)
	w.patient("")
	w.fails = []error{errBusy, errBusy}
	w.dispatched(0)
	w.settle()
	assert.Equal(t, []string{"Communication dispatched in-progress: 421 too busy", "CommunicationRequest dispatched active"}, w.told())
	w.send()
	require.Len(t, w.sent, 1, "it is not due yet")
	w.now = w.now.Add(time.Minute)
	w.send()
	w.now = w.now.Add(4 * time.Minute)
	w.send()
	require.Len(t, w.sent, 2)
	w.now = w.now.Add(time.Minute)
	w.send()
	assert.Equal(t, []string{"Communication dispatched completed", "CommunicationRequest dispatched completed"}, w.told())
	require.Len(t, w.sent, 3)
	assert.Equal(t, w.sent[0].Key, w.sent[2].Key)

	w = newWorld(t)
	w.patient("")
	w.dispatched(0)
	for range 100 {
		w.fails = []error{errBusy}
		w.settle()
		w.now = w.now.Add(time.Hour)
	}
	assert.Equal(t, []string{"Communication dispatched not-done too-late: 421 too busy", "CommunicationRequest dispatched revoked too-late"}, w.told())
	assert.Greater(t, len(w.sent), 5)
	assert.Less(t, len(w.sent), 20)
}

// TestPaidMeanwhile: nobody is asked to pay what is paid.
func TestPaidMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.patient("")
	w.rx("")
	w.fails = []error{errBusy}
	w.put(payment("open", "https://pay.example/1"))
	w.settle()
	w.put(payment("paid", "https://pay.example/1"))
	w.now = w.now.Add(time.Hour)
	w.settle()
	assert.Equal(t, []string{"Communication payment-link not-done overtaken", "CommunicationRequest payment-link revoked overtaken"}, w.told())
	require.Len(t, w.sent, 1)
}

// TestPutBack: what is put back was not collected, and what is of the past or of another pharmacy
// is not told of.
func TestPutBack(t *testing.T) {
	w := newWorld(t)
	w.patient("")
	w.rx(`,{"url":"for","valueCode":"collection"},{"url":"void","valueBoolean":true},{"url":"putBack","valueString":"nobody came"}`)
	w.queue("collection", "completed", nhs.Stamp(w.now))
	w.dispatched(0)
	w.now = w.now.Add(8 * 24 * time.Hour)
	w.settle()
	w.s.site = "OTHER"
	w.dispatched(1)
	w.settle()
	assert.Empty(t, w.told())
}

// fragile is a database that loses the answer to a commit, or the commit.
type fragile struct {
	Database
	lose int
}

func (f *fragile) Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error) {
	if f.lose > 0 {
		f.lose--
		return nil, fhir.E("commit", fhir.Exception, fhir.Issue{Message: "the machine stopped"})
	}
	return f.Database.Commit(ctx, tx)
}

// TestCrashAfterSending: a process that ends between the sending and the record sends once
// more, by the same key, and there is one Communication.
func TestCrashAfterSending(t *testing.T) {
	w := newWorld(t)
	w.patient("")
	broken := &fragile{Database: w.db}
	w.s = w.service(w, broken)
	w.dispatched(0)
	entries, err := w.db.Log(w.ctx, 0, 100)
	require.NoError(t, err)
	for _, e := range entries {
		for _, v := range e.Versions {
			w.step(v)
		}
	}
	broken.lose = 1
	id := w.find("CommunicationRequest", "status=active")[0]
	_, err = w.s.Attempt(w.ctx, id)
	require.Error(t, err)
	w.s = w.service(w, nil)
	w.send()
	require.Len(t, w.sent, 2)
	assert.Equal(t, w.sent[0].Key, w.sent[1].Key)
	assert.Equal(t, []string{"Communication dispatched completed", "CommunicationRequest dispatched completed"}, w.told())
	assert.Equal(t, []string{w.sent[0].Key}, w.find("Communication", "subject=Patient/1"))
}

// TestResend: support sends a message again, to the address of now; it is another
// Communication.
func TestResend(t *testing.T) {
	w := newWorld(t)
	w.patient("")
	w.dispatched(0)
	w.settle()
	id := w.find("CommunicationRequest", "status=completed")[0]
	support := fhir.Principal{Agent: "sds-user-id|6", OnBehalf: testPharmacy, Roles: []string{"customer-service"}}
	w.now = w.now.Add(72 * time.Hour)
	w.put(`{"resourceType":"Patient","id":"1","name":[{"family":"Marlow"}],"telecom":[{"system":"sms","value":"+44 7700 900999"}]}`)
	call := &fhir.Call{ID: id, Requester: support, Time: w.now}
	reply, err := w.s.resend(w.ctx, call)
	require.NoError(t, err)
	w.settle()
	require.Len(t, w.sent, 2)
	assert.Equal(t, Address{Text, "+447700900999"}, w.sent[1].Address)
	assert.Equal(t, "Communication/"+w.sent[1].Key, reply.Resource.Get("parameter").Item(0).Path("valueReference", "reference").Text())
	assert.Equal(t, []string{"Communication dispatched completed", "Communication dispatched completed", "CommunicationRequest dispatched completed"}, w.told())

	w.put(`{"resourceType":"Patient","id":"1","name":[{"family":"Marlow"}]}`)
	_, err = w.s.resend(w.ctx, call)
	require.ErrorContains(t, err, "no address")
	var e *fhir.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "NOTICE-1", e.Issues[0].Rule)
	call.Requester.OnBehalf = "FX999"
	_, err = w.s.resend(w.ctx, call)
	require.Equal(t, fhir.Forbidden, fhir.KindOf(err))
	w.put(`{"resourceType":"CommunicationRequest","id":"q","status":"active","subject":{"reference":"Patient/1"}}`)
	call.ID = "q"
	_, err = w.s.resend(w.ctx, call)
	require.ErrorContains(t, err, "not a message to a patient")
}

// TestPreferences: $notices records in one Consent what a patient wants.
func TestPreferences(t *testing.T) {
	w := newWorld(t)
	w.patient("")
	say := func(parameters ...any) *fhir.Resource {
		t.Helper()
		w.now = w.now.Add(time.Second)
		reply, err := w.s.preferences(w.ctx, &fhir.Call{ID: "1", Time: w.now, Body: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parameters...)).Resource()})
		require.NoError(t, err)
		return reply.Resource
	}
	wanted := func(yes bool) fhir.Value { return fhir.Obj("name", "wanted", "valueBoolean", yes) }
	kind := func(k Kind) fhir.Value { return fhir.Obj("name", "kind", "valueCode", string(k)) }
	list := func() []Kind {
		no, err := unwanted(w.db.State(w.ctx), "Patient/1", w.now)
		require.NoError(t, err)
		return no
	}
	say(wanted(false), kind(Owing), kind(Dispatched))
	assert.ElementsMatch(t, []Kind{Dispatched, Owing}, list())
	say(wanted(true), kind(Owing))
	assert.Equal(t, []Kind{Dispatched}, list())
	say(wanted(false))
	assert.ElementsMatch(t, Kinds(), list())
	answer := say(wanted(true))
	assert.Empty(t, list())
	consent := strings.TrimPrefix(answer.Get("parameter").Item(0).Path("valueReference", "reference").Text(), "Consent/")
	assert.Equal(t, []string{consent}, w.find("Consent", "patient=Patient/1"))
	w.get("Consent/" + consent)

	_, err := w.s.preferences(w.ctx, &fhir.Call{ID: "1", Body: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(kind("colour"))).Resource()})
	require.ErrorContains(t, err, "not a kind")
	require.ErrorContains(t, err, "the parameter wanted", "all mistakes at once")
	_, err = w.s.preferences(w.ctx, &fhir.Call{ID: "1"})
	require.ErrorContains(t, err, "the parameter wanted")
	_, err = w.s.preferences(w.ctx, &fhir.Call{ID: "2", Body: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(wanted(true))).Resource()})
	require.Equal(t, fhir.NotFound, fhir.KindOf(err))
}

// TestGuard: nobody writes, changes or deletes by hand what was told.
func TestGuard(t *testing.T) {
	w := newWorld(t)
	w.patient("")
	w.dispatched(0)
	w.settle()
	for _, typ := range []string{"Communication", "CommunicationRequest"} {
		id := w.find(typ, "subject=Patient/1")[0]
		r := w.get(typ + "/" + id)
		for name, c := range map[string]fhir.Change{
			"deleted":      {Method: fhir.Delete, Type: typ, ID: id},
			"changed":      {Method: fhir.Update, Type: typ, ID: id, Resource: fhir.Revise(r, "status", "entered-in-error")},
			"disguised":    {Method: fhir.Update, Type: typ, ID: id, Resource: fhir.Revise(r, "category", fhir.Value{})},
			"made by hand": {Method: fhir.Create, Type: typ, Resource: fhir.Revise(r, "id", fhir.Value{})},
			"in a message": {Method: fhir.Create, Type: typ, Resource: fhir.Revise(r, "id", fhir.Value{}), Message: true},
		} {
			_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{c}, Derived: c.Message, Requester: fhir.Principal{Agent: "x", OnBehalf: testPharmacy}})
			assert.Equal(t, fhir.BusinessRule, fhir.KindOf(err), "%s %s", typ, name)
		}
	}
}

// TestDeliver: the loop sends what was left, what comes, and what is due again; a second
// one after it finds nothing to do.
func TestDeliver(t *testing.T) {
	w := newWorld(t)
	w.patient("")
	w.dispatched(0)
	entries, err := w.db.Log(w.ctx, 0, 100)
	require.NoError(t, err)
	for _, e := range entries {
		for _, v := range e.Versions {
			w.step(v)
		}
	}
	done := func() bool { return len(w.find("CommunicationRequest", "status=completed")) == 1 }
	ctx, cancel := context.WithCancel(w.ctx)
	ended := make(chan struct{})
	go func() { w.s.Deliver(ctx); close(ended) }()
	require.Eventually(t, done, 10*time.Second, 5*time.Millisecond)
	w.queueOwing()
	require.Eventually(t, func() bool { return len(w.find("CommunicationRequest", "status=completed")) == 2 }, 10*time.Second, 5*time.Millisecond)
	cancel()
	<-ended
	assert.Len(t, w.sent, 2)
}

// queueOwing opens the queue of what is owed, and lets the follower see it.
func (w *world) queueOwing() {
	w.queue("owing", "received", nhs.Stamp(w.now))
	entries, err := w.db.Log(w.ctx, w.db.Head()-1, 1)
	require.NoError(w.t, err)
	w.step(entries[0].Versions[0])
}
