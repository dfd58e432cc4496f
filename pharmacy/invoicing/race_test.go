package invoicing

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestPaidAtOnce: a payment that two people record at the same time, and a refund, are
// recorded once, and one of the two is told so.
func TestPaidAtOnce(t *testing.T) {
	w := newWorld(t)
	newRx(1).hand(ampm, lis("28")).supplied(w)
	id := w.must("issue", w.draft().ID()).ID()
	at := func(do func(c *fhir.Call) (*fhir.Reply, error), call fhir.Call) (good int) {
		var group sync.WaitGroup
		var mu sync.Mutex
		for range 8 {
			group.Go(func() {
				c := call
				_, err := do(&c)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					good++
				}
			})
		}
		group.Wait()
		return good
	}
	body := fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(cash(1000, "1")...)).Resource()
	require.Equal(t, 1, at(func(c *fhir.Call) (*fhir.Reply, error) { return w.s.recordPayment("Invoice")(w.ctx, c) }, fhir.Call{ID: id, Body: body, Time: w.now, Requester: w.who}))
	require.Equal(t, "35.75", moneyOf(w.must("balance", id), "due"))
	all := fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(reason("x"))).Resource()
	require.Equal(t, 1, at(func(c *fhir.Call) (*fhir.Reply, error) { return w.s.refund(w.ctx, c) }, fhir.Call{ID: noticeID("vne51.cash/1"), Body: all, Time: w.now, Requester: w.who}))
	require.Equal(t, "45.75", moneyOf(w.must("balance", id), "due"))
}

// TestCreditAgainstReturn: a line is credited by decision while the follower takes it
// back, whoever is quicker: it is credited once.
func TestCreditAgainstReturn(t *testing.T) {
	begin := func() (w *world, p *rx, id string) {
		w = newWorld(t)
		p = newRx(1).hand(ampm, lis("28")).supplied(w)
		id = w.must("issue", w.draft().ID()).ID()
		p.handings = nil
		require.NoError(t, p.store(w))
		return w, p, id
	}
	settled := func(w *world, id string) {
		w.settle()
		for _, d := range w.invoices("draft") {
			_, _ = w.call("issue", d.ID())
		}
		o := w.must("balance", id)
		require.Equal(t, "0.00", moneyOf(o, "due"))
		require.Equal(t, "-45.75", moneyOf(o, "credited"))
	}
	t.Run("the decision is quicker", func(t *testing.T) {
		w, p, id := begin()
		v, err := w.db.State(w.ctx).Current("Task", p.id("task"))
		require.NoError(t, err)
		late, err := w.s.Followers()[0].Step(w.ctx, w.db.State(w.ctx), v)
		require.NoError(t, err)
		w.must("credit", id, reason("x"))
		_, err = w.db.Commit(w.ctx, &fhir.Transaction{Changes: late, Derived: true})
		require.NoError(t, err)
		settled(w, id)
	})
	t.Run("the follower is quicker", func(t *testing.T) {
		w, _, id := begin()
		state := w.db.State(w.ctx)
		of, err := invoiceOf(state, id)
		require.NoError(t, err)
		backs, err := reversals(state, &fhir.Call{}, of)
		require.NoError(t, err)
		i, err := nextCredit(state, of, "x")
		require.NoError(t, err)
		i.lines = backs
		late, err := w.s.issued(state, i, w.now)
		require.NoError(t, err)
		w.settle()
		_, err = w.db.Commit(w.ctx, &fhir.Transaction{Changes: late, Derived: true})
		require.Equal(t, fhir.Conflict, fhir.KindOf(err))
		settled(w, id)
	})
	t.Run("a late supply and the issue of its month", func(t *testing.T) {
		w := newWorld(t, "*,X99CL,2026-01-01,,invoice,per-month,,K,the agreement\n*,X99CL,2026-01-01,,payer,clinic,,K,the agreement\n")
		w.now = w.now.AddDate(0, 1, 0)
		newRx(1).hand(ampm, lis("28")).supplied(w)
		p := newRx(2).hand(ampm, lis("14"))
		require.NoError(t, p.store(w))
		v, err := w.db.State(w.ctx).Current("Task", p.id("task"))
		require.NoError(t, err)
		late, err := w.s.Followers()[0].Step(w.ctx, w.db.State(w.ctx), v)
		require.NoError(t, err)
		w.must("issue", w.draft().ID())
		_, err = w.db.Commit(w.ctx, &fhir.Transaction{Changes: late, Derived: true})
		require.Equal(t, fhir.Conflict, fhir.KindOf(err), "the charge would be on no draft")
		w.settle()
		require.Equal(t, "24.50", gross(w.must("issue", w.draft().ID())))
	})
	t.Run("two of one month in one commit", func(t *testing.T) {
		w := newWorld(t, "*,X99CL,2026-01-01,,invoice,per-month,,K,the agreement\n*,X99CL,2026-01-01,,payer,clinic,,K,the agreement\n")
		w.now = w.now.AddDate(0, 1, 0)
		one, two := newRx(1).hand(ampm, lis("28")).supplied(w), newRx(2).hand(ampm, lis("28")).supplied(w)
		id := w.must("issue", w.draft().ID()).ID()
		one.handings, two.handings = nil, nil
		require.NoError(t, one.store(w))
		require.NoError(t, two.store(w))
		// The second draft of the two is lost, as where one commit has both Tasks.
		var changes []fhir.Change
		seen := map[string]bool{}
		for _, p := range []*rx{one, two} {
			v, err := w.db.State(w.ctx).Current("Task", p.id("task"))
			require.NoError(t, err)
			list, err := w.s.Followers()[0].Step(w.ctx, w.db.State(w.ctx), v)
			require.NoError(t, err)
			for _, c := range list {
				if !seen[c.ID] {
					changes = append(changes, c)
				}
				seen[c.ID] = true
			}
		}
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: changes, Derived: true})
		require.NoError(t, err)
		require.Equal(t, "-91.50", gross(w.must("issue", w.draft().ID())))
		require.Equal(t, "0.00", moneyOf(w.must("balance", id), "due"))
	})
}
