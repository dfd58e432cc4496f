package invoicing

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// till is a provider of card payments for tests: it opens pages and refunds, each
// once for a key.
type till struct {
	opened, refunded map[string]int64
	fails            error
	after            func() // what happens before a call returns
}

func newTill() *till { return &till{opened: map[string]int64{}, refunded: map[string]int64{}} }

func (p *till) Name() string { return "till" }

func (p *till) Request(_ context.Context, r PaymentRequest) (Session, error) {
	if p.fails != nil {
		return Session{}, p.fails
	}
	if had, ok := p.opened[r.Key]; ok && had != r.Pence {
		return Session{}, errors.New("another amount under the same key")
	}
	p.opened[r.Key] = r.Pence
	if p.after != nil {
		p.after()
	}
	return Session{ID: "cs_" + r.Key, URL: "https://till.example/" + r.Key}, nil
}

func (p *till) Refund(_ context.Context, r RefundRequest) (string, error) {
	if had, ok := p.refunded[r.Key]; ok && had != r.Pence {
		return "", fhir.E("refund", fhir.Conflict, fhir.Issue{Message: "another amount under the same key"})
	}
	p.refunded[r.Key] = r.Pence
	return "re_" + r.Key[:8], p.fails
}

func withTill(w *world) *till {
	p := newTill()
	w.s.Take(p)
	return p
}

func cash(pence int64, reference string) []any {
	return []any{fhir.Obj("name", "amount", "valueMoney", money(pence)), fhir.Obj("name", "method", "valueCode", "cash"), fhir.Obj("name", "reference", "valueString", reference)}
}

func (w *world) event(e Event) {
	w.t.Helper()
	e.Provider, e.When = "till", w.now
	require.NoError(w.t, w.s.Receive(w.ctx, e, w.now))
}

// TestPartialPayments: an invoice of 45.75 is paid in cash and by card, in parts, too
// much of it, and a part is given back.
func TestPartialPayments(t *testing.T) {
	w := newWorld(t)
	p := withTill(w)
	newRx(1).hand(ampm, lis("28")).supplied(w)
	draft := w.draft().ID()
	w.refused("Only an invoice that was issued is paid", func() error { _, err := w.call("record-payment", draft, cash(100, "a")...); return err })
	w.must("issue", draft)
	w.must("record-payment", draft, cash(2000, "till roll 1")...)
	w.refused("is recorded already", func() error { _, err := w.call("record-payment", draft, cash(2000, "till roll 1")...); return err })
	require.Equal(t, "25.75", moneyOf(w.must("balance", draft), "due"))

	w.refused("No more is asked for than is due", func() error {
		_, err := w.call("request-payment", draft, fhir.Obj("name", "amount", "valueMoney", money(2576)))
		return err
	})
	page := w.must("request-payment", draft)
	again := w.must("request-payment", draft)
	require.Equal(t, urlOf(page), urlOf(again), "what is open is the same page")
	require.Len(t, p.opened, 1)
	key := askedID(account(t, w, draft), 1)
	for range 2 { // events come twice
		w.event(Event{Kind: Declined, Key: key})
		w.event(Event{Kind: Paid, Key: key, Reference: "pi_1", Pence: 2575})
	}
	w.event(Event{Kind: Declined, Key: key}) // and late
	require.Equal(t, "0.00", moneyOf(w.must("balance", draft), "due"))
	require.Len(t, w.all("PaymentNotice"), 2)
	w.refused("No more is asked for than is due", func() error { _, err := w.call("request-payment", draft); return err })

	notice := noticeID("till/pi_1")
	amount := func(pence int64) fhir.Value { return fhir.Obj("name", "amount", "valueMoney", money(pence)) }
	w.refused("More is to be refunded than is left", func() error {
		_, err := w.call("refund", notice, reason("x"), amount(2576))
		return err
	})
	w.must("refund", notice, reason("One capsule was missing."), amount(152))
	require.Equal(t, "1.52", moneyOf(w.must("balance", draft), "due"))
	w.must("refund", notice, reason("All of it."))
	require.Equal(t, "25.75", moneyOf(w.must("balance", draft), "due"))
	require.Equal(t, "-25.75", moneyOf(w.must("balance", draft), "refunded"))
	w.refused("More is to be refunded than is left", func() error { _, err := w.call("refund", notice, reason("x")); return err })
	w.must("refund", noticeID("vne51.cash/till roll 1"), reason("Cash given back."), amount(500))
	require.Equal(t, "30.75", moneyOf(w.must("balance", draft), "due"))
}

