package dispensing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var (
	bagItemsInput  = fhir.Parameter{Name: "item", Kinds: []string{"valueString"}, Repeated: true, Doc: "The number of an item in the bag; without any, everything in it is meant."}
	handOverInputs = append([]fhir.Parameter{bagItemsInput}, handedOverInputs...)
	putBackInputs  = []fhir.Parameter{
		{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "Why it is not handed over."},
		{Name: "notDispensed", Kinds: []string{"valueCode"}, Doc: "The items are not dispensed at all, for this reason: a code of " + nhs.CSNotDispensed + ", such as 0010, the patient did not collect. Without it they are outstanding."},
		bagItemsInput,
	}
)

// intoBag dispenses items into the bag, where they wait for [Service.handOverTask].
// What the law and the pharmacy's policy ask of a supply is asked now already, but for
// who collects it.
func (s *Service) intoBag(state fhir.State, x *execution, call *fhir.Call, handed []message.HandedItem, issues []fhir.Issue) ([]fhir.Change, *fhir.Reply, error) {
	who, err := decider(state, call, "dispense")
	if err != nil {
		return nil, nil, err
	}
	if err := x.ofOwner(call, "dispense"); err != nil {
		return nil, nil, err
	}
	now := nhs.Stamp(call.Time)
	unclaimed, err := s.noteClaim(state, x, call, now)
	if err != nil {
		return nil, nil, err
	}
	issues = append(issues, unclaimed...)
	if when := message.Parameter(call.Body, "whenHandedOver"); when.Exists() || collectionIn(call.Body).Told() {
		issues = append(issues, fhir.Issue{Rule: "HAND-1", Expression: "Parameters.parameter", Message: "What goes into the bag is not handed over yet.", Expected: "bag, or what is told of the hand-over", Found: "both",
			Fix: "Tell it with Task/$hand-over, or leave bag out where it is handed over now."})
	}
	if len(issues) > 0 {
		return nil, nil, x.suppliedBefore(state, refusal("dispense", issues...))
	}
	q := supplying(x, now, call.Time)
	q.Event, q.Supplies, q.By, q.For = prescription.Bagging, message.Supplies(handed), who, message.Parameter(call.Body, "bag").Get("valueCode").Text()
	out, issues := s.rules().Decide(x.Prescription, x.caller, q)
	if len(issues) > 0 {
		o, err := s.heldBack(state, call, x, out.Met, x.suppliedBefore(state, refusal("dispense", issues...)), call.Time)
		if err != nil {
			return nil, nil, err
		}
		return o.changes, o.reply, nil
	}
	x.Prescription = out.After
	changes, err := s.written(state, x, call.Time)
	if err != nil {
		return nil, nil, err
	}
	return changes, &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "task", "resource", x.shown(call.Time)))).Resource()}, nil
}

// handOverTask is Task/…/$hand-over: what waits in the bag is collected or delivered.
// It is the supply: the law of its day is asked once more, and the MedicationDispense,
// the notification and what follows for the claim are written now. Parameters: item
// (number, repeated; everything in the bag without it), whenHandedOver, exemption and
// exemptionEvidence as of [Service.dispenseTask], agent, and who takes it: collector,
// collectorName, collectorAddress, identityRequested, identityProvided, method,
// courier, signature, note. The answer is the one of a $dispense.
func (s *Service) handOverTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	if _, err := decider(s.db.State(ctx), call, "hand-over"); err != nil {
		return nil, err
	}
	call = withBody(call)
	return s.onTask(ctx, call, "hand-over", func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		if err := x.ofOwner(call, "hand-over"); err != nil {
			return nil, nil, err
		}
		if issue := prescription.Forbidden(x.State, prescription.Dispense, "Task"); issue != nil {
			return nil, nil, x.suppliedBefore(state, refusal("hand-over", *issue))
		}
		s.rules().Classify(x.Prescription)
		bagged, issues := x.FromBag(prescription.Request{Items: itemsOf(call.Body), Place: "Task"})
		h, err := s.handing(state, call, x)
		if err != nil {
			return nil, nil, err
		}
		var handed []message.HandedItem
		for _, b := range bagged {
			b.Place = "Task.input"
			handed = append(handed, message.HandedItem{Supply: b.Supply, Prepared: b.Prepared(h.When)})
		}
		return s.handOverItems(state, x, call, handed, issues)
	})
}

// putBackTask is Task/…/$put-back: what waits in the bag goes back into the stock.
// With notDispensed the items are done with, as by $reject, and the claim follows.
func (s *Service) putBackTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	who, err := decider(s.db.State(ctx), call, string(prescription.PutBack))
	if err != nil {
		return nil, err
	}
	call = withBody(call)
	return s.onTask(ctx, call, string(prescription.PutBack), func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		if err := x.ofOwner(call, string(prescription.PutBack)); err != nil {
			return nil, nil, err
		}
		q := prescription.Request{Event: prescription.PutBack, Now: call.Time, Place: "Task", By: who, Items: itemsOf(call.Body), Words: textOf(call.Body, "reason", "valueString")}
		waiting := x.numbersInBag()
		out, issues := s.rules().Decide(x.Prescription, x.caller, q)
		if len(issues) > 0 {
			return nil, nil, refusal(string(prescription.PutBack), issues...)
		}
		x.asStored, x.Prescription = x.Prescription, out.After
		code := message.Parameter(call.Body, "notDispensed")
		if !code.Exists() {
			changes, err := s.written(state, x, call.Time)
			return changes, nil, err
		}
		if len(q.Items) == 0 {
			q.Items = waiting
		}
		refused := *call
		if refused.Body, err = x.notDispensed(q.Items, code.Get("valueCode").Text()); err != nil {
			return nil, nil, err
		}
		return s.dispense(state, x, &refused)
	})
}

// numbersInBag are the numbers of the items that wait in the bag.
func (x *execution) numbersInBag() (items []string) {
	for i := range x.Lines {
		if len(x.InBag(&x.Lines[i])) > 0 {
			items = append(items, x.Lines[i].Item)
		}
	}
	return items
}

// collectionIn is what the parameters of a call tell of who collects.
func collectionIn(p *fhir.Resource) prescription.Collection {
	return prescription.CollectionFrom(func(name, kind string) node { return message.Parameter(p, name).Get(kind) })
}

// withBody adds an empty body to a call without one.
func withBody(call *fhir.Call) *fhir.Call {
	if call.Body != nil {
		return call
	}
	c := *call
	c.Body = fhir.Obj("resourceType", "Parameters").Resource()
	return &c
}
