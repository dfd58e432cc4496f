package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

const testPharmacy = "X99PH"

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func date(day string) nhs.Date { return nhs.ReadDate(day) }

// world is a database in memory, one figure, and a sender that keeps what it is given.
type world struct {
	t      *testing.T
	ctx    context.Context
	db     *store.DB
	desk   *Desk
	now    time.Time
	figure float64
	sent   []string // receiver, and the first line of the text
	keys   []string
	at     []time.Time // what the messages say when it was
	fails  int         // how many of the next messages fail
	checks *profiles.Validator
}

func newWorld(t *testing.T, rules Rules, at time.Time, receivers ...Receiver) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), now: at, figure: -1, checks: profiles.New()}
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return w.now }, Guards: []fhir.Guard{Guard}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w.db = db
	w.desk = w.over(db, rules, receivers)
	return w
}

func (w *world) over(db Database, rules Rules, receivers []Receiver) *Desk {
	return New(db, Options{Site: testPharmacy, Base: "https://pharmacy.example", Rules: rules, Receivers: receivers, Senders: map[string]Sender{Slack: w, Email: w},
		Figures: func(string) (float64, bool) { return w.figure, w.figure >= 0 }, Clock: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler)})
}

// Send keeps a message, or fails as often as it was told.
func (w *world) Send(_ context.Context, to *Receiver, m Message) error {
	if w.fails > 0 {
		w.fails--
		return errors.New("it answered 503")
	}
	first, _, _ := strings.Cut(m.Text, "\n")
	w.sent, w.keys, w.at = append(w.sent, to.Name+": "+first), append(w.keys, m.Key), append(w.at, m.At)
	return nil
}

func (w *world) put(text string) {
	w.t.Helper()
	r, err := fhir.Parse([]byte(text))
	require.NoError(w.t, err)
	_, err = w.db.Commit(w.ctx, &fhir.Transaction{Derived: true, Changes: []fhir.Change{{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r}}})
	require.NoError(w.t, err)
}

func (w *world) valid(ref string) {
	w.t.Helper()
	_, id, _ := strings.Cut(ref, "/")
	v, err := w.db.State(w.ctx).Current("Task", id)
	require.NoError(w.t, err)
	r, err := v.Resource()
	require.NoError(w.t, err)
	for _, i := range w.checks.Validate(w.ctx, r) {
		require.False(w.t, i.IsError(), "%s %s", i.Expression, i.Text())
	}
}

// minute judges and tells once.
func (w *world) minute() {
	w.t.Helper()
	require.NoError(w.t, w.desk.Judge(w.ctx))
	require.NoError(w.t, w.desk.Tell(w.ctx))
}

// states are the alerts in words.
func (w *world) states() (list []string) {
	w.t.Helper()
	all, err := w.desk.Open(w.ctx, true)
	require.NoError(w.t, err)
	for _, a := range all {
		w.valid("Task/" + a.ID)
		list = append(list, strings.Join(strings.Fields(a.Rule+" "+a.Focus+" "+a.State.String()), " "))
	}
	return list
}

func (w *world) only() *Alert {
	w.t.Helper()
	list, err := w.desk.Open(w.ctx, true)
	require.NoError(w.t, err)
	require.Len(w.t, list, 1)
	return list[0]
}

func rulesOf(t *testing.T, more ...string) Rules {
	t.Helper()
	list, err := ReadRules("2026-01-01\tslow\tfigure\tx\t>5\t0\trule\twarning\t*\tIt is slow\tMake it fast.\t/metrics\n" + strings.Join(more, ""))
	require.NoError(t, err)
	return list
}

const down = "2026-01-01\tdown\tfigure\tx\t>50\t0\trule\tcritical\t*\tIt is down\tStart it.\t-\n"

var pharmacist = fhir.Principal{Agent: "sds-user-id|1", Display: "Ada", OnBehalf: testPharmacy, Roles: []string{"pharmacist"}}

