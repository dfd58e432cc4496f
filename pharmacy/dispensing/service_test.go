package dispensing

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// all finds every resource of a type.
const all = "_lastUpdated=ge2000-01-01"

// TestSixtyFourPosts sends one message 64 times at once: under one request id
// all get the first answer, under ids of their own all but one are told that it
// is a duplicate. One prescription and one Task come of it either way.
func TestSixtyFourPosts(t *testing.T) {
	for _, oneID := range []bool{true, false} {
		w := newWorld(t, today, Options{})
		message := epstest.Acute(1).Message()
		id := uuid.NewString()
		var accepted, duplicates atomic.Int32
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				call := w.call(message)
				if oneID {
					call.RequestID, call.Receipt.Key = id, id
				}
				reply, err := w.s.processMessage(w.ctx, call)
				var e *fhir.Error
				switch {
				case err == nil && !reply.Refused:
					accepted.Add(1)
				case errors.As(err, &e) && e.Issues[0].Rule == "0002":
					duplicates.Add(1)
				default:
					t.Errorf("unexpected: %v", err)
				}
			})
		}
		wg.Wait()
		w.settle()
		if oneID {
			require.EqualValues(t, 64, accepted.Load())
		} else {
			require.EqualValues(t, 1, accepted.Load())
			require.EqualValues(t, 63, duplicates.Load())
		}
		require.Len(t, w.find("MedicationRequest", "status=active"), 2)
		require.Len(t, w.find("Task", "status=requested"), 1)
		require.Len(t, w.find("Patient", nhs.Query("identifier", nhs.IDNHS, "9449304130")), 1)
		require.Len(t, w.find("Provenance", all), 1)
	}
}

func TestRepeatOfARequest(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	call := w.call(nil)
	call.ID = TaskID(s.Order, 1)
	first, err := w.s.acceptTask(w.ctx, call)
	require.NoError(t, err)
	head := w.db.Head()
	again, err := w.s.acceptTask(w.ctx, call)
	require.NoError(t, err)
	require.Equal(t, head, w.db.Head(), "a repeat writes nothing")
	require.Equal(t, first.Resource.JSON(), again.Resource.JSON())

	// So does a release that found nothing more to hand over.
	other := epstest.Acute(2)
	_, err = w.send(other.Message())
	require.NoError(t, err)
	w.settle()
	released := w.call(epstest.Parameters("owner", fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, "VNE51"))).Resource(), "agent", epstest.AgentRole(),
		"group-identifier:Identifier", nhs.IdentifierValue(nhs.IDOrder, other.Order)))
	for range 2 {
		reply, err := w.s.release(w.ctx, released)
		require.NoError(t, err)
		require.True(t, message.Parameter(reply.Resource, "passedPrescriptions").Exists())
	}

	// A supply in part, sent twice under one request id, is one supply.
	part := epstest.Parameters("item", fhir.List(epstest.Part("number", "String", s.Items[0].Number), epstest.Part("status", "Code", "0003"), epstest.Part("quantity", "Quantity", fhir.Obj("value", 10))))
	call = &fhir.Call{ID: TaskID(s.Order, 1), Body: part, Time: w.now, RequestID: "retried"}
	for range 2 {
		_, err = w.s.dispenseTask(w.ctx, call)
		require.NoError(t, err)
	}
	require.Equal(t, "10", w.execution(s.Order).Lines[0].Supplied.Value.String())
	changed := *call
	changed.Body = epstest.Parameters("all:Boolean", true)
	_, err = w.s.dispenseTask(w.ctx, &changed)
	require.Equal(t, fhir.Conflict, fhir.KindOf(err))
}

