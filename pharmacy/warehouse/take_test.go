package warehouse

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// carrier is a warehouse that notes what it is told, and fails when it is to.
type carrier struct {
	mu    sync.Mutex
	told  []Message
	fails int
	goes  webhook.Result
}

func (*carrier) Name() string { return "test" }

func (c *carrier) Send(_ context.Context, m Message) webhook.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fails > 0 {
		c.fails--
		return c.goes
	}
	c.told = append(c.told, m)
	return webhook.Result{Delivered: true}
}

// unrevised is the number before the revisions of the hour of a world.
var unrevised = revisionAt(monday) - 1

func (c *carrier) kinds() (list []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.told {
		list = append(list, fmt.Sprintf("%s r%d", m.Kind, m.Data.Revision-unrevised))
	}
	return list
}

// desk does with the Tasks of a world what package dispensing would.
type desk struct {
	w       *world
	mu      sync.Mutex
	done    []string
	refuse  map[ActKind]string
	already map[string]bool
}

func (d *desk) Do(_ context.Context, a Act) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if why := d.refuse[a.Kind]; why != "" {
		return fhir.E("task", fhir.BusinessRule, fhir.Issue{Message: why})
	}
	if d.already[a.Key] {
		return nil
	}
	d.already[a.Key] = true
	d.done = append(d.done, string(a.Kind))
	m := d.w.tasks[a.Task]
	switch a.Kind {
	case ActOwe:
		m.line = "0004"
	case ActBag:
		for _, p := range a.Packs {
			m.bags = append(m.bags, bagOf(a.Task, p.Quantity.String(), p.Batch, "", "", false))
		}
	case ActDispatch:
		return d.w.rebag("send", a.Task)
	case ActFail:
		return d.w.rebag("fail", a.Task)
	case ActPutBack:
		return d.w.rebag("put-back", a.Task)
	case ActHandOver:
		amount := bagged(m)
		m.bags, m.line, m.status = nil, "0001", "completed"
		return d.w.put(a.Task, dispense("d-"+a.Task, a.Task, m.code, amount, "", "completed"))
	}
	return d.w.put(a.Task)
}

func (d *desk) acts() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.done, " ")
}

// newYard is a world whose orders go to a warehouse.
func newYard(t testing.TB) (*world, *carrier, *desk) {
	w := newWorld(t)
	require.NoError(t, w.write(true, fhir.Change{Method: fhir.Update, Type: "Patient", ID: "ada", Resource: fhir.Obj("resourceType", "Patient", "id", "ada").Resource()}))
	c, d := &carrier{}, &desk{w: w, already: map[string]bool{}, refuse: map[ActKind]string{}}
	w.s.warehouse, w.s.acts = c, d
	return w, c, d
}

// run has what is pending told and done.
func (w *world) run() {
	w.settle()
	for {
		r := runner{s: w.s, pending: map[string]bool{}}
		head := w.db.Head()
		ids, err := w.db.State(context.Background()).Find("SupplyRequest", "status=active,completed,cancelled")
		require.NoError(w.t, err)
		for _, id := range ids {
			r.pending[id] = true
		}
		require.NoError(w.t, r.work(context.Background()))
		w.settle()
		if w.db.Head() == head {
			return
		}
	}
}

func (w *world) orderOf(task string) *order {
	b := newBook(w.db.State(context.Background()), w.now, fhir.Principal{})
	o, err := b.order(orderID("mr-"+task, 1))
	require.NoError(w.t, err)
	require.NotNil(w.t, o)
	return o
}

// event is an event of the order of a Task.
func (w *world) event(id string, kind EventKind, task string, fill func(e *Event)) Event {
	o := w.orderOf(task)
	e := Event{ID: id, Kind: kind, When: w.now, Told: Told{Order: o.id, Revision: o.revision}}
	if fill != nil {
		fill(&e)
	}
	return e
}

func packs(list ...string) (out []Pack) {
	for _, text := range list {
		batch, q, _ := strings.Cut(text, ":")
		out = append(out, Pack{Batch: batch, Quantity: decimal.RequireFromString(q)})
	}
	return out
}

var courier = fhir.Principal{Agent: "Device/warehouse", OnBehalf: "FA565"}

