package reimbursement

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/inputs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// month is a world with the month of two pharmacies: five prescriptions, one of
// them with a line that has no price.
func month(t *testing.T) *world {
	w := newWorld(t).sample()
	for i, change := range []func(*rx){
		func(*rx) {},
		func(p *rx) { p.nhs, p.born = "9990548609", "1950-01-01" },
		func(p *rx) {
			p.lines = p.lines[:1]
			p.lines[0].code, p.lines[0].name = "36126511000001106", "Morphine 10mg modified-release tablets"
			p.lines[0].schedule, p.handed = "CD2", "2026-11-30T23:30:00+00:00"
		},
		func(p *rx) { p.lines[0].code, p.lines[0].name = "763158003", "Medicinal product" },
		func(p *rx) { p.org = "FA565" },
		func(p *rx) { p.handed = "2026-10-31T12:00:00+00:00" },
	} {
		order := string(rune('1'+i)) + "11111-A83008-111111"
		rx := acute(order)
		for j := range rx.lines {
			rx.lines[j].item = rx.id(rx.lines[j].item)
		}
		change(rx)
		rx.store(w)
	}
	w.settle()
	return w
}

// export reads a month, and wants that nothing is written by it.
func (w *world) export(params url.Values) []byte {
	w.t.Helper()
	head := w.db.Head()
	defer func() { require.Equal(w.t, head, w.db.Head(), "an export writes nothing") }()
	return w.answer(w.s.exportOperation, params)
}

// close closes a month, on the third of December where the clock is before.
func (w *world) close(params url.Values) []byte {
	w.t.Helper()
	if december := time.Date(2026, 12, 3, 9, 30, 0, 0, time.UTC); w.now.Before(december) {
		w.now = december
	}
	return w.answer(w.s.closeOperation, params)
}

func (w *world) answer(handle func(context.Context, *fhir.Call) (*fhir.Reply, error), params url.Values) []byte {
	w.t.Helper()
	call := w.call(nil)
	call.Params = params
	reply, err := handle(w.ctx, call)
	require.NoError(w.t, err)
	w.valid(reply.Resource)
	return reply.Resource.JSON()
}

func TestExportGolden(t *testing.T) {
	w := month(t)
	got := w.close(url.Values{"month": {"2026-11"}, "org": {"VNE51"}})
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, got, "", " "))
	pretty.WriteByte('\n')
	const file = "testdata/export-2026-11.json"
	if *update {
		require.NoError(t, os.WriteFile(file, pretty.Bytes(), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), pretty.String())
}

// TestExportIsPinned: a closed month stays as it was submitted, whatever is
// written and repriced since, and a further run has what came since.
func TestExportIsPinned(t *testing.T) {
	w := month(t)
	q := url.Values{"month": {"2026-11"}, "org": {"VNE51"}}
	first := w.close(q)

	late := acute("911111-A83008-111111")
	late.store(w)
	w.settle()
	_, err := w.s.LoadTariff(w.ctx, File{Kind: tariff.FeeSchedule, Data: []byte("rule,from,value,unit,mark,source\nsingle-activity-fee,2026-11-01,160,pence,B,a test\nrounding,2026-11-01,half-up,word,B,ours\n")}, fhir.Principal{})
	require.NoError(t, err)
	_, changed, err := w.s.Reprice(w.ctx, november, "", fhir.Principal{}, "", w.now)
	require.NoError(t, err)
	require.Positive(t, changed)
	w.now = w.now.AddDate(0, 1, 0)

	require.Equal(t, string(first), string(w.export(q)), "the run that was recorded")
	require.Equal(t, string(first), string(w.close(q)), "closing again records nothing")
	q.Set("run", "new")
	second := w.close(q)
	q.Del("run")
	require.Equal(t, string(second), string(w.export(q)), "the newest run")
	for run, want := range map[string][]byte{"1": first, "2": second} {
		q.Set("run", run)
		require.Equal(t, string(want), string(w.export(q)), run)
	}
	require.Equal(t, []string{late.order}, orders(t, second), "what no run has submitted")
	q.Set("run", "new")
	require.NotContains(t, string(w.close(q)), "entry", "and nothing after that")
}

// orders are the prescriptions whose claims an export has.
func orders(t *testing.T, export []byte) []string {
	t.Helper()
	r, err := fhir.Parse(export)
	require.NoError(t, err)
	var list []string
	for e := range r.Get("entry").Items() {
		if c := e.Get("resource"); c.Get("resourceType").Text() == "Claim" {
			list = append(list, readClaim(r.Sub(c)).order())
		}
	}
	slices.Sort(list)
	return list
}