func TestPartsOfAMessage(t *testing.T) {
	w := newWorld(t, today, Options{})
	for n := range 2 {
		_, err := w.send(epstest.Acute(n + 1).Message())
		require.NoError(t, err)
	}
	w.settle()
	for typ, want := range map[string]int{"Bundle": 2, "MessageHeader": 2, "MedicationRequest": 4, "Provenance": 2, "Patient": 1, "Practitioner": 1, "PractitionerRole": 1, "Organization": 1, "Task": 2} {
		require.Len(t, w.find(typ, all), want, typ)
	}
	s := epstest.Acute(1)
	mr := w.find("MedicationRequest", nhs.Query("identifier", nhs.IDItem, s.Items[0].Number))[0]
	require.Equal(t, message.OrderID(s.Order, s.Items[0].Number), mr.ID())
	require.Equal(t, "Patient/"+w.find("Patient", all)[0].ID(), mr.Root().Path("subject", "reference").Text())
	require.Equal(t, "PractitionerRole/"+w.find("PractitionerRole", all)[0].ID(), mr.Root().Path("requester", "reference").Text())
	kept, err := read(w.db.State(w.ctx), "Bundle/"+message.OrderBundleID(s.Order), "Bundle")
	require.NoError(t, err)
	require.True(t, s.Message().Get("entry").SameAs(kept.Get("entry")), "the message is kept as it was signed")
}

func TestTaskIsFound(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	patient := w.find("Patient", all)[0].ID()
	for _, q := range []string{
		nhs.Query("identifier", nhs.IDOrder, s.Order), nhs.Query("identifier", nhs.IDOrderUUID, s.UUID()), nhs.Query("focus:identifier", nhs.IDOrder, s.Order),
		nhs.Query("patient:identifier", nhs.IDNHS, s.NHSNumber), "patient=Patient/" + patient, nhs.Query("owner:identifier", nhs.IDODS, "VNE51"),
		nhs.Query("group-identifier", nhs.IDOrder, s.Order), nhs.Query("business-status", nhs.CSBusinessStatus, "0001"), "status=requested", "authored-on=2026-11-20",
	} {
		require.Len(t, w.find("Task", q), 1, q)
	}
	task := w.task(s.Order, 1)
	require.Equal(t, "2026-11-20T10:00:00+00:00", task.Get("authoredOn").Text())
	require.Equal(t, "Mill Lane Surgery", task.Root().Path("requester", "display").Text())
	require.Equal(t, "Ada Quill", task.Root().Path("for", "display").Text())
	require.Equal(t, "2027-05-20", task.Root().Path("restriction", "period", "end").Text())
}

func TestReleasedMessages(t *testing.T) {
	for _, way := range []string{"order", "single"} {
		st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
		st.write(1, nil, nil)
		st.sendAs(way, 1)
		reply, err := st.act("release", 1, nil, []string{"1"})
		require.NoError(t, err)
		passed := message.Parameter(reply.Resource, "passedPrescriptions").Get("resource")
		require.Equal(t, reply.Resource.ID(), passed.Path("identifier", "value").Text())
		bundle := passed.Get("entry").Item(0).Get("resource")
		m := message.Read(reply.Resource.Sub(bundle), prescription.BuiltInLaw)
		require.Empty(t, message.Examine(m, message.CommonRules), way)
		require.Len(t, m.List("MedicationRequest"), 2)
		for _, mr := range m.List("MedicationRequest") {
			require.Equal(t, "0008", nhs.Extension(nhs.Extension(mr, nhs.ExtDispensing), "dispenseStatus").Path("valueCoding", "code").Text())
			require.Equal(t, "Patient", nhs.TypeOf(m.Resolve(mr.Get("subject"))), way)
			require.Equal(t, "PractitionerRole", nhs.TypeOf(m.Resolve(mr.Get("requester"))), way)
		}
		if way == "order" { // P12
			require.Equal(t, "V81999", m.List("Patient")[0].Get("generalPractitioner").Get("identifier").Get("value").Text())
		}
	}
}

