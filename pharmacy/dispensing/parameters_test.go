package dispensing

import (
	"context"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/inputs"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestNothingAskedForIsPassedOver gives the operations on a Task what they do
// not take; each refuses it, names what it knows, and changes nothing.
func TestNothingAskedForIsPassedOver(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := acute(1)
	_, err := w.send(s.message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.order, 1, w.s.acceptTask)
	require.NoError(t, err)
	head := w.db.Head()
	number := part("number", "String", s.items[0].number)
	for _, c := range []struct {
		name  string
		op    string
		rule  string
		says  string
		pairs []any
	}{
		{"items for item", "dispense", "OP-1", "Did you mean item?", []any{"items", fhir.List(number, part("status", "Code", "0002"))}},
		{"qty for quantity", "dispense", "OP-1", "There is no part qty.", []any{"item", fhir.List(number, part("qty", "Quantity", fhir.Obj("value", 1)))}},
		{"quantit for quantity", "dispense", "OP-1", "Did you mean quantity?", []any{"item", fhir.List(number, part("quantit", "Quantity", fhir.Obj("value", 1)))}},
		{"a part twice", "dispense", "OP-3", "more than once", []any{"item", fhir.List(number, number)}},
		{"a parameter twice", "dispense", "OP-3", "more than once", []any{"all:Boolean", true, "all:Boolean", true}},
		{"another type", "dispense", "OP-2", "Found: valueString", []any{"all", "true"}},
		{"another type of a part", "dispense", "OP-2", "Found: valueDecimal", []any{"item", fhir.List(number, part("quantity", "Decimal", 10))}},
		{"no number", "dispense", "OP-4", "number", []any{"item", fhir.List(part("status", "Code", "0001"))}},
		{"blank number", "dispense", "OP-2", "blank", []any{"item", fhir.List(part("number", "String", " "))}},
		{"nothing", "dispense", "DN-13", "not clear what", nil},
		{"not all", "dispense", "DN-13", "true or left out", []any{"all:Boolean", false}},
		{"all and one", "dispense", "DN-13", "both", []any{"all:Boolean", true, "item", fhir.List(number)}},
		{"a comparator", "dispense", "DN-1", "exact", []any{"item", fhir.List(number, part("quantity", "Quantity", fhir.Obj("value", 5, "comparator", "<")))}},
		{"no value", "dispense", "DN-1", "no value", []any{"item", fhir.List(number, part("quantity", "Quantity", fhir.Obj("unit", "tablet")))}},
		{"accept", "accept", "OP-1", "Did you mean owner?", []any{"ownr", "X"}},
		{"accept with another resource", "accept", "OP-2", "Found: PractitionerRole", []any{"owner", agentRole()}},
		{"return", "return", "OP-1", "Did you mean reason?", []any{"reason:Code", "0002", "reson:Code", "0002"}},
		{"return with two reasons", "return", "OP-3", "more than once", []any{"reason:Code", "0002", "reason:Code", "0003"}},
		{"withdraw", "withdraw", "OP-1", "notification", []any{"reason:Code", "QU", "notification", "1"}},
		{"cancel with a misspelt item", "cancel", "OP-1", "Did you mean item?", []any{"reason:Code", "0003", "itm", s.items[0].number}},
		{"release", "release", "OP-1", "Did you mean group-identifier?", []any{"owner", pharmacyOrganization(), "agent", agentRole(), "group-identifierr:Identifier", nhs.IdentifierValue(nhs.IDOrder, s.order)}},
	} {
		_, err := w.on(s.order, 1, w.operation(c.op), c.pairs...)
		require.Contains(t, rulesOf(err), c.rule, c.name)
		require.ErrorContains(t, err, c.says, c.name)
		require.NotContains(t, []fhir.Code{fhir.NotSupported, fhir.Duplicate}, fhir.KindOf(err), "%s: a rule that is broken, 422", c.name)
	}
	call := w.call(nil)
	call.ID, call.Params = TaskID(s.order, 1), url.Values{"reason": {"0002"}}
	_, err = w.operation("accept")(w.ctx, call)
	require.Equal(t, []string{"OP-1"}, rulesOf(err), "in the query string")
	require.Equal(t, head, w.db.Head())
}

// operation is the handler of an operation as the server calls it.
func (w *world) operation(name string) func(context.Context, *fhir.Call) (*fhir.Reply, error) {
	all := w.s.Operations()
	op := &all[slices.IndexFunc(all, func(op fhir.Operation) bool { return op.Name == name })]
	return func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
		if err := inputs.Refuse(op, call, false); err != nil {
			return nil, err
		}
		return op.Handle(ctx, call)
	}
}

