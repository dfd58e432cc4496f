package dispensing

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var mitigateInputs = []fhir.Parameter{
	{Name: "action", Kinds: []string{"valueCode", "valueCoding"}, Required: true, Doc: "What was done: a code of " + nhs.VSMitigation + ", such as 1 (therapy appropriate) or 5 (consulted prescriber)."},
	{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "What was found out, in words."},
}

// mitigate is DetectedIssue/…/$mitigate, by which a pharmacist records what was done
// about a clinical issue: action (code), reason (string); who it was is the caller.
// It is added to what is recorded already. In the same commit the hold of the item
// is released, and the decision is on the Task. What the law asks for is no
// DetectedIssue, and cannot be released so.
func (s *Service) mitigate(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "mitigate"
	who, err := decider(s.db.State(ctx), call, op)
	if err != nil {
		return nil, err
	}
	action, err := mitigationIn(call)
	if err != nil {
		return nil, err
	}
	return s.carryOut(ctx, onceOn(call, "DetectedIssue", op), func(state fhir.State) (*outcome, error) {
		issue, version, err := issueAt(state, op, call.ID)
		if err != nil {
			return nil, err
		}
		x, l, err := s.heldBy(state, issue)
		if err != nil {
			return nil, err
		}
		if err := s.mayMitigate(state, x, issue, call, op); err != nil {
			return nil, err
		}
		if issue.Get("status").Text() == "cancelled" {
			return nil, refusal(op, fhir.Issue{Rule: "MITIGATE-1", Message: "The issue holds no longer, so that nothing is to be done about it.", Expected: "an issue with the status final", Found: "cancelled", Expression: "DetectedIssue.status"})
		}
		reason := strings.TrimSpace(message.Parameter(call.Body, "reason").Get("valueString").Text())
		when := nhs.Stamp(call.Time)
		if identified := issue.Get("identifiedDateTime").Text(); when < identified { // stamps are as long as each other
			when = identified
		}
		after := fhir.Revise(issue, "mitigation", fhir.List(append(members(issue.Get("mitigation")), fhir.Obj(
			"action", fhir.Obj("coding", fhir.List(nhs.CodingValue(action)), "text", reason), "date", when,
			"author", fhir.Obj("type", "Practitioner", "identifier", nhs.IdentifierValue(nhs.IDUser, who.ID), "display", who.Name)))...))
		changes := []fhir.Change{{Method: fhir.Update, Type: "DetectedIssue", ID: issue.ID(), Resource: after, IfMatch: version}}
		if l != nil && stops(issue) && (x.State.Open() || x.State.WithDispenser()) {
			s.rules().Classify(x.Prescription)
			x.Release(prescription.HoldRelease{Hold: holdFor(l, issue), Who: who, When: nhs.Stamp(call.Time), Reason: action.Display + ": " + reason})
			written, err := s.written(state, x, call.Time)
			if err != nil {
				return nil, err
			}
			changes = append(changes, written...)
		}
		return &outcome{changes: changes, reply: &fhir.Reply{Resource: fhir.Revise(after, "meta", "")}}, nil
	})
}

// members are the items of a list, as values for [fhir.List].
func members(list node) (items []any) {
	for n := range list.Items() {
		items = append(items, n)
	}
	return items
}

// mitigationIn reads what was done.
func mitigationIn(call *fhir.Call) (fhir.Coding, error) {
	p := message.Parameter(call.Body, "action")
	code := p.Get("valueCode")
	if c := p.Get("valueCoding"); c.Exists() {
		if code = c.Get("code"); c.Get("system").Text() != nhs.CSActCode {
			return fhir.Coding{}, refusal("mitigate", fhir.Issue{Code: fhir.CodeInvalid, Rule: "MITIGATE-2", Message: "The action is of another code system.", Expected: nhs.CSActCode, Found: fhir.OrNothing(c.Get("system").Text()),
				Expression: c.Expression(), Position: c.Position()})
		}
	}
	display := nhs.Display(nhs.VSMitigation, code.Text())
	if display == "" {
		return fhir.Coding{}, refusal("mitigate", fhir.Issue{Code: fhir.CodeInvalid, Rule: "MITIGATE-2", Message: "The action is missing or unknown.", Expected: "a code of " + nhs.VSMitigation, Found: fhir.OrNothing(code.Text()),
			Expression: code.Expression(), Position: code.Position()})
	}
	if reason := message.Parameter(call.Body, "reason").Get("valueString"); strings.TrimSpace(reason.Text()) == "" {
		return fhir.Coding{}, refusal("mitigate", fhir.Issue{Code: fhir.Required, Rule: "MITIGATE-2", Message: "An issue is overridden with a reason.", Expected: "the parameter reason, in words", Found: "nothing", Expression: reason.Expression(), Position: reason.Position()})
	}
	return fhir.Coding{System: nhs.CSActCode, Code: code.Text(), Display: display}, nil
}

// issueAt reads the issue that an operation is invoked on: one that the clinical
// checks have found.
func issueAt(state fhir.State, op, id string) (r *fhir.Resource, version string, err error) {
	v, err := state.Current("DetectedIssue", id)
	if err != nil {
		return nil, "", err
	}
	if v == nil || v.Deleted() {
		return nil, "", noIssue(op, id)
	}
	if r, err = v.Resource(); err == nil && !detected(r) {
		err = fhir.E(op, fhir.NotSupported, fhir.Issue{Message: "DetectedIssue/" + id + " was not found by the server's clinical checks.", Expected: "a DetectedIssue with a code of " + nhs.CSOwnClinicalRule,
			Fix: "Whoever has recorded it records what was done about it by an update."})
	}
	return r, v.VersionID, err
}

func noIssue(op, id string) error {
	return fhir.E(op, fhir.NotFound, fhir.Issue{Message: "There is no DetectedIssue/" + id + "."})
}

// heldBy is the Task of the prescription of which an issue was found, and its item;
// nil where there is none.
func (s *Service) heldBy(state fhir.State, issue *fhir.Resource) (*execution, *prescription.Line, error) {
	o, err := currentOrder(state, checked(issue))
	if err != nil || o == nil {
		return nil, nil, err
	}
	x, err := currentIssue(state, o.Number())
	if err != nil || x == nil {
		return nil, nil, err
	}
	return x, x.Line(o.Item()), nil
}

// mayMitigate refuses who is not the pharmacy of the prescription, in the words in
// which the operations on its Task do; without a Task it is the server's pharmacy.
func (s *Service) mayMitigate(state fhir.State, x *execution, issue *fhir.Resource, call *fhir.Call, op string) error {
	who := call.Requester
	if !who.Bound() {
		return nil
	}
	if x == nil {
		if who.ActsFor(s.site.ODS) {
			return nil
		}
		return noIssue(op, call.ID)
	}
	sent, err := x.sentFor(state, who)
	switch {
	case err != nil:
		return err
	case s.dispenserOf(x, who):
		return nil
	case sent && issue.Get("implicated").Exists(): // which they see
		return refusal(op, fhir.Issue{Code: fhir.Forbidden, Rule: "HOLD-3", Message: "What stops a supply is for the pharmacy of the prescription to decide.", Found: who.OnBehalf, Expected: fhir.OrNothing(x.Owner.ID), Expression: "Task.owner"})
	}
	return noIssue(op, call.ID)
}
