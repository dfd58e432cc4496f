package invoicing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

const (
	testPharmacy = "VNE51"
	testClinic   = "X99CL"
	ampm         = "2026-11-20T11:45:00+00:00"
	lisdex       = "9404811000001106"
	atomoxetine  = "404611000001105"
)

// testList is the price list of the tests: £42.50 for 28 capsules, £60.00 for 30 to
// every clinic and £54.30 to X99CL from November.
const testList = `pharmacy,clinic,from,until,code,medicine,size,unit,price,per,vat
*,*,2026-01-01,,` + lisdex + `,Lisdexamfetamine 30mg capsules,28,capsule,42.50,pro-rata,prescribed-medicine
*,*,2026-01-01,,` + atomoxetine + `,Atomoxetine 40mg capsules,30,capsule,60.00,whole-packs,prescribed-medicine
VNE51,X99CL,2026-11-01,,` + atomoxetine + `,Atomoxetine 40mg capsules,30,capsule,54.30,whole-packs,prescribed-medicine
`

// testTerms are the fees of the tests; further rows are added to them.
const testTerms = `pharmacy,clinic,from,until,rule,value,vat,mark,source
*,*,2026-01-01,,dispensing-fee,3.25,prescribed-medicine,K,the agreement
*,*,2026-01-01,,delivery-fee,4.99,delivery-service,K,the agreement
`

// world is a pharmacy with a database in memory. Its follower runs when it is told
// to settle.
type world struct {
	t      testing.TB
	ctx    context.Context
	db     *store.DB
	s      *Service
	now    time.Time
	done   fhir.Seq
	checks *profiles.Validator
	who    fhir.Principal
	calls  int
}

// duties compare people by what they are called.
type duties struct{}

func (duties) Separate(_ fhir.State, act, about string, who fhir.Principal, earlier string) error {
	if act != "refund" || about != "PaymentNotice" || who.Agent != earlier {
		return nil
	}
	return fhir.E("duty", fhir.Forbidden, fhir.Issue{Rule: "second-person", Message: "This needs another person."})
}

func newWorld(t testing.TB, terms ...string) *world {
	t.Helper()
	w := bareWorld(t, terms...)
	t.Cleanup(func() { require.NoError(t, w.db.Close()) })
	return w
}

// bareWorld is a world whose database the test closes.
func bareWorld(t testing.TB, terms ...string) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), now: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC), checks: profiles.New(), who: fhir.Principal{Agent: "sds-user-id|1", OnBehalf: testPharmacy, Roles: []string{"finance"}}}
	db, err := store.Open(mem.New(), store.Options{Clock: func() time.Time { return w.now }, Guards: []fhir.Guard{Guard(Options{Duties: duties{}})}})
	require.NoError(t, err)
	w.db, w.s = db, New(db, Options{Site: testPharmacy, Duties: duties{}})
	w.load(testList)
	w.load(testTerms + strings.Join(terms, ""))
	return w
}

func (w *world) load(file string) {
	w.t.Helper()
	_, err := w.s.Load(w.ctx, File{Data: []byte(file)}, fhir.Principal{Agent: "test"})
	require.NoError(w.t, err)
}

// settle runs the follower over the log until nothing is left to do.
func (w *world) settle() {
	w.t.Helper()
	for {
		entries, err := w.db.Log(w.ctx, w.done, 100)
		require.NoError(w.t, err)
		if len(entries) == 0 {
			return
		}
		for _, e := range entries {
			for _, f := range w.s.Followers() {
				for _, v := range e.Versions {
					if slices.Contains(f.Consumes(), v.Type) {
						w.step(f, v)
					}
				}
			}
			w.done = e.Seq
		}
	}
}

func (w *world) step(f pharmacy.Follower, v *fhir.Version) {
	w.t.Helper()
	changes, err := f.Step(w.ctx, w.db.State(w.ctx), v)
	require.NoError(w.t, err, "%s %s", f.Name(), v.Ref())
	if len(changes) > 0 {
		_, err = w.db.Commit(w.ctx, &fhir.Transaction{Derived: true, Changes: changes})
		require.NoError(w.t, err)
	}
}

func (w *world) put(resources ...fhir.Value) error {
	w.t.Helper()
	var changes []fhir.Change
	for _, v := range resources {
		r := v.Resource()
		changes = append(changes, fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r})
	}
	_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: changes, Derived: true})
	return err
}

// get is a resource as it is now, nil where there is none; it must be valid R4.
func (w *world) get(ref string) *fhir.Resource {
	w.t.Helper()
	typ, _, _ := strings.Cut(ref, "/")
	r, err := current(w.db.State(w.ctx), typ, ref)
	require.NoError(w.t, err)
	if r != nil {
		w.valid(r)
	}
	return r
}

