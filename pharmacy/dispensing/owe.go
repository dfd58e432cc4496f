package dispensing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// oweInputs are the parameters of Task/$owe.
var oweInputs = append([]fhir.Parameter{
	{Name: "item", Kinds: []string{"part"}, Repeated: true, Required: true, Doc: "An item of which something is owed.", Parts: append([]fhir.Parameter{
		{Name: "number", Kinds: []string{"valueString", "valueIdentifier", "valueReference"}, Required: true, Doc: "The item: its prescription-order-item-number, or a reference to its MedicationRequest."},
		{Name: "expected", Kinds: []string{"valueDate"}, Required: true, Doc: "The day on which the rest is expected, up to the last one on which the item may be supplied."},
		{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "Why it is owed."},
		{Name: "quantity", Kinds: []string{"valueQuantity"}, Doc: "The amount that is handed over now, in the unit of the prescription; without it, nothing is."},
	}, packInputs...)},
}, handedOverInputs...)

// oweTask is Task/…/$owe: the rest of items is owed, with the reason and the day on
// which it is expected. What is handed over now is a supply in part, as by $dispense with
// status 0003, and an item of which nothing was is owed, 0004; of what is owed already
// the day alone changes.
func (s *Service) oweTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	if call.Body == nil {
		return nil, noBody("owe", "Parameters")
	}
	if err := quantitiesKnown(call.Body); err != nil {
		return nil, err
	}
	who, err := decider(s.db.State(ctx), call, "owe")
	if err != nil {
		return nil, err
	}
	return s.onTask(ctx, call, "owe", func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		if err := x.ofOwner(call, "owe"); err != nil {
			return nil, nil, err
		}
		q := prescription.Request{Event: prescription.Owe, Now: call.Time, Place: "Task", By: who}
		var supplies []any
		for n := range call.Body.Get("parameter").Items() {
			if n.Get("name").Text() != "item" {
				supplies = append(supplies, n)
				continue
			}
			l, text := x.named(n)
			if l != nil {
				text = l.Item
			}
			q.Owed = append(q.Owed, prescription.Owed{Item: text, Expected: nhs.ReadDate(message.Part(n, "expected").Get("valueDate").Text()), Reason: message.Part(n, "reason").Get("valueString").Text(), Place: n.Expression()})
			if part := owedSupply(n, l); !part.IsZero() {
				supplies = append(supplies, part)
			}
		}
		out, issues := s.rules().Decide(x.Prescription, x.caller, q)
		if len(issues) > 0 {
			return nil, nil, refusal("owe", issues...)
		}
		x.asStored, x.Prescription = x.Prescription, out.After
		supply := *call
		if supply.Body = fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(supplies...)).Resource(); message.Parameter(supply.Body, "item").Exists() {
			return s.dispense(state, x, &supply)
		}
		changes, err := s.written(state, x, call.Time)
		return changes, nil, err
	})
}

// owedSupply is an item of a $dispense that records what an item of an $owe says is
// handed over now, or that nothing is; the zero Value where that is recorded.
func owedSupply(n node, l *prescription.Line) fhir.Value {
	var parts []any
	for p := range n.Get("part").Items() {
		if name := p.Get("name").Text(); name != "expected" && name != "reason" {
			parts = append(parts, p)
		}
	}
	status := prescription.PartDispensed
	if !message.Part(n, "quantity").Exists() {
		if l != nil && (l.Status == prescription.PartDispensed || l.Status == prescription.Owing) {
			return fhir.Value{}
		}
		status = prescription.Owing
	}
	parts = append(parts, fhir.Obj("name", "status", "valueCode", string(status)))
	return fhir.Obj("name", "item", "part", fhir.List(parts...))
}