// TestRefundOnce: where the server fails after the provider has refunded, a repeat
// refunds nothing more; and the provider's own event of it adds nothing.
func TestRefundOnce(t *testing.T) {
	w := newWorld(t)
	p := withTill(w)
	newRx(1).hand(ampm, lis("28")).supplied(w)
	id := w.must("issue", w.draft().ID()).ID()
	w.must("request-payment", id)
	w.event(Event{Kind: Paid, Key: askedID(account(t, w, id), 1), Reference: "pi_1", Pence: 4575})
	notice := noticeID("till/pi_1")
	p.fails = errors.New("the answer was lost")
	_, err := w.call("refund", notice, reason("x"))
	require.Error(t, err)
	require.Len(t, p.refunded, 1)
	p.fails = nil
	w.must("refund", notice, reason("x"))
	require.Len(t, p.refunded, 1)
	for k := range p.refunded {
		w.event(Event{Kind: Refunded, Reference: "re_" + k[:8], Payment: "pi_1", Pence: 4575})
	}
	require.Equal(t, "45.75", moneyOf(w.must("balance", id), "due"))

	// The event is quicker than the answer.
	w.must("record-payment", id, cash(100, "x")...)
	w.event(Event{Kind: Paid, Reference: "pi_2", Pence: 300})
	unmatched := noticeID("till/pi_2")
	w.event(Event{Kind: Refunded, Reference: "re_" + refundKey(unmatched, 1)[:8], Payment: "pi_2", Pence: 300})
	w.refused("More is to be refunded", func() error { _, err := w.call("refund", unmatched, reason("x")); return err })
}

// TestRefundByWhomTookIt: without the provider that took a payment nothing is returned, and
// no refund of it is recorded; what was paid in cash is refunded.
func TestRefundByWhomTookIt(t *testing.T) {
	w := newWorld(t)
	withTill(w)
	newRx(1).hand(ampm, lis("28")).supplied(w)
	id := w.must("issue", w.draft().ID()).ID()
	w.must("record-payment", id, cash(100, "1")...)
	w.must("request-payment", id)
	w.event(Event{Kind: Paid, Key: askedID(account(t, w, id), 1), Reference: "pi_1", Pence: 4475})
	w.s.Take(nil)
	w.refused("a card provider that this server does not use", func() error { _, err := w.call("refund", noticeID("till/pi_1"), reason("x")); return err })
	w.must("refund", noticeID("vne51.cash/1"), reason("x"))
	require.Equal(t, "1.00", moneyOf(w.must("balance", id), "due"))
}

// TestAskedOnce: where the server fails after the page was opened, the page is the
// same at the next call; what is paid by it is known in any case.
func TestAskedOnce(t *testing.T) {
	w := newWorld(t)
	p := withTill(w)
	newRx(1).hand(ampm, lis("28")).supplied(w)
	id := w.must("issue", w.draft().ID()).ID()
	p.fails = fhir.E("till", fhir.Timeout, fhir.Issue{Message: "no answer"})
	_, err := w.call("request-payment", id)
	require.Error(t, err)
	p.fails = nil
	w.must("request-payment", id)
	require.Len(t, p.opened, 1)
	w.event(Event{Kind: Paid, Key: askedID(account(t, w, id), 1), Reference: "pi_1", Pence: 4575})
	require.Equal(t, "0.00", moneyOf(w.must("balance", id), "due"))
}

