package invoicing

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestSupplyToInvoice follows a supply to its invoice. 28 capsules of a pack of 28
// at £42.50 are £42.50, and the fee is £3.25: £45.75, no VAT.
func TestSupplyToInvoice(t *testing.T) {
	w := newWorld(t)
	p := newRx(1).hand(ampm, lis("28")).supplied(w)
	charges := w.all("ChargeItem")
	require.Len(t, charges, 1)
	require.Equal(t, "billable", charges[0].Get("status").Text())
	require.Equal(t, "45.75", charges[0].Root().Path("priceOverride", "value").Text())
	require.Contains(t, charges[0].Get("overrideReason").Text(), "28 capsule at £42.50 for 28, line 2 of Binary/private-prices/_history/1")
	draft := w.draft()
	require.Equal(t, "45.75", gross(draft))
	require.Empty(t, nhs.Identifier(draft.Root(), idNumber).Text(), "a draft has no number")

	issued := w.must("issue", draft.ID())
	require.Equal(t, "issued", issued.Get("status").Text())
	require.Equal(t, "VNE51-000001", nhs.Identifier(issued.Root(), idNumber).Text())
	require.Equal(t, "billed", w.all("ChargeItem")[0].Get("status").Text())
	w.refused("Only a draft is issued", func() error { _, err := w.call("issue", draft.ID()); return err })

	// A further supply is a further invoice: 14 of 28 are £21.25, with the fee £24.50.
	p.hand("2026-11-23T10:00:00+00:00", lis("14")).supplied(w)
	second := w.must("issue", w.draft().ID())
	require.Equal(t, "24.50", gross(second))
	require.Equal(t, "VNE51-000002", nhs.Identifier(second.Root(), idNumber).Text())
	require.Equal(t, "45.75", gross(w.get("Invoice/"+issued.ID())), "the first is as it was")

	head := w.db.Head()
	w.done = 0
	w.settle()
	require.Equal(t, head, w.db.Head(), "a replay changes nothing")
}

// TestLines computes lines by hand.
//
//	30 mg lisdexamfetamine: 42.50 / 28 a capsule
//	   1 capsule:  4250 / 28 = 151.79 -> 152; with the fee of 325 pence 4.77
//	   7 capsules: 4250 / 4  = 1062.5 -> 1063, the half goes up; 13.88
//	atomoxetine in whole packs of 30, 54.30 for the clinic
//	  28 capsules: one pack; 57.55     31: two packs, 108.60; 111.85
//	delivery: 4.99, and VAT at 20 % = 99.8 -> 100 pence; 5.99
func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		what      given
		delivered bool
		gross     string
	}{
		"one capsule":        {lis("1"), false, "4.77"},
		"a half goes up":     {lis("7"), false, "13.88"},
		"one pack":           {ato("28"), false, "57.55"},
		"two packs":          {ato("31"), false, "111.85"},
		"with the delivery":  {lis("28"), true, "51.74"},
		"half a capsule too": {lis("0.5"), false, "4.01"}, // 4250 / 56 = 75.89 -> 76
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := newRx(1).hand(ampm, c.what)
			p.handings[0].delivered = c.delivered
			p.supplied(w)
			require.Equal(t, c.gross, gross(w.draft()))
			require.Equal(t, c.gross, gross(w.must("issue", w.draft().ID())))
		})
	}
}

// TestPriceOfTheDay: what a clinic pays is what its list says on the day of the
// supply: £60.00 in October, £54.30 in November, £60.00 for another clinic; with the
// fee of £3.25.
func TestPriceOfTheDay(t *testing.T) {
	for day, want := range map[string]string{"2026-10-31T10:00:00+00:00": "63.25", "2026-11-01T10:00:00+00:00": "57.55", "2026-10-31T23:30:00-01:00": "57.55"} {
		w := newWorld(t)
		newRx(1).hand(day, ato("30")).supplied(w)
		require.Equal(t, want, gross(w.draft()), day)
	}
	w := newWorld(t)
	p := newRx(1).hand(ampm, ato("30"))
	p.clinic = "A83008"
	p.supplied(w)
	require.Equal(t, "63.25", gross(w.draft()))
}

// TestNHSIsNotCharged: the NHS pays for what is prescribed on its forms.
func TestNHSIsNotCharged(t *testing.T) {
	w := newWorld(t)
	p := newRx(1).hand(ampm, lis("28"))
	p.kind = "0101"
	p.supplied(w)
	require.Empty(t, w.all("ChargeItem"))
	require.Empty(t, w.all("Invoice"))
}

