package messages

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

var start = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

// world is a log over an engine in memory.
type world struct {
	t     *testing.T
	log   *Log
	shelf *store.Shelf
	now   time.Time
}

func newWorld(t *testing.T, most int64) *world {
	t.Helper()
	w := &world{t: t, shelf: store.NewMessages(mem.New()), now: start}
	w.log = w.open(most)
	return w
}

func (w *world) open(most int64) *Log {
	keep, err := BuiltinRetention()
	require.NoError(w.t, err)
	return New(Options{Store: w.shelf, Retention: keep, Most: most, Clock: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler)})
}

// send logs a message that was answered with a status, and issues of the form rule@place.
func (w *world) send(org, body string, status int, issues ...string) *Message {
	w.now = w.now.Add(time.Second)
	m := &Message{Time: w.now, Organisation: org, Method: "POST", Target: "/fhir/Patient/17?x=1", Interaction: "create", Type: "Patient", RequestID: "r"}
	m.Carries([]byte(body))
	for _, i := range issues {
		rule, place, _ := strings.Cut(i, "@")
		m.Note([]fhir.Issue{{Severity: fhir.Err, Code: fhir.Invariant, Rule: rule, Expression: place, Message: "It is wrong."}})
	}
	m.Close(status)
	w.log.Keep(m)
	return m
}

func (w *world) list(q Query) (list []*Message, more string) {
	w.t.Helper()
	if q.Count == 0 {
		q.Count = 100
	}
	list, more, err := w.log.List(q)
	require.NoError(w.t, err)
	return list, more
}

// TestWhatIsKept: the bytes as they were sent, and what came of them, of the organisation that
// sent them alone.
func TestWhatIsKept(t *testing.T) {
	w := newWorld(t, 1<<30)
	body := "{\n  \"resourceType\" : \"Patient\" ,\t\"name\":1e400}"
	sent := w.send("X99CL", body, 422, "invariant-1@Patient.name[0]")
	sent.Note([]fhir.Issue{{Severity: fhir.Err, Message: "too late"}})
	w.send("X99CM", body, 201)
	w.log.Flush()
	w.log = w.open(1 << 30) // another process
	list, more := w.list(Query{Organisation: "X99CL"})
	require.Len(t, list, 1)
	assert.Empty(t, more)
	m := list[0]
	assert.Equal(t, []any{"X99CL", 422, false, true, len(body), 1}, []any{m.Organisation, m.Status, m.Accepted, m.Kept, m.Size, len(m.Issues)})
	got, err := w.log.Body(m)
	require.NoError(t, err)
	assert.Equal(t, body, string(got))
	other, err := w.log.Get("X99CM", m.ID)
	require.NoError(t, err)
	assert.Nil(t, other, "it is nobody else's")
	for _, id := range []string{"", "../x", strings.Repeat("0", 16), strings.Repeat("z", 16), m.ID + "0"} {
		none, err := w.log.Get("X99CL", id)
		require.NoError(t, err)
		assert.Nil(t, none, id)
	}
	for _, org := range []string{"X99C", "X99CL/", "X99", "/"} { // names that begin alike
		list, _ := w.list(Query{Organisation: org})
		assert.Empty(t, list, org)
	}
}

// TestPages: the newest first, page by page, by outcome, rule and time; and what comes, the
// oldest first.
func TestPages(t *testing.T) {
	w := newWorld(t, 1<<30)
	for i := range 50 {
		if i%5 == 0 {
			w.send("X99CL", "{}", 422, fmt.Sprintf("rule-%d@Patient", i%2))
		} else {
			w.send("X99CL", "{}", 201)
		}
		w.send("X99CM", "{}", 201)
	}
	w.log.Flush()
	var ids []string
	q := Query{Organisation: "X99CL", Count: 7}
	for {
		list, more := w.list(q)
		for _, m := range list {
			assert.Equal(t, "X99CL", m.Organisation)
			ids = append(ids, m.ID)
		}
		if q.Before = more; more == "" {
			break
		}
	}
	require.Len(t, ids, 50)
	for i := 1; i < len(ids); i++ {
		assert.Less(t, ids[i], ids[i-1])
	}
	for _, c := range []struct {
		q    Query
		want int
	}{{Query{Outcome: "refused"}, 10}, {Query{Outcome: "accepted"}, 90}, {Query{Rule: "rule-1"}, 5}, {Query{Organisation: "X99CL", Outcome: "refused", Rule: "rule-0"}, 5}, {Query{Since: start.Add(81 * time.Second)}, 20}, {Query{Organisation: "X99CL", Since: start.Add(81 * time.Second)}, 10}, {Query{Organisation: "X99CL", After: ids[3]}, 3}} {
		list, _ := w.list(c.q)
		assert.Len(t, list, c.want, "%+v", c.q)
	}
	list, _ := w.list(Query{After: ids[3], Organisation: "X99CL"})
	assert.Equal(t, ids[2], list[0].ID)
}

