package dispensing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// taker is who takes a prescription: the pharmacy and the person acting.
type taker struct {
	owner, agent prescription.Party
	parts        []fhir.Change // their resources, to be stored where they are not yet
}

// release is Task/$release: it hands a pharmacy the prescription it names, or
// those that are nominated to it.
func (s *Service) release(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	if call.Body == nil {
		return nil, noBody("release", "Parameters")
	}
	if issues := message.JudgeRelease(call.Body); fhir.HasErrors(issues) {
		return nil, &fhir.Error{Op: "release", Kind: fhir.ValueCode, Issues: issues}
	}
	t := readTaker(call.Body)
	if err := t.mayTake("release", call.Body, call.Requester); err != nil {
		return nil, err
	}
	var err error
	if call.Requester.Person { // who takes it is who calls, whomever the body names
		if t.agent, err = agentOf(s.db.State(ctx), call); err != nil {
			return nil, err
		}
	}
	group := message.Parameter(call.Body, "group-identifier").Path("valueIdentifier", "value")
	if group.Exists() {
		err = s.catchUp(ctx, group.Text())
	} else {
		err = s.catchUpNominated(ctx, t.owner.ID, call.Time)
	}
	if err != nil {
		return nil, err
	}
	return s.carryOut(ctx, call, func(state fhir.State) (*outcome, error) {
		if group.Exists() {
			return s.releaseOne(call, state, t, group)
		}
		return s.releaseNominated(call, state, t)
	})
}

// readTaker reads owner and agent of Parameters; absent ones stay empty.
func readTaker(p *fhir.Resource) taker {
	var t taker
	if org := message.Parameter(p, "owner").Get("resource"); org.Exists() {
		t.owner = prescription.Party{ID: nhs.Identifier(org, nhs.IDODS).Text(), Name: org.Get("name").Text()}
		t.add(p.Sub(org))
	}
	if role := message.Parameter(p, "agent").Get("resource"); role.Exists() {
		t.agent = prescription.ReadParty(role.Get("practitioner"))
		t.agent.Ref = ""
		t.add(p.Sub(role))
	}
	return t
}

func (t *taker) add(r *fhir.Resource) {
	if c := message.Condition(r.Root(), message.Matched[r.Type()]); c != "" {
		t.parts = append(t.parts, fhir.Change{Method: fhir.Create, Type: r.Type(), Resource: r, Condition: c, Expression: "Parameters.parameter"})
	}
}

// releaseOne hands over the prescription of a group identifier. Whoever has
// the id may take it, nominated or not: the patient gave it to them.
func (s *Service) releaseOne(call *fhir.Call, state fhir.State, t taker, group node) (*outcome, error) {
	x, err := currentIssue(state, group.Text())
	if err != nil {
		return nil, err
	}
	if x == nil {
		// 0003: no such prescription.
		return nil, refusal("release", fhir.Issue{Code: fhir.NotFound, Rule: "0003", Message: "There is no such prescription.", Found: fhir.OrNothing(group.Text()),
			Expression: group.Expression(), Position: group.Position(), Details: nhs.Spine("RESOURCE_NOT_FOUND", "Prescription cannot be found - contact your GP/prescriber")})
	}
	if x.State.WithDispenser() && x.Owner.ID == t.owner.ID {
		return &outcome{reply: nothingMore(call)}, nil
	}
	if x.State.WithDispenser() {
		return &outcome{reply: s.heldElsewhere(call, state, x)}, nil
	}
	if err := refuseRelease(x, group); err != nil {
		return nil, err
	}
	x.caller = t.caller(call)
	decided, err := s.take(x, t, call.Time, "release")
	if err != nil {
		return nil, err
	}
	if decided == prescription.Expire {
		return s.expire(state, call, x)
	}
	return s.handOver(call, state, []*execution{x}, nil, t)
}

// heldElsewhere says which other pharmacy holds the prescription, so that the
// patient can be sent there.
func (s *Service) heldElsewhere(call *fhir.Call, state fhir.State, x *execution) *fhir.Reply {
	// 0004: with another dispenser.
	reply := said(call, true, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "0004", Message: "Another dispenser holds the prescription.",
		Expected: x.Owner.ID + " " + x.Owner.Name, Fix: "Ask them to return it.", Details: nhs.EPS("PRESCRIPTION_WITH_ANOTHER_DISPENSER")})
	org := fhir.Obj("resourceType", "Organization", "id", "organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, x.Owner.ID)), "name", x.Owner.Name).Resource()
	if known, err := sole(state, "Organization", nhs.IDODS, x.Owner.ID); err == nil && known != nil {
		org = fhir.Revise(known, "id", "organization", "meta", "")
	}
	reply.Resource = fhir.Revise(reply.Resource, "contained", fhir.List(org),
		"extension", fhir.List(fhir.Obj("url", nhs.ExtSupporting, "valueReference", fhir.Obj("reference", "#organization"))))
	return reply
}

// refuseRelease tells why a prescription cannot be handed over, nil when it can.
func refuseRelease(x *execution, group node) error {
	issue := fhir.Issue{Code: fhir.BusinessRule, Found: x.State.String(), Expression: group.Expression(), Position: group.Position()}
	switch {
	case x.State.Open():
		return nil
	case x.State == prescription.Cancelled: // 0001: cancelled.
		issue.Rule, issue.Message, issue.Details = "0001", "The prescription was cancelled.", nhs.EPS("PRESCRIPTION_CANCELLED")
	case x.State == prescription.Expired: // 0002: expired.
		issue.Rule, issue.Message, issue.Details = "0002", "The prescription has expired.", nhs.EPS("PRESCRIPTION_EXPIRED")
	default: // 0005: dispensed.
		issue.Rule, issue.Message, issue.Details = "0005", "The prescription was dispensed.", nhs.EPS("PRESCRIPTION_DISPENSED")
	}
	return refusal("release", issue)
}

// said answers with issues, as EPS does.
func said(call *fhir.Call, refused bool, issues ...fhir.Issue) *fhir.Reply {
	r := fhir.Outcome(issues).Resource()
	return &fhir.Reply{Resource: fhir.Revise(r, "meta", fhir.Obj("lastUpdated", nhs.Stamp(call.Time))), Refused: refused}
}

// nothingMore is the answer when there is nothing to hand over, which is no
// failure.
func nothingMore(call *fhir.Call) *fhir.Reply {
	// 0006: no more prescriptions.
	return said(call, false, fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Rule: "0006",
		Message: "There are no more prescriptions for this pharmacy.", Details: nhs.EPS("NO_MORE_PRESCRIPTIONS")})
}
