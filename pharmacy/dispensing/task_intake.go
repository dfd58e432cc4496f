package dispensing

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// isEPSTask recognises the Tasks that dispensers send: a return or a
// withdrawal. Both name a prescription and have a reason of EPS.
func isEPSTask(r *fhir.Resource) bool {
	if r.Type() != "Task" || isOurs(r) {
		return false
	}
	reason := r.Get("statusReason")
	named := r.Root().Path("groupIdentifier", "system").Text() == nhs.IDOrder
	return nhs.CodingOf(reason, nhs.CSReturn).Exists() || nhs.CodingOf(reason, nhs.CSWithdraw).Exists() ||
		named && (r.Get("status").Text() == "rejected" || nhs.Coded(r.Get("code"), nhs.CSTaskCode) == "abort")
}

// operationOf is the operation that a dispenser's Task asks for.
func operationOf(t *fhir.Resource) string {
	if t.Get("status").Text() == "rejected" {
		return "Task/$return"
	}
	return "Task/$withdraw"
}

// takeTask is POST Task: a return or a withdrawal.
func (s *Service) takeTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	t := call.Body
	if issues := message.JudgeTask(t); fhir.HasErrors(issues) {
		return nil, &fhir.Error{Op: "task", Kind: fhir.ValueCode, Issues: issues}
	}
	number := t.Root().Path("groupIdentifier", "value")
	role := message.RequesterOf(t)
	org := nhs.Identifier(nhs.Contained(t.Root(), role.Get("organization")), nhs.IDODS)
	if !call.Requester.ActsFor(org.Text()) {
		return nil, call.Requester.NotFor("task", message.Place(org, role), org.Text())
	}
	if err := s.catchUp(ctx, number.Text()); err != nil {
		return nil, err
	}
	return s.carryOut(ctx, call, func(state fhir.State) (*outcome, error) {
		focus := t.Root().Path("focus", "identifier", "value")
		x, err := issueWith(state, number.Text(), focus.Text())
		if err != nil {
			return nil, err
		}
		if x == nil || call.Requester.Bound() && !s.dispenserOf(x, call.Requester) {
			return nil, notFound("task", number)
		}
		if x.Owner.ID != org.Text() && !x.State.Open() {
			return nil, elsewhere("task", x, message.Place(org, role))
		}
		x.caller = prescription.Caller{Principal: call.Requester, Dispenses: true}
		var changes []fhir.Change
		if t.Get("status").Text() == "rejected" {
			changes, err = s.giveBack(state, x, firstOf(t.Get("statusReason")), call.Time)
		} else {
			changes, err = s.takeBack(state, x, focus, firstOf(t.Get("statusReason")), call.Time)
		}
		if err != nil {
			return nil, err
		}
		return &outcome{changes: append(changes, sentTask(t)), reply: informational(call)}, nil
	})
}

// sentTask keeps a dispenser's Task as it came.
func sentTask(t *fhir.Resource) fhir.Change {
	id := nhs.Identifier(t.Root(), nhs.IDUUID).Text()
	if id == "" {
		id = string(t.JSON())
	}
	return fhir.Change{Method: fhir.Create, Type: "Task", ID: pharmacy.ID("Task", "sent", strings.ToLower(id)), Resource: t, IfAbsent: true, Expression: "Task"}
}