func (w *world) take(e Event) string {
	taken, err := w.s.Take(context.Background(), courier, e, w.now)
	if err != nil {
		return failure(err)
	}
	return string(taken)
}

// TestAnyOrder: the events of an order come in any order, some of them often, with the
// acts that follow from them done at any time between them. In the end it is delivered
// and supplied once, and the ledger agrees.
func TestAnyOrder(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		w, _, d := newYard(t)
		w.operation("receive-goods", map[string]string{"product": "4", "quantity": "50", "batch": "B1", "expiry": "2027-01-31", "from": "W"})
		w.operation("receive-goods", map[string]string{"product": "4", "quantity": "50", "batch": "B2", "expiry": "2027-02-28", "from": "W"})
		w.tasks["one"] = &madeTask{status: "accepted", line: "0008", code: "4", quantity: "60"}
		require.NoError(t, w.put("one"))
		w.run()
		sent := func(e *Event) { e.Carrier, e.Tracking = "C", "T1" }
		fails := r.IntN(2) == 0
		events := []Event{w.event("1", PickedEvent, "one", nil), w.event("2", PackedEvent, "one", func(e *Event) { e.Lots, e.By = packs("B2:50", "B1:10"), "p" }),
			w.event("3", DispatchedEvent, "one", sent), w.event("4", TrackedEvent, "one", func(e *Event) { e.Outcome = "at-depot" })}
		if fails {
			events = append(events, w.event("5", FailedEvent, "one", func(e *Event) { e.Reason = "nobody" }), w.event("6", DispatchedEvent, "one", sent))
		}
		events = append(events, w.event("7", DeliveredEvent, "one", func(e *Event) { e.Outcome = "delivered-unsigned" }))
		for range r.IntN(4) {
			events = append(events, events[r.IntN(len(events))])
		}
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		for _, e := range events {
			require.NotContains(t, w.take(e), "refused", "seed %d: %s", seed, e.Kind)
			if r.IntN(3) == 0 {
				w.run()
			}
		}
		w.run()
		o := w.orderOf("one")
		require.Equal(t, stageDelivered, o.stage, "seed %d", seed)
		require.Empty(t, o.trouble)
		require.Equal(t, orderCompleted, o.status)
		require.Empty(t, o.early)
		acts := d.acts()
		require.True(t, strings.HasPrefix(acts, "dispense dispatch") && strings.HasSuffix(acts, "hand-over"), "seed %d: %s", seed, acts)
		require.Equal(t, 1, strings.Count(acts, "hand-over"), acts)
		require.Equal(t, "40", w.balance("4").String(), "seed %d", seed)
		require.Empty(t, w.recount(), "seed %d", seed)
	}
}

