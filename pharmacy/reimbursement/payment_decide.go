package reimbursement

import (
	"context"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// decisions are what may be decided about a difference, with the status of its Task.
var decisions = map[string]string{"accept": "completed", "dispute": "in-progress", "resubmit": "in-progress", "re-price": "in-progress"}

// settleOperation is Claim/$settle-difference: what somebody decides about a difference
// in a payment. The decisions before stay in the history of the Task.
func (s *Service) settleOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	id := strings.TrimPrefix(parameter(call, "difference"), "Task/")
	action, reason := parameter(call, "action"), strings.TrimSpace(parameter(call, "reason"))
	var issues []fhir.Issue
	if decisions[action] == "" {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.CodeInvalid, Rule: "SETTLE-1", Expression: "action", Message: "The action is not known.", Expected: "accept, dispute, resubmit or re-price", Found: action})
	}
	if reason == "" {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Required, Rule: "SETTLE-1", Expression: "reason", Message: "A decision about money says why.", Expected: "a reason"})
	}
	if len(issues) > 0 {
		return nil, &fhir.Error{Op: "difference", Kind: issues[0].Code, Issues: issues}
	}
	state := s.db.State(ctx)
	v, task, err := differenceOf(state, id)
	if err != nil {
		return nil, err
	}
	if task == nil || !call.Requester.ActsFor(nhs.Identifier(task.Get("owner"), nhs.IDODS).Text()) {
		return nil, fhir.E("difference", fhir.NotFound, fhir.Issue{Expression: "difference", Message: "There is no such difference.", Expected: "the id of a Task that GET Claim/$month-differences lists", Found: id})
	}
	if task.Get("status").Text() == "completed" {
		return nil, fhir.E("difference", fhir.Conflict, fhir.Issue{Rule: "SETTLE-2", Expression: "difference", Message: "The difference was accepted, and that is not taken back.", Found: "Task/" + id, Fix: "Report a later payment that corrects it: it has a difference of its own."})
	}
	if d := readDifference(task); !slices.Contains(d.remedy().actions, action) {
		return nil, fhir.E("difference", fhir.BusinessRule, fhir.Issue{Rule: "SETTLE-3", Expression: "action", Message: "This is not done about a difference of this kind.", Expected: strings.Join(d.remedy().actions, ", "), Found: action})
	}
	changed := decided(task, action, reason, call.Requester)
	stored, err := fhir.Parse(changed.Stamp(id, nextVersion(v), call.Time))
	if err != nil {
		return nil, err
	}
	reply := &fhir.Reply{Resource: stored, Impersonal: true}
	commit, err := s.db.Commit(ctx, &fhir.Transaction{Derived: true, Requester: call.Requester, RequestID: call.RequestID, Time: call.Time, Receipt: call.Answer(reply),
		Changes: []fhir.Change{{Method: fhir.Update, Type: "Task", ID: id, Resource: changed, IfMatch: v.VersionID, Expression: "Task"}}})
	if err != nil {
		return nil, err
	}
	if commit.Repeated {
		return fhir.ReplyOf(commit.Receipt)
	}
	return reply, nil
}

// decided is the Task of a difference with a decision.
func decided(task *fhir.Resource, action, reason string, who fhir.Principal) *fhir.Resource {
	output := fhir.Obj("type", fhir.Obj("coding", fhir.List(fhir.Obj("system", csDecision, "code", action))), "valueString", reason)
	var outputs []any
	for o := range task.Get("output").Items() {
		outputs = append(outputs, o)
	}
	return fhir.Revise(task, "status", decisions[action], "businessStatus", fhir.Obj("coding", fhir.List(fhir.Obj("system", csDecision, "code", action))),
		"output", fhir.List(append(outputs, output)...), "requester", fhir.Obj("identifier", fhir.Obj("value", who.Agent), "display", who.Display))
}

// differenceOf is the Task of a difference, nil where there is none of that id.
func differenceOf(state fhir.State, id string) (*fhir.Version, *fhir.Resource, error) {
	if !fhir.IsID(id) {
		return nil, nil, nil
	}
	v, err := state.Current("Task", id)
	if err != nil || v == nil || v.Deleted() {
		return nil, nil, err
	}
	r, err := v.Resource()
	if err != nil || workCode(r) != differenceTask {
		return nil, nil, err
	}
	return v, r, nil
}

// readDifference is the difference that a Task is about.
func readDifference(task *fhir.Resource) difference {
	d := difference{kind: workInput(task, inputKind).Text(), name: workInput(task, inputName).Text()}
	if claim := workInput(task, inputClaim); claim.Exists() {
		d.name = claim.Get("reference").Text()
		if d.name == "" {
			d.name = claimKey + claim.Path("identifier", "value").Text()
		}
	}
	d.expected, _ = moneyIn(workInput(task, inputExpected))
	d.paid, _ = moneyIn(workInput(task, inputPaid))
	return d
}