// TestDisputes: a bank takes a payment back, and returns it.
func TestDisputes(t *testing.T) {
	w := newWorld(t)
	withTill(w)
	newRx(1).hand(ampm, lis("28")).supplied(w)
	id := w.must("issue", w.draft().ID()).ID()
	w.must("request-payment", id)
	early := Event{Kind: Disputed, Provider: "till", Reference: "dp_1", Payment: "pi_1", Pence: 4575, When: w.now}
	require.Equal(t, fhir.Throttled, fhir.KindOf(w.s.Receive(w.ctx, early, w.now)), "before its payment it is told again")
	w.event(Event{Kind: Paid, Key: askedID(account(t, w, id), 1), Reference: "pi_1", Pence: 4575})
	w.event(early)
	require.Equal(t, "45.75", moneyOf(w.must("balance", id), "due"))
	for range 2 {
		w.event(Event{Kind: DisputeReversed, Reference: "dp_1", Payment: "pi_1", Pence: 4575})
	}
	require.Equal(t, "0.00", moneyOf(w.must("balance", id), "due"))
}

// TestToldInAnyOrder: a refund that failed, and a dispute that was lost and won, leave
// what is owed as it was, in whatever order they are told.
func TestToldInAnyOrder(t *testing.T) {
	for _, order := range [][]EventKind{{Refunded, RefundFailed}, {RefundFailed, Refunded}, {RefundFailed}, {Disputed, DisputeReversed}, {DisputeReversed, Disputed}, {DisputeReversed}} {
		w := newWorld(t)
		withTill(w)
		newRx(1).hand(ampm, lis("28")).supplied(w)
		id := w.must("issue", w.draft().ID()).ID()
		w.must("request-payment", id)
		w.event(Event{Kind: Paid, Key: askedID(account(t, w, id), 1), Reference: "pi_1", Pence: 4575})
		for _, kind := range order {
			w.event(Event{Kind: kind, Reference: "x_1", Payment: "pi_1", Pence: 1000})
		}
		require.Equal(t, "0.00", moneyOf(w.must("balance", id), "due"), order)
	}
}

// TestRestIsAskedFor: what is outstanding of a prescription that is paid first is asked
// for, also after a part of it was supplied: 28 capsules of each are ordered, 45.75 and
// 57.55; of the first 14 are supplied, for 24.50, and 14 are left.
func TestRestIsAskedFor(t *testing.T) {
	w := newWorld(t, "*,X99CL,2026-01-01,,payment,before-supply,,K,the agreement\n")
	withTill(w)
	p := newRx(1)
	require.NoError(t, p.store(w))
	require.Equal(t, "103.30", moneyOf(w.must("request-payment", p.id("task")), "amount"))
	w.must("record-payment", p.id("task"), cash(2450, "1")...)
	p.hand(ampm, lis("14")).supplied(w)
	require.Equal(t, "82.05", moneyOf(w.must("request-payment", p.id("task")), "amount"), "24.50 and 57.55")
	p.bag = []given{lis("14")}
	require.NoError(t, p.store(w))
	require.Equal(t, "30.49", moneyOf(w.must("request-payment", p.id("task")), "amount"), "24.50 for what is in the bag, which is to be delivered for 5.99")
}