// TestOnTheHeels sends what follows a prescription without waiting for the
// follower.
func TestOnTheHeels(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	for n := 1; n <= 20; n++ {
		st.write(n, nil, nil)
		_, err := st.send(st.scripts[n].Message())
		require.NoError(t, err)
		switch n % 3 {
		case 0:
			_, err = st.act("release", n, nil, []string{strconv.Itoa(n)})
		case 1:
			_, err = st.act("cancel", n, nil, []string{strconv.Itoa(n), "0"})
		default:
			var reply *fhir.Reply
			reply, err = st.act("release", n, nil, nil)
			require.True(t, message.Parameter(reply.Resource, "passedPrescriptions").Exists())
		}
		require.NoError(t, err, n)
	}
}

func TestTaskThatDoesNotCome(t *testing.T) {
	db, err := store.Open(mem.New(), store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w := &world{t: t, ctx: t.Context(), db: db, s: New(db, Options{Site: testSite}), now: today} // nobody follows
	w.s.patience = 20 * time.Millisecond
	s := epstest.Acute(1)
	_, err = w.send(s.Message())
	require.NoError(t, err)
	_, err = w.send(s.Cancellation(0))
	require.Equal(t, fhir.Timeout, fhir.KindOf(err))
}

func TestOwnDeceasedPatient(t *testing.T) {
	w := newWorld(t, today, Options{})
	dead := fhir.Obj("resourceType", "Patient", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDNHS, "9449304130")), "deceasedBoolean", true).Resource()
	_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Patient", Resource: dead}}})
	require.NoError(t, err)
	_, err = w.send(epstest.Acute(1).Message())
	require.Equal(t, []string{"0001"}, epstest.RulesOf(err))
}

func TestNominatedReleaseTakes25(t *testing.T) {
	w := newWorld(t, today, Options{})
	for n := range 30 {
		_, err := w.send(epstest.Acute(n+1, epstest.Item{Name: "Aspirin", Quantity: "28"}).Message())
		require.NoError(t, err)
	}
	w.settle()
	st := &stage{world: w, scripts: map[int]epstest.Script{}}
	for _, want := range []string{"25", "5"} {
		reply, err := st.act("release", 0, nil, nil)
		require.NoError(t, err)
		require.Equal(t, want, message.Parameter(reply.Resource, "passedPrescriptions").Path("resource", "total").Text())
	}
}