// TestRefusedEvents: what an order does not allow is refused, and where goods may be
// lost or sent twice by it a person is asked.
func TestRefusedEvents(t *testing.T) {
	w, c, d := newYard(t)
	require.NoError(t, w.entered(Entered{Kind: stock.Receipt, Change: decimal.NewFromInt(60), Sum: decimal.NewFromInt(60), Batch: "M1", Expiry: day("2027-01-31")}))
	w.tasks["one"] = &madeTask{status: "accepted", line: "0008", code: "1", quantity: "28"}
	require.NoError(t, w.put("one"))
	w.run()
	require.Equal(t, []string{"order.released r1"}, c.kinds())
	require.Equal(t, []string{"signed-for", "identity", "adult"}, c.told[0].Data.Handling)
	require.Equal(t, "28", c.told[0].Data.Quantity)
	packed := func(id string, checked string, lots ...string) Event {
		return w.event(id, PackedEvent, "one", func(e *Event) { e.Lots, e.By, e.Checked = packs(lots...), "pat", checked })
	}
	require.Contains(t, w.take(packed("p1", "chris", "M1:27")), "GOODS-7", "another quantity")
	require.Contains(t, w.take(packed("p2", "chris", "M2:28")), "GOODS-9", "a batch that is not there")
	require.Contains(t, w.take(packed("p3", "Pat", "M1:28")), "GOODS-8", "the second person is the first")
	require.Contains(t, w.take(packed("p4", "", "M1:28")), "GOODS-8")
	old := packed("p5", "chris", "M1:28")
	old.Revision = 0
	require.Contains(t, w.take(old), "GOODS-6")
	unknown := packed("p6", "chris", "M1:28")
	unknown.Order = "00000000-0000-5000-8000-000000000000"
	require.Contains(t, w.take(unknown), "GOODS-2")
	later := packed("p7", "chris", "M1:28")
	later.When = w.now.Add(time.Hour)
	require.Contains(t, w.take(later), "GOODS-1")
	stranger := courier
	stranger.OnBehalf = "X99PH"
	_, err := w.s.Take(t.Context(), stranger, packed("p8", "chris", "M1:28"), w.now)
	require.Equal(t, fhir.NotFound, fhir.KindOf(err), "another pharmacy's order is not there")
	require.Empty(t, w.orderOf("one").packs, "nothing of what was refused is kept")
	require.Empty(t, w.recount())

	good := packed("p9", "chris", "M1:28")
	require.Equal(t, "done", w.take(good))
	require.Equal(t, "known", w.take(good))
	other := packed("p9", "sam", "M1:28")
	require.Contains(t, w.take(other), "GOODS-3", "the id of another event")
	again := packed("p10", "chris", "M1:28")
	require.Equal(t, "known", w.take(again), "it is packed already")
	sent := func(id, tracking string) Event {
		return w.event(id, DispatchedEvent, "one", func(e *Event) { e.Carrier, e.Tracking = "C", tracking })
	}
	require.Equal(t, "done", w.take(sent("s1", "T1")))
	require.Equal(t, "known", w.take(sent("s2", "T1")))
	require.Contains(t, w.take(sent("s3", "T2")), "GOODS-5", "sent a second time")
	require.Contains(t, w.take(sent("s3", "T2")), "GOODS-5", "a repeat is refused as it was")
	require.Contains(t, w.orderOf("one").trouble, "another consignment")
	w.run()
	require.Empty(t, d.acts(), "an order that waits for a person waits")
	_, err = w.s.resume(t.Context(), &fhir.Call{ID: w.orderOf("one").id, Time: w.now, Requester: w.who})
	require.Error(t, err, "a reason is wanted")
	resumed, err := w.s.resume(t.Context(), &fhir.Call{ID: w.orderOf("one").id, Time: w.now, Requester: w.who, Body: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "reason", "valueString", "a label was printed twice"))).Resource()})
	require.NoError(t, err)
	require.NotNil(t, resumed)
	w.run()
	require.Equal(t, "dispense dispatch", d.acts())
	shown := true
	delivered := func(id, outcome, recipient string, identity *bool) Event {
		return w.event(id, DeliveredEvent, "one", func(e *Event) { e.Outcome, e.Recipient, e.Identity = outcome, recipient, identity })
	}
	require.Contains(t, w.take(delivered("d1", "delivered-safe-place", "", &shown)), "GOODS-8", "a controlled drug is not left")
	require.Contains(t, w.orderOf("one").trouble, "against a signature")
	w.resumed("one")
	require.Contains(t, w.take(delivered("d2", "delivered-signed", "Jo", nil)), "GOODS-8", "proof of identity")
	w.resumed("one")
	require.Equal(t, "done", w.take(delivered("d3", "delivered-signed", "Jo", &shown)))
	d.refuse[ActHandOver] = "Not yet."
	w.run()
	require.Contains(t, w.orderOf("one").trouble, "Not yet.")
	delete(d.refuse, ActHandOver)
	w.resumed("one")
	w.run()
	require.Equal(t, "dispense dispatch hand-over", d.acts())
	require.Equal(t, "32", w.balance("1").String())
	require.Empty(t, w.recount())
}

func (w *world) resumed(task string, more ...any) {
	list := append([]any{fhir.Obj("name", "reason", "valueString", "looked into")}, more...)
	_, err := w.s.resume(context.Background(), &fhir.Call{ID: w.orderOf(task).id, Time: w.now, Requester: w.who, Body: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource()})
	require.NoError(w.t, err)
}

