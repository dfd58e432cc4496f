package spine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// world is a pharmacy with a database in memory, and the NHS.
type world struct {
	t       *testing.T
	db      *store.DB
	s       *Service
	now     time.Time
	done    fhir.Seq
	answers []any    // of the next updates: an error, or parts
	told    []string // item status, as the NHS took them
	calls   []string
	pds     *fhir.Resource
	pdsErr  error
	asked   int
	held    []string
	off     [2]bool // whether an API is not set
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)}
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return w.now }, Guards: []fhir.Guard{Guard}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w.db = db
	w.restart()
	return w
}

// restart is another process.
func (w *world) restart() {
	w.s = New(w.db, Options{Site: "FA565", NHS: w, Keep: 24 * time.Hour, Prescriptions: w, Clock: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler)})
}

func (w *world) Has() (bool, bool) { return !w.off[0], !w.off[1] }

// Update takes what it is sent once, by the id of the Task.
func (w *world) Update(_ context.Context, request string, tasks *fhir.Resource) ([]Part, error) {
	var list []string
	for e := range tasks.Get("entry").Items() {
		list = append(list, e.Path("resource", "focus", "identifier", "value").Text()+" "+e.Path("resource", "businessStatus", "coding").Item(0).Get("code").Text())
	}
	w.calls = append(w.calls, request[:4]+" "+strings.Join(list, ", "))
	var parts []Part
	if len(w.answers) > 0 {
		next := w.answers[0]
		w.answers = w.answers[1:]
		if err, ok := next.(error); ok && err != nil {
			return nil, err
		}
		parts, _ = next.([]Part)
	}
	for i, one := range list {
		if i >= len(parts) || parts[i] == (Part{}) {
			w.told = append(w.told, one)
		}
	}
	return parts, nil
}

func (w *world) Patient(context.Context, string, string) (*fhir.Resource, error) {
	w.asked++
	return w.pds, w.pdsErr
}

// Tracking reads a Task of the tests: its inputs are the statuses.
func (w *world) Tracking(_ fhir.State, v *fhir.Version) (tasks []fhir.Node, ours bool, err error) {
	r, err := v.Resource()
	if err != nil || r.Get("code").Get("text").Text() != "rx" {
		return nil, false, err
	}
	for in := range r.Get("input").Items() {
		item := in.Path("type", "text").Text()
		tasks = append(tasks, fhir.Obj("resourceType", "Task", "id", v.ID+"-"+item+"-"+v.VersionID, "status", "in-progress", "intent", "order", "focus", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDItem, item)),
			"businessStatus", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSTracking, "code", in.Get("valueString").Text())))).Resource().Root())
	}
	return tasks, true, nil
}

func (w *world) Differs(stored, found fhir.Node) []string {
	if stored.Get("birthDate").Text() != found.Get("birthDate").Text() {
		return []string{"birth date"}
	}
	return nil
}

func (w *world) HoldPatient(_ context.Context, task, about, why string, _ time.Time) error {
	if text := task + " " + why; !slices.Contains(w.held, text) {
		w.held = append(w.held, text)
	}
	require.True(w.t, strings.HasPrefix(about, "Basic/"))
	return nil
}

func (w *world) put(text string) {
	w.t.Helper()
	r, err := fhir.Parse([]byte(text))
	require.NoError(w.t, err)
	_, err = w.db.Commit(w.t.Context(), &fhir.Transaction{Derived: true, Changes: []fhir.Change{{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r}}})
	require.NoError(w.t, err)
}

