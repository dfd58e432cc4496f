package reimbursement

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// byName is the duties of a test: one name is one person.
type byName struct{}

func (byName) Separate(_ fhir.State, act, about string, who fhir.Principal, earlier string) error {
	if who.Agent == earlier {
		return fhir.E("duty", fhir.Forbidden, fhir.Issue{Rule: "second-person", Message: "This needs another person: " + act + " " + about + "."})
	}
	return nil
}

// manned is a world with two persons of finance, whose months are closed as a policy
// says.
func manned(t *testing.T, closing Closing) *world {
	w := newWorld(t)
	o := Options{Duties: byName{}, Closing: closing}
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return w.now }, Guards: []fhir.Guard{Guard(o)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w.db, w.s = db, New(db, o)
	return w.sample()
}

func person(name string) fhir.Principal {
	return fhir.Principal{Agent: "sds-user-id|" + name, Display: name, OnBehalf: "VNE51", Roles: []string{"finance"}, Person: true}
}

// closeAs asks for the closing of November, or confirms it.
func (w *world) closeAs(who fhir.Principal, more ...string) (*fhir.Reply, error) {
	call := w.call(nil)
	call.Requester, call.Params = who, url.Values{"month": {"2026-11"}}
	for i := 0; i < len(more); i += 2 {
		call.Params.Set(more[i], more[i+1])
	}
	return w.s.closeOperation(w.ctx, call)
}

// TestTwoPersonsClose: one asks, another confirms, and what was asked for is what is
// closed, whether it is added up again or stands in what was asked.
func TestTwoPersonsClose(t *testing.T) {
	t.Run("small", func(t *testing.T) { twoPersonsClose(t, "Bundle") })
	t.Run("large", func(t *testing.T) {
		everyRunIsLarge(t)
		twoPersonsClose(t, "Invoice")
	})
}

// everyRunIsLarge has the account of each run stand in the request for it.
func everyRunIsLarge(t *testing.T) {
	whole := closedWhole
	closedWhole = -1
	t.Cleanup(func() { closedWhole = whole })
}

func twoPersonsClose(t *testing.T, answer string) {
	w := manned(t, BuiltInClosing)
	acute("111111-A83008-111111").store(w)
	w.settle()
	w.now = time.Date(2026, 12, 3, 9, 30, 0, 0, time.UTC)
	asked, err := w.closeAs(person("1"))
	require.NoError(t, err)
	w.valid(asked.Resource)
	task := asked.Resource
	require.Equal(t, []string{"Task", "requested", "1", "Task/" + requestID(november, "VNE51", 1) + "/_history/1"},
		[]string{task.Type(), task.Get("status").Text(), workInput(task, closeClaims).Text(), asked.Location})
	require.Nil(t, w.get("Invoice", invoiceID(november, "VNE51", 1)), "nothing is closed")
	w.valid(w.get("Task", task.ID()))

	head := w.db.Head()
	_, err = w.closeAs(person("1"))
	require.Equal(t, fhir.Forbidden, fhir.KindOf(err), "%v", err)
	_, err = w.closeAs(person("1"), "alone", "the other is ill")
	require.ErrorContains(t, err, "wants two persons")
	require.Equal(t, "two-persons", ruleOf(t, err))
	require.Equal(t, head, w.db.Head(), "a refusal writes nothing")

	// another claim has come: what the first saw is not what would be closed
	acute("211111-A83008-111111").store(w)
	w.settle()
	again, err := w.closeAs(person("2"))
	require.NoError(t, err)
	require.Equal(t, "2", workInput(again.Resource, closeClaims).Text(), "it is asked for anew")
	_, err = w.closeAs(person("2"))
	require.Equal(t, fhir.Forbidden, fhir.KindOf(err), "now the second has asked")
	closed, err := w.closeAs(person("1"))
	require.NoError(t, err)
	require.Equal(t, answer, closed.Resource.Type())
	require.Equal(t, "completed", w.get("Task", task.ID()).Get("status").Text())
	require.Equal(t, "issued", w.get("Invoice", invoiceID(november, "VNE51", 1)).Get("status").Text())
	same, err := w.closeAs(person("2"))
	require.NoError(t, err)
	require.Equal(t, string(closed.Resource.JSON()), string(same.Resource.JSON()), "a closed month is returned to anybody who may close it")
}