// TestLife: an alert is told once while its cause goes on, resolved when it is gone, and
// told again when it comes back.
func TestLife(t *testing.T) {
	w := newWorld(t, rulesOf(t), noon, Receiver{Name: "ops", Kind: Slack, Rules: []string{"*"}})
	w.figure = 5
	w.minute()
	assert.Empty(t, w.states())
	w.figure = 6
	for range 5 {
		w.minute()
		w.now = w.now.Add(time.Minute)
	}
	assert.Equal(t, []string{"slow raised"}, w.states())
	assert.Equal(t, []string{"ops: It is slow (6)."}, w.sent)
	version := w.only().version.VersionID
	w.minute()
	assert.Equal(t, version, w.only().version.VersionID, "nothing is written while nothing changes")
	w.figure = 0
	w.minute()
	assert.Equal(t, []string{"slow resolved"}, w.states())
	w.figure = 9
	w.minute()
	assert.Equal(t, []string{"slow raised"}, w.states())
	assert.Equal(t, []string{"ops: It is slow (6).", "ops: This is over: It is slow.", "ops: It is slow (9)."}, w.sent)
	assert.NotEqual(t, w.keys[0], w.keys[1])
	assert.NotEqual(t, w.keys[0], w.keys[2])
	w.figure = -1
	w.minute()
	assert.Equal(t, []string{"slow resolved"}, w.states(), "a figure that the server has no more is within every limit")
}

// TestOver: who was told of an alert is told once that its cause is gone, also after a failure and
// by another process, within its hours; who was not told of it is not.
func TestOver(t *testing.T) {
	late := Receiver{Name: "late", Kind: Email, Rules: []string{"*"}, From: 20 * 60, Until: 22 * 60}
	w := newWorld(t, rulesOf(t), noon, Receiver{Name: "ops", Kind: Slack, Rules: []string{"*"}}, late)
	w.figure = 6
	w.minute()
	_, err := w.desk.Move(w.ctx, w.only().ID, Acknowledged, pharmacist, "", w.now)
	require.NoError(t, err)
	w.figure, w.fails, w.now = 0, 1, noon.Add(10*time.Minute)
	w.minute()
	assert.Equal(t, []string{"ops: It is slow (6)."}, w.sent)
	assert.Equal(t, []string{"slow resolved"}, w.states())
	w.desk = w.over(w.db, w.desk.rules, w.desk.receivers)
	for range 3 {
		w.now = w.now.Add(time.Minute)
		w.minute()
	}
	assert.Equal(t, []string{"ops: It is slow (6).", "ops: This is over: It is slow."}, w.sent)
	assert.Equal(t, []time.Time{noon, noon.Add(10 * time.Minute)}, []time.Time{w.at[0].UTC(), w.at[1].UTC()}, "when it was raised, and when it was over, however late that is told")
	version := w.only().version.VersionID
	w.now = noon.Add(9 * time.Hour)
	w.minute()
	assert.Equal(t, version, w.only().version.VersionID, "nothing is written any more")
	assert.Len(t, w.sent, 2)

	// One that takes nothing any more is left after a day.
	w.figure = 6
	w.minute()
	w.figure, w.fails = 0, 1000
	for range 30 {
		w.minute()
		w.now = w.now.Add(time.Hour)
	}
	assert.Equal(t, mostOver, w.only().told["ops"].failed)
	assert.False(t, w.only().told["ops"].over.IsZero())
}

