package dispensing

import (
	"context"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/inputs"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestNothingAskedForIsPassedOver gives the operations on a Task what they do
// not take; each refuses it, names what it knows, and changes nothing.
func TestNothingAskedForIsPassedOver(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	head := w.db.Head()
	number := epstest.Part("number", "String", s.Items[0].Number)
	for _, c := range []struct {
		name  string
		op    string
		rule  string
		says  string
		pairs []any
	}{
		{"items for item", "dispense", "OP-1", "Did you mean item?", []any{"items", fhir.List(number, epstest.Part("status", "Code", "0002"))}},
		{"qty for quantity", "dispense", "OP-1", "There is no part qty.", []any{"item", fhir.List(number, epstest.Part("qty", "Quantity", fhir.Obj("value", 1)))}},
		{"quantit for quantity", "dispense", "OP-1", "Did you mean quantity?", []any{"item", fhir.List(number, epstest.Part("quantit", "Quantity", fhir.Obj("value", 1)))}},
		{"a part twice", "dispense", "OP-3", "more than once", []any{"item", fhir.List(number, number)}},
		{"a parameter twice", "dispense", "OP-3", "more than once", []any{"all:Boolean", true, "all:Boolean", true}},
		{"another type", "dispense", "OP-2", "Found: valueString", []any{"all", "true"}},
		{"another type of a part", "dispense", "OP-2", "Found: valueDecimal", []any{"item", fhir.List(number, epstest.Part("quantity", "Decimal", 10))}},
		{"no number", "dispense", "OP-4", "number", []any{"item", fhir.List(epstest.Part("status", "Code", "0001"))}},
		{"blank number", "dispense", "OP-2", "blank", []any{"item", fhir.List(epstest.Part("number", "String", " "))}},
		{"nothing", "dispense", "DN-13", "not clear what", nil},
		{"not all", "dispense", "DN-13", "true or left out", []any{"all:Boolean", false}},
		{"all and one", "dispense", "DN-13", "both", []any{"all:Boolean", true, "item", fhir.List(number)}},
		{"a comparator", "dispense", "DN-1", "exact", []any{"item", fhir.List(number, epstest.Part("quantity", "Quantity", fhir.Obj("value", 5, "comparator", "<")))}},
		{"no value", "dispense", "DN-1", "no value", []any{"item", fhir.List(number, epstest.Part("quantity", "Quantity", fhir.Obj("unit", "tablet")))}},
		{"accept", "accept", "OP-1", "Did you mean owner?", []any{"ownr", "X"}},
		{"accept with another resource", "accept", "OP-2", "Found: PractitionerRole", []any{"owner", epstest.AgentRole()}},
		{"return", "return", "OP-1", "Did you mean reason?", []any{"reason:Code", "0002", "reson:Code", "0002"}},
		{"return with two reasons", "return", "OP-3", "more than once", []any{"reason:Code", "0002", "reason:Code", "0003"}},
		{"withdraw", "withdraw", "OP-1", "notification", []any{"reason:Code", "QU", "notification", "1"}},
		{"cancel with a misspelt item", "cancel", "OP-1", "Did you mean item?", []any{"reason:Code", "0003", "itm", s.Items[0].Number}},
		{"release", "release", "OP-1", "Did you mean group-identifier?", []any{"owner", pharmacyOrganization(), "agent", epstest.AgentRole(), "group-identifierr:Identifier", nhs.IdentifierValue(nhs.IDOrder, s.Order)}},
	} {
		_, err := w.on(s.Order, 1, w.operation(c.op), c.pairs...)
		require.Contains(t, epstest.RulesOf(err), c.rule, c.name)
		require.ErrorContains(t, err, c.says, c.name)
		require.NotContains(t, []fhir.Code{fhir.NotSupported, fhir.Duplicate}, fhir.KindOf(err), "%s: a rule that is broken, 422", c.name)
	}
	call := w.call(nil)
	call.ID, call.Params = TaskID(s.Order, 1), url.Values{"reason": {"0002"}}
	_, err = w.operation("accept")(w.ctx, call)
	require.Equal(t, []string{"OP-1"}, epstest.RulesOf(err), "in the query string")
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
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	for i := range 2 {
		if _, err = w.on(s.Order, 1, w.s.dispenseTask, "all:Boolean", true); i == 0 {
			require.NoError(t, err)
		}
	}
	require.Equal(t, []string{"0012", "DN-15"}, epstest.RulesOf(err))
	require.ErrorContains(t, err, "28 tablet (428673006) of Morphine")
	require.ErrorContains(t, err, w.execution(s.Order).supplies[0].id)
}

// TestRecordsOfSupplyStay tries every way to change or remove one by hand, and to
// write one beside the operations.
func TestRecordsOfSupplyStay(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	_, err = w.on(s.Order, 1, w.s.dispenseTask, "item", fhir.List(epstest.Part("number", "String", s.Items[0].Number), epstest.Part("status", "Code", "0003"), epstest.Part("quantity", "Quantity", fhir.Obj("value", 10))),
		"item", fhir.List(epstest.Part("number", "String", s.Items[1].Number), epstest.Part("status", "Code", "0004")))
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
		require.Equal(t, []string{"MDR-20"}, epstest.RulesOf(w.commit(fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r})), name)
	}
	require.Equal(t, []string{"MDR-20"}, epstest.RulesOf(w.commit(fhir.Change{Method: fhir.Delete, Type: "MedicationDispense", ID: handed.ID()})))
	more := fhir.Revise(handed, "id", "", "meta", "", "quantity", fhir.Obj("value", 300, "unit", "tablet", "system", nhs.CSSNOMED, "code", "428673006"))
	require.Equal(t, []string{"DN-9", "DN-19"}, epstest.RulesOf(w.commit(fhir.Change{Method: fhir.Create, Type: "MedicationDispense", Resource: fhir.Revise(more, "type", "", "quantity", fhir.Obj("value", 5, "unit", "tablet"))})))
	require.Equal(t, []string{"DN-2", "DN-19"}, epstest.RulesOf(w.commit(fhir.Change{Method: fhir.Create, Type: "MedicationDispense", Resource: more})))
	task := w.task(s.Order, 1)
	require.Equal(t, []string{"0012"}, epstest.RulesOf(w.commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: fhir.Revise(task, "output", "")})))
	require.Equal(t, []string{"0012"}, epstest.RulesOf(w.commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: fhir.Revise(task, "status", "completed", "businessStatus", nhs.Concept(nhs.Coding(nhs.CSBusinessStatus, "0006")))})))
	require.Equal(t, head, w.db.Head())
}

// TestManySupplies sends a notification of very many supplies of one item.
func TestManySupplies(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	some := func(n int) error {
		var pairs []any
		for range n {
			pairs = append(pairs, "item", fhir.List(epstest.Part("number", "String", s.Items[0].Number), epstest.Part("status", "Code", "0003"), epstest.Part("quantity", "Quantity", fhir.Obj("value", fhir.Raw("0.0005")))))
		}
		_, err := w.on(s.Order, 1, w.s.dispenseTask, pairs...)
		return err
	}
	require.Equal(t, []string{"DN-20"}, epstest.RulesOf(some(100_000)))
	require.NoError(t, some(prescription.MaxSupplies))
}