// TestPayout: what the provider pays out is the sum of its parts, each of which is
// known; or it is said by how much it is not. 45.75 - 0.89 fee, - 10.00 refunded:
// 34.86.
func TestPayout(t *testing.T) {
	w := newWorld(t)
	withTill(w)
	newRx(1).hand(ampm, lis("28")).supplied(w)
	id := w.must("issue", w.draft().ID()).ID()
	w.must("request-payment", id)
	w.event(Event{Kind: Paid, Key: askedID(account(t, w, id), 1), Reference: "pi_1", Pence: 4575})
	w.event(Event{Kind: Refunded, Reference: "re_1", Payment: "pi_1", Pence: 1000})
	items := []PayoutItem{{Kind: moneyPaid, Reference: "pi_1", Gross: 4575, Fee: 89}, {Kind: moneyRefunded, Reference: "re_1", Gross: -1000}}
	for range 2 {
		w.event(Event{Kind: PaidOut, Payout: &Payout{ID: "po_1", Pence: 3486, Items: items}})
	}
	w.event(Event{Kind: PaidOut, Payout: &Payout{ID: "po_2", Pence: 3486, Items: append(items, PayoutItem{Kind: moneyPaid, Reference: "pi_9", Gross: 100})}})
	whole := w.get("PaymentReconciliation/" + reconciliationID("till/payout/po_1"))
	require.Equal(t, "complete", whole.Get("outcome").Text())
	require.Equal(t, 3, whole.Get("detail").Len())
	part := w.get("PaymentReconciliation/" + reconciliationID("till/payout/po_2"))
	require.Equal(t, "partial", part.Get("outcome").Text())
	require.Equal(t, "The parts come to £35.86, and £34.86 was paid. Not recorded here: payment pi_9.", part.Get("disposition").Text())
}

// TestPaidFirst (PAY-1): what is to be paid before the supply is neither handed over nor
// dispatched before it is, whether or not the follower runs. 28 capsules with the fee
// are £45.75, the delivery with VAT £5.99.
func TestPaidFirst(t *testing.T) {
	terms := "*,X99CL,2026-01-01,,payment,before-supply,,K,the agreement\n"
	w := newWorld(t, terms)
	p := newRx(1)
	require.NoError(t, p.store(w))
	task := p.id("task")
	p.hand(ampm, lis("28"))
	w.refused("£45.75 is not paid", func() error { return p.store(w) })
	w.must("record-payment", task, cash(4574, "1")...)
	w.refused("£0.01 is not paid", func() error { return p.store(w) })
	w.must("record-payment", task, cash(1, "2")...)
	require.NoError(t, p.store(w))
	p.hand("2026-11-23T10:00:00+00:00", lis("1")) // a further one is paid first too: £4.77
	w.refused("£4.77 is not paid", func() error { return p.store(w) })
	p.handings = p.handings[:1]
	w.settle()
	issued := w.must("issue", w.draft().ID())
	require.Equal(t, "0.00", moneyOf(w.must("balance", issued.ID()), "due"))
	p.hand("2026-11-23T10:00:00+00:00", lis("1"))
	w.refused("£4.77 is not paid", func() error { return p.store(w) })

	// The courier has what is paid, delivery and all; then it is handed over.
	q := newRx(2)
	q.bag = []given{lis("28")}
	require.NoError(t, q.store(w))
	q.dispatched = true
	w.refused("£51.74 is not paid", func() error { return q.store(w) })
	withTill(w)
	require.Equal(t, "51.74", moneyOf(w.must("request-payment", q.id("task")), "amount"))
	w.event(Event{Kind: Paid, Key: askedID("VNE51/"+q.order+"/1", 1), Reference: "pi_1", Pence: 5174})
	require.NoError(t, q.store(w))
	q.bag = nil
	q.hand(ampm, lis("28"))
	q.handings[0].delivered = true
	q.supplied(w)
	require.Equal(t, "51.74", gross(w.draft()))

	// Without a price nobody knows what is owed.
	r := newRx(3).hand(ampm, given{code: "322236009", name: "Paracetamol 500mg tablets", quantity: "32"})
	later := r.handings
	r.handings = nil
	require.NoError(t, r.store(w))
	r.handings = later
	w.refused("No price of product ", func() error { return r.store(w) })

	// Another clinic pays afterwards.
	o := newRx(4)
	o.clinic = "A83008"
	require.NoError(t, o.store(w))
	o.hand(ampm, lis("28")).supplied(w)
}