func TestGuardOfTasks(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	commit := func(c fhir.Change) error {
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{c}})
		return err
	}
	task := w.task(s.Order, 1)
	done := fhir.Revise(task, "status", "completed", "businessStatus", nhs.Concept(nhs.Coding(nhs.CSBusinessStatus, "0006")))
	require.Equal(t, []string{"0012"}, epstest.RulesOf(commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: done})))
	require.Equal(t, []string{"0012"}, epstest.RulesOf(commit(fhir.Change{Method: fhir.Create, Type: "Task", Resource: task})), "a second Task")
	forged := fhir.Revise(task, "status", "accepted", "businessStatus", nhs.Concept(nhs.Coding(nhs.CSBusinessStatus, "0002")))
	require.Equal(t, []string{"0012"}, epstest.RulesOf(commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: forged})), "taken by nobody")
	for name, value := range map[string]any{"authoredOn": "2026-11-24T10:00:00+00:00", "restriction": fhir.Obj("period", fhir.Obj("start", "2026-11-24"))} {
		later := fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: fhir.Revise(task, name, value)}
		require.Equal(t, []string{"MDR-16"}, epstest.RulesOf(commit(later)), "valid for longer by its %s", name)
	}
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	stolen := fhir.Revise(w.task(s.Order, 1), "owner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, "FXX99")))
	require.Equal(t, []string{"0012"}, epstest.RulesOf(commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: stolen})), "held by another")
	for name, value := range map[string]any{
		"groupIdentifier": nhs.IdentifierValue(nhs.IDOrder, "111111-A83008-111111"), "identifier": "", "focus": "", "for": fhir.Obj("display", "somebody else"), "intent": "plan",
		"requester": "", "lastModified": "", "extension": fhir.List(fhir.Obj("url", nhs.ExtOwnExemption, "extension", fhir.List(
			fhir.Obj("url", "exemption", "valueCoding", fhir.Obj("system", nhs.CSExemption, "code", "0005"))))),
	} {
		forged := fhir.Revise(w.task(s.Order, 1), name, value)
		require.Equal(t, []string{"0012"}, epstest.RulesOf(commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: forged})), name)
	}
	noted := fhir.Revise(w.task(s.Order, 1), "note", fhir.List(fhir.Obj("text", "call the patient")), "priority", "urgent")
	require.NoError(t, commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: noted}), "notes are anybody's")
	done = fhir.Revise(w.task(s.Order, 1), "status", "completed", "businessStatus", nhs.Concept(nhs.Coding(nhs.CSBusinessStatus, "0006")))
	require.Equal(t, []string{"0012"}, epstest.RulesOf(commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: done})), "finished without a supply")
	require.Equal(t, []string{"0012"}, epstest.RulesOf(commit(fhir.Change{Method: fhir.Delete, Type: "Task", ID: task.ID()})))
	require.Equal(t, []string{"0013"}, epstest.RulesOf(commit(fhir.Change{Method: fhir.Delete, Type: "MedicationRequest", ID: message.OrderID(s.Order, s.Items[0].Number)})))
	ref := "Bundle/" + message.OrderBundleID(s.Order)
	kept, err := read(w.db.State(w.ctx), ref, "Bundle")
	require.NoError(t, err)
	for _, c := range []fhir.Change{{Method: fhir.Delete, Type: "Bundle", ID: kept.ID()}, {Method: fhir.Update, Type: "Bundle", ID: kept.ID(), Resource: fhir.Revise(kept, "timestamp", "2026-01-01T00:00:00Z")}} {
		require.Equal(t, []string{"HMR-219"}, epstest.RulesOf(commit(c)))
	}
	o, err := currentOrder(w.db.State(w.ctx), "MedicationRequest/"+message.OrderID(s.Order, s.Items[0].Number))
	require.NoError(t, err)
	require.Equal(t, []string{"HMR-219"}, epstest.RulesOf(commit(rewriteOrder(o, "extension", ""))))
	other := fhir.Obj("resourceType", "Task", "status", "draft", "intent", "proposal").Resource()
	require.NoError(t, commit(fhir.Change{Method: fhir.Create, Type: "Task", Resource: other}), "Tasks of others are free")
}