// TestAMonthThatIsNotOverIsPreviewed: reading records nothing, so that a claim
// that comes later is in the month when it is closed; and it is not closed
// before it is over.
func TestAMonthThatIsNotOverIsPreviewed(t *testing.T) {
	w := month(t)
	q := url.Values{"month": {"2026-11"}, "org": {"VNE51"}}
	preview := w.export(q)
	require.Contains(t, string(preview), "This is a preview of a month that is not closed")
	require.Contains(t, string(preview), `"value":"2026-11/VNE51/preview"`)
	w.now = w.now.Add(time.Hour)
	require.Equal(t, string(preview), string(w.export(q)), "the same while nothing of it changes")
	for _, run := range []string{"", "new"} {
		call := w.call(nil)
		call.Params = url.Values{"month": {"2026-11"}, "run": {run}}
		_, err := w.s.closeOperation(w.ctx, call)
		require.ErrorContains(t, err, "The month is not over")
	}
	w.now = time.Date(2026, 11, 30, 23, 59, 0, 0, time.UTC)
	_, err := w.s.CloseMonth(w.ctx, CloseRequest{Month: november, Time: w.now})
	require.ErrorContains(t, err, "The month is not over")

	late := acute("911111-A83008-111111")
	late.store(w)
	w.settle()
	require.Contains(t, orders(t, w.close(q)), late.order)
	require.NotContains(t, string(w.export(q)), "preview")
}

// TestRunsThatAreNotThere: a run is asked for by its number.
func TestRunsThatAreNotThere(t *testing.T) {
	w := month(t)
	for _, c := range []struct {
		handle   func(context.Context, *fhir.Call) (*fhir.Reply, error)
		org, run string
		want     fhir.Code
	}{
		{w.s.exportOperation, "VNE51", "1", fhir.NotFound}, {w.s.exportOperation, "", "1", fhir.NotFound}, {w.s.exportOperation, "VNE51", "new", fhir.Invalid},
		{w.s.exportOperation, "VNE51", "0", fhir.Invalid}, {w.s.closeOperation, "VNE51", "1", fhir.Invalid},
	} {
		call := w.call(nil)
		call.Params = url.Values{"month": {"2026-11"}, "org": {c.org}, "run": {c.run}}
		_, err := c.handle(w.ctx, call)
		require.Equal(t, c.want, fhir.KindOf(err), "%s %s", c.org, c.run)
	}
}

// TestMonthParametersAreKnown: a call that means one run, or one pharmacy, is not
// answered with another because of a slip.
func TestMonthParametersAreKnown(t *testing.T) {
	w, _, _ := ready(t)
	for name, params := range map[string]url.Values{
		"a slip":      {"month": {"2026-11"}, "runs": {"1"}},
		"twice":       {"month": {"2026-11", "2026-10"}},
		"of another":  {"month": {"2026-11"}, "item": {"x"}},
		"in capitals": {"month": {"2026-11"}, "Org": {"VNE51"}},
	} {
		for _, op := range w.s.Operations()[1:] {
			call := w.call(nil)
			call.Params = params
			err := inputs.Refuse(&op, call, false)
			require.Equal(t, fhir.Invalid, fhir.KindOf(err), "%s: %v", name, err)
		}
	}
}

// TestLateClaims: a claim that was made after its month had been closed goes out
// with the next submission, marked, and with no other.
func TestLateClaims(t *testing.T) {
	w := month(t)
	w.close(url.Values{"month": {"2026-11"}, "org": {"VNE51"}})
	late := acute("911111-A83008-111111")
	late.store(w)
	w.settle()
	december := acute("811111-A83008-111111")
	december.handed = "2026-12-01T10:00:00Z"
	december.store(w)
	w.settle()
	w.now = time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC)
	q := url.Values{"month": {"2026-12"}, "org": {"VNE51"}}
	export := w.close(q)
	require.Equal(t, []string{december.order, late.order}, orders(t, export))
	require.Contains(t, string(export), `{"extension":[{"url":"`+extLate+`","valueString":"2026-11"}],"fullUrl":"urn:uuid:`+ClaimID(late.order, 1)+`"`)
	require.Contains(t, string(export), "2 claims, 6 items dispensed, 0 of them without a price.")
	require.Contains(t, string(export), "1 of the claims came too late for their own month.")
	require.Contains(t, string(export), "Basic prices, discount group generic, of 2026-11")

	for _, month := range []string{"2026-11", "2026-12"} { // submitted once
		again := w.close(url.Values{"month": {month}, "org": {"VNE51"}, "run": {"new"}})
		require.NotContains(t, string(again), "entry", month)
	}
	require.Equal(t, string(export), string(w.export(q)))
}

