package reimbursement

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// counted counts what is read of a state.
type counted struct {
	fhir.State
	reads *int
}

func (c counted) Current(typ, id string) (*fhir.Version, error) {
	*c.reads++
	return c.State.Current(typ, id)
}

func (c counted) Find(typ, query string) ([]string, error) {
	ids, err := c.State.Find(typ, query)
	*c.reads += 1 + len(ids)
	return ids, err
}

// TestPapersAreFoundByAnIndex: what is read for the papers of a month is the same among
// 20 finished prescriptions of the NHS, as many private ones of other months and as many
// requisitions of them, as among 400 of each.
func TestPapersAreFoundByAnIndex(t *testing.T) {
	reads := map[int]int{}
	for _, n := range []int{20, 400} {
		w := newWorld(t)
		add := func(i int, kind, handed string) {
			p := acute(fmt.Sprintf("%06d-A83008-111111", i))
			p.kind, p.handed, p.lines = kind, handed, p.lines[:1]
			p.lines[0].item, p.lines[0].schedule = p.id(p.lines[0].item), "CD2"
			w.put(p.parts()...)
		}
		add(1, "0901", "2026-11-20T11:45:00+00:00")
		requisition := func(i int, day string) {
			w.put(fhir.Obj("resourceType", "SupplyRequest", "id", fmt.Sprintf("q%d", i), "status", "completed", "authoredOn", day,
				"category", fhir.Obj("coding", fhir.List(fhir.Obj("system", csPaper, "code", "FP10CDF"))),
				"itemCodeableConcept", fhir.Obj("text", "Morphine"), "quantity", fhir.Obj("value", 10), "supplier", fhir.List(fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, "VNE51")))))
		}
		requisition(1, "2026-11-12")
		for i := range n {
			add(2+2*i, "0101", "2026-11-20T11:45:00+00:00")
			add(3+2*i, "0901", time.Date(2026, 10-time.Month(i%8), 1+i%28, 12, 0, 0, 0, time.UTC).Format(time.RFC3339))
			requisition(2+i, time.Date(2026, 10-time.Month(i%8), 1+i%28, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		}
		count := 0
		list, err := papersOf(counted{w.db.State(w.ctx), &count}, november, "VNE51")
		require.NoError(t, err)
		require.Len(t, list, 2)
		reads[n] = count
	}
	require.Equal(t, reads[20], reads[400], "%v", reads)
}

// TestPapers: by hand. Of five prescriptions two are private and of Schedule 2 in
// November; the original of one is in hand. A requisition of November is in hand, one
// that was cancelled and one of another pharmacy do not count. The deadline is
// 5 December, by the calendar.
func TestPapers(t *testing.T) {
	w := newWorld(t)
	for i, change := range []func(*rx){
		func(p *rx) { p.original = "2026-11-19" },
		func(*rx) {},
		func(p *rx) { p.kind = "0101" },                        // of the NHS
		func(p *rx) { p.lines[0].schedule = "CD4" },            // not of Schedule 1 to 3
		func(p *rx) { p.handed = "2026-10-31T12:00:00+00:00" }, // of October
		func(p *rx) { p.org = "FA565" },
	} {
		rx := acute(string(rune('1'+i)) + "11111-A83008-111111")
		rx.kind, rx.lines = "0901", rx.lines[:1]
		rx.lines[0].item, rx.lines[0].schedule = rx.id(rx.lines[0].item), "CD2"
		change(rx)
		rx.store(w)
	}
	for id, c := range map[string]struct{ status, org string }{"q1": {"completed", "VNE51"}, "q2": {"cancelled", "VNE51"}, "q3": {"completed", "FA565"}} {
		w.put(fhir.Obj("resourceType", "SupplyRequest", "id", id, "identifier", fhir.List(nhs.IdentifierValue("urn:q", "R-"+id)), "status", c.status, "authoredOn", "2026-11-12T10:00:00Z",
			"category", fhir.Obj("coding", fhir.List(fhir.Obj("system", csPaper, "code", "FP10CDF"))),
			"itemCodeableConcept", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSSNOMED, "code", "36126511000001106", "display", "Morphine 10mg modified-release tablets"))),
			"quantity", fhir.Obj("value", 10), "supplier", fhir.List(fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, c.org)))))
	}
	list := func() []string {
		call := w.call(nil)
		call.Params = url.Values{"month": {"2026-11"}, "org": {"VNE51"}}
		head := w.db.Head()
		reply, err := w.s.papersOperation(w.ctx, call)
		require.NoError(t, err)
		require.Equal(t, head, w.db.Head(), "it writes nothing")
		w.valid(reply.Resource)
		data, err := base64.StdEncoding.DecodeString(reply.Resource.Get("data").Text())
		require.NoError(t, err)
		return strings.Split(strings.TrimSpace(string(data)), "\n")[1:]
	}
	send := func(params ...string) error {
		call := w.call(nil)
		call.Params = url.Values{"month": {"2026-11"}, "org": {"VNE51"}}
		for i := 0; i < len(params); i += 2 {
			call.Params.Add(params[i], params[i+1])
		}
		reply, err := w.s.sendOperation(w.ctx, call)
		if err == nil {
			w.valid(reply.Resource)
		}
		return err
	}
	w.now = time.Date(2026, 12, 3, 9, 0, 0, 0, time.UTC)
	require.Equal(t, []string{
		"FP34PCD,111111-A83008-111111,2026-11-20,Amoxicillin 250mg capsules,CD2,FP10PCD,2026-11-19,due,,,2026-12-05,B",
		"FP34PCD,211111-A83008-111111,2026-11-20,Amoxicillin 250mg capsules,CD2,,,missing,,,2026-12-05,B",
		"FP10CDF,R-q1,2026-11-12,Morphine 10mg modified-release tablets,,FP10CDF,2026-11-12,due,,,2026-12-05,B",
	}, list())
	w.now = time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)
	require.Contains(t, list()[0], ",overdue,")
	require.Contains(t, list()[1], ",missing,")

	head := w.db.Head()
	require.ErrorContains(t, send("form", "FP99", "sent", "2026-12-07"), "form is not known")
	require.ErrorContains(t, send("form", "FP34PCD", "sent", "2026-12-08"), "day of sending")
	require.ErrorContains(t, send("form", "FP34PCD", "sent", "2026-12-07", "number", "211111-A83008-111111"), "not in hand")
	require.ErrorContains(t, send("form", "FP34PCD", "sent", "2026-12-07", "number", "999999-A83008-111111"), "no such paper")
	require.Equal(t, head, w.db.Head(), "a refusal writes nothing")
	require.NoError(t, send("form", "FP34PCD", "sent", "2026-12-07", "reference", "RM 1234"))
	require.Contains(t, list()[0], ",sent,2026-12-07,RM 1234,")
	require.ErrorContains(t, send("form", "FP34PCD", "sent", "2026-12-07"), "Nothing is due")
	require.ErrorContains(t, send("form", "FP34PCD", "sent", "2026-12-07", "number", "111111-A83008-111111"), "was sent before")
	require.NoError(t, send("form", "FP10CDF", "sent", "2026-12-07", "number", "R-q1"))
	require.Contains(t, list()[2], ",sent,2026-12-07,")
	_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Delete, Type: "Task", ID: sendingID("FP34PCD", november, "VNE51", 1)}}})
	require.ErrorContains(t, err, "is a record that the server makes itself")
}
