package invoicing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestRefundsAboveTheLimit: the limit is 20.00 from November on. Of a payment of 30.00 in
// cash one person refunds 12.00 and 8.00; what comes to more is asked for by one, as often
// as they like, and made by another who asks for the same; a card is refunded once, when
// the second person asks. No other way to return money leads around it.
func TestRefundsAboveTheLimit(t *testing.T) {
	w := newWorld(t, "*,*,2026-01-01,2026-10-31,refund-limit,5.00,,K,the old rule\n", "*,*,2026-11-01,,refund-limit,20.00,,K,the rule\n", "FA565,*,2026-01-01,,refund-limit,0.00,,K,another pharmacy\n")
	p := withTill(w)
	newRx(1).hand(ampm, lis("28"), ato("30")).supplied(w)
	id := w.must("issue", w.draft().ID()).ID()
	w.must("record-payment", id, cash(3000, "1")...)
	w.must("request-payment", id)
	w.event(Event{Kind: Paid, Key: askedID(account(t, w, id), 1), Reference: "pi_1", Pence: 7000})
	amount := func(pence int64) fhir.Value { return fhir.Obj("name", "amount", "valueMoney", money(pence)) }
	one, two := w.who, w.who
	two.Agent = "sds-user-id|2"
	notice := noticeID("vne51.cash/1")
	refunded := func(want string) { t.Helper(); require.Equal(t, want, moneyOf(w.must("balance", id), "refunded")) }
	again := func(pence int64) func() error {
		return func() error { _, err := w.call("refund", notice, reason("x"), amount(pence)); return err }
	}

	w.must("refund", notice, reason("up to the limit"), amount(1200))
	w.must("refund", notice, reason("the limit itself"), amount(800))
	refunded("-20.00")
	asked := w.must("refund", notice, reason("a penny above"), amount(1))
	require.Equal(t, "Task requested", asked.Type()+" "+asked.Get("status").Text())
	require.Equal(t, "Refund £0.01 of PaymentNotice/"+notice+". Another person confirms it by the same request.", asked.Get("description").Text())
	w.breaks("second-person", again(1))
	asked = w.must("refund", notice, reason("another amount is asked for anew"), amount(900))
	refunded("-20.00")
	w.who = two
	require.Equal(t, "Task", w.must("refund", notice, reason("not what was asked for"), amount(901)).Type())
	w.breaks("second-person", again(901))
	w.who = one
	w.must("refund", notice, reason("agreed"), amount(901))
	refunded("-29.01")
	require.Equal(t, "completed", w.get("Task/"+asked.ID()).Get("status").Text())
	require.Equal(t, "Task", w.must("refund", notice, reason("the rest is asked for too")).Type())

	card := noticeID("till/pi_1")
	require.Equal(t, "Task", w.must("refund", card, reason("all")).Type())
	require.Empty(t, p.refunded, "the provider is not asked before the second person")
	w.who = two
	w.must("refund", card, reason("all"))
	require.Len(t, p.refunded, 1)
	refunded("-99.01")

	// the doors beside the operation
	unasked := &movement{kind: moneyRefunded, provider: "vne51.cash", reference: "1#9", account: "VNE51/x/1", pharmacy: testPharmacy, of: "PaymentNotice/" + notice, pence: -1, paid: w.now, recorded: w.now}
	commit := func(derived bool, who fhir.Principal, changes ...fhir.Change) func() error {
		return func() error {
			_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: changes, Derived: derived, Requester: who})
			return err
		}
	}
	w.breaks("second-person", commit(true, one, unasked.changes()...))
	task := w.get("Task/" + refundTaskID(notice, 4))
	require.Equal(t, "requested", task.Get("status").Text())
	done := fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: fhir.Revise(task, "status", "completed")}
	w.breaks("second-person", commit(true, one, append(unasked.changes(), done)...))
	for _, method := range []fhir.Change{done, {Method: fhir.Delete, Type: "Task", ID: task.ID()}, {Method: fhir.Create, Type: "Task", Resource: unasked.asks("", one)}} {
		w.breaks("records-are-derived", commit(false, two, method))
	}
	w.event(Event{Kind: Refunded, Reference: "re_of_the_dashboard", Payment: "pi_1", Pence: 100}) // what the provider tells is not a person's act
}

// TestRefundLimitIsOfAPharmacy: a limit for one clinic is refused in the file of terms.
func TestRefundLimitIsOfAPharmacy(t *testing.T) {
	w := newWorld(t)
	for row, says := range map[string]string{
		"*,X99CL,2026-01-01,,refund-limit,20.00,,K,x\n":                "not of one clinic",
		"*,*,2026-01-01,,refund-limit,-1,,K,x\n":                       "pounds and pence",
		"*,*,2026-01-01,,refund-limit,20.00,prescribed-medicine,K,x\n": "VAT is on fees alone",
	} {
		_, err := w.s.Load(w.ctx, File{Data: []byte(testTerms + row)}, fhir.Principal{Agent: "test"})
		require.ErrorContains(t, err, says)
	}
}
