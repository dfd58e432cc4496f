package register

import (
	"context"
	"flag"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

var update = flag.Bool("update", false, "write the expected output anew")

var today = time.Date(2026, 11, 5, 9, 0, 0, 0, time.UTC)

var nhsToday = nhs.DateOf(today)

// shelf knows a few medicines.
type shelf struct{}

func (shelf) Product(c fhir.Coding, _ nhs.Date) (Product, bool) {
	known := map[string]Product{
		"1": {Code: "1", Name: "Methylphenidate 10mg tablets", Class: "methylphenidate", Form: "tablets", Strength: "10mg", Unit: "tablet", Schedule: "CD2"},
		"2": {Code: "2", Name: "Methylphenidate 5mg tablets", Class: "methylphenidate", Form: "tablets", Strength: "5mg", Unit: "tablet", Schedule: "CD2"},
		"3": {Code: "3", Name: "Temazepam 10mg tablets", Class: "temazepam", Form: "tablets", Strength: "10mg", Unit: "tablet", Schedule: "CD3"},
		"4": {Code: "4", Name: "Paracetamol 500mg tablets", Unit: "tablet"},
	}
	known["11"] = known["1"] // a brand
	p, ok := known[c.Code]
	return p, ok
}

func (shelf) Unit(unit, _, code string, _ nhs.Date) string {
	if code == "428673006" {
		return "tablet"
	}
	return strings.TrimSuffix(strings.ToLower(unit), "s")
}

// apart is the duty of a second person, by identifier.
type apart struct{}

func (apart) Separate(_ fhir.State, act, _ string, who fhir.Principal, earlier string) error {
	if who.Bound() && earlier != "" && earlier == who.Agent {
		return fhir.E("duty", fhir.Forbidden, fhir.Issue{Rule: "second-person", Message: "This needs another person to " + act + "."})
	}
	return nil
}

// world is a pharmacy with its database in memory and its follower.
type world struct {
	t    *testing.T
	db   *store.DB
	s    *Service
	now  time.Time
	who  fhir.Principal
	stop func()
}

func newWorld(t *testing.T, o Options) *world {
	w := &world{t: t, now: today, who: fhir.Principal{Agent: "sds-user-id|7", Display: "Peter Potion", OnBehalf: "FA565", Roles: []string{"responsible-pharmacist"}}}
	o.Medicines, o.Duties = shelf{}, apart{}
	if o.Site == "" {
		o.Site = "FA565"
	}
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return w.now }, Guards: []fhir.Guard{Guard(o)},
		Purge: func(context.Context, fhir.State, *fhir.Transaction) error { return nil }})
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
	loop := &pharmacy.Loop{DB: w.db, Follower: w.s.Followers()[0], Logger: slog.New(slog.DiscardHandler)}
	go func() { defer close(done); _ = loop.Run(ctx) }()
	w.stop = func() { stop(); <-done }
}

// write commits resources as a caller's plain writes.
func (w *world) write(derived bool, changes ...fhir.Change) error {
	_, err := w.db.Commit(w.t.Context(), &fhir.Transaction{Changes: changes, Requester: w.who, Derived: derived, Time: w.now})
	return err
}

// supply writes a MedicationDispense.
func (w *world) supply(id, code, amount, day, status string, more ...any) error {
	medicine := any(fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSDMD, "code", code))))
	if code == "-" {
		medicine = "" // named by more
	}
	d := fhir.Obj(append([]any{"resourceType", "MedicationDispense", "id", id, "status", status,
		"medicationCodeableConcept", medicine,
		"subject", fhir.Obj("reference", "Patient/ada"),
		"quantity", fhir.Obj("value", fhir.Raw(amount), "unit", "tablet"), "whenHandedOver", day}, more...)...).Resource()
	return w.write(true, fhir.Change{Method: fhir.Update, Type: "MedicationDispense", ID: id, Resource: d})
}

func (w *world) remove(id string) error {
	return w.write(true, fhir.Change{Method: fhir.Delete, Type: "MedicationDispense", ID: id})
}

// call calls an operation.
func (w *world) call(name string, parameters ...any) (*fhir.Reply, error) {
	id := uuid.NewString()
	call := &fhir.Call{Time: w.now, RequestID: id, Receipt: fhir.Receipt{Key: id, Body: []byte("digest")}, Requester: w.who}
	if len(parameters) > 0 {
		call.Body = fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parameters...)).Resource()
	}
	for _, op := range w.s.Operations() {
		if op.Name == name {
			return op.Handle(w.t.Context(), call)
		}
	}
	w.t.Fatal("no operation " + name)
	return nil, nil
}

// The parameters of operations.
func coding(code string) fhir.Value {
	return fhir.Obj("name", "product", "valueCoding", fhir.Obj("system", nhs.CSDMD, "code", code))
}

func amount(name, value string) fhir.Value {
	if value == "" {
		return fhir.Value{}
	}
	number, unit, _ := strings.Cut(value, ":")
	return fhir.Obj("name", name, "valueQuantity", fhir.Obj("value", fhir.Raw(number), "unit", unit))
}

func text(name, value string) fhir.Value {
	if value == "" {
		return fhir.Value{}
	}
	return fhir.Obj("name", name, "valueString", value)
}

func party(name string, pairs ...string) fhir.Value {
	var list []any
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, text(pairs[i], pairs[i+1]))
	}
	return fhir.Obj("name", name, "part", fhir.List(list...))
}

// witness is a second person.
var witness = party("witness", "name", "Wanda Witness", "role", "CD liaison officer", "identifier", "W1")

// pages reads the register.
func (w *world) pages(q Query) Pages {
	p, err := w.s.Read(w.t.Context(), q)
	require.NoError(w.t, err)
	require.Zero(w.t, p.Outstanding)
	return p
}

// recount wants that the register agrees with the log.
func (w *world) recount() (wrong []string) {
	w.pages(Query{})
	require.NoError(w.t, Recount(w.t.Context(), w.db, shelf{}, func(text string) { wrong = append(wrong, text) }))
	return wrong
}

// overtaking is a database whose follower comes to the end of the log just when it is
// asked where it is.
type overtaking struct {
	*store.DB
	overtake func()
}

func (o overtaking) CursorAt(ctx context.Context, name string) (fhir.Seq, error) {
	o.overtake()
	return o.DB.CursorAt(ctx, name)
}

// TestOvertaken: a follower that enters a supply while the register is read is not
// taken for one that had entered it in what is read.
func TestOvertaken(t *testing.T) {
	w := newWorld(t, Options{})
	w.stop()
	require.NoError(t, w.supply("d1", "1", "30", "2026-11-05", "completed"))
	head := w.db.Head()
	w.s.db = overtaking{w.db, sync.OnceFunc(func() {
		w.follow()
		require.Eventually(t, func() bool { at, err := w.db.CursorAt(t.Context(), followerName); return err == nil && at >= head }, 10*time.Second, time.Millisecond)
	})}
	p := w.pages(Query{})
	require.Len(t, p.List, 1)
	require.Equal(t, "-30", p.List[0].Balance.String())
}