// TestLargeRunIsWhatWasAsked: the account of a large run is that which was asked for,
// equal to the one that is added up, whatever is written meanwhile that is not of it;
// what is of it is asked for anew.
func TestLargeRunIsWhatWasAsked(t *testing.T) {
	others := func(w *world) {
		w.now = w.now.Add(time.Hour)
		late := acute("311111-A83008-111111")
		late.handed = w.now.Format(time.RFC3339)
		late.store(w)
		w.settle()
	}
	asked := func(t *testing.T) (*world, *rx) {
		w := manned(t, BuiltInClosing)
		rx := acute("111111-A83008-111111")
		rx.store(w)
		acute("511111-A83008-111111").store(w) // which stays
		w.settle()
		w.now = time.Date(2026, 12, 3, 9, 30, 0, 0, time.UTC)
		reply, err := w.closeAs(person("1"))
		require.NoError(t, err)
		w.valid(reply.Resource)
		return w, rx
	}
	closed := func(t *testing.T) string {
		w, _ := asked(t)
		others(w)
		_, err := w.closeAs(person("2"))
		require.NoError(t, err)
		w.valid(w.get("Task", requestID(november, "VNE51", 1)))
		account := w.get("Invoice", invoiceID(november, "VNE51", 1))
		require.NotNil(t, account)
		w.valid(account)
		list, err := w.s.ExportMonth(w.ctx, ExportRequest{Month: november, Org: "VNE51", Time: w.now})
		require.NoError(t, err)
		require.Len(t, list[0].list, 2)
		// where it is added up again, it reads at another sequence
		return string(fhir.Revise(account, "extension", fhir.Value{}).JSON())
	}
	whole := closed(t)
	everyRunIsLarge(t)
	require.Equal(t, whole, closed(t))

	for name, change := range map[string]func(w *world, rx *rx){
		"another claim": func(w *world, _ *rx) { acute("211111-A83008-111111").store(w) },
		"amended":       func(w *world, rx *rx) { rx.lines[0].supplies[0].quantity = "7"; rx.store(w) },
		"withdrawn": func(w *world, rx *rx) {
			rx.status, rx.business, rx.withdrawn = "accepted", "0002", true
			rx.store(w)
		},
		"withdrawn in the next month": func(w *world, rx *rx) {
			rx.status, rx.business, rx.withdrawn, rx.moved = "accepted", "0002", true, "2026-12-03"
			rx.store(w)
		},
		"handed over in the next month after all": func(w *world, rx *rx) {
			rx.handed = "2026-12-01T10:00:00+00:00"
			rx.store(w)
		},
		"another run": func(w *world, _ *rx) {
			who := fhir.Principal{Agent: "root"}
			_, err := w.s.CloseMonth(w.ctx, CloseRequest{Month: november - 1, Org: "VNE51", Time: w.now, Requester: who})
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, rx := asked(t)
			if name == "another run" {
				october := acute("411111-A83008-111111")
				october.handed = "2026-10-10T10:00:00Z"
				october.store(w)
				w.settle()
			}
			change(w, rx)
			w.settle()
			_, err := w.closeAs(person("2"))
			require.NoError(t, err)
			open := w.get("Task", requestID(november, "VNE51", 1)).Get("status").Text() == "requested"
			require.Equal(t, name != "another run", open, "what nobody has seen is not closed")
		})
	}
}

