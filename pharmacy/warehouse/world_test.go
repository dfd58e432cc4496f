package warehouse

import (
	"context"
	"flag"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

var update = flag.Bool("update", false, "write the expected output anew")

var monday = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// shelf knows a few medicines.
type shelf struct{}

func (shelf) Product(c fhir.Coding, _ nhs.Date) (Product, bool) {
	known := map[string]Product{
		"1": {Code: "1", Name: "Methylphenidate 10mg tablets", Unit: "tablet", Schedule: "CD2"},
		"4": {Code: "4", Name: "Paracetamol 500mg tablets", Unit: "tablet"},
		"5": {Code: "5", Name: "Atomoxetine 40mg capsules", Unit: "capsule"},
	}
	known["41"] = known["4"] // a pack of it
	p, ok := known[c.Code]
	return p, ok
}

func (shelf) Unit(unit, _, _ string, _ nhs.Date) string {
	return strings.TrimSuffix(strings.ToLower(unit), "s")
}

// supplies reads MedicationDispenses as simply as they are written here.
type supplies struct{}

func (supplies) Keeps(schedule string, _ nhs.Date) bool { return schedule == "CD2" }

func (supplies) Supplied(_ fhir.State, v *fhir.Version) (s Supplied, ok bool, err error) {
	if v.Deleted() {
		return s, false, nil
	}
	r, err := v.Resource()
	if err != nil || r.Get("status").Text() != "completed" {
		return s, false, err
	}
	p, known := shelf{}.Product(fhir.Coding{Code: r.Root().Path("medicationCodeableConcept", "coding").Item(0).Get("code").Text()}, nhs.Date{})
	s = Supplied{Org: "FA565", Product: p, Unit: p.Unit, Quantity: number(r.Root().Path("quantity", "value"))}
	s.Batch, _ = strings.CutPrefix(r.Get("note").Item(0).Get("text").Text(), "Batch ")
	return s, known, nil
}

// world is a pharmacy with its database in memory, its follower and its timer.
type world struct {
	t     testing.TB
	db    *store.DB
	s     *Service
	now   time.Time
	who   fhir.Principal
	loop  *pharmacy.Loop
	stop  func()
	tasks map[string]*madeTask
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, now: monday, tasks: map[string]*madeTask{}, who: fhir.Principal{Agent: "sds-user-id|7", Display: "Peter Potion", OnBehalf: "FA565", Roles: []string{"pharmacist"}}}
	o := Options{Site: "FA565", Medicines: shelf{}, Supplies: supplies{}, Clock: time.Now}
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return w.now }, Guards: []fhir.Guard{Guard(o)}})
	require.NoError(t, err)
	w.db, w.s = db, New(db, o)
	w.follow()
	t.Cleanup(func() { w.stop(); require.NoError(t, db.Close()) })
	return w
}

// follow starts the follower; stop ends it.
func (w *world) follow() {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	w.loop = &pharmacy.Loop{DB: w.db, Follower: w.s.Followers()[0], Logger: slog.New(slog.DiscardHandler)}
	go func() { defer close(done); _ = w.loop.Run(ctx) }()
	w.stop = func() { stop(); <-done }
}

// settle waits until the follower has seen everything, and then does what is due.
func (w *world) settle() {
	w.caughtUp()
	timed := w.s.Timed()[0]
	for {
		state := w.db.State(context.Background())
		items, err := timed.Due(state, w.now)
		require.NoError(w.t, err)
		moved := false
		for _, id := range items {
			changes, err := timed.Pass(w.db.State(context.Background()), id, w.now)
			require.NoError(w.t, err)
			if len(changes) > 0 {
				moved = true
				_, err = w.db.Commit(context.Background(), &fhir.Transaction{Changes: changes, Derived: true, Time: w.now})
				require.NoError(w.t, err)
			}
		}
		if !moved {
			break
		}
	}
	w.caughtUp()
}

func (w *world) caughtUp() {
	require.Eventually(w.t, func() bool { return w.loop.At() >= w.db.Head() }, 20*time.Second, time.Millisecond)
	parked, err := w.db.State(context.Background()).Find("Task", nhs.Query("code", nhs.Own+"CodeSystem/follower", "parked"))
	require.NoError(w.t, err)
	for _, id := range parked {
		v, err := w.db.State(context.Background()).Current("Task", id)
		require.NoError(w.t, err)
		w.t.Fatalf("parked: %s", v.JSON)
	}
}

// write commits changes, as the server's business or as a caller.
func (w *world) write(derived bool, changes ...fhir.Change) error {
	_, err := w.db.Commit(context.Background(), &fhir.Transaction{Changes: changes, Requester: w.who, Derived: derived, Time: w.now})
	return err
}

// call calls an operation.
func (w *world) call(name string, parameters ...any) (*fhir.Reply, error) {
	return w.callOf(name, "", parameters...)
}

// callOf calls an operation of a resource.
func (w *world) callOf(name, of string, parameters ...any) (*fhir.Reply, error) {
	id := uuid.NewString()
	call := &fhir.Call{ID: of, Time: w.now, RequestID: id, Receipt: fhir.Receipt{Key: id, Body: []byte("digest")}, Requester: w.who}
	if len(parameters) > 0 {
		call.Body = fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parameters...)).Resource()
	}
	for _, op := range w.s.Operations() {
		if op.Name == name {
			return op.Handle(context.Background(), call)
		}
	}
	w.t.Fatal("no operation " + name)
	return nil, nil
}

