package notices

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

const (
	testPharmacy = "X99PH"
	testOrder    = "24F5DA-A83008-7EFE6Z"
	testItem     = "a54219b8-f741-4c47-b662-e4f8dfa49ab6"
)

// world is a pharmacy with a database in memory and a sender that keeps what it is given.
type world struct {
	t      *testing.T
	ctx    context.Context
	db     *store.DB
	s      *Service
	now    time.Time
	done   fhir.Seq
	sent   []Message
	fails  []error // of the next messages, the first first; nil for a success
	checks *profiles.Validator
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), now: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC), checks: profiles.New()}
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return w.now }, Guards: []fhir.Guard{Guard}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w.db = db
	w.s = w.service(w, nil)
	return w
}

func (w *world) service(sender Sender, db Database) *Service {
	table, err := BuiltinTemplates()
	require.NoError(w.t, err)
	if db == nil {
		db = w.db
	}
	return New(db, Options{Site: testPharmacy, Name: "Your Pharmacy", Phone: "01632 960001", Templates: table, Senders: map[Channel]Sender{Email: sender, Text: sender},
		Clock: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler)})
}

func (w *world) Name() string { return "test" }

// Send keeps a message, or fails as it was told.
func (w *world) Send(_ context.Context, m Message) (string, error) {
	w.sent = append(w.sent, m)
	if len(w.fails) > 0 {
		err := w.fails[0]
		w.fails = w.fails[1:]
		return "", err
	}
	return fmt.Sprintf("ref-%d", len(w.sent)), nil
}

var errBusy = errors.New("421 too busy")

// put stores resources as the server's business does.
func (w *world) put(texts ...string) {
	w.t.Helper()
	var changes []fhir.Change
	for _, text := range texts {
		r, err := fhir.Parse([]byte(text))
		require.NoError(w.t, err)
		changes = append(changes, fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r})
	}
	_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: changes, Derived: true})
	require.NoError(w.t, err)
}

// settle runs the follower over the log, and then sends what is due.
func (w *world) settle() {
	w.t.Helper()
	for {
		entries, err := w.db.Log(w.ctx, w.done, 100)
		require.NoError(w.t, err)
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			for _, v := range e.Versions {
				w.step(v)
			}
			w.done = e.Seq
		}
	}
	w.send()
}

func (w *world) step(v *fhir.Version) {
	w.t.Helper()
	for _, f := range w.s.Followers() {
		if !slices.Contains(f.Consumes(), v.Type) {
			continue
		}
		changes, err := f.Step(w.ctx, w.db.State(w.ctx), v)
		require.NoError(w.t, err)
		if len(changes) > 0 {
			_, err = w.db.Commit(w.ctx, &fhir.Transaction{Derived: true, Changes: changes})
			require.NoError(w.t, err)
		}
	}
}

// send tries what is active once.
func (w *world) send() {
	w.t.Helper()
	for _, id := range w.find("CommunicationRequest", "status=active") {
		_, err := w.s.Attempt(w.ctx, id)
		require.NoError(w.t, err)
	}
}

func (w *world) find(typ, query string) []string {
	w.t.Helper()
	ids, err := w.db.State(w.ctx).Find(typ, query)
	require.NoError(w.t, err)
	return ids
}

// told is what there is of Communications and requests, in words, oldest first.
func (w *world) told() (list []string) {
	w.t.Helper()
	for _, typ := range []string{"CommunicationRequest", "Communication"} {
		for _, id := range w.find(typ, "subject=Patient/1") {
			r := w.get(typ + "/" + id)
			text := typ + " " + nhs.Coded(r.Get("category").Item(0), csNotice) + " " + r.Get("status").Text()
			why := r.Get("statusReason")
			if code := nhs.Coded(why, csReason); code != "" {
				text += " " + code
			}
			if said := why.Get("text").Text(); said != "" {
				text += ": " + said
			}
			list = append(list, text)
		}
	}
	slices.Sort(list)
	return list
}

// get is a resource, which must be valid R4.
func (w *world) get(ref string) *fhir.Resource {
	w.t.Helper()
	typ, _, _ := strings.Cut(ref, "/")
	r, err := current(w.db.State(w.ctx), typ, ref)
	require.NoError(w.t, err)
	require.NotNil(w.t, r, ref)
	for _, i := range w.checks.Validate(w.ctx, r) {
		require.False(w.t, i.IsError(), "%s: %s %s", ref, i.Expression, i.Text())
	}
	return r
}

func (w *world) patient(more string) {
	w.put(`{"resourceType":"Patient","id":"1","name":[{"use":"usual","family":"Marlow","given":["Jo"]}],"telecom":[{"system":"email","value":"jo@example.com"},{"system":"phone","value":"07700 900123","use":"mobile"}]` + more + `}`)
}

// rx is the Task of a prescription with a bag of its item.
func (w *world) rx(parts string) {
	w.put(`{"resourceType":"Task","id":"rx","status":"in-progress","intent":"order","groupIdentifier":{"system":"` + nhs.IDOrder + `","value":"` + testOrder + `"},"for":{"reference":"Patient/1"},
		"input":[{"extension":[{"url":"` + extDispensing + `","extension":[{"url":"item","valueString":"` + testItem + `"}` + parts + `]}],"type":{"coding":[{"system":"` + csDispensing + `","code":"bagged"}]},"valueAnnotation":{"text":"In the bag."}}]}`)
}

// queue is the Task of a queue.
func (w *world) queue(code, status, stamp string) {
	id := pharmacy.ID("Task", code)
	w.put(`{"resourceType":"Task","id":"` + id + `","extension":[{"url":"` + extExpected + `","valueDate":"2026-12-02"}],"status":"` + status + `","intent":"order","groupIdentifier":{"system":"` + nhs.IDOrder + `","value":"` + testOrder + `"},
		"basedOn":[{"identifier":{"system":"` + nhs.IDItem + `","value":"` + testItem + `"},"display":"Paracetamol 500mg tablets"}],"code":{"coding":[{"system":"` + csQueue + `","code":"` + code + `"}]},"focus":{"reference":"Task/rx"},"for":{"reference":"Patient/1"},
		"authoredOn":"` + stamp + `","lastModified":"` + stamp + `","owner":{"identifier":{"system":"` + nhs.IDODS + `","value":"` + testPharmacy + `"}}}`)
}

func (w *world) dispatched(attempts int) {
	w.rx(fmt.Sprintf(`,{"url":"for","valueCode":"delivery"},{"url":"stage","valueString":"dispatched"},{"url":"courier","valueString":"Royal Mail AB1"},{"url":"expected","valueDate":"2026-12-02"},{"url":"attempts","valueInteger":%d}`, attempts))
	w.queue("in-transit", "received", nhs.Stamp(w.now))
}