// TestUnpriced: a supply without a price is a charge that waits for one; it is not
// issued until there is, and then by the list of its day.
func TestUnpriced(t *testing.T) {
	w := newWorld(t)
	other := given{code: "322236009", name: "Paracetamol 500mg tablets", quantity: "32"}
	p := newRx(1).hand(ampm, lis("28"), other)
	p.handings[0].what[1].number = p.id("x")
	p.supplied(w)
	require.Equal(t, "planned", w.all("ChargeItem")[1].Get("status").Text())
	w.refused("No price of product ", func() error { _, err := w.call("issue", w.draft().ID()); return err })
	w.load(testList + "*,*,2026-11-01,,322236009,Paracetamol 500mg tablets,32,capsule,1.20,pro-rata,other\n")
	issued := w.must("issue", w.draft().ID())
	require.Equal(t, "50.44", gross(issued), "45.75 + 1.20 + 3.25, and 20 % of 1.20 = 0.24")
}

// TestMonth: the supplies of a clinic's month are one invoice, to the clinic.
func TestMonth(t *testing.T) {
	w := newWorld(t, "*,X99CL,2026-01-01,,invoice,per-month,,K,the agreement\n*,X99CL,2026-01-01,,payer,clinic,,K,the agreement\n")
	for n := range 5 {
		newRx(n).hand(ampm, lis("28")).supplied(w)
	}
	draft := w.draft()
	w.refused("The month is not over", func() error { _, err := w.call("issue", draft.ID()); return err })
	w.now = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	newRx(9).hand("2026-12-01T00:00:00+00:00", lis("28")).supplied(w)
	issued := w.must("issue", draft.ID())
	require.Equal(t, "228.75", gross(issued), "5 x 45.75")
	require.Equal(t, 5, issued.Get("lineItem").Len())
	require.Equal(t, "X99CL", issued.Root().Path("recipient", "identifier", "value").Text())
	require.False(t, issued.Get("subject").Exists(), "no patient")
	require.Len(t, w.invoices("draft"), 1, "that of December")

	// What comes late for the month is on a further invoice of it.
	newRx(10).hand(ampm, lis("14")).supplied(w)
	for _, d := range w.invoices("draft") {
		if nhs.Identifier(d.Root(), idOpen).Text() == "VNE51/X99CL/2026-11" {
			require.Equal(t, "24.50", gross(w.must("issue", d.ID())))
		}
	}
}

// TestLargeMonth: a month of more lines than an invoice has is several invoices.
func TestLargeMonth(t *testing.T) {
	w := newWorld(t, "*,X99CL,2026-01-01,,invoice,per-month,,K,the agreement\n*,X99CL,2026-01-01,,payer,clinic,,K,the agreement\n")
	for n := range mostLines + 3 {
		require.NoError(t, newRx(n).hand(ampm, lis("28")).store(w))
	}
	w.settle()
	w.now = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	first := w.must("issue", w.draft().ID())
	require.Equal(t, mostLines, first.Get("lineItem").Len())
	second := w.must("issue", w.draft().ID())
	require.Equal(t, 3, second.Get("lineItem").Len())
	require.Empty(t, w.invoices("draft"))
}

// TestCorrections: what was supplied is amended and withdrawn, before the invoice is
// issued and after.
func TestCorrections(t *testing.T) {
	w := newWorld(t)
	p := newRx(1).hand(ampm, lis("28"), ato("30")).supplied(w)
	require.Equal(t, "103.30", gross(w.draft()), "45.75 + 57.55")

	p.handings[0].what[0].quantity = "14"
	p.supplied(w)
	require.Equal(t, "82.05", gross(w.draft()), "24.50 + 57.55: the draft is as what was supplied")

	issued := w.must("issue", w.draft().ID())
	p.handings[0].what = p.handings[0].what[:1]
	p.supplied(w)
	draft := w.draft()
	require.Equal(t, "-57.55", gross(draft))
	require.Equal(t, "Invoice/"+issued.ID(), nhs.Extension(draft.Root(), extCredits).Path("valueReference", "reference").Text())
	credit := w.must("issue", draft.ID())
	require.Equal(t, "VNE51-000002", nhs.Identifier(credit.Root(), idNumber).Text())

	// Amended once it is issued: the old line is credited, the new one invoiced.
	p.handings[0].what[0].quantity = "28"
	p.supplied(w)
	drafts := w.invoices("draft")
	require.Len(t, drafts, 2)
	sum := map[string]bool{gross(drafts[0]): true, gross(drafts[1]): true}
	require.Equal(t, map[string]bool{"-24.50": true, "45.75": true}, sum)

	// Everything is withdrawn: the draft goes, and nothing is owed once the credit
	// is issued.
	p.handings = nil
	p.supplied(w)
	require.Len(t, w.invoices("cancelled"), 1)
	for _, d := range w.invoices("draft") {
		w.must("issue", d.ID())
	}
	owed := w.must("balance", issued.ID())
	require.Equal(t, "0.00", moneyOf(owed, "due"))
	require.Equal(t, "82.05", moneyOf(owed, "invoiced"))
	require.Equal(t, "-82.05", moneyOf(owed, "credited"))
}