// madeTask is the Task of a prescription of one item, as package dispensing writes it.
type madeTask struct {
	status, line, code string
	quantity           string
	bags               []fhir.Value
}

// put writes a Task with its MedicationRequest, and what else changes with it.
func (w *world) put(id string, with ...fhir.Change) error {
	m := w.tasks[id]
	p, _ := shelf{}.Product(fhir.Coding{Code: m.code}, nhs.Date{})
	request := fhir.Obj("resourceType", "MedicationRequest", "id", "mr-"+id, "status", "active", "intent", "order", "subject", fhir.Obj("reference", "Patient/ada"),
		"medicationCodeableConcept", nhs.Concept(fhir.Coding{System: nhs.CSDMD, Code: m.code, Display: p.Name}),
		"dispenseRequest", fhir.Obj("quantity", fhir.Obj("value", fhir.Raw(m.quantity), "unit", p.Unit))).Resource()
	input := fhir.Obj("type", fhir.Obj("text", "item"), "valueReference", fhir.Obj("reference", "MedicationRequest/mr-"+id, "identifier", nhs.IdentifierValue(nhs.IDItem, "item-"+id)),
		"extension", fhir.List(fhir.Obj("url", nhs.ExtDispensing, "extension", fhir.List(fhir.Obj("url", "dispenseStatus", "valueCoding", fhir.Obj("code", m.line))))))
	inputs := []any{input}
	for _, b := range m.bags {
		inputs = append(inputs, b)
	}
	task := fhir.Obj("resourceType", "Task", "id", id, "groupIdentifier", nhs.IdentifierValue(nhs.IDOrder, "A-"+id), "status", m.status, "intent", "order",
		"code", nhs.Concept(nhs.Coding(nhs.CSEvent, "prescription-order")), "for", fhir.Obj("reference", "Patient/ada"), "owner", keeper("FA565"), "input", fhir.List(inputs...)).Resource()
	return w.write(true, append([]fhir.Change{{Method: fhir.Update, Type: "MedicationRequest", ID: "mr-" + id, Resource: request}, {Method: fhir.Update, Type: "Task", ID: id, Resource: task}}, with...)...)
}

// bagOf is what package dispensing records of a bag.
func bagOf(id, quantity, batch, stage, back string, void bool) fhir.Value {
	said := nhs.Parts{}
	said.Text("item", "valueString", "item-"+id)
	said.Value("quantity", "valueQuantity", fhir.Obj("value", fhir.Raw(quantity), "unit", "tablet"))
	said.Text("batch", "valueString", batch)
	said.Text("stage", "valueString", stage)
	said.Text("courier", "valueString", map[bool]string{true: "", false: "Courier 1"}[stage == ""])
	said.Text("putBack", "valueString", back)
	if void {
		said.Bool("void", true)
	}
	return fhir.Obj("type", nhs.Concept(nhs.Coding(csDispensing, "bagged")), "extension", fhir.List(said.Extension(extDispensing)))
}

// dispense is a version of a MedicationDispense.
func dispense(id, order, code, quantity, batch, status string) fhir.Change {
	note := fhir.Value{}
	if batch != "" {
		note = fhir.List(fhir.Obj("text", "Batch "+batch))
	}
	prescription := fhir.Value{}
	if order != "" {
		prescription = fhir.List(fhir.Obj("reference", "MedicationRequest/mr-"+order))
	}
	return fhir.Change{Method: fhir.Update, Type: "MedicationDispense", ID: id, Resource: fhir.Obj("resourceType", "MedicationDispense", "id", id, "status", status,
		"medicationCodeableConcept", nhs.Concept(fhir.Coding{System: nhs.CSDMD, Code: code}), "subject", fhir.Obj("reference", "Patient/ada"), "authorizingPrescription", prescription,
		"quantity", fhir.Obj("value", fhir.Raw(quantity), "unit", "tablet"), "whenHandedOver", "2026-11-02", "note", note).Resource()}
}

// entered has the ledger enter what the register enters.
func (w *world) entered(e Entered) error {
	e.Org, e.Product, e.Unit, e.Who, e.Entry = "FA565", Product{Code: "1", Name: "Methylphenidate 10mg tablets", Unit: "tablet", Schedule: "CD2"}, "tablet", w.who, "Basic/register-"+uuid.NewString()
	for {
		changes, err := w.s.Enter(w.db.State(context.Background()), e, nhs.DateOf(w.now))
		if err != nil {
			return err
		}
		if err = w.write(true, changes...); fhir.KindOf(err) != fhir.Conflict || err == nil {
			return err
		}
	}
}

// recount wants that the ledger agrees with the log.
func (w *world) recount() (wrong []string) {
	w.settle()
	require.NoError(w.t, Recount(context.Background(), w.db, func(text string) { wrong = append(wrong, text) }))
	return wrong
}

// balance is the balance of a product.
func (w *world) balance(code string) decimal.Decimal {
	holdings, err := HoldingsOf(w.db.State(context.Background()), "FA565")
	require.NoError(w.t, err)
	for _, h := range holdings {
		if h.Product().Code == code {
			return h.Balance()
		}
	}
	return decimal.Zero
}

func day(text string) nhs.Date { return nhs.ReadDate(text) }