// TestRestored: a server that was restored from a backup gives no revision that it gave after
// the backup, and where the warehouse has a later one it is told anew, and a person is asked.
func TestRestored(t *testing.T) {
	at := func() (*world, *carrier) {
		w, c, _ := newYard(t)
		w.operation("receive-goods", map[string]string{"product": "4", "quantity": "30", "batch": "B1", "expiry": "2027-01-31", "from": "W"})
		w.tasks["one"] = &madeTask{status: "accepted", line: "0008", code: "4", quantity: "30"}
		require.NoError(t, w.put("one"))
		w.run()
		return w, c
	}
	was, lost := at()
	restored, told := at()
	require.Equal(t, was.orderOf("one").id, restored.orderOf("one").id)
	for n := range 4 { // after the backup
		was.now = was.now.Add(time.Minute)
		was.operation("recall-batch", map[string]string{"product": "4", "batch": "B1", "reason": "r", "lift": strconv.FormatBool(n%2 == 1)})
		was.operation("clear-quarantine", map[string]string{"product": "4", "batch": "B1", "quantity": "30", "reason": "whole"})
		was.run()
	}
	last := lost.told[len(lost.told)-1].Data.Revision
	require.Greater(t, last, restored.orderOf("one").revision)
	restored.now = was.now.Add(time.Second)
	event := func(id string, revision int) Event {
		return restored.event(id, PickedEvent, "one", func(e *Event) { e.Revision = revision })
	}
	require.Contains(t, restored.take(event("p0", 1<<30)), "GOODS-6")
	require.Empty(t, restored.orderOf("one").trouble, "a revision that is of no time yet is nobody's")
	require.Contains(t, restored.take(event("p1", last)), "GOODS-6")
	require.Contains(t, restored.orderOf("one").trouble, "backup")
	restored.run()
	require.Len(t, told.told, 2)
	require.Equal(t, Released, told.told[1].Kind)
	require.Greater(t, told.told[1].Data.Revision, last)
	require.NotContains(t, restored.take(event("p2", told.told[1].Data.Revision)), "refused")
	restored.resumed("one")
	restored.operation("recall-batch", map[string]string{"product": "4", "batch": "B1", "reason": "r"})
	restored.run()
	require.Equal(t, Held, told.told[2].Kind)
	require.Greater(t, told.told[2].Data.Revision, told.told[1].Data.Revision)
	require.Empty(t, restored.recount())
	for _, years := range []int{-5, 0, 60, 900} {
		r := revisionAt(monday.AddDate(years, 0, 0))
		require.GreaterOrEqual(t, r, 0)
		require.Less(t, r, math.MaxInt32)
	}
}

// TestToldOfChanges: the warehouse is told when an order is to wait, when it is not
// wanted, and when it goes again after it came back.
func TestToldOfChanges(t *testing.T) {
	w, c, d := newYard(t)
	w.operation("receive-goods", map[string]string{"product": "4", "quantity": "30", "batch": "B1", "expiry": "2027-01-31", "from": "W"})
	w.operation("stock-level", map[string]string{"product": "4", "level": "0", "leadDays": "3"})
	w.tasks["one"] = &madeTask{status: "accepted", line: "0008", code: "4", quantity: "30"}
	require.NoError(t, w.put("one"))
	w.run()
	w.operation("recall-batch", map[string]string{"product": "4", "batch": "B1", "reason": "r"})
	w.run()
	require.Contains(t, w.take(w.event("p1", PackedEvent, "one", func(e *Event) { e.Lots, e.By = packs("B1:30"), "p" })), "GOODS-6", "it is to wait")
	w.operation("receive-goods", map[string]string{"product": "4", "quantity": "30", "batch": "B2", "expiry": "2027-01-31", "from": "W"})
	w.run()
	require.Equal(t, []string{"order.released r1", "order.held r2", "order.released r3"}, c.kinds())
	require.Equal(t, "B2", c.told[2].Data.Lots[0].Batch)
	require.Equal(t, "done", w.take(w.event("p2", PackedEvent, "one", func(e *Event) { e.Lots, e.By = packs("B2:30"), "p" })))
	require.Equal(t, "done", w.take(w.event("s1", DispatchedEvent, "one", func(e *Event) { e.Carrier, e.Tracking = "C", "T1" })))
	require.Equal(t, "done", w.take(w.event("r1", ReturnedEvent, "one", nil)))
	w.run()
	require.Equal(t, "dispense dispatch put-back", d.acts())
	require.Len(t, c.kinds(), 3, "what came back is sent again when a person says so")
	w.operation("clear-quarantine", map[string]string{"product": "4", "batch": "B2", "quantity": "30", "reason": "whole"})
	w.run()
	w.resumed("one", fhir.Obj("name", "again", "valueBoolean", true))
	w.run()
	require.Equal(t, "order.released", strings.Fields(c.kinds()[len(c.kinds())-1])[0])
	w.tasks["one"].status, w.tasks["one"].line = "cancelled", "0005"
	require.NoError(t, w.put("one"))
	w.run()
	require.Equal(t, "order.cancelled", strings.Fields(c.kinds()[len(c.kinds())-1])[0])
	require.Empty(t, w.recount())
	// What is short, with a day on which it is expected, is owed.
	w.tasks["two"] = &madeTask{status: "accepted", line: "0008", code: "4", quantity: "90"}
	require.NoError(t, w.put("two"))
	w.run()
	require.True(t, strings.HasSuffix(d.acts(), " owe"), d.acts())
	require.Equal(t, "2026-11-05", w.orderOf("two").expected.String())
	require.Empty(t, w.recount())
}