func TestGuardOfSupplies(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1, epstest.Item{Name: "Morphine", Quantity: "28", Schedule: "CD2", Words: "twenty eight"})
	s.Signed = "2026-10-01T10:00:00+00:00"
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	supply := fhir.Obj("resourceType", "MedicationDispense", "status", "completed",
		"contained", fhir.List(fhir.Obj("resourceType", "MedicationRequest", "id", "m1", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDItem, s.Items[0].Number)),
			"groupIdentifier", nhs.IdentifierValue(nhs.IDOrder, s.Order), "status", "active", "intent", "order")),
		"authorizingPrescription", fhir.List(fhir.Obj("reference", "#m1")), "type", nhs.Concept(nhs.Coding(nhs.CSLineStatus, "0001")),
		"quantity", fhir.Obj("value", 28), "whenHandedOver", "2026-11-24T10:00:00Z").Resource()
	inside := func(item string) fhir.Value {
		return fhir.List(fhir.Obj("resourceType", "MedicationRequest", "id", "m1", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDItem, item)),
			"groupIdentifier", nhs.IdentifierValue(nhs.IDOrder, s.Order), "status", "active", "intent", "order"))
	}
	order := "MedicationRequest/" + message.OrderID(s.Order, s.Items[0].Number)
	for name, r := range map[string]*fhir.Resource{
		"with the order inside":     supply,
		"by the number in capitals": fhir.Revise(supply, "contained", inside(strings.ToUpper(s.Items[0].Number))),
		"by reference":              fhir.Revise(supply, "contained", "", "authorizingPrescription", fhir.List(fhir.Obj("reference", order))),
		"by reference to a version": fhir.Revise(supply, "contained", "", "authorizingPrescription", fhir.List(fhir.Obj("reference", order+"/_history/1"))),
		"of no type":                fhir.Revise(supply, "type", "", "quantity", ""),
		"on no day":                 fhir.Revise(supply, "whenHandedOver", ""),
		"in some month":             fhir.Revise(supply, "whenHandedOver", "2026-10"),
		"by the item's number":      fhir.Revise(supply, "contained", "", "authorizingPrescription", fhir.List(fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDItem, s.Items[0].Number)))),
		"by it in capitals":         fhir.Revise(supply, "contained", "", "authorizingPrescription", fhir.List(fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDItem, strings.ToUpper(s.Items[0].Number))))),
		"by it alone":               fhir.Revise(supply, "contained", "", "authorizingPrescription", fhir.List(fhir.Obj("identifier", fhir.Obj("value", s.Items[0].Number)))),
		"by the short id":           fhir.Revise(supply, "contained", "", "authorizingPrescription", fhir.List(fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDOrder, s.Order)))),
		"by the long id":            fhir.Revise(supply, "contained", "", "authorizingPrescription", fhir.List(fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDOrderUUID, s.UUID())))),
		"said to be no supply":      fhir.Revise(supply, "type", nhs.Concept(nhs.Coding(nhs.CSLineStatus, "0002"))),
		"by an address":             fhir.Revise(supply, "contained", "", "authorizingPrescription", fhir.List(fhir.Obj("reference", "http://localhost/fhir/"+order))),
		"of another status":         fhir.Revise(supply, "status", "in-progress"),
	} {
		require.Contains(t, epstest.RulesOf(w.commit(fhir.Change{Method: fhir.Create, Type: "MedicationDispense", Resource: r})), "DN-19", name)
	}
	plain := fhir.Revise(supply, "contained", "", "authorizingPrescription", "")
	require.NoError(t, w.commit(fhir.Change{Method: fhir.Create, Type: "MedicationDispense", Resource: plain}), "supplies of no prescription are free")
	late := func(when string) error {
		_, err := w.on(s.Order, 1, w.s.dispenseTask, "all:Boolean", true, "whenHandedOver:DateTime", when)
		return err
	}
	w.now = nhs.ReadDate("2026-10-02").Time
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	w.now = today
	require.Equal(t, []string{"MDR-16"}, epstest.RulesOf(late("2026-10")))
	require.NoError(t, late("2026-10-05"))
}