// TestOverWithoutReceiver: an alert that is over waits for no receiver that is gone, or that is told of
// its rule no more, also where there is none left; it still waits for one that sleeps.
func TestOverWithoutReceiver(t *testing.T) {
	ops, pager := Receiver{Name: "ops", Kind: Slack, Rules: []string{"*"}}, Receiver{Name: "pager", Kind: Slack, Rules: []string{"*"}}
	day := Receiver{Name: "day", Kind: Email, Rules: []string{"*"}, From: 8 * 60, Until: 18 * 60}
	for name, left := range map[string][]Receiver{"none": nil, "another": {pager}, "one of other rules": {{Name: "ops", Kind: Slack, Rules: []string{"down"}}}, "one that sleeps": {day}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, rulesOf(t, down), noon, ops, day)
			w.figure = 6
			w.minute()
			require.Len(t, w.sent, 2)
			w.desk, w.figure, w.now = w.over(w.db, w.desk.rules, left), 0, noon.Add(9*time.Hour)
			w.minute()
			waits, err := w.db.State(w.ctx).Find("Task", nhs.Query("identifier", idOver, "pending"))
			require.NoError(t, err)
			assert.Equal(t, name == "one that sleeps", len(waits) == 1)
			version := w.only().version.VersionID
			w.minute()
			assert.Equal(t, version, w.only().version.VersionID, "nothing is written any more")
			assert.Len(t, w.sent, 2)
		})
	}
}

// TestAcknowledged: nobody is told of what somebody looks after, and what is put aside is not
// raised again before its cause was gone.
func TestAcknowledged(t *testing.T) {
	w := newWorld(t, rulesOf(t), noon, Receiver{Name: "ops", Kind: Slack, Rules: []string{"*"}})
	w.figure, w.fails = 6, 1
	w.minute()
	_, err := w.desk.Move(w.ctx, w.only().ID, Acknowledged, pharmacist, "", w.now)
	require.NoError(t, err)
	w.now = w.now.Add(time.Hour)
	w.minute()
	assert.Empty(t, w.sent)
	assert.Equal(t, []string{"slow acknowledged"}, w.states())
	assert.Equal(t, "Ada", w.only().By)
	_, err = w.desk.Move(w.ctx, w.only().ID, Aside, pharmacist, " ", w.now)
	require.ErrorContains(t, err, "the parameter note")
	_, err = w.desk.Move(w.ctx, w.only().ID, Aside, pharmacist, "It is always slow on Mondays.", w.now)
	require.NoError(t, err)
	w.minute()
	assert.Equal(t, []string{"slow put aside"}, w.states())
	w.figure = 0
	w.minute()
	_, err = w.desk.Move(w.ctx, w.only().ID, Acknowledged, pharmacist, "", w.now)
	var e *fhir.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "ALERT-1", e.Issues[0].Rule)
	w.figure = 6
	w.minute()
	assert.Equal(t, []string{"slow raised"}, w.states())
	assert.Len(t, w.sent, 1)

	other := pharmacist
	other.OnBehalf = "FX999"
	_, err = w.desk.Move(w.ctx, w.only().ID, Acknowledged, other, "", w.now)
	require.Equal(t, fhir.NotFound, fhir.KindOf(err))
	_, err = w.desk.Move(w.ctx, w.only().ID, Acknowledged, fhir.Principal{Agent: "admin", SeesNone: true}, "", w.now)
	require.NoError(t, err, "an administrator sees no patients, and alerts tell of none")
	w.put(`{"resourceType":"Task","id":"t","status":"received","intent":"order"}`)
	_, err = w.desk.Move(w.ctx, "t", Acknowledged, pharmacist, "", w.now)
	require.Equal(t, fhir.NotFound, fhir.KindOf(err))
}

// TestRetries: a receiver that cannot be told is tried again after longer pauses, and the
// others are told once.
func TestRetries(t *testing.T) {
	w := newWorld(t, rulesOf(t), noon, Receiver{Name: "a", Kind: Slack, Rules: []string{"*"}}, Receiver{Name: "b", Kind: Email, Rules: []string{"slow"}}, Receiver{Name: "c", Kind: Teams, Rules: []string{"*"}}, Receiver{Name: "d", Kind: Slack, Rules: []string{"critical"}})
	w.figure, w.fails = 6, 1
	tried := 0
	for range 200 {
		before := len(w.sent)
		w.minute()
		tried += len(w.sent) - before
		w.now = w.now.Add(time.Minute)
	}
	assert.Equal(t, []string{"b: It is slow (6).", "a: It is slow (6)."}, w.sent)
	assert.Equal(t, "the server has no way to send by teams", w.only().told["c"].why)
	assert.InDelta(t, 6, w.only().told["c"].failed, 2)
	assert.NotContains(t, w.only().told, "d")

	// A desk that begins anew, as after a crash, knows who was told.
	w.desk = w.over(w.db, w.desk.rules, w.desk.receivers)
	w.minute()
	assert.Len(t, w.sent, 2)
}