func (w *world) valid(r *fhir.Resource) {
	w.t.Helper()
	for _, i := range w.checks.Validate(w.ctx, r) {
		require.False(w.t, i.IsError(), "%s: %s: %s\n%s", i.Expression, i.Rule, i.Text(), r.JSON())
	}
}

// call calls an operation by its name.
func (w *world) call(op, id string, parameters ...any) (*fhir.Reply, error) {
	w.t.Helper()
	w.calls++
	key := fmt.Sprintf("00000000-0000-4000-8000-%012d", w.calls)
	c := &fhir.Call{ID: id, Time: w.now, RequestID: key, Receipt: fhir.Receipt{Key: key, Body: []byte("digest")}, Requester: w.who}
	if len(parameters) > 0 {
		c.Body = fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parameters...)).Resource()
	}
	task, err := standing(w.db.State(w.ctx), "Task", "Task/"+id)
	require.NoError(w.t, err)
	for _, o := range w.s.Operations() {
		if o.Name == op && (o.Type == "Task") == (task != nil) {
			reply, err := o.Handle(w.ctx, c)
			if err == nil && reply.Resource != nil {
				w.valid(reply.Resource)
			}
			return reply, err
		}
	}
	w.t.Fatal("no operation " + op)
	return nil, nil
}

// must calls an operation that is to succeed.
func (w *world) must(op, id string, parameters ...any) *fhir.Resource {
	w.t.Helper()
	reply, err := w.call(op, id, parameters...)
	require.NoError(w.t, err)
	return reply.Resource
}

// all are the resources of a type, in the order of their creation.
func (w *world) all(typ string) (list []*fhir.Resource) {
	w.t.Helper()
	ids, err := w.db.State(w.ctx).Newest(typ, "_lastUpdated=gt2000-01-01", 100_000)
	require.NoError(w.t, err)
	slices.Reverse(ids)
	for _, id := range ids {
		if r := w.get(typ + "/" + id); r != nil {
			list = append(list, r)
		}
	}
	return list
}

// invoices are the invoices of a status.
func (w *world) invoices(status string) (list []*fhir.Resource) {
	for _, r := range w.all("Invoice") {
		if r.Get("status").Text() == status {
			list = append(list, r)
		}
	}
	return list
}

// draft is the only draft that there is.
func (w *world) draft() *fhir.Resource {
	w.t.Helper()
	list := w.invoices("draft")
	require.Len(w.t, list, 1)
	return list[0]
}

func gross(r *fhir.Resource) string { return r.Root().Path("totalGross", "value").Text() }

// rx is a private prescription as the dispensing service stores it.
type rx struct {
	order, clinic, kind string
	handings            []handing
	bag                 []given
	dispatched          bool
	moves               int
}

// handing is what was handed over at one time.
type handing struct {
	when      string
	delivered bool
	by        string // another pharmacy
	system    string // of the identifier of that, where it is not of ODS codes
	what      []given
}

type given struct{ code, name, quantity, number string }

func newRx(n int) *rx {
	return &rx{order: fmt.Sprintf("%06X-X99CL0-00000A", n), clinic: testClinic, kind: "0901"}
}

func (p *rx) id(parts ...string) string { return pharmacy.ID(append([]string{p.order}, parts...)...) }

// hand hands something over, at a time of its own.
func (p *rx) hand(when string, what ...given) *rx {
	for i := range what {
		what[i].number = p.id(when, fmt.Sprint(i, len(p.handings)))
	}
	p.handings = append(p.handings, handing{when: when, what: what})
	return p
}

func (p *rx) lines() []given {
	return []given{{code: lisdex, name: "Lisdexamfetamine 30mg capsules"}, {code: atomoxetine, name: "Atomoxetine 40mg capsules"}}
}

