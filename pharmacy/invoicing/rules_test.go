package invoicing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestRules breaks each rule at each operation that asks it: the refusal names it.
func TestRules(t *testing.T) {
	w := newWorld(t)
	withTill(w)
	other := given{code: "322236009", name: "Paracetamol 500mg tablets", quantity: "32"}
	newRx(1).hand(ampm, other).supplied(w)
	unpriced := w.draft().ID()
	call := func(op, id string, parameters ...any) func() error {
		return func() error { _, err := w.call(op, id, parameters...); return err }
	}
	w.breaks("PRIV-1", call("issue", unpriced))
	w.breaks("PRIV-2", call("receipt", unpriced))
	w.breaks("PRIV-1", call("request-payment", newRx(1).id("task")))
	newRx(2).hand(ampm, lis("28")).supplied(w)
	for _, d := range w.invoices("draft") {
		if d.ID() != unpriced {
			w.must("issue", d.ID())
		}
	}
	id := w.invoices("issued")[0].ID()
	w.breaks("PRIV-2", call("issue", id))
	w.breaks("PRIV-3", call("credit", id))
	w.breaks("PRIV-4", call("record-payment", id))
	w.must("record-payment", id, cash(100, "1")...)
	w.breaks("PRIV-4", call("record-payment", id, cash(100, "1")...))
	half := fhir.Obj("name", "amount", "valueMoney", fhir.Obj("value", fhir.Raw("0.005"), "currency", "GBP"))
	w.breaks("PRIV-4", call("refund", noticeID("vne51.cash/1"), reason("x"), half))
	w.breaks("PRIV-4", call("request-payment", id, half))
	w.breaks("PRIV-5", call("refund", noticeID("vne51.cash/1"), reason("x"), fhir.Obj("name", "amount", "valueMoney", money(101))))
	w.breaks("PRIV-6", call("request-payment", id, fhir.Obj("name", "amount", "valueMoney", money(4476))))
	w.breaks("records-are-final", func() error {
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Delete, Type: "Invoice", ID: id}}, Derived: true})
		return err
	})
	w.breaks("records-are-derived", func() error {
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Delete, Type: "Invoice", ID: id}}})
		return err
	})

	m := newWorld(t, "*,X99CL,2026-01-01,,invoice,per-month,,K,the agreement\n*,X99CL,2026-01-01,,payer,clinic,,K,the agreement\n")
	newRx(1).hand(ampm, lis("28")).supplied(m)
	m.breaks("month-is-over", func() error { _, err := m.call("issue", m.draft().ID()); return err })

	first := newWorld(t, "*,X99CL,2026-01-01,,payment,before-supply,,K,the agreement\n")
	p := newRx(1)
	require.NoError(t, p.store(first))
	p.hand(ampm, lis("28"))
	first.breaks("PAY-1", func() error { return p.store(first) })
}
