package invoicing

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestRandomHistories supplies, amends, withdraws, issues, credits, pays, refunds and
// pays out in any order, and holds what comes of it to what must always be true.
// PESTLE_LONG runs ten thousand histories.
func TestRandomHistories(t *testing.T) {
	seeds := uint64(30)
	if os.Getenv("PESTLE_LONG") != "" {
		seeds = 10_000
	}
	for seed := range seeds {
		h := newHistory(t, seed)
		for range 20 + h.rnd.IntN(30) {
			h.happen()
			if h.rnd.IntN(2) == 0 {
				h.settle()
			}
		}
		h.settle()
		h.holds()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
		require.NoError(t, h.db.Close())
	}
}

// history is a world in which things happen at random.
type history struct {
	*world
	rnd  *rand.Rand
	list []*rx
	till *till
	paid map[string]int64 // what the till took, by its reference
}

func newHistory(t *testing.T, seed uint64) *history {
	rnd := rand.New(rand.NewPCG(seed, 7))
	terms := ""
	if rnd.IntN(3) == 0 {
		terms = "*,X99CL,2026-01-01,,invoice,per-month,,K,the agreement\n*,X99CL,2026-01-01,,payer,clinic,,K,the agreement\n"
	}
	w := bareWorld(t, terms)
	w.now = time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC)
	h := &history{world: w, rnd: rnd, till: withTill(w), paid: map[string]int64{}}
	for n := range 3 {
		h.list = append(h.list, newRx(n))
	}
	return h
}

// happen does one thing. What the state does not allow is refused, and changes
// nothing.
func (h *history) happen() {
	p := h.list[h.rnd.IntN(len(h.list))]
	switch h.rnd.IntN(10) {
	case 0, 1, 2:
		p.hand(fmt.Sprintf("2026-11-%02dT10:%02d:00+00:00", 1+h.rnd.IntN(30), len(p.handings)), lis(fmt.Sprint(1+h.rnd.IntN(56))), ato(fmt.Sprint(1+h.rnd.IntN(60))))
		p.handings[len(p.handings)-1].delivered = h.rnd.IntN(3) == 0
		require.NoError(h.t, p.store(h.world))
	case 3: // amended
		if len(p.handings) > 0 {
			last := &p.handings[len(p.handings)-1]
			last.what[h.rnd.IntN(len(last.what))].quantity = fmt.Sprint(1 + h.rnd.IntN(56))
			require.NoError(h.t, p.store(h.world))
		}
	case 4: // returned
		if len(p.handings) > 0 {
			p.handings = p.handings[:len(p.handings)-1]
			require.NoError(h.t, p.store(h.world))
		}
	case 5:
		for _, d := range h.ids("Invoice") {
			_, _ = h.call("issue", d)
		}
	case 6:
		if ids := h.ids("Invoice"); len(ids) > 0 {
			_, _ = h.call("credit", ids[h.rnd.IntN(len(ids))], reason("Why not."), fhir.Obj("name", "line", "valuePositiveInt", 1))
		}
	case 7:
		if ids := h.ids("Invoice"); len(ids) > 0 {
			_, _ = h.call("record-payment", ids[h.rnd.IntN(len(ids))], cash(int64(1+h.rnd.IntN(6000)), fmt.Sprint(h.calls))...)
		}
	case 8:
		if ids := h.ids("Invoice"); len(ids) > 0 {
			reply, err := h.call("request-payment", ids[h.rnd.IntN(len(ids))])
			if err == nil && h.rnd.IntN(4) > 0 {
				key := urlOf(reply.Resource)[len("https://till.example/"):]
				ref := "pi_" + key
				h.paid[ref] = h.till.opened[key]
				for range 1 + h.rnd.IntN(2) {
					h.event(Event{Kind: Paid, Key: key, Reference: ref, Pence: h.paid[ref]})
				}
			}
		}
	case 9:
		if ids := h.ids("PaymentNotice"); len(ids) > 0 {
			_, _ = h.call("refund", ids[h.rnd.IntN(len(ids))], reason("Why not."), fhir.Obj("name", "amount", "valueMoney", money(int64(1+h.rnd.IntN(3000)))))
		}
	}
}

func (h *history) ids(typ string) []string {
	ids, err := h.db.State(h.ctx).Find(typ, "_lastUpdated=gt2000-01-01")
	require.NoError(h.t, err)
	slices.Sort(ids)
	return ids
}

// holds holds the records to what must always be true.
func (h *history) holds() {
	h.replays()
	state := h.db.State(h.ctx)
	accounts := map[string]bool{}
	numbers := []int{}
	billedBy := map[string]string{}
	for _, id := range h.ids("Invoice") {
		r := h.get("Invoice/" + id)
		i, err := invoiceOf(state, id)
		require.NoError(h.t, err)
		accounts[i.account] = true
		if i.number != "" {
			n, err := strconv.Atoi(i.number[strings.LastIndexByte(i.number, '-')+1:])
			require.NoError(h.t, err)
			numbers = append(numbers, n)
		}
		require.Equal(h.t, i.status == "issued", i.number != "", "an invoice has a number when it is issued")
		if i.month != "" && i.status == "draft" {
			continue
		}
		// An invoice is the sum of its lines, and of its components.
		net, gross, parts := int64(0), int64(0), int64(0)
		for _, l := range i.drawn {
			net, gross = net+l.net, gross+l.gross
			if i.status == "issued" {
				require.Empty(h.t, billedBy[l.charge], "a charge is on one invoice")
				billedBy[l.charge] = i.ref()
				c, err := chargeOf(state, l.charge)
				require.NoError(h.t, err)
				require.Equal(h.t, billed, c.status)
				require.Equal(h.t, i.ref(), c.invoice)
				require.Equal(h.t, l.gross, c.line.Gross())
			}
		}
		for c := range r.Get("totalPriceComponent").Items() {
			parts += pence(c.Get("amount"))
		}
		require.Equal(h.t, pence(r.Get("totalNet")), net)
		require.Equal(h.t, pence(r.Get("totalGross")), gross)
		require.Equal(h.t, parts, gross)
		require.Equal(h.t, i.kind == credit && gross != 0, gross < 0, "credits alone are below 0")
	}
	// Numbers have no gap and none is given twice.
	slices.Sort(numbers)
	for n, number := range numbers {
		require.Equal(h.t, n+1, number)
	}
	h.explained(accounts)
	h.charged()
}