// TestQuietHours: what is not critical waits for the hours of its receiver, by the clock in
// London.
func TestQuietHours(t *testing.T) {
	for _, c := range []struct {
		hours string
		at    time.Time
		want  int
	}{
		{"07:00-22:00", time.Date(2026, 11, 30, 6, 59, 0, 0, time.UTC), 0},
		{"07:00-22:00", time.Date(2026, 11, 30, 7, 0, 0, 0, time.UTC), 1},
		{"07:00-22:00", time.Date(2026, 11, 30, 22, 0, 0, 0, time.UTC), 0},
		{"07:00-22:00", time.Date(2026, 7, 1, 6, 0, 0, 0, time.UTC), 1}, // 7 o'clock in London
		{"22:00-06:00", time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC), 1},
		{"22:00-06:00", time.Date(2026, 11, 30, 5, 59, 0, 0, time.UTC), 1},
		{"22:00-06:00", time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), 0},
		{"always", time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC), 1},
	} {
		from, until, err := hoursOf(c.hours)
		require.NoError(t, err)
		w := newWorld(t, rulesOf(t, down), c.at, Receiver{Name: "ops", Kind: Slack, Rules: []string{"*"}, From: from, Until: until})
		w.figure = 6
		w.minute()
		assert.Len(t, w.sent, c.want, "%s at %s", c.hours, c.at)
		w.figure = 60
		w.minute()
		assert.Contains(t, w.sent, "ops: It is down (60).", "what is critical is told at any hour")
	}
}

// TestOneForEachResource: a rule of resources has one alert for each, of the newest 50.
func TestOneForEachResource(t *testing.T) {
	list, err := ReadRules("2026-01-01\tparked\tsearch\tTask?status=failed\t>0\t0\tresource\twarning\t*\tIt failed\tLook.\t{search}\n")
	require.NoError(t, err)
	w := newWorld(t, list, noon, Receiver{Name: "ops", Kind: Slack, Rules: []string{"*"}})
	for i := range 3 {
		w.put(fmt.Sprintf(`{"resourceType":"Task","id":"%d","status":"failed","intent":"order"}`, i))
	}
	w.minute()
	assert.ElementsMatch(t, []string{"parked Task/0 raised", "parked Task/1 raised", "parked Task/2 raised"}, w.states())
	w.put(`{"resourceType":"Task","id":"1","status":"completed","intent":"order"}`)
	w.minute()
	assert.ElementsMatch(t, []string{"parked Task/0 raised", "parked Task/1 resolved", "parked Task/2 raised"}, w.states())
	for i := range 100 {
		w.put(fmt.Sprintf(`{"resourceType":"Task","id":"m%d","status":"failed","intent":"order"}`, i))
	}
	w.minute()
	open, err := w.desk.Open(w.ctx, false)
	require.NoError(t, err)
	assert.Len(t, open, mostEach)
}

// full is a database that takes no writes.
type full struct{ Database }

func (full) Commit(context.Context, *fhir.Transaction) (*fhir.Commit, error) {
	return nil, fhir.E("commit", fhir.NoStore, fhir.Issue{Message: "The disk is full."})
}