func (p *rx) store(w *world) error {
	w.t.Helper()
	p.moves++
	list := []fhir.Value{fhir.Obj("resourceType", "Patient", "id", p.id("patient"), "birthDate", "1990-01-01")}
	var inputs, outputs []any
	for _, l := range p.lines() {
		item := p.id(l.code)
		list = append(list, fhir.Obj("resourceType", "MedicationRequest", "id", item, "extension", fhir.List(fhir.Obj("url", nhs.ExtPrescriptionType, "valueCoding", fhir.Obj("system", nhs.CSPrescriptionType, "code", p.kind))),
			"identifier", fhir.List(nhs.IdentifierValue(nhs.IDItem, item)), "status", "active", "intent", "order", "medicationCodeableConcept", nhs.Concept(fhir.Coding{System: nhs.CSSNOMED, Code: l.code, Display: l.name}),
			"subject", fhir.Obj("reference", "Patient/"+p.id("patient")), "groupIdentifier", nhs.IdentifierValue(nhs.IDOrder, p.order),
			"dispenseRequest", fhir.Obj("quantity", fhir.Obj("value", 28, "unit", "capsule"))))
		inputs = append(inputs, fhir.Obj("type", fhir.Obj("text", "item"), "valueReference", fhir.Obj("reference", "MedicationRequest/"+item, "identifier", nhs.IdentifierValue(nhs.IDItem, item))))
	}
	for _, b := range p.bag {
		parts := []any{fhir.Obj("url", "item", "valueString", p.id(b.code)), fhir.Obj("url", "for", "valueCode", "delivery"), fhir.Obj("url", "quantity", "valueQuantity", fhir.Obj("value", fhir.Raw(b.quantity), "unit", "capsule"))}
		if p.dispatched {
			parts = append(parts, fhir.Obj("url", "stage", "valueString", "dispatched"))
		}
		inputs = append(inputs, fhir.Obj("extension", fhir.List(fhir.Obj("url", extDispensing, "extension", fhir.List(parts...))), "type", nhs.Concept(fhir.Coding{System: csDispensing, Code: "bagged"}),
			"valueAnnotation", fhir.Obj("time", ampm, "text", "In the bag.")))
	}
	for i, h := range p.handings {
		id := p.id("notification", fmt.Sprint(i))
		list = append(list, h.bundle(p, id))
		outputs = append(outputs, fhir.Obj("type", fhir.Obj("text", "supply"), "valueReference", fhir.Obj("reference", "Bundle/"+id)))
	}
	list = append(list, fhir.Obj("resourceType", "Task", "id", p.id("task"), "groupIdentifier", nhs.IdentifierValue(nhs.IDOrder, p.order), "status", "in-progress", "intent", "order",
		"for", fhir.Obj("reference", "Patient/"+p.id("patient")), "requester", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, p.clinic)), "owner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, testPharmacy)),
		"description", fmt.Sprint(p.moves), "input", fhir.List(inputs...), "output", fhir.List(outputs...)))
	return w.put(list...)
}

func (h handing) bundle(p *rx, id string) fhir.Value {
	var entries []any
	for i, g := range h.what {
		var extension, performer fhir.Value
		order := fhir.Obj("resourceType", "MedicationRequest", "id", "m", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDItem, p.id(g.code))))
		contained := fhir.List(order)
		if h.by != "" {
			contained = fhir.List(order, fhir.Obj("resourceType", "PractitionerRole", "id", "role", "organization", fhir.Obj("type", "Organization", "identifier", nhs.IdentifierValue(cmp.Or(h.system, nhs.IDODS), h.by))))
			performer = fhir.List(fhir.Obj("actor", fhir.Obj("reference", "#role")))
		}
		if h.delivered {
			extension = fhir.List(fhir.Obj("url", nhs.ExtOwnCollection, "extension", fhir.List(fhir.Obj("url", "method", "valueCode", "delivered"))))
		}
		entries = append(entries, fhir.Obj("fullUrl", "urn:uuid:"+p.id(id, fmt.Sprint(i)), "resource", fhir.Obj("resourceType", "MedicationDispense", "contained", contained, "extension", extension, "performer", performer, "authorizingPrescription", fhir.List(fhir.Obj("reference", "#m")),
			"identifier", fhir.List(nhs.IdentifierValue(nhs.IDDispense, g.number)), "status", "completed", "medicationCodeableConcept", nhs.Concept(fhir.Coding{System: nhs.CSSNOMED, Code: g.code, Display: g.name}),
			"type", nhs.Concept(nhs.Coding(nhs.CSLineStatus, "0001")), "quantity", fhir.Obj("value", fhir.Raw(g.quantity), "unit", "capsule"), "whenHandedOver", h.when)))
	}
	return fhir.Obj("resourceType", "Bundle", "id", id, "type", "message", "entry", fhir.List(entries...))
}

// supplied stores the prescription and lets the follower see it.
func (p *rx) supplied(w *world) *rx {
	w.t.Helper()
	require.NoError(w.t, p.store(w))
	w.settle()
	return p
}

func lis(quantity string) given {
	return given{code: lisdex, name: "Lisdexamfetamine 30mg capsules", quantity: quantity}
}

func ato(quantity string) given {
	return given{code: atomoxetine, name: "Atomoxetine 40mg capsules", quantity: quantity}
}

func reason(text string) fhir.Value { return fhir.Obj("name", "reason", "valueString", text) }

// breaks wants a refusal by a rule, and nothing stored.
func (w *world) breaks(rule string, do func() error) {
	w.t.Helper()
	head := w.db.Head()
	var e *fhir.Error
	require.ErrorAs(w.t, do(), &e)
	require.Equal(w.t, rule, e.Issues[0].Rule)
	require.Equal(w.t, head, w.db.Head(), "something was stored")
}

// refused wants an error that says something, and nothing stored.
func (w *world) refused(says string, do func() error) {
	w.t.Helper()
	head := w.db.Head()
	err := do()
	require.ErrorContains(w.t, err, says)
	require.Equal(w.t, head, w.db.Head(), "something was stored")
	require.NotEqual(w.t, fhir.Exception, fhir.KindOf(err))
}