// TestCredit: by decision a line is credited once, whatever becomes of the supply.
func TestCredit(t *testing.T) {
	w := newWorld(t)
	p := newRx(1).hand(ampm, lis("28"), ato("30")).supplied(w)
	line := func(n int) fhir.Value { return fhir.Obj("name", "line", "valuePositiveInt", n) }
	w.refused("Only an invoice that was issued is credited", func() error { _, err := w.call("credit", w.draft().ID(), reason("x")); return err })
	issued := w.must("issue", w.draft().ID())
	w.refused("It is not said why", func() error { _, err := w.call("credit", issued.ID()); return err })
	w.refused("The invoice has no such line", func() error { _, err := w.call("credit", issued.ID(), reason("x"), line(3)); return err })
	credit := w.must("credit", issued.ID(), reason("The capsules were damaged."), line(2))
	require.Equal(t, "-57.55", gross(credit))
	require.Equal(t, "issued", credit.Get("status").Text())
	w.refused("The line is credited already", func() error { _, err := w.call("credit", issued.ID(), reason("x"), line(2)); return err })
	w.refused("Only an invoice that was issued is credited", func() error { _, err := w.call("credit", credit.ID(), reason("x")); return err })

	p.supplied(w) // the Task moves on: the supply stays credited
	require.Empty(t, w.invoices("draft"))
	p.handings = nil
	p.supplied(w)
	require.Equal(t, "-45.75", gross(w.draft()), "what is withdrawn is credited where it is not yet")
	require.Equal(t, "45.75", moneyOf(w.must("balance", issued.ID()), "due"))
	w.must("issue", w.draft().ID())
	require.Equal(t, "0.00", moneyOf(w.must("balance", issued.ID()), "due"))
	w.refused("Nothing of the invoice is left to credit", func() error { _, err := w.call("credit", issued.ID(), reason("x")); return err })
}

// TestTwoPharmacies: what another pharmacy supplied of a prescription before is that
// pharmacy's to invoice, under its own numbers and on its own account.
func TestTwoPharmacies(t *testing.T) {
	w := newWorld(t)
	p := newRx(1).hand(ampm, lis("14"))
	p.handings[0].by = "FA565"
	p.hand("2026-11-23T10:00:00+00:00", lis("28")).supplied(w)
	got := map[string]string{}
	for _, d := range w.invoices("draft") {
		w.who.OnBehalf = d.Root().Path("issuer", "identifier", "value").Text()
		issued := w.must("issue", d.ID())
		got[nhs.Identifier(issued.Root(), idNumber).Text()] = gross(issued) + " " + moneyOf(w.must("balance", d.ID()), "due")
	}
	require.Equal(t, map[string]string{"VNE51-000001": "45.75 45.75", "FA565-000001": "24.50 24.50"}, got)
}

// TestNumbersAtOnce: invoices that are issued at the same time have numbers without a
// gap, each its own.
func TestNumbersAtOnce(t *testing.T) {
	w := newWorld(t)
	const n = 24
	for i := range n {
		newRx(i).hand(ampm, lis("28")).supplied(w)
	}
	var group sync.WaitGroup
	for _, d := range w.invoices("draft") {
		group.Go(func() {
			for {
				c := &fhir.Call{ID: d.ID(), Time: w.now, Requester: w.who}
				if _, err := w.s.issue(w.ctx, c); err == nil || fhir.KindOf(err) != fhir.Conflict {
					assert.NoError(t, err)
					return
				}
			}
		})
	}
	group.Wait()
	seen := map[string]bool{}
	for _, r := range w.invoices("issued") {
		seen[nhs.Identifier(r.Root(), idNumber).Text()] = true
	}
	require.Len(t, seen, n)
	require.True(t, seen["VNE51-000001"] && seen["VNE51-000024"], seen)
}

// TestWhoMay: an invoice is there for those who act for its pharmacy, and to read
// for the clinic that pays it.
func TestWhoMay(t *testing.T) {
	w := newWorld(t, "*,X99CL,2026-01-01,,payer,clinic,,K,the agreement\n")
	newRx(1).hand(ampm, lis("28")).supplied(w)
	draft := w.draft()
	issuer := w.who
	for _, other := range []fhir.Principal{{Agent: "a", OnBehalf: "FA565"}, {Agent: "b"}, {Agent: "c", OnBehalf: testClinic}, {Agent: "d", OnBehalf: testPharmacy, SeesNone: true}, {Agent: "e", OnBehalf: "FA565", SeesAll: true}} {
		w.who = other
		for _, op := range []string{"issue", "credit"} {
			w.refused("There is no such private invoice", func() error { _, err := w.call(op, draft.ID(), reason("x")); return err })
		}
		_, err := w.call("balance", draft.ID())
		require.Equal(t, other.OnBehalf == testClinic || other.SeesAll, err == nil, other)
	}
	w.who = issuer
	w.must("issue", draft.ID())
	w.refused("There is no such private invoice", func() error { _, err := w.call("issue", "none"); return err })
}

func moneyOf(parameters *fhir.Resource, name string) string {
	for p := range parameters.Get("parameter").Items() {
		if p.Get("name").Text() == name {
			return p.Path("valueMoney", "value").Text()
		}
	}
	return ""
}