// TestGroups: a mistake is counted once for each message, whatever entry it is in.
func TestGroups(t *testing.T) {
	w := newWorld(t, 1<<30)
	for range 3 {
		w.send("X99CL", "{}", 422, "a@Bundle.entry[0].resource.name", "a@Bundle.entry[7].resource.name", "b@Patient")
	}
	last := w.send("X99CL", "{}", 422, "b@Patient")
	w.send("X99CL", "{}", 201)
	w.send("X99CM", "{}", 422, "c@Patient")
	w.log.Flush()
	list, total, accepted, err := w.log.Groups(Query{Organisation: "X99CL"})
	require.NoError(t, err)
	assert.Equal(t, []any{5, 1}, []any{total, accepted})
	require.Len(t, list, 2)
	assert.Equal(t, []any{"b", "Patient", 4, last.ID}, []any{list[0].Rule, list[0].Place, list[0].Messages, list[0].Example})
	assert.Equal(t, []any{"a", "Bundle.entry.resource.name", 3}, []any{list[1].Rule, list[1].Place, list[1].Messages})
	list, total, _, err = w.log.Groups(Query{})
	require.NoError(t, err)
	assert.Len(t, list, 3)
	assert.Equal(t, 6, total)
}

// TestRetention: bodies go before entries, those that were accepted first.
func TestRetention(t *testing.T) {
	w := newWorld(t, 1<<30)
	w.send("X99CL", "good", 201)
	w.send("X99CL", "bad", 422, "a@Patient")
	w.log.Flush()
	for _, c := range []struct {
		days int
		want string
	}{{29, "bad good"}, {31, "bad -"}, {89, "bad -"}, {91, "- -"}, {399, "- -"}, {401, ""}} {
		w.now = start.AddDate(0, 0, c.days)
		w.log.prune()
		var got []string
		list, _ := w.list(Query{Organisation: "X99CL"})
		for _, m := range list {
			body, err := w.log.Body(m)
			require.NoError(t, err)
			if body == nil {
				body = []byte("-")
			}
			got = append(got, string(body))
		}
		assert.Equal(t, c.want, strings.Join(got, " "), "after %d days", c.days)
	}
	w.empty()
	assert.Zero(t, w.log.Held())
}

// empty wants nothing to be stored at all.
func (w *world) empty() {
	w.t.Helper()
	require.NoError(w.t, w.shelf.Range("", "~", false, func(name string, _ []byte) bool {
		w.t.Errorf("%s is left", name)
		return true
	}))
}

// TestBounds: the log holds no more than it may, whatever is sent, and the newest are there.
func TestBounds(t *testing.T) {
	w := newWorld(t, 200<<10)
	body := strings.Repeat("x", 5<<10)
	for i := range 400 {
		w.send("X99CL", body, 201)
		if i%50 == 49 {
			w.log.Flush()
			w.log.prune()
			assert.LessOrEqual(t, w.log.Held(), int64(200<<10))
		}
	}
	list, _ := w.list(Query{Organisation: "X99CL"})
	assert.InDelta(t, 37, len(list), 3)
	assert.Equal(t, w.now, list[0].Time)
	held := w.log.Held()
	w.log = w.open(200 << 10)
	require.NoError(t, w.log.weigh())
	assert.Equal(t, held, w.log.Held(), "what is counted is what is stored")

	before := w.log.Dropped()
	huge := w.send("X99CL", strings.Repeat("x", MostBody+1), 201)
	w.log.Flush()
	m, err := w.log.Get("X99CL", huge.ID)
	require.NoError(t, err)
	assert.Equal(t, []any{MostBody + 1, false}, []any{m.Size, m.Kept}, "of a body that is too large its size")
	for range mostQueued/MostBody + 4 {
		w.send("X99CL", strings.Repeat("x", MostBody), 201)
	}
	assert.Greater(t, w.log.Dropped(), before, "a queue that is full takes no more")
	assert.LessOrEqual(t, w.log.queued, int64(mostQueued))
}

