package folder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
)

const order = "5f2b0e8e-3c51-5f0f-9a0e-222222222222"

// taker notes what it is given.
type taker struct {
	events []warehouse.Event
	err    map[string]error // by id
}

func (t *taker) take(_ context.Context, e warehouse.Event) (warehouse.Taken, error) {
	if err := t.err[e.ID]; err != nil {
		return "", err
	}
	t.events = append(t.events, e)
	return warehouse.Done, nil
}

func (t *taker) told() string {
	var out []string
	for _, e := range t.events {
		text := fmt.Sprintf("%s %s r%d", e.ID, e.Kind, e.Revision)
		for _, p := range e.Lots {
			text += " " + p.Batch + "/" + p.Expiry + "/" + p.Quantity.String()
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n")
}

func newFolder(t *testing.T, format string) *Warehouse {
	w, err := New(Config{Dir: t.TempDir(), Format: format, Settled: time.Nanosecond})
	require.NoError(t, err)
	return w
}

func (w *Warehouse) put(t *testing.T, name, text string) {
	require.NoError(t, os.WriteFile(filepath.Join(w.Dir, inDir, name), []byte(text), 0o600))
}

func (w *Warehouse) names(t *testing.T, dir string) string {
	entries, err := os.ReadDir(filepath.Join(w.Dir, dir))
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func (w *Warehouse) reason(t *testing.T, name string) string {
	text, err := os.ReadFile(filepath.Join(w.Dir, brokenDir, name+".reason.txt"))
	require.NoError(t, err)
	return string(text)
}

func TestSend(t *testing.T) {
	m := warehouse.Message{ID: "m1", Kind: warehouse.Released, When: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), Data: warehouse.Order{ID: order, Revision: 2, Product: "1", Name: "=Paracetamol", Quantity: "30", Unit: "tablet",
		Handling: []string{"signed-for"}, Lots: []warehouse.Pack{{Batch: "B1", Expiry: "2027-01-31", Quantity: decimal.NewFromInt(20)}, {Batch: "B2", Expiry: "2027-02-28", Quantity: decimal.NewFromInt(10)}}}}
	for format, want := range map[string]string{
		"csv": "id,type,timestamp,order,revision,product,name,quantity,unit,handling,batch,expiry,lotQuantity\n" +
			"m1,order.released,2026-11-02T09:00:00Z," + order + ",2,1,'=Paracetamol,30,tablet,signed-for,B1,2027-01-31,20\nm1,order.released,2026-11-02T09:00:00Z," + order + ",2,1,'=Paracetamol,30,tablet,signed-for,B2,2027-02-28,10\n",
		"json": `{"type":"order.released","timestamp":"2026-11-02T09:00:00Z","data":{"order":"` + order + `","revision":2,"product":"1","name":"=Paracetamol","quantity":"30","unit":"tablet","lots":[{"batch":"B1","expiry":"2027-01-31","quantity":"20"},{"batch":"B2","expiry":"2027-02-28","quantity":"10"}],"handling":["signed-for"]}}` + "\n",
	} {
		w := newFolder(t, format)
		for range 2 {
			require.True(t, w.Send(t.Context(), m).Delivered)
		}
		require.Equal(t, "order.released-"+order+"-2."+format, w.names(t, outDir))
		text, err := os.ReadFile(filepath.Join(w.Dir, outDir, "order.released-"+order+"-2."+format))
		require.NoError(t, err)
		require.Equal(t, want, string(text))
		require.NoError(t, os.RemoveAll(filepath.Join(w.Dir, outDir)))
		result := w.Send(t.Context(), m)
		require.False(t, result.Delivered)
		require.NotContains(t, result.Reason, w.Dir)
	}
	_, err := New(Config{Dir: t.TempDir(), Format: "xml"})
	require.Error(t, err)
}

func TestTaken(t *testing.T) {
	w, k := newFolder(t, "json"), &taker{}
	w.put(t, "1.json", `{"id":"e1","type":"order.picked","timestamp":"2026-11-02T09:00:00Z","data":{"order":"`+order+`","revision":1}}`)
	w.put(t, "2.csv", "\xef\xbb\xbfid,type,timestamp,order,revision,batch,expiry,quantity,by,checkedBy\n"+
		"e2,order.packed,2026-11-02T09:01:00Z,"+order+",1,B1,2027-01-31,20,a,b\ne2,order.packed,2026-11-02T09:01:00Z,"+order+",1,B2,,10,a,b\n")
	w.put(t, "3.json", `[{"type":"order.delivered","timestamp":"2026-11-03T09:00:00Z","data":{"order":"`+order+`","revision":1,"outcome":"delivered-signed"}},
		{"type":"order.dispatched","timestamp":"2026-11-02T19:00:00Z","data":{"order":"`+order+`","revision":1,"carrier":"C","tracking":"T"}}]`)
	w.put(t, ".half.json", "{")
	w.put(t, "half.json.part", "{")
	require.NoError(t, w.Look(t.Context(), time.Now(), k.take))
	told := k.told()
	require.Contains(t, told, "e1 order.picked r1\ne2 order.packed r1 B1/2027-01-31/20 B2//10\n")
	require.Less(t, strings.Index(told, "order.dispatched"), strings.Index(told, "order.delivered"), "in the order in which it happened")
	require.Equal(t, "1.json 2.csv 3.json", w.names(t, doneDir))
	require.Equal(t, ".half.json half.json.part", w.names(t, inDir))
	// The same name again is another file; what has no id has another one.
	w.put(t, "1.json", `{"type":"order.picked","timestamp":"2026-11-02T09:00:00Z","data":{"order":"`+order+`","revision":2}}`)
	require.NoError(t, w.Look(t.Context(), time.Now(), k.take))
	require.Equal(t, "1.json 1.json.2 2.csv 3.json", w.names(t, doneDir))
	// What changes still is left.
	slow, err := New(Config{Dir: w.Dir, Format: "json", Settled: time.Hour})
	require.NoError(t, err)
	w.put(t, "4.json", "{")
	require.NoError(t, slow.Look(t.Context(), time.Now(), k.take))
	require.Contains(t, w.names(t, inDir), "4.json")
}

func TestBroken(t *testing.T) {
	w, k := newFolder(t, "csv"), &taker{err: map[string]error{"bad": fhir.E("x", fhir.BusinessRule, fhir.Issue{Rule: "GOODS-6", Message: "No."}), "wait": errors.New("the disk is full")}}
	good := `{"id":"good","type":"order.picked","timestamp":"2026-11-02T09:00:00Z","data":{"order":"` + order + `","revision":1}}`
	for name, c := range map[string]struct{ text, why string }{
		"not.json":     {"{", "The event is not JSON"},
		"array.json":   {"[" + good, "The file is not JSON"},
		"more.json":    {strings.Replace(good, `"revision"`, `"colour":"red","revision"`, 1), "unknown field"},
		"half.json":    {"[" + good + `,{"type":"order.packed","timestamp":"2026-11-02T09:00:00Z","data":{"order":"` + order + `"}}]`, "event 2: GOODS-1 It is not told what was packed."},
		"empty.json":   {"[]", "The file has no event."},
		"empty.csv":    {"", "no line of column names"},
		"columns.csv":  {"type,timestamp,colour\n", `Found: "colour"`},
		"cells.csv":    {"type,timestamp,order,revision,identity,batch,quantity\norder.packed,yesterday," + order + ",x,maybe,B,many\n", "line 2: The timestamp is not an instant"},
		"quotes.csv":   {"type,timestamp,order\n\"order.picked,2026-11-02T09:00:00Z," + order + "\n", "The file is not CSV"},
		"file.xlsx":    {"x", "neither JSON nor CSV"},
		"long.json":    {strings.Repeat(" ", FileBytes+1), "The file is too long"},
		"refused.json": {"[" + good + "," + strings.Replace(good, "good", "bad", 1) + "]", "event 2: GOODS-6 No."},
	} {
		k.events = nil
		w.put(t, name, c.text)
		require.NoError(t, w.Look(t.Context(), time.Now(), k.take))
		require.Contains(t, w.reason(t, name), c.why, name)
		require.Empty(t, w.names(t, inDir), name)
		if name == "refused.json" {
			require.Equal(t, "good order.picked r1", k.told())
		} else {
			require.Empty(t, k.events, "%s: nothing of it is taken", name)
		}
	}
	w.put(t, "later.json", strings.Replace(good, "good", "wait", 1))
	require.Error(t, w.Look(t.Context(), time.Now(), k.take))
	require.Equal(t, "later.json", w.names(t, inDir))
	delete(k.err, "wait")
	require.NoError(t, w.Look(t.Context(), time.Now(), k.take))
	require.Empty(t, w.names(t, inDir))
}

func FuzzRead(f *testing.F) {
	f.Add("a.csv", []byte("type,timestamp,order,batch,quantity\norder.packed,2026-11-02T09:00:00Z,"+order+",B1,20\n"))
	f.Add("a.json", []byte(`[{"id":"e1","type":"order.picked","timestamp":"2026-11-02T09:00:00Z","data":{"order":"`+order+`","revision":1}}]`))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		events, wrong := read(name, "x", text)
		if len(wrong) == 0 && len(events) == 0 {
			t.Fatal("nothing was read, and nothing is wrong")
		}
		if len(wrong) > 0 {
			return
		}
		for _, e := range events {
			again, err := warehouse.ReadEvent(e.ID, e.Text())
			require.NoError(t, err)
			require.Equal(t, string(e.Text()), string(again.Text()))
		}
	})
}