// TestAmendedAfterItWasSubmitted: the claim goes out again, and the account has
// the difference.
func TestAmendedAfterItWasSubmitted(t *testing.T) {
	w, rx, claim := ready(t)
	q := url.Values{"month": {"2026-11"}, "org": {"VNE51"}}
	first := w.close(q)
	_, err := w.post(amend(t, claim, message1, readClaim(claim).message(), "paid-once", "not-paid"))
	require.NoError(t, err)
	w.settle()
	q.Set("run", "new")
	second := w.close(q)
	require.Equal(t, []string{rx.order}, orders(t, second))
	require.Contains(t, string(second), extAmended)
	total := func(export []byte) string {
		r, err := fhir.Parse(export)
		require.NoError(t, err)
		return r.Get("entry").Item(0).Path("resource", "totalNet", "value").Text()
	}
	require.NotEqual(t, total(first), total(second))
	require.Equal(t, "9.90", total(second), "one charge less is taken off")
}

func TestExportOfAllPharmacies(t *testing.T) {
	w := month(t)
	r, err := fhir.Parse(w.close(url.Values{"month": {"2026-11"}}))
	require.NoError(t, err)
	require.Equal(t, 2, r.Get("entry").Len())
	one := w.export(url.Values{"month": {"2026-11"}, "org": {"FA565"}})
	require.Equal(t, string(one), string(r.Get("entry").Item(0).Get("resource").Raw()))

	r, err = fhir.Parse(w.export(url.Values{"month": {"2026-10"}}))
	require.NoError(t, err)
	require.Equal(t, "Invoice", r.Get("entry").Item(0).Path("resource", "resourceType").Text(), "one pharmacy: its Bundle")
}

func TestExportOfAllPharmaciesIsPinned(t *testing.T) {
	w := month(t)
	alone := w.close(url.Values{"month": {"2026-10"}})
	all := w.close(url.Values{"month": {"2026-11"}})
	late := acute("911111-A83008-111111")
	late.org = "FZZ99"
	late.store(w)
	late = acute("811111-A83008-111111")
	late.org, late.handed = "FZZ99", "2026-10-02T10:00:00Z"
	late.store(w)
	more := acute("711111-A83008-111111")
	more.org = "FA565"
	more.store(w)
	w.settle()
	w.close(url.Values{"month": {"2026-11"}, "org": {"FA565"}, "run": {"new"}})
	require.Equal(t, string(all), string(w.export(url.Values{"month": {"2026-11"}})))
	require.Equal(t, string(alone), string(w.export(url.Values{"month": {"2026-10"}})))
	second := w.close(url.Values{"month": {"2026-11"}, "run": {"new"}})
	require.Equal(t, []string{"911111-A83008-111111"}, orders(t, second), "the one pharmacy that has not submitted all")
	require.Equal(t, string(second), string(w.export(url.Values{"month": {"2026-11"}, "run": {"2"}})))
	require.Equal(t, string(all), string(w.export(url.Values{"month": {"2026-11"}, "run": {"1"}})))
	ids, err := w.db.State(w.ctx).Find("List", "status=current")
	require.NoError(t, err)
	require.Len(t, ids, 3)
	for _, id := range ids {
		w.get("List", id)
	}
}

func TestExportOfNothingPinsNothing(t *testing.T) {
	w := newWorld(t).sample()
	q := url.Values{"month": {"2026-11"}}
	empty := w.close(q)
	require.NotContains(t, string(empty), "entry")
	acute(anOrder).store(w)
	w.settle()
	require.NotEqual(t, empty, w.close(q))
}