// TestForget: of a patient nothing is left but that somebody sent something.
func TestForget(t *testing.T) {
	w := newWorld(t, 1<<30)
	w.send("X99CL", `{"identifier":"9990001006"}`, 422, "a@Patient")
	matched := &Message{Time: w.now, Organisation: "X99CL", Interaction: "create"}
	matched.Carries([]byte(`{"name":"Jo"}`))
	matched.Committed(&fhir.Commit{Results: []fhir.Result{{Version: &fhir.Version{Type: "Patient", ID: "p1", VersionID: "1"}}}})
	matched.Close(201)
	w.log.Keep(matched)
	other := w.send("X99CL", `{"identifier":"9990001014"}`, 201)
	n, err := w.log.Forget([]string{"Patient/p1"}, []string{"9990001006", ""})
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	require.NoError(t, w.shelf.Range("", "~", false, func(name string, value []byte) bool {
		for _, word := range []string{"9990001006", "Patient/p1", "Jo", "Patient/17"} {
			if strings.Contains(name, other.ID) {
				continue
			}
			assert.NotContains(t, string(value), word, name)
		}
		return true
	}))
	list, _ := w.list(Query{Organisation: "X99CL"})
	assert.Len(t, list, 3)
	body, err := w.log.Body(list[0])
	require.NoError(t, err)
	assert.NotEmpty(t, body, "another patient's stays")
	held := w.log.Held()
	w.log.held.Store(0)
	require.NoError(t, w.log.weigh())
	assert.Equal(t, held, w.log.Held())

	require.NoError(t, w.log.Promise("p1", []string{"9990001006"}))
	promised, err := w.log.Promised()
	require.NoError(t, err)
	assert.Equal(t, map[string][]string{"p1": {"9990001006"}}, promised)
	require.NoError(t, w.log.Release("p1"))
	promised, err = w.log.Promised()
	require.NoError(t, err)
	assert.Empty(t, promised)
}

// TestCompare: what a message has more or less than another, without what is below.
func TestCompare(t *testing.T) {
	more, less := Compare([]byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","name":[{"given":["Jo"]}],"gender":"other"}}]}`),
		[]byte(`{"resourceType":"Bundle","type":"message","entry":[{"resource":{"resourceType":"Patient","gender":"male","address":[{"line":["x"],"city":"y"}]}},{"resource":{"resourceType":"Patient","gender":"male"}}]}`))
	assert.Equal(t, []string{"Bundle.entry.resource.Patient.name"}, more)
	assert.Equal(t, []string{"Bundle.entry.resource.Patient.address", "Bundle.type"}, less)
	more, less = Compare([]byte("no JSON"), []byte("<xml/>"))
	assert.Empty(t, more)
	assert.Empty(t, less)
}

// TestReadRetention: every mistake is named by its line.
func TestReadRetention(t *testing.T) {
	for from, to := range map[string]string{"2026-01-01\tbody\taccepted": "soon\tbody\taccepted", "body\taccepted\t30": "soul\taccepted\t30", "accepted\t30": "welcome\t30", "\t30\t": "\t-1\t", "2026-01-01\tbody\taccepted\t30\t": "2026-01-01\tbody\taccepted\t30"} {
		_, err := ReadRetention(strings.Replace(retentionTSV, from, to, 1))
		require.Error(t, err, to)
		assert.Contains(t, err.Error(), "line 4: ", to)
	}
	_, err := ReadRetention("")
	require.ErrorContains(t, err, "body accepted")
}

// FuzzCompare: whatever is sent, nothing differs from itself.
func FuzzCompare(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Patient","name":[{"given":["Jo"]}]}`), []byte(`{}`))
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient"}}]}`), []byte(`[]`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		more, less := Compare(a, a)
		require.Empty(t, more)
		require.Empty(t, less)
		Compare(a, b)
	})
}

// FuzzPlace: a place has no numbers of repeats, and is the place of itself.
func FuzzPlace(f *testing.F) {
	f.Add("Bundle.entry[3].resource.ofType(X).name[0]")
	f.Add("Parameters.parameter.where(name = 'a[1]')[")
	f.Fuzz(func(t *testing.T, text string) {
		i := Issue{Expression: text}
		once := i.Place()
		i.Expression = once
		if strings.Count(text, "[") == strings.Count(text, "]") {
			_ = i.Place()
		}
		require.NotRegexp(t, `\[[0-9]+\]$`, once)
	})
}