// TestAddressChanges: what is not sent yet goes to the address that holds now: the
// warehouse is told, and what it sends by an older label is refused. A controlled drug
// waits until a person has verified the address.
func TestAddressChanges(t *testing.T) {
	w, c, _ := newYard(t)
	lives := func(street string) {
		require.NoError(t, w.write(true, fhir.Change{Method: fhir.Update, Type: "Patient", ID: "ada", Resource: fhir.Obj("resourceType", "Patient", "id", "ada", "address", fhir.List(fhir.Obj("line", fhir.List(street), "postalCode", "LS1 1AA"))).Resource()}))
		w.run()
	}
	lives("1 High Street")
	w.operation("receive-goods", map[string]string{"product": "4", "quantity": "90", "batch": "B1", "expiry": "2027-01-31", "from": "W"})
	require.NoError(t, w.entered(Entered{Kind: stock.Receipt, Change: decimal.NewFromInt(60), Sum: decimal.NewFromInt(60), Batch: "M1", Expiry: day("2027-01-31")}))
	w.tasks["one"] = &madeTask{status: "accepted", line: "0008", code: "4", quantity: "30"}
	require.NoError(t, w.put("one"))
	w.run()
	packed := func(id, task, lot string) Event {
		return w.event(id, PackedEvent, task, func(e *Event) { e.Lots, e.By, e.Checked = packs(lot), "pat", "chris" })
	}
	sent := func(id, task string, revision int) Event {
		return w.event(id, DispatchedEvent, task, func(e *Event) { e.Carrier, e.Tracking, e.Revision = "C", "T-"+task, unrevised+revision })
	}
	require.Equal(t, "done", w.take(packed("p1", "one", "B1:30")))
	lives("1 High Street") // written again as it was
	require.Equal(t, []string{"order.released r1"}, c.kinds())
	lives("2 Low Street")
	require.Equal(t, []string{"order.released r1", "order.released r2"}, c.kinds())
	require.NotContains(t, string(c.told[1].Text()), "Low Street")
	require.Contains(t, w.take(sent("s1", "one", 1)), "GOODS-6", "to the old address")
	require.NotEmpty(t, w.orderOf("one").trouble)
	w.resumed("one")
	require.Equal(t, "done", w.take(sent("s2", "one", 2)))
	w.run()
	lives("3 New Street")
	require.Equal(t, unrevised+2, w.orderOf("one").revision, "it is sent")

	w.tasks["two"] = &madeTask{status: "accepted", line: "0008", code: "1", quantity: "28"}
	require.NoError(t, w.put("two"))
	w.run()
	lives("4 Far Street")
	require.Equal(t, []string{"order.released r1", "order.held r2"}, c.kinds()[2:])
	require.Contains(t, w.orderOf("two").trouble, "verify")
	w.resumed("two")
	w.run()
	require.Equal(t, "order.released r3", c.kinds()[4])
	require.Equal(t, "done", w.take(packed("p2", "two", "M1:28")))
	require.Equal(t, "done", w.take(sent("s3", "two", 3)))
	require.Empty(t, w.recount())
}