// TestARepeatSeesTheFirstSupply repeats a $dispense under a request id of its own.
func TestARepeatSeesTheFirstSupply(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := morphine(1)
	_, err := w.send(s.message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.order, 1, w.s.acceptTask)
	require.NoError(t, err)
	for i := range 2 {
		if _, err = w.on(s.order, 1, w.s.dispenseTask, "all:Boolean", true); i == 0 {
			require.NoError(t, err)
		}
	}
	require.Equal(t, []string{"0012", "DN-15"}, rulesOf(err))
	require.ErrorContains(t, err, "28 tablet (428673006) of Morphine")
	require.ErrorContains(t, err, w.execution(s.order).supplies[0].id)
}

// TestRecordsOfSupplyStay tries every way to change or remove one by hand, and to
// write one beside the operations.
func TestRecordsOfSupplyStay(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := acute(1)
	_, err := w.send(s.message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.order, 1, w.s.acceptTask)
	require.NoError(t, err)
	_, err = w.on(s.order, 1, w.s.dispenseTask, "item", fhir.List(part("number", "String", s.items[0].number), part("status", "Code", "0003"), part("quantity", "Quantity", fhir.Obj("value", 10))),
		"item", fhir.List(part("number", "String", s.items[1].number), part("status", "Code", "0004")))
	require.NoError(t, err)
	handed, owed := w.find("MedicationDispense", "status=completed")[0], w.find("MedicationDispense", "status=on-hold")[0]
	head := w.db.Head()
	for name, r := range map[string]*fhir.Resource{
		"another quantity": fhir.Revise(handed, "quantity", fhir.Obj("value", 90)),
		"in error":         fhir.Revise(handed, "status", "entered-in-error"),
		"of no order":      fhir.Revise(handed, "authorizingPrescription", "", "contained", ""),
		"a note":           fhir.Revise(handed, "note", fhir.List(fhir.Obj("text", "x"))),
		"an owing":         fhir.Revise(owed, "status", "completed"),
	} {
		require.Equal(t, []string{"MDR-20"}, rulesOf(w.commit(fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r})), name)
	}
	require.Equal(t, []string{"MDR-20"}, rulesOf(w.commit(fhir.Change{Method: fhir.Delete, Type: "MedicationDispense", ID: handed.ID()})))
	more := fhir.Revise(handed, "id", "", "meta", "", "quantity", fhir.Obj("value", 300, "unit", "tablet", "system", nhs.CSSNOMED, "code", "428673006"))
	require.Equal(t, []string{"DN-9", "DN-16"}, rulesOf(w.commit(fhir.Change{Method: fhir.Create, Type: "MedicationDispense", Resource: fhir.Revise(more, "type", "", "quantity", fhir.Obj("value", 5, "unit", "tablet"))})))
	require.Equal(t, []string{"DN-2", "DN-16"}, rulesOf(w.commit(fhir.Change{Method: fhir.Create, Type: "MedicationDispense", Resource: more})))
	task := w.task(s.order, 1)
	require.Equal(t, []string{"0012"}, rulesOf(w.commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: fhir.Revise(task, "output", "")})))
	require.Equal(t, []string{"0012"}, rulesOf(w.commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: fhir.Revise(task, "status", "completed", "businessStatus", nhs.Concept(nhs.Coding(nhs.CSBusinessStatus, "0006")))})))
	require.Equal(t, head, w.db.Head())
}

// TestManySupplies sends a notification of very many supplies of one item.
func TestManySupplies(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := acute(1)
	_, err := w.send(s.message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.order, 1, w.s.acceptTask)
	require.NoError(t, err)
	some := func(n int) error {
		var pairs []any
		for range n {
			pairs = append(pairs, "item", fhir.List(part("number", "String", s.items[0].number), part("status", "Code", "0003"), part("quantity", "Quantity", fhir.Obj("value", fhir.Raw("0.0005")))))
		}
		_, err := w.on(s.order, 1, w.s.dispenseTask, pairs...)
		return err
	}
	require.Equal(t, []string{"DN-17"}, rulesOf(some(100_000)))
	require.NoError(t, some(prescription.MaxSupplies))
}

// TestProductByReference reads the product of a supply from a Medication beside it.
func TestProductByReference(t *testing.T) {
	morphine := fhir.Coding{System: nhs.CSSNOMED, Code: "36126511000001106", Display: "Morphine 10mg modified-release tablets"}
	entry := func(url string, r fhir.Value) fhir.Value { return fhir.Obj("fullUrl", url, "resource", r) }
	m := message.Read(fhir.Obj("resourceType", "Bundle", "type", "message", "entry", fhir.List(
		entry("urn:uuid:1", fhir.Obj("resourceType", "MedicationDispense", "medicationReference", fhir.Obj("reference", "urn:uuid:2"))),
		entry("urn:uuid:2", fhir.Obj("resourceType", "Medication", "code", nhs.Concept(morphine))))).Resource(), prescription.Law{})
	require.Equal(t, morphine, message.ReadSupplies(m)[0].Product)
}
