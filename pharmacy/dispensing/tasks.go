package dispensing

import (
	"context"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
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

// operationOf is the operation that a dispenser's Task stands for.
func operationOf(t *fhir.Resource) string {
	if t.Get("status").Text() == "rejected" {
		return "Task/$return"
	}
	return "Task/$withdraw"
}

// takeTask is POST Task: a return or a withdrawal.
func (s *Service) takeTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	t := call.Body
	if issues := judgeTask(t); fhir.HasErrors(issues) {
		return nil, &fhir.Error{Op: "task", Kind: fhir.ValueCode, Issues: issues}
	}
	number := t.Root().Path("groupIdentifier", "value")
	role := requesterOf(t)
	org := nhs.Identifier(nhs.Contained(t.Root(), role.Get("organization")), nhs.IDODS)
	if !call.Requester.ActsFor(org.Text()) {
		return nil, call.Requester.NotFor("task", place(org, role), org.Text())
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
		if x.Owner.ID != org.Text() && !x.State.open() {
			return nil, elsewhere("task", x, place(org, role))
		}
		var changes []fhir.Change
		if t.Get("status").Text() == "rejected" {
			changes, err = s.giveBack(state, x, firstOf(t.Get("statusReason")), call.Time)
		} else {
			changes, err = s.takeBack(state, x, focus, firstOf(t.Get("statusReason")), call.Time)
		}
		if err != nil {
			return nil, err
		}
		return &outcome{changes: append(changes, asSent(t)), reply: informational(call)}, nil
	})
}

// judgeTask gives all that the rules find wrong with a dispenser's Task.
func judgeTask(body *fhir.Resource) []fhir.Issue { return examine(body, taskRules) }

// asSent keeps a dispenser's Task as it came.
func asSent(t *fhir.Resource) fhir.Change {
	id := nhs.Identifier(t.Root(), nhs.IDUUID).Text()
	if id == "" {
		id = string(t.JSON())
	}
	return fhir.Change{Method: fhir.Create, Type: "Task", ID: pharmacy.ID("Task", "sent", strings.ToLower(id)), Resource: t, IfAbsent: true, Expression: "Task"}
}

// giveBack returns a prescription: to those who may take it next, or to its
// end when it was cancelled or its time is over.
func (s *Service) giveBack(state fhir.State, x *execution, reason fhir.Coding, now time.Time) ([]fhir.Change, error) {
	if _, to := moves(x.State, Return); len(to) == 0 {
		return nil, forbidden(x.State, Return, "Task")
	}
	var changes []fhir.Change
	for i := range x.Lines {
		l := &x.Lines[i]
		switch {
		case l.Status == LineCancelled:
		case l.Doomed:
			l.Status, l.Doomed = LineCancelled, false
			o := x.orderFor(l)
			changes = append(changes, o.rewrite("status", "cancelled", "statusReason", nhs.Concept(x.cancelReason()),
				"extension", fhir.List(without(o.resource.Root(), nhs.ExtHistory, history("R-0001", now))...)))
		default:
			l.Status = ToBeDispensed
		}
	}
	to := x.rest()
	switch {
	case !x.anyLeft():
		to = cancelled
	case s.over(x, now):
		to = expired
	}
	x.Owner, x.agent, x.released, x.reason = x.Nominee, Party{}, record{}, reason
	x.Owner = s.nominee(state, x.Owner)
	after, err := x.move(Return, to, now)
	return append(changes, after...), err
}

// cancelReason is why the prescriber wants items cancelled, as the Task has it.
func (x *execution) cancelReason() fhir.Coding { return firstOf(x.resource.Get("statusReason")) }

// nominee is the nominated pharmacy with its name, where the server knows it.
func (s *Service) nominee(state fhir.State, p Party) Party {
	if org, err := sole(state, "Organization", nhs.IDODS, p.ID); err == nil && org != nil {
		p.Name, p.Ref = org.Get("name").Text(), "Organization/"+org.ID()
	}
	return p
}

// takeBack withdraws the last notification; the prescription is with the
// dispenser again as it was before.
func (s *Service) takeBack(state fhir.State, x *execution, id node, reason fhir.Coding, now time.Time) ([]fhir.Change, error) {
	if _, to := moves(x.State, Withdraw); len(to) == 0 {
		return nil, forbidden(x.State, Withdraw, "Task")
	}
	last, err := x.lastDispense(state, id)
	if err != nil {
		return nil, err
	}
	x.supplies = x.supplies[:len(x.supplies)-1]
	if err := x.rewind(state); err != nil {
		return nil, err
	}
	changes, err := x.revoke(state, last, nil)
	if err != nil {
		return nil, err
	}
	to := accepted
	switch {
	case len(x.supplies) == 0 && x.doomed():
		to = doomed
	case x.doomed():
		to = doomedActive
	case len(x.supplies) > 0:
		to = active
	}
	x.reason = reason
	after, err := x.finish(state, s.law, Withdraw, to, now)
	return append(changes, after...), err
}

// lastDispense is what a withdrawal takes back: always the last notification,
// in EPS the withdraw type LD. One that names another notification of this
// server is refused; an identifier that was never seen here (the dispenser's
// own, or that of a release) says no more than that.
func (x *execution) lastDispense(state fhir.State, id node) (record, error) {
	if last := x.lastSupply(); last.id != "" && id.Text() != "" && !equalUUID(last.id, id.Text()) {
		known, err := state.Current("Bundle", notificationID(id.Text()))
		if err != nil {
			return record{}, err
		}
		if known == nil {
			return last, nil
		}
	}
	return x.lastIs("withdraw", id)
}

// move moves the prescription by an event that changes the Task alone.
func (x *execution) move(by Event, to State, now time.Time) ([]fhir.Change, error) {
	if !allowed(x.State, by, to) {
		return nil, forbidden(x.State, by, "Task")
	}
	x.State = to
	return []fhir.Change{x.update(now)}, nil
}
