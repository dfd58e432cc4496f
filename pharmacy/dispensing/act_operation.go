package dispensing

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// itemsInput names the items that an act is about.
var itemsInput = fhir.Parameter{Name: "item", Kinds: []string{"valueString"}, Repeated: true, Doc: "The number of an item; without any, all that are outstanding are meant."}

var (
	holdInputs = []fhir.Parameter{
		{Name: "hold", Kinds: []string{"valueCode"}, Required: true, Doc: "Why: the code of a hold that a pharmacist sets, such as CLARIFICATION or DOSE."},
		{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "What is to be found out."},
		itemsInput,
	}
	approveInputs = []fhir.Parameter{
		{Name: "note", Kinds: []string{"valueString"}, Doc: "What was considered."},
		itemsInput,
	}
)

// act is an operation on a Task by which a pharmacist does something that does not
// move the prescription: it is decided, and recorded with who did it. fill completes
// the request from the parameters.
func (s *Service) act(ctx context.Context, call *fhir.Call, event prescription.Event, fill func(q *prescription.Request)) (*fhir.Reply, error) {
	return s.actOn(ctx, call, event, func(_ *execution, q *prescription.Request) []fhir.Issue {
		fill(q)
		return nil
	})
}

// actOn is act where the parameters are read with the prescription.
func (s *Service) actOn(ctx context.Context, call *fhir.Call, event prescription.Event, fill func(x *execution, q *prescription.Request) []fhir.Issue) (*fhir.Reply, error) {
	who, err := decider(s.db.State(ctx), call, string(event))
	if err != nil {
		return nil, err
	}
	return s.onTask(ctx, call, string(event), func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		if err := x.ofOwner(call, string(event)); err != nil {
			return nil, nil, err
		}
		q := prescription.Request{Event: event, Now: call.Time, Place: "Task", By: who, Items: itemsOf(call.Body)}
		if issues := fill(x, &q); len(issues) > 0 {
			return nil, nil, refusal(string(event), issues...)
		}
		out, issues := s.rules().Decide(x.Prescription, x.caller, q)
		if len(issues) > 0 {
			return nil, nil, refusal(string(event), issues...)
		}
		x.Prescription = out.After
		changes, err := s.written(state, x, call.Time)
		return changes, nil, err
	})
}

// itemsOf are the numbers of the parameter item.
func itemsOf(p *fhir.Resource) (items []string) {
	if p == nil {
		return nil
	}
	for n := range p.Get("parameter").Items() {
		if n.Get("name").Text() == "item" {
			items = append(items, n.Get("valueString").Text())
		}
	}
	return items
}

// textOf is a parameter of words, "" where it is not given.
func textOf(p *fhir.Resource, name, value string) string {
	if p == nil {
		return ""
	}
	return message.Parameter(p, name).Get(value).Text()
}

// decider is the pharmacist who decides: the caller, as far as the server knows them.
func decider(state fhir.State, call *fhir.Call, op string) (prescription.Party, error) {
	who, err := agentOf(state, call)
	if err != nil {
		return who, err
	}
	if profile := profileOf(call); profile != "" {
		who.Name = strings.TrimSpace(who.Name + " (SDS role profile " + profile + ")")
	} else if who.ID == "" {
		return who, refusal(op, fhir.Issue{Rule: "HOLD-0", Message: "It is not clear who does this.", Expected: "a caller whom the server knows", Found: "nothing", Expression: "http.Authorization"})
	}
	return who, nil
}

// ofOwner refuses an act of another organisation than the pharmacy of the Task: who
// prescribed, or holds nothing of it, does not decide for the pharmacy.
func (x *execution) ofOwner(call *fhir.Call, op string) error {
	on := call.Requester.OnBehalf
	if on == "" || strings.EqualFold(on, x.Owner.ID) {
		return nil
	}
	// HOLD-3
	return refusal(op, fhir.Issue{Code: fhir.Forbidden, Rule: "HOLD-3", Message: "This is for the pharmacy of the prescription to decide.",
		Expected: fhir.OrNothing(x.Owner.ID), Found: on, Expression: "Task.owner"})
}

// holdTask is Task/…/$hold: items are not supplied until a pharmacist has released
// the hold with $release-hold.
func (s *Service) holdTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	return s.act(ctx, call, prescription.HoldItem, func(q *prescription.Request) {
		q.Reason, q.Words = textOf(call.Body, "hold", "valueCode"), textOf(call.Body, "reason", "valueString")
	})
}

// approveTask is Task/…/$approve: a pharmacist has checked items, and they may be
// supplied.
func (s *Service) approveTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	return s.act(ctx, call, prescription.Approve, func(q *prescription.Request) { q.Words = textOf(call.Body, "note", "valueString") })
}