// TestPaidFirstWhateverItSays (PAY-1): what is handed over on no day is priced on the day on
// which it was recorded, and an organisation that is named by another system than ODS codes
// has no account of its own: both are paid first, at £45.75.
func TestPaidFirstWhateverItSays(t *testing.T) {
	w := newWorld(t, "*,X99CL,2026-01-01,,payment,before-supply,,K,the agreement\n")
	for n, when := range []string{"", "2026-11", "2026"} {
		p := newRx(n + 1)
		require.NoError(t, p.store(w))
		p.hand(when, lis("28"))
		w.refused("£45.75 is not paid", func() error { return p.store(w) })
		w.must("record-payment", p.id("task"), cash(4575, p.order)...)
		p.supplied(w)
		draft := w.draft()
		require.Equal(t, "45.75", gross(draft))
		require.Equal(t, "2026-11-24T09:30:00Z", w.all("ChargeItem")[n].Get("occurrenceDateTime").Text())
		w.must("issue", draft.ID())
	}
	p := newRx(9)
	require.NoError(t, p.store(w))
	p.hand(ampm, lis("28"))
	p.handings[0].by, p.handings[0].system = "FA565", "https://example.org/id"
	w.refused("£45.75 is not paid", func() error { return p.store(w) })
}

// TestWrongPayments: everything that is wrong with a payment is said at once.
func TestWrongPayments(t *testing.T) {
	w := newWorld(t)
	newRx(1).hand(ampm, lis("28")).supplied(w)
	id := w.must("issue", w.draft().ID()).ID()
	text := func(name, kind, value string) fhir.Value { return fhir.Obj("name", name, kind, value) }
	w.refused("It is not said how much", func() error { _, err := w.call("record-payment", id); return err })
	_, err := w.call("record-payment", id, fhir.Obj("name", "amount", "valueMoney", fhir.Obj("value", fhir.Raw("-1"), "currency", "GBP")), text("method", "valueCode", "magic"), text("paid", "valueDate", "2099-01-01"))
	var e *fhir.Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Issues, 4)
	for _, money := range []string{`{"value":1.001,"currency":"GBP"}`, `{"value":1,"currency":"EUR"}`, `{"value":0,"currency":"GBP"}`, `{"value":1e3,"currency":"GBP"}`, `{"value":12345678901234567890,"currency":"GBP"}`, `{"currency":"GBP"}`} {
		r, err := fhir.Parse([]byte(`{"resourceType":"Parameters","parameter":[{"name":"amount","valueMoney":` + money + `},{"name":"method","valueCode":"cash"},{"name":"reference","valueString":"x"}]}`))
		require.NoError(t, err)
		w.refused("The amount is not one of pounds and pence", func() error {
			_, err := w.call("record-payment", id, nodes(r)...)
			return err
		})
	}
	w.refused("There is no such payment", func() error { _, err := w.call("refund", "none", reason("x")); return err })
	w.refused("This server takes no cards", func() error { _, err := w.call("request-payment", id); return err })
	w.must("record-payment", id, cash(4575, "1")...)
	w.who.OnBehalf = "FA565"
	w.refused("There is no such payment", func() error { _, err := w.call("refund", noticeID("vne51.cash/1"), reason("x")); return err })
	w.refused("There is no such private invoice", func() error { _, err := w.call("record-payment", id, cash(1, "2")...); return err })
}

func nodes(r *fhir.Resource) (list []any) {
	for p := range r.Get("parameter").Items() {
		list = append(list, p)
	}
	return list
}

func urlOf(parameters *fhir.Resource) string {
	for p := range parameters.Get("parameter").Items() {
		if p.Get("name").Text() == "page" {
			return p.Get("valueUrl").Text()
		}
	}
	return ""
}

func account(t *testing.T, w *world, invoice string) string {
	t.Helper()
	return nhs.Identifier(w.get("Invoice/"+invoice).Root(), idAccount).Text()
}