func TestExportLeavesOutWhatIsTakenBack(t *testing.T) {
	w := newWorld(t).sample()
	rx := acute(anOrder)
	rx.store(w)
	w.settle()
	rx.status, rx.business, rx.withdrawn = "accepted", "0002", true
	rx.store(w)
	w.settle()
	list, err := w.s.ExportMonth(w.ctx, ExportRequest{Month: november, Org: "VNE51", Time: w.now})
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestExportNeedsAMonth(t *testing.T) {
	w := newWorld(t)
	for _, text := range []string{"", "2026", "2026-13", "November"} {
		call := w.call(nil)
		call.Params = url.Values{"month": {text}}
		_, err := w.s.exportOperation(w.ctx, call)
		require.Equal(t, fhir.Invalid, fhir.KindOf(err), text)
	}
}

// TestTotalsAddUp adds the answers up by hand.
func TestTotalsAddUp(t *testing.T) {
	w := month(t)
	list, err := w.s.ExportMonth(w.ctx, ExportRequest{Month: november, Org: "VNE51", Time: w.now})
	require.NoError(t, err)
	require.Len(t, list, 1)
	r, err := list[0].Totals.Resource()
	require.NoError(t, err)
	require.Equal(t, "draft", r.Get("status").Text(), "a line has no price")
	// basic prices: generic 107p + 72p + 668p twice and 72p + 668p once, 2434p,
	// less 20 % (486.8p); morphine, a controlled drug, 20 of 60 at 520p, 173p
	// fees: 10 items at 152p, 9 packs split at 10p (of the item without a price
	// none is known), one Schedule 2 at 128p, consumables 10 at 1.24p
	// charges: 3 + 0 (aged 76) + 1 + 3 at 990p
	// 2434 - 486.8 + 173 + 1520 + 90 + 128 + 12.4 - 6930 = -3059.4p
	require.Equal(t, "-30.59", r.Root().Path("totalNet", "value").Text())
	require.Contains(t, r.Get("note").Item(0).Get("text").Text(), "4 claims, 10 items dispensed, 1 of them without a price. The exact sum is -£30.594.")
	require.Equal(t, r.Root().Path("totalNet", "value").Text(), r.Root().Path("totalGross", "value").Text())
}

// TestTotalsCountWhatHasNoPrice: also where the fee schedule has no fee for the
// day, and nothing at all is paid for the item.
func TestTotalsCountWhatHasNoPrice(t *testing.T) {
	w := newWorld(t)
	fees := "rule,from,value,unit,mark,source\nrounding,2021-01-01,half-up,word,B,ours\n"
	_, err := w.s.LoadTariff(w.ctx, File{Data: []byte(fees)}, fhir.Principal{})
	require.NoError(t, err)
	rx := acute(anOrder)
	rx.born = "1950-01-01"
	rx.store(w)
	w.settle()
	list, err := w.s.ExportMonth(w.ctx, ExportRequest{Month: november, Org: "VNE51", Time: w.now})
	require.NoError(t, err)
	r, err := list[0].Totals.Resource()
	require.NoError(t, err)
	require.Equal(t, "draft", r.Get("status").Text())
	require.Contains(t, r.Get("note").Item(0).Get("text").Text(), "1 claims, 3 items dispensed, 3 of them without a price.")
}

// TestTotalsOfAnyRate: a rate is written as JSON has numbers, however the
// schedule writes it.
func TestTotalsOfAnyRate(t *testing.T) {
	w := newWorld(t).sample()
	fees := "rule,from,value,unit,mark,source\nrounding,2021-01-01,half-up,word,B,ours\ngroup:A,2021-01-01,generic,word,B,ours\n" +
		"group:M,2021-01-01,generic,word,B,ours\ndeduction:generic,2021-01-01,00.2,share,B,ours\n"
	_, err := w.s.LoadTariff(w.ctx, File{Data: []byte(fees)}, fhir.Principal{})
	require.NoError(t, err)
	acute(anOrder).store(w)
	w.settle()
	list, err := w.s.ExportMonth(w.ctx, ExportRequest{Month: november, Org: "VNE51", Time: w.now})
	require.NoError(t, err)
	r, err := list[0].Totals.Resource()
	require.NoError(t, err)
	off := r.Get("lineItem").Item(0).Get("priceComponent").Item(1)
	require.Equal(t, "0.20", off.Get("factor").Text())
	require.Equal(t, "-1.694", off.Path("amount", "value").Text(), "20 % of 107p, 72p and 668p")
}

func TestExportTooLargeForOneAnswer(t *testing.T) {
	w := month(t)
	list, err := w.s.ExportMonth(w.ctx, ExportRequest{Month: november, Org: "VNE51", Time: w.now})
	require.NoError(t, err)
	b := capped{room: 10_000}
	_, err = list[0].WriteTo(&b)
	require.ErrorIs(t, err, errTooLarge)
	require.LessOrEqual(t, b.Len(), 10_000)
}