// TestOnePersonByPolicy: where the policy says so, one person asks and confirms, and
// says why.
func TestOnePersonByPolicy(t *testing.T) {
	policy, err := ReadClosing([]byte("2020-01-01\t*\ttwo\tours\n2026-12-01\tVNE51\tone\tonly one person holds finance\n"))
	require.NoError(t, err)
	w := manned(t, policy)
	acute("111111-A83008-111111").store(w)
	w.settle()
	w.now = time.Date(2026, 12, 3, 9, 30, 0, 0, time.UTC)
	_, err = w.closeAs(person("1"))
	require.NoError(t, err)
	_, err = w.closeAs(person("1"))
	require.Equal(t, fhir.Forbidden, fhir.KindOf(err), "it is said")
	_, err = w.closeAs(person("1"), "alone", "nobody else holds the role")
	require.NoError(t, err)
	task := w.get("Task", requestID(november, "VNE51", 1))
	require.Equal(t, "nobody else holds the role", workInput(task, closeAlone).Text())
	require.False(t, policy.alone("VNE51", time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)), "before the row holds")
	require.False(t, policy.alone("FA565", w.now), "of another pharmacy")
}

// TestClosingIsKeptInTheCommit: no transaction of a person records a run that another
// has not asked for, nor completes what they asked for themselves.
func TestClosingIsKeptInTheCommit(t *testing.T) {
	w := manned(t, BuiltInClosing)
	acute("111111-A83008-111111").store(w)
	w.settle()
	w.now = time.Date(2026, 12, 3, 9, 30, 0, 0, time.UTC)
	e := &Export{Month: november, Org: "VNE51", Run: 1}
	require.NoError(t, w.s.pin(w.ctx, e, w.db.Head()))
	invoice, digest, err := w.s.account(e, invoiceID(november, "VNE51", 1), w.now)
	require.NoError(t, err)
	account := fhir.Change{Method: fhir.Create, Type: "Invoice", ID: invoice.ID(), Resource: invoice, IfAbsent: true}
	commit := func(who fhir.Principal, derived bool, changes ...fhir.Change) error {
		_, err := w.db.Commit(context.Background(), &fhir.Transaction{Changes: changes, Derived: derived, Requester: who, Time: w.now})
		return err
	}
	task := e.request(invoice, digest, CloseRequest{Time: w.now, Requester: person("1")})
	asks := fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: task}
	completes := fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: fhir.Revise(task, "status", "completed")}
	require.ErrorContains(t, commit(person("1"), true, account), "nobody has asked")
	require.ErrorContains(t, commit(person("1"), true, account, completes), "nobody has asked")
	require.Error(t, commit(person("1"), false, asks), "by hand")
	require.NoError(t, commit(person("1"), true, asks))
	require.ErrorContains(t, commit(person("2"), true, account), "nobody has asked", "without the Task")
	require.ErrorContains(t, commit(person("1"), true, account, completes), "needs another person")
	for _, who := range []fhir.Principal{person("1"), person("2"), {Agent: "cron", Unbound: true}} {
		require.ErrorContains(t, commit(who, false, completes), "is a record that the server makes itself")
		require.ErrorContains(t, commit(who, false, fhir.Change{Method: fhir.Delete, Type: "Task", ID: task.ID()}), "is a record that the server makes itself")
		require.ErrorContains(t, commit(who, false, fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: fhir.Obj("resourceType", "Task", "id", task.ID(), "status", "draft", "intent", "order").Resource()}), "is a record that the server makes itself")
	}
	require.NoError(t, commit(person("2"), true, account, completes))
}

// TestReadClosing names the line that is not valid.
func TestReadClosing(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-01\t*\ttwo":            "line 1: expected from",
		"# c\n2026-13-01\t*\ttwo\tours": "line 2: \"2026-13-01\" is not a day",
		"2026-01-01\t*\tthree\tours":    "is not one or two",
	} {
		_, err := ReadClosing([]byte(text))
		require.ErrorContains(t, err, want)
	}
	require.False(t, BuiltInClosing.alone("FA565", time.Now()))
}

// FuzzReadClosing: a table is read or refused, and asking it never fails.
func FuzzReadClosing(f *testing.F) {
	f.Add([]byte("2026-12-01\tFA565\tone\tours\r\n# c\n\n"), "FA565")
	f.Add(closingTSV, "")
	f.Fuzz(func(t *testing.T, tsv []byte, org string) {
		c, err := ReadClosing(tsv)
		if err != nil {
			require.Empty(t, c.rows)
		}
		c.alone(org, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	})
}