// TestNothingIsSuppliedTwice names one item twice in one $dispense.
func TestNothingIsSuppliedTwice(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := morphine(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	pack := func(status string, n int) fhir.Value {
		return fhir.List(epstest.Part("number", "String", s.Items[0].Number), epstest.Part("status", "Code", status), epstest.Part("quantity", "Quantity", fhir.Obj("value", n)))
	}
	_, err = w.on(s.Order, 1, w.s.dispenseTask, "all:Boolean", true, "whenHandedOver:DateTime", "2026-11-25")
	require.Equal(t, []string{"DN-8"}, epstest.RulesOf(err), "a supply of tomorrow")
	_, err = w.on(s.Order, 1, w.s.dispenseTask, "item", pack("0001", 28), "item", pack("0001", 28))
	require.Equal(t, []string{"DN-2"}, epstest.RulesOf(err))
	_, err = w.on(s.Order, 1, w.s.dispenseTask, "item", pack("0001", 14), "item", pack("0001", 14))
	require.NoError(t, err, "packs of two batches")
	require.Equal(t, "28", w.execution(s.Order).Lines[0].Supplied.Value.String())
}

// TestTaskTellsTheLawInForce gives the service another law than the embedded one.
func TestTaskTellsTheLawInForce(t *testing.T) {
	law := prescription.Law{Validity: []prescription.Limit{{From: nhs.ReadDate("2000-01-01"), Schedules: []string{""}, Days: 7, Rule: "X"}}}
	w := newWorld(t, today, Options{Law: NewLaw(law)})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	require.Equal(t, "2026-11-27", w.task(s.Order, 1).Root().Path("restriction", "period", "end").Text())

	replaced := prescription.Law{Validity: []prescription.Limit{{From: nhs.ReadDate("2000-01-01"), Schedules: []string{""}, Days: 5, Rule: "X"}}}
	w.s.law.Replace(replaced)
	s = epstest.Acute(2)
	_, err = w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	require.Equal(t, "2026-11-25", w.task(s.Order, 1).Root().Path("restriction", "period", "end").Text())
}

// TestOthersSuppliesAreTheirs amends what another pharmacy has dispensed.
func TestOthersSuppliesAreTheirs(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	st.write(1, nil, []string{"Aspirin,28"})
	st.sendAs("order", 1)
	for _, cmd := range []string{"accept", "dispense"} {
		_, err := st.act(cmd, 1, map[string]string{"owner": "FX001"}, []string{"1"})
		require.NoError(t, err)
	}
	require.Equal(t, prescription.Dispensed, st.state(st.scripts[1].Order, 1))
	_, err := st.act("notify", 1, nil, []string{"1", "amend", "0:0003:1:0003"})
	require.Equal(t, []string{"0004"}, epstest.RulesOf(err))
}

func TestFollowerReplayIsHarmless(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	entries, err := w.db.Log(w.ctx, 0, 100)
	require.NoError(t, err)
	for _, e := range entries {
		for _, v := range e.Versions {
			if v.Type != "MedicationRequest" {
				continue
			}
			changes, err := w.s.Followers()[0].Step(w.ctx, w.db.State(w.ctx), v)
			require.NoError(t, err)
			require.Empty(t, changes)
		}
	}
}

func TestTaskOperations(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	names := map[string]func(context.Context, *fhir.Call) (*fhir.Reply, error){}
	for _, op := range w.s.Operations() {
		names[op.Name] = w.operation(op.Name)
		require.NotEmpty(t, op.Doc)
	}
	must := func(name string, pairs ...any) *fhir.Resource {
		t.Helper()
		reply, err := w.on(s.Order, 1, names[name], pairs...)
		require.NoError(t, err)
		return reply.Resource
	}
	must("accept")
	require.Equal(t, "VNE51", w.task(s.Order, 1).Root().Path("owner", "identifier", "value").Text(), "this server's pharmacy")
	require.Equal(t, "7654321", nhs.Extension(w.task(s.Order, 1).Root(), nhs.ExtAgent).Path("valueReference", "identifier", "value").Text(), "who called")
	back := must("return", "reason:Code", "0002")
	require.Equal(t, "Unable to dispense medication on prescriptions", back.Get("statusReason").Get("coding").Get("display").Text())
	must("accept")
	another := fhir.Obj("system", nhs.CSSNOMED, "code", "1", "display", "Paracetamol 500mg caplets (Brand)")
	held := must("dispense", "item", fhir.List(epstest.Part("number", "String", s.Items[0].Number), epstest.Part("product", "Coding", another)))
	require.Equal(t, "HOLD-PRODUCT", held.Get("issue").Get("extension").Get("valueString").Text(), "nobody knows this product")
	must("release-hold", "hold:Code", "PRODUCT", "reason", "The label names the same medicine, form and strength.")
	supplied := must("dispense", "agent", epstest.AgentRole(), "item", fhir.List(epstest.Part("number", "String", s.Items[0].Number), epstest.Part("status", "Code", "0003"), epstest.Part("batch", "String", "B42"),
		epstest.Part("quantity", "Quantity", fhir.Obj("value", 10, "unit", "tablet", "system", nhs.CSSNOMED, "code", "428673006")),
		epstest.Part("product", "Coding", another)))
	d := message.Read(supplied.Sub(message.Parameter(supplied, "notification").Get("resource")), prescription.BuiltInLaw).List("MedicationDispense")[0]
	require.Equal(t, "Batch B42", d.Get("note").Get("text").Text())
	require.Equal(t, "Paracetamol 500mg caplets (Brand)", d.Get("medicationCodeableConcept").Get("coding").Get("display").Text())
	require.Equal(t, "555086415105", d.Get("contained").Item(0).Get("identifier").Get("value").Text())
	require.Equal(t, "200102238987", prescription.OrderWithin(d).Path("requester", "identifier", "value").Text())
	more := must("dispense", "item", fhir.List(epstest.Part("number", "String", s.Items[0].Number), epstest.Part("status", "Code", "0003"), epstest.Part("quantity", "Quantity", fhir.Obj("value", 20))))
	d = message.Read(more.Sub(message.Parameter(more, "notification").Get("resource")), prescription.BuiltInLaw).List("MedicationDispense")[0]
	require.Equal(t, "30", nhs.Extension(d.Get("quantity"), nhs.ExtRunningTotal).Path("valueQuantity", "value").Text())
	must("withdraw", "reason:Code", "QU")
	require.Len(t, w.find("MedicationDispense", "status=entered-in-error"), 1)

	for _, c := range []struct {
		name string
		kind fhir.Code
		run  func() (*fhir.Reply, error)
	}{
		{"no reason", fhir.BusinessRule, func() (*fhir.Reply, error) { return w.on(s.Order, 1, names["return"]) }},
		{"another reason", fhir.CodeInvalid, func() (*fhir.Reply, error) { return w.on(s.Order, 1, names["return"], "reason:Code", "QU") }},
		{"no such Task", fhir.NotFound, func() (*fhir.Reply, error) { return names["accept"](w.ctx, &fhir.Call{ID: "none", Time: today}) }},
		{"no body", fhir.Invalid, func() (*fhir.Reply, error) { return w.s.processMessage(w.ctx, &fhir.Call{Time: today}) }},
		{"no body of a release", fhir.Invalid, func() (*fhir.Reply, error) { return w.s.release(w.ctx, &fhir.Call{Time: today}) }},
		{"unknown prescription", fhir.NotFound, func() (*fhir.Reply, error) {
			return w.s.takeTask(w.ctx, w.call((&stage{world: w}).taskOf(epstest.Acute(9), "rejected", nhs.CSReturn, "0003", "")))
		}},
		{"other body", fhir.BusinessRule, func() (*fhir.Reply, error) {
			call := w.call(epstest.AgentRole())
			call.ID = TaskID(s.Order, 1)
			return names["dispense"](w.ctx, call)
		}},
	} {
		_, err := c.run()
		require.Equal(t, c.kind, fhir.KindOf(err), "%s: %v", c.name, err)
	}
}

func TestFollowersMakeNoCycle(t *testing.T) {
	require.NoError(t, pharmacy.CheckAcyclic(New(nil, Options{}).Followers()))
}

func TestOrdersOutsidePrescriptionsMakeNoTask(t *testing.T) {
	w := newWorld(t, today, Options{})
	plain := fhir.Obj("resourceType", "MedicationRequest", "status", "active", "intent", "order", "subject", fhir.Obj("display", "x"),
		"medicationCodeableConcept", fhir.Obj("text", "aspirin")).Resource()
	commit, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "MedicationRequest", Resource: plain}}})
	require.NoError(t, err)
	changes, err := w.s.Followers()[0].Step(context.Background(), w.db.State(w.ctx), commit.Results[0].Version)
	require.NoError(t, err)
	require.Empty(t, changes)
}