// explained wants the money that came in to be what the accounts explain.
func (h *history) explained(accounts map[string]bool) {
	state := h.db.State(h.ctx)
	moved, told := int64(0), int64(0)
	for _, id := range h.ids("PaymentNotice") {
		r := h.get("PaymentNotice/" + id)
		moved += pence(r.Get("amount"))
		accounts[nhs.Identifier(r.Root(), idAccount).Text()] = true
		of := h.get(r.Root().Path("payment", "reference").Text())
		require.Equal(h.t, pence(r.Get("amount")), pence(of.Get("paymentAmount")), "both records of a payment say the same")
	}
	for a := range accounts {
		o, err := owedOn(state, a)
		require.NoError(h.t, err)
		told += o.Paid - o.Refunded
		pays, due := o.Unused(), int64(0)
		for _, i := range o.Invoices {
			require.GreaterOrEqual(h.t, i.Due, int64(0))
			pays += i.Gross - i.Due
			due += i.Due
		}
		require.Equal(h.t, o.Paid-o.Refunded, pays, "money in is what invoices it paid, and what is unused")
		require.Equal(h.t, o.Due(), due-o.Unused(), "what is due is what no money paid")
	}
	require.Equal(h.t, moved, told)
	taken, at := int64(0), int64(0)
	for ref, pence := range h.paid {
		taken += pence
		v, err := standing(state, "PaymentNotice", "PaymentNotice/"+noticeID("till/"+ref))
		require.NoError(h.t, err)
		m, err := readMovement(state, v)
		require.NoError(h.t, err)
		at += m.pence
	}
	require.Equal(h.t, taken, at, "each event of a payment counts once")
}

// charged wants every supply that was not taken back to be charged once, at its price, but for
// what was credited by decision; and everything taken back once.
func (h *history) charged() {
	state := h.db.State(h.ctx)
	book, err := h.s.shelf.book(state)
	require.NoError(h.t, err)
	for _, p := range h.list {
		v, err := standing(state, "Task", "Task/"+p.id("task"))
		require.NoError(h.t, err)
		if v == nil {
			continue
		}
		d, err := readSupplied(state, v)
		require.NoError(h.t, err)
		want, got, decided := int64(0), int64(0), int64(0)
		for _, x := range d.supplies {
			c := &charge{pharmacy: d.pharmacy, clinic: d.clinic, of: x}
			c.price(book)
			want += c.line.Gross()
		}
		all, err := chargesOf(state, d.order, d.issue)
		require.NoError(h.t, err)
		for _, c := range all {
			if c.status == aborted {
				continue
			}
			got += c.line.Gross()
			back, err := chargeOf(state, reversalID(c.id))
			require.NoError(h.t, err)
			if back == nil {
				continue
			}
			require.Equal(h.t, -c.line.Gross(), back.line.Gross())
			got += back.line.Gross()
			if back.because == byDecision && slices.ContainsFunc(d.supplies, c.of.same) {
				decided += c.line.Gross()
			}
		}
		require.Equal(h.t, want-decided, got, "the charges come to what was supplied, less what was credited")
	}
}

// replays wants that nothing changes where the follower reads the log again.
func (h *history) replays() {
	head := h.db.Head()
	h.done = 0
	h.settle()
	require.Equal(h.t, head, h.db.Head(), "a replay changes nothing")
}

// TestOrderDoesNotMatter does the same things in every order that is possible, and
// wants the same to be owed: of one supply that is issued (A), paid in two parts (B,
// C), refunded (D, after B) and credited (E).
func TestOrderDoesNotMatter(t *testing.T) {
	acts := map[byte]func(w *world, id string){
		'B': func(w *world, id string) { w.must("record-payment", id, cash(2000, "B")...) },
		'C': func(w *world, id string) { w.must("record-payment", id, cash(1000, "C")...) },
		'D': func(w *world, _ string) {
			w.must("refund", noticeID("vne51.cash/B"), reason("x"), fhir.Obj("name", "amount", "valueMoney", money(500)))
		},
		'E': func(w *world, id string) { w.must("credit", id, reason("x")) },
	}
	seen := 0
	for _, order := range permutations("BCDE") {
		if strings.IndexByte(order, 'D') < strings.IndexByte(order, 'B') {
			continue
		}
		w := bareWorld(t)
		newRx(1).hand(ampm, lis("28")).supplied(w)
		id := w.must("issue", w.draft().ID()).ID()
		for i := range order {
			acts[order[i]](w, id)
		}
		o := w.must("balance", id)
		require.Equal(t, "-25.00", moneyOf(o, "due"), order)
		require.Equal(t, "25.00", moneyOf(o, "unused"), order)
		require.NoError(t, w.db.Close())
		seen++
	}
	require.Equal(t, 12, seen)
}

func permutations(of string) (list []string) {
	if len(of) < 2 {
		return []string{of}
	}
	for i := range of {
		for _, rest := range permutations(of[:i] + of[i+1:]) {
			list = append(list, of[i:i+1]+rest)
		}
	}
	return list
}