// TestWarehouseFails: a message that fails is sent again by the schedule, with the same
// id; after 410 a person has it begin again.
func TestWarehouseFails(t *testing.T) {
	w, c, _ := newYard(t)
	w.operation("receive-goods", map[string]string{"product": "4", "quantity": "90", "batch": "B1", "expiry": "2027-01-31", "from": "W"})
	c.fails, c.goes = 1, webhook.Result{Status: 503, Reason: "it answered 503"}
	for _, id := range []string{"one", "two"} {
		w.tasks[id] = &madeTask{status: "accepted", line: "0008", code: "4", quantity: "30"}
		require.NoError(t, w.put(id))
	}
	w.run()
	l, err := w.s.linkOf(w.db.State(t.Context()))
	require.NoError(t, err)
	require.Equal(t, 1, l.Failures)
	require.Equal(t, "it answered 503", l.Reason)
	w.run()
	require.LessOrEqual(t, len(c.kinds()), 1, "nothing is sent before its time")
	_, err = w.call("warehouse-resume")
	require.NoError(t, err)
	w.run()
	require.Len(t, c.kinds(), 2)
	c.fails, c.goes = 1, webhook.Result{Status: 410, Gone: true, Reason: "it answered 410"}
	w.tasks["three"] = &madeTask{status: "accepted", line: "0008", code: "4", quantity: "30"}
	require.NoError(t, w.put("three"))
	w.run()
	w.run()
	l, err = w.s.linkOf(w.db.State(t.Context()))
	require.NoError(t, err)
	require.True(t, l.Over)
	require.Len(t, c.kinds(), 2)
	reply, err := w.call("warehouse-resume")
	require.NoError(t, err)
	require.Contains(t, string(reply.Resource.JSON()), `"name":"waiting","valueInteger":1`)
	w.run()
	require.Len(t, c.kinds(), 3)
	var seen []string
	for _, m := range c.told {
		require.False(t, slices.Contains(seen, m.ID))
		seen = append(seen, m.ID)
	}
}

// TestLimitsOfEvents: what cannot be taken is refused, and changes nothing.
func TestLimitsOfEvents(t *testing.T) {
	w, _, _ := newYard(t)
	w.operation("receive-goods", map[string]string{"product": "4", "quantity": "30", "batch": "B1", "expiry": "2027-01-31", "from": "W"})
	w.tasks["one"] = &madeTask{status: "accepted", line: "0008", code: "4", quantity: "30"}
	require.NoError(t, w.put("one"))
	w.run()
	for n := range mostEarly {
		require.Equal(t, "early", w.take(w.event(fmt.Sprint("e", n), DeliveredEvent, "one", func(e *Event) { e.Outcome = "delivered-signed" })))
	}
	require.Contains(t, w.take(w.event("more", DeliveredEvent, "one", func(e *Event) { e.Outcome = "delivered-signed" })), "GOODS-4")
	_, err := w.s.resume(t.Context(), &fhir.Call{ID: w.orderOf("one").id, Time: w.now, Requester: w.who, Body: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "reason", "valueString", "x"))).Resource()})
	require.Contains(t, failure(err), "GOODS-10")
	off := New(w.db, Options{Off: true})
	_, err = off.Take(t.Context(), courier, Event{}, w.now)
	require.Contains(t, failure(err), "STOCK-0")
	_, err = off.resume(t.Context(), &fhir.Call{})
	require.Contains(t, failure(err), "STOCK-0")
	require.Empty(t, off.Followers())
	require.Empty(t, off.Timed())
	require.Empty(t, w.recount())
}

func FuzzReadEvent(f *testing.F) {
	f.Add([]byte(`{"type":"order.packed","timestamp":"2026-11-02T09:00:00Z","data":{"order":"5f2b0e8e-3c51-5f0f-9a0e-222222222222","revision":1,"lots":[{"batch":"B1","quantity":"28"}],"by":"a","checkedBy":"b"}}`))
	f.Add([]byte(`{"type":"order.delivered","timestamp":"2026-11-02T09:00:00Z","data":{"order":"5f2b0e8e-3c51-5f0f-9a0e-222222222222","revision":1,"outcome":"delivered-signed","identity":true}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := ReadEvent("e1", body)
		if err != nil {
			require.Equal(t, fhir.Structure, fhir.KindOf(err))
			return
		}
		again, err := ReadEvent("e1", e.Text())
		require.NoError(t, err)
		require.Equal(t, string(e.Text()), string(again.Text()))
	})
}