// TestFullDisk: what is critical is told although it cannot be stored, once.
func TestFullDisk(t *testing.T) {
	w := newWorld(t, rulesOf(t, down), noon)
	w.desk = w.over(full{w.db}, w.desk.rules, []Receiver{{Name: "ops", Kind: Slack, Rules: []string{"*"}}})
	w.figure = 60
	for range 3 {
		w.minute()
	}
	assert.Equal(t, []string{"ops: It is down (60)."}, w.sent)
}

// TestGuard: nobody writes an alert by hand.
func TestGuard(t *testing.T) {
	w := newWorld(t, rulesOf(t), noon)
	w.figure = 6
	w.minute()
	a := w.only()
	for name, c := range map[string]fhir.Change{
		"deleted":   {Method: fhir.Delete, Type: "Task", ID: a.ID},
		"resolved":  {Method: fhir.Update, Type: "Task", ID: a.ID, Resource: fhir.Revise(a.resource, "status", "completed")},
		"disguised": {Method: fhir.Update, Type: "Task", ID: a.ID, Resource: fhir.Revise(a.resource, "code", fhir.Value{})},
		"made":      {Method: fhir.Create, Type: "Task", Resource: fhir.Revise(a.resource, "id", fhir.Value{})},
	} {
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{c}, Requester: pharmacist})
		assert.Equal(t, fhir.BusinessRule, fhir.KindOf(err), name)
	}
}

// TestOperations: what $alerts lists, and how it is moved by operations.
func TestOperations(t *testing.T) {
	w := newWorld(t, rulesOf(t), noon)
	w.figure = 6
	w.minute()
	ops := map[string]fhir.Operation{}
	for _, op := range w.desk.Operations() {
		ops[op.Name] = op
	}
	reply, err := ops["alerts"].Handle(w.ctx, &fhir.Call{})
	require.NoError(t, err)
	said := string(reply.Resource.JSON())
	for _, want := range []string{`"raised"`, `"Make it fast."`, `"https://pharmacy.example/metrics"`, `"valueInteger":6`} {
		assert.Contains(t, said, want)
	}
	_, err = ops["acknowledge-alert"].Handle(w.ctx, &fhir.Call{ID: w.only().ID, Requester: pharmacist, Time: w.now, Body: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "note", "valueString", "I call them."))).Resource()})
	require.NoError(t, err)
	assert.Equal(t, "I call them.", w.only().Note)
}

// TestReadReceivers: every mistake is named by its line, and no address.
func TestReadReceivers(t *testing.T) {
	rules := rulesOf(t, down)
	const good = "ops\twebhook\thttps://hooks.example/SECRET\twhsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\tslow,critical\t07:00-22:00\n"
	list, err := ReadReceivers("# note\n"+good+"chat\tslack\thttps://hooks.example/SECRET\t-\t*\talways\nteam\tteams\thttps://hooks.example/SECRET\t-\t*\talways\nme\temail\ta@example.com\t-\t*\talways\n", rules)
	require.NoError(t, err)
	require.Len(t, list, 4)
	assert.True(t, list[0].wants(&rules[0]) && list[0].wants(&rules[1]))
	for _, c := range [][2]string{{"ops\t", "Ops!\t"}, {"webhook", "pigeon"}, {"https://hooks.example/SECRET", "SECRET"}, {"whsec_A", "whsec_!"}, {"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "-"}, {"slow,", "quick,"}, {"07:00", "7:00"}, {"07:00", "25:00"}, {"-22:00", ""}, {"22:00", "07:00"}, {"\t07:00-22:00", ""},
		{"webhook", "slack"}, {"webhook", "email"}} {
		_, err := ReadReceivers(strings.Replace(good, c[0], c[1], 1), rules)
		assert.ErrorContains(t, err, "line 1: ", "%q for %q", c[1], c[0])
		if err != nil {
			assert.NotContains(t, err.Error(), "SECRET")
		}
	}
	_, err = ReadReceivers(good+good, rules)
	require.ErrorContains(t, err, "line 2: ")
	_, err = ReadReceivers("", rules)
	require.Error(t, err)
}