// rx is a version of the Task of a prescription: "a=With Pharmacy", …
func (w *world) rx(id, status string, items ...string) {
	var in []any
	for _, one := range items {
		item, said, _ := strings.Cut(one, "=")
		in = append(in, fhir.Obj("type", fhir.Obj("text", item), "valueString", said))
	}
	w.put(string(fhir.Obj("resourceType", "Task", "id", id, "status", status, "intent", "order", "code", fhir.Obj("text", "rx"), "for", fhir.Obj("reference", "Patient/1"),
		"owner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, "FA565")), "input", fhir.List(in...)).JSON()))
}

func (w *world) patient(born string) {
	w.put(`{"resourceType":"Patient","id":"1","identifier":[{"system":"` + nhs.IDNHS + `","value":"9449304130"}],"birthDate":"` + born + `"}`)
}

// step runs the follower over the log.
func (w *world) step() {
	w.t.Helper()
	f := w.s.Followers()[0]
	for {
		entries, err := w.db.Log(w.t.Context(), w.done, 100)
		require.NoError(w.t, err)
		if len(entries) == 0 {
			return
		}
		for _, e := range entries {
			for _, v := range e.Versions {
				if v.Type != "Task" {
					continue
				}
				changes, err := f.Step(w.t.Context(), w.db.State(w.t.Context()), v)
				require.NoError(w.t, err)
				if len(changes) > 0 {
					_, err = w.db.Commit(w.t.Context(), &fhir.Transaction{Derived: true, Changes: changes})
					require.NoError(w.t, err)
				}
			}
			w.done = e.Seq
		}
	}
}

// settle steps, and does once what waits.
func (w *world) settle() {
	w.t.Helper()
	w.step()
	ids, err := w.db.State(w.t.Context()).Find("Basic", nhs.Query("identifier", idState, waiting))
	require.NoError(w.t, err)
	for _, id := range ids {
		_, err := w.s.Attempt(w.t.Context(), id)
		require.NoError(w.t, err)
	}
}

// shown is a record in words; it must be valid R4.
func (w *world) shown(k kind, task string) string {
	w.t.Helper()
	v, err := w.db.State(w.t.Context()).Current("Basic", recordID(k, task))
	require.NoError(w.t, err)
	if v == nil {
		return "none"
	}
	r, _ := v.Resource()
	for _, i := range profiles.New().Validate(w.t.Context(), r) {
		require.False(w.t, i.IsError(), "%s %s: %s", i.Expression, i.Text(), r.JSON())
	}
	x, err := read(v)
	require.NoError(w.t, err)
	var list []string
	for _, e := range x.entries {
		list = append(list, strings.TrimSpace(strings.Join(strings.Fields(e.item+" "+e.status+" "+e.state+" "+e.said), " ")))
	}
	if x.failed > 0 {
		list = append(list, fmt.Sprintf("failed %d: %s", x.failed, x.why))
	}
	return strings.Join(list, "; ")
}

// TestOrder: the statuses of a prescription are told in their order, each item's next after its
// last, also where the pharmacy is ahead of the NHS.
func TestOrder(t *testing.T) {
	w := newWorld(t)
	w.off[1] = true
	w.rx("1", "accepted", "a=With Pharmacy", "b=With Pharmacy")
	w.rx("1", "in-progress", "a=Ready to Collect", "b=With Pharmacy")
	w.rx("1", "completed", "a=Collected", "b=Not Dispensed")
	w.settle()
	require.Equal(t, []string{"a With Pharmacy", "b With Pharmacy", "a Ready to Collect", "b Not Dispensed", "a Collected"}, w.told)
	require.Len(t, w.calls, 3)
	require.Equal(t, "a Collected told; b Not Dispensed told", w.shown(updates, "1"))
	w.rx("1", "completed", "a=Collected", "b=Not Dispensed")
	w.settle()
	require.Len(t, w.told, 5, "nothing is new")
}

// TestFailures: what may pass is sent again under the same request id, and nothing else is sent
// before that; what is refused is kept, and holds up nothing.
func TestFailures(t *testing.T) {
	w := newWorld(t)
	w.off[1] = true
	w.rx("1", "accepted", "a=With Pharmacy", "b=With Pharmacy")
	w.answers = []any{errors.New("it answered 503")}
	w.settle()
	require.Equal(t, "a With Pharmacy pending; b With Pharmacy pending; failed 1: it answered 503", w.shown(updates, "1"))
	w.rx("2", "accepted", "c=With Pharmacy")
	w.settle()
	require.Len(t, w.calls, 1, "nothing is sent to who does not answer")
	w.now = w.now.Add(6 * time.Second)
	w.answers = []any{[]Part{{Again: "it answered 429"}, {}}}
	w.settle()
	require.Equal(t, w.calls[0], w.calls[1])
	require.Equal(t, "a With Pharmacy pending; b With Pharmacy told; failed 2: it answered 429", w.shown(updates, "1"))
	require.Equal(t, 6*time.Second, w.s.Failing())
	w.now = w.now.Add(31 * time.Second)
	w.settle()
	require.Zero(t, w.s.Failing())
	require.Equal(t, []string{"b With Pharmacy", "a With Pharmacy", "c With Pharmacy"}, w.told)

	w.rx("3", "accepted", "d=With Pharmacy", "e=With Pharmacy")
	w.answers = []any{Refused("it answered 400"), Refused("it answered 400: value"), nil}
	w.settle()
	require.Equal(t, "d With Pharmacy refused it answered 400: value; e With Pharmacy told", w.shown(updates, "3"))
	w.rx("3", "in-progress", "d=Ready to Collect", "e=With Pharmacy")
	w.answers = []any{[]Part{{Refused: "it answered 422"}}}
	w.settle()
	require.Equal(t, "d With Pharmacy refused it answered 400: value; e With Pharmacy told; d Ready to Collect refused it answered 422", w.shown(updates, "3"))
}

// TestResend: a person has what was refused sent again, or left; of others' nobody does.
func TestResend(t *testing.T) {
	w := newWorld(t)
	w.off[1] = true
	w.rx("1", "accepted", "a=With Pharmacy")
	w.answers = []any{Refused("it answered 400")}
	w.settle()
	call := func(org, body string) string {
		c := &fhir.Call{ID: recordID(updates, "1"), Requester: fhir.Principal{Agent: "x", OnBehalf: org}, Time: w.now}
		if body != "" {
			c.Body, _ = fhir.Parse([]byte(body))
		}
		reply, err := w.s.Operations()[0].Handle(t.Context(), c)
		if err != nil {
			broken(t, err, "NHS-2")
			return err.Error()
		}
		return reply.Resource.Get("issue").Item(0).Path("details", "text").Text() + reply.Resource.Get("issue").Item(0).Get("diagnostics").Text()
	}
	require.Contains(t, call("X99PH", ""), "no such record")
	require.Contains(t, call("FA565", ""), "sent again")
	w.settle()
	require.Equal(t, "a With Pharmacy told", w.shown(updates, "1"))
	require.Contains(t, call("FA565", ""), "Nothing of it was refused")
	w.rx("1", "in-progress", "a=Ready to Collect")
	w.answers = []any{Refused("it answered 400")}
	w.settle()
	require.Contains(t, call("FA565", `{"resourceType":"Parameters","parameter":[{"name":"leave","valueBoolean":true}]}`), "not sent again")
	require.Equal(t, "a With Pharmacy told; a Ready to Collect left", w.shown(updates, "1"))
	// What was left is not sent again because the Task is written for another reason.
	w.rx("1", "in-progress", "a=Ready to Collect")
	w.settle()
	require.Equal(t, "a With Pharmacy told; a Ready to Collect left", w.shown(updates, "1"))
	// What a later status has overtaken is left.
	w.rx("1", "in-progress", "a=Ready to Collect - Partial")
	w.answers = []any{Refused("it answered 400")}
	w.settle()
	w.rx("1", "completed", "a=Collected")
	w.settle()
	require.Contains(t, call("FA565", ""), "not sent again")
	require.Equal(t, "a Collected told", w.shown(updates, "1"))
}

// TestPast: a pharmacy that begins to tell does not tell of what was over before.
func TestPast(t *testing.T) {
	w := newWorld(t)
	w.off[1] = true
	w.rx("1", "accepted", "a=With Pharmacy")
	w.rx("1", "completed", "a=Collected")
	w.rx("2", "accepted", "b=With Pharmacy")
	w.now = w.now.Add(25 * time.Hour)
	w.settle()
	require.Equal(t, []string{"b With Pharmacy"}, w.told)
}

// TestDemographics: a prescription is held where the NHS has somebody else under the number.
func TestDemographics(t *testing.T) {
	w := newWorld(t)
	w.off[0] = true
	pds := func(text string) { w.pds, _ = fhir.Parse([]byte(text)) }
	w.patient("1980-02-28")
	pds(`{"resourceType":"Patient","id":"9449304130","birthDate":"1980-02-28"}`)
	w.rx("1", "accepted")
	w.settle()
	require.Equal(t, "same", w.shown(demographics, "1"))
	w.rx("2", "accepted")
	w.settle()
	require.Equal(t, "same", w.shown(demographics, "2"))
	require.Equal(t, 1, w.asked, "the answer is good for a day")
	w.patient("1980-02-27")
	w.rx("3", "accepted")
	w.settle()
	require.Equal(t, 2, w.asked, "but for another record of the patient")
	require.Equal(t, []string{"3 The Personal Demographics Service and the record of the patient differ in birth date."}, w.held)
	w.now = w.now.Add(25 * time.Hour)
	pds(`{"resourceType":"Patient","id":"9449304130","identifier":[{"system":"` + nhs.IDNHS + `","value":"9449310378"}],"birthDate":"1980-02-27","deceasedDateTime":"2026-01-01"}`)
	w.rx("4", "accepted")
	w.settle()
	require.Equal(t, "differs The Personal Demographics Service and the record of the patient differ in NHS number, death.", w.shown(demographics, "4"))
	w.rx("5", "accepted")
	w.settle()
	require.Equal(t, 3, w.asked)
	require.Len(t, w.held, 3, "by the same answer")
	w.now = w.now.Add(25 * time.Hour)
	w.pds, w.pdsErr = nil, errors.New("it did not answer in time")
	w.rx("6", "accepted")
	w.settle()
	require.Equal(t, "pending; failed 1: it did not answer in time", w.shown(demographics, "6"))
	w.now = w.now.Add(time.Minute)
	w.pdsErr = Refused("it answered 400")
	w.settle()
	require.Equal(t, "refused it answered 400", w.shown(demographics, "6"))
	w.pdsErr = nil
	w.rx("7", "accepted")
	w.settle()
	require.Equal(t, "differs The Personal Demographics Service knows nobody by the NHS number of the patient.", w.shown(demographics, "7"))
	w.put(`{"resourceType":"Patient","id":"1"}`)
	w.rx("8", "accepted")
	w.settle()
	require.Empty(t, w.shown(demographics, "8"), "nobody can be asked for")
	w.rx("9", "completed")
	w.settle()
	require.Equal(t, "none", w.shown(demographics, "9"))
}

// TestDemographicsOfThePast: who begins to ask does not ask for what is over by now, and an
// answer is not made younger by those who take it over.
func TestDemographicsOfThePast(t *testing.T) {
	w := newWorld(t)
	w.off[0] = true
	w.patient("1980-02-28")
	w.pds, _ = fhir.Parse([]byte(`{"resourceType":"Patient","id":"9449304130","birthDate":"1980-02-28"}`))
	w.rx("1", "accepted")
	w.rx("1", "completed")
	w.settle()
	require.Equal(t, "none", w.shown(demographics, "1"))
	require.Zero(t, w.asked)
	for i, want := range []int{1, 1, 2, 2, 3} { // each 20 hours, of an answer that is good for 24
		id := fmt.Sprint("2", i)
		w.rx(id, "accepted")
		w.settle()
		require.Equal(t, "same", w.shown(demographics, id))
		require.Equal(t, want, w.asked, "at %d hours", 20*i)
		w.now = w.now.Add(20 * time.Hour)
	}
}

// TestGuard: nobody writes a record by hand, nor changes one into something else.
func TestGuard(t *testing.T) {
	w := newWorld(t)
	w.rx("1", "accepted", "a=With Pharmacy")
	w.step()
	known := recordID(updates, "1")
	version, err := w.db.State(t.Context()).Current("Basic", known)
	require.NoError(t, err)
	basic := func(id, members string) *fhir.Resource {
		r, err := fhir.Parse([]byte(`{"resourceType":"Basic","id":"` + id + `",` + members + `}`))
		require.NoError(t, err)
		return r
	}
	const other = `"code":{"coding":[{"system":"urn:other","code":"status-update"}]}`
	work := `"code":{"coding":[{"system":"` + csWork + `","code":"status-update"}]}`
	identified := func(system string) *fhir.Resource {
		return basic("new", other+`,"identifier":[{"system":"`+system+`","value":"refused"}]`)
	}
	for what, c := range map[string]fhir.Change{
		"altered":                   {Method: fhir.Update, Type: "Basic", ID: known, Resource: basic(known, work)},
		"made something else":       {Method: fhir.Update, Type: "Basic", ID: known, Resource: basic(known, other)},
		"altered as it was read":    {Method: fhir.Update, Type: "Basic", ID: known, Resource: basic(known, work), IfMatch: version.VersionID},
		"deleted":                   {Method: fhir.Delete, Type: "Basic", ID: known},
		"made":                      {Method: fhir.Create, Type: "Basic", Resource: basic("new", work)},
		"found as one":              {Method: fhir.Create, Type: "Basic", Resource: identified(idState)},
		"found as one of a patient": {Method: fhir.Create, Type: "Basic", Resource: identified(idPatient)},
		"read as one":               {Method: fhir.Create, Type: "Basic", Resource: basic("new", other+`,"extension":[{"url":"`+extWork+`","valueString":"x"}]`)},
	} {
		for _, with := range [][]fhir.Change{nil, {{Method: fhir.Create, Type: "Basic", Resource: basic("beside", other)}}} { // by itself, and in a transaction
			_, err := w.db.Commit(t.Context(), &fhir.Transaction{Changes: append(with, c)})
			require.ErrorContains(t, err, "recorded by the server itself", what)
			broken(t, err, "NHS-1")
		}
	}
	now, err := w.db.State(t.Context()).Current("Basic", known)
	require.NoError(t, err)
	require.Equal(t, version.VersionID, now.VersionID)
	_, err = w.db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Basic", ID: "beside", Resource: basic("beside", other)}}})
	require.NoError(t, err, "what is not of the NHS is anybody's")
}

// TestResendOfNothing: nothing is sent again of what is no record, nor where nobody tells the NHS.
func TestResendOfNothing(t *testing.T) {
	w := newWorld(t)
	r, err := fhir.Parse([]byte(`{"resourceType":"Basic","id":"beside","code":{"text":"x"}}`))
	require.NoError(t, err)
	_, err = w.db.Commit(t.Context(), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Basic", ID: "beside", Resource: r}}})
	require.NoError(t, err)
	for _, s := range []*Service{w.s, New(w.db, Options{})} {
		for _, id := range []string{"beside", "none", ""} {
			_, err := s.Operations()[0].Handle(t.Context(), &fhir.Call{ID: id, Requester: fhir.Principal{Agent: "x", OnBehalf: "FA565"}, Time: w.now})
			broken(t, err, "NHS-2")
		}
	}
}

// broken wants a refusal to name the rule that it is of.
func broken(t *testing.T, err error, rule string) {
	t.Helper()
	var e *fhir.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, rule, e.Issues[0].Rule)
}

// TestHistories: whatever fails and whenever the process ends, in the end the NHS has had the
// statuses of each item in their order, and the last of each.
func TestHistories(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(t)
		w.off[1] = true
		statuses := []string{"With Pharmacy", "Ready to Collect - Partial", "With Pharmacy - Preparing Remainder", "Ready to Collect", "Collected"}
		at := map[string]int{}
		for range 40 {
			switch r.IntN(5) {
			case 0, 1:
				id := fmt.Sprint(r.IntN(3))
				for _, item := range []string{"a", "b"} {
					at[id+item] = min(at[id+item]+r.IntN(2), len(statuses)-1)
				}
				w.rx(id, "in-progress", id+"a="+statuses[at[id+"a"]], id+"b="+statuses[at[id+"b"]])
			case 2:
				w.answers = append(w.answers, [...]any{errors.New("503"), []Part{{Again: "429"}}, []Part{{}, {Again: "429"}}, errors.New("it did not answer in time")}[r.IntN(4)])
			case 3:
				w.restart()
			}
			w.now = w.now.Add(time.Duration(r.IntN(60)) * time.Second)
			w.settle()
		}
		w.answers = nil
		w.now = w.now.Add(time.Hour)
		w.settle()
		last := map[string]int{}
		for _, one := range w.told {
			item, status, _ := strings.Cut(one, " ")
			now := slices.Index(statuses, status)
			require.GreaterOrEqual(t, now, last[item], "seed %d: %v", seed, w.told)
			last[item] = now
		}
		for item, now := range at {
			require.Equal(t, now, last[item], "seed %d: %s", seed, item)
		}
	}
}

// TestRun: what is stored while it runs is told, and it ends with its context.
func TestRun(t *testing.T) {
	w := newWorld(t)
	w.off[1] = true
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	w.rx("1", "accepted", "a=With Pharmacy")
	w.step()
	go func() { w.s.Run(ctx); close(done) }()
	require.Eventually(t, func() bool {
		ids, err := w.db.State(ctx).Find("Basic", nhs.Query("identifier", idState, waiting))
		return err == nil && len(ids) == 0
	}, 10*time.Second, 5*time.Millisecond)
	w.rx("2", "accepted", "b=With Pharmacy")
	w.step()
	require.Eventually(t, func() bool { return w.shown(updates, "2") == "b With Pharmacy told" }, 10*time.Second, 5*time.Millisecond)
	cancel()
	<-done
}
