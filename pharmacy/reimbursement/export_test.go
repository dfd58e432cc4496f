package reimbursement

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
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

func (w *world) export(params url.Values) []byte {
	w.t.Helper()
	call := w.call(nil)
	call.Params = params
	reply, err := w.s.exportOperation(w.ctx, call)
	require.NoError(w.t, err)
	w.valid(reply.Resource)
	return reply.Resource.JSON()
}

func TestExportGolden(t *testing.T) {
	w := month(t)
	got := w.export(url.Values{"month": {"2026-11"}, "org": {"VNE51"}})
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

func TestExportIsPinned(t *testing.T) {
	w := month(t)
	q := url.Values{"month": {"2026-11"}, "org": {"VNE51"}}
	first := w.export(q)

	late := acute("911111-A83008-111111")
	late.store(w)
	w.settle()
	_, err := w.s.LoadTariff(w.ctx, File{Kind: tariff.FeeSchedule, Data: []byte("rule,from,value,unit,mark,source\nsingle-activity-fee,2026-11-01,160,pence,B,a test\nrounding,2026-11-01,half-up,word,B,ours\n")}, fhir.Requester{})
	require.NoError(t, err)
	_, changed, err := w.s.Reprice(w.ctx, november, fhir.Requester{}, "", w.now)
	require.NoError(t, err)
	require.Positive(t, changed)
	w.now = w.now.AddDate(0, 1, 0)

	require.Equal(t, string(first), string(w.export(q)), "a later run gives the same bytes")
	q.Set("run", "new")
	second := w.export(q)
	require.NotEqual(t, string(first), string(second))
	q.Del("run")
	require.Equal(t, string(second), string(w.export(q)), "the new run is the one that stands")
}

func TestExportOfAllPharmacies(t *testing.T) {
	w := month(t)
	r, err := fhir.Parse(w.export(url.Values{"month": {"2026-11"}}))
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
	alone := w.export(url.Values{"month": {"2026-10"}})
	all := w.export(url.Values{"month": {"2026-11"}})
	late := acute("911111-A83008-111111")
	late.org = "FZZ99"
	late.store(w)
	late = acute("811111-A83008-111111")
	late.org, late.handed = "FZZ99", "2026-10-02T10:00:00Z"
	late.store(w)
	w.settle()
	w.export(url.Values{"month": {"2026-11"}, "org": {"FA565"}, "run": {"new"}})
	require.Equal(t, string(all), string(w.export(url.Values{"month": {"2026-11"}})))
	require.Equal(t, string(alone), string(w.export(url.Values{"month": {"2026-10"}})))
	r, err := fhir.Parse(w.export(url.Values{"month": {"2026-11"}, "run": {"new"}}))
	require.NoError(t, err)
	require.Equal(t, 3, r.Get("entry").Len())
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
	empty := w.export(q)
	require.NotContains(t, string(empty), "entry")
	acute(anOrder).store(w)
	w.settle()
	require.NotEqual(t, empty, w.export(q))
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

func TestExportAfterItsRecordWasDeleted(t *testing.T) {
	w := month(t)
	q := url.Values{"month": {"2026-11"}, "org": {"FA565"}}
	first := w.export(q)
	_, err := w.db.Commit(w.ctx, &fhir.Transaction{Derived: true, Changes: []fhir.Change{{Method: fhir.Delete, Type: "Invoice", ID: invoiceID(november, "FA565", 1)}}})
	require.NoError(t, err)
	require.NotEqual(t, string(first), string(w.export(q)))
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
	_, err := w.s.LoadTariff(w.ctx, File{Data: []byte(fees)}, fhir.Requester{})
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
	_, err := w.s.LoadTariff(w.ctx, File{Data: []byte(fees)}, fhir.Requester{})
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
