package dispensing

import (
	"context"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// maxRelease is how many nominated prescriptions one release hands over.
const maxRelease = 25

// taker is who takes a prescription: the pharmacy and the person acting.
type taker struct {
	owner, agent Party
	parts        []fhir.Change // their resources, to be stored where they are not yet
}

// release is Task/$release: it hands a pharmacy the prescription it names, or
// those that are nominated to it.
func (s *Service) release(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	if call.Body == nil {
		return nil, noBody("release", "Parameters")
	}
	if issues := examine(call.Body, releaseRules); fhir.HasErrors(issues) {
		return nil, &fhir.Error{Op: "release", Kind: fhir.ValueCode, Issues: issues}
	}
	t := readTaker(call.Body)
	group := parameter(call.Body, "group-identifier").Path("valueIdentifier", "value")
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
	if org := parameter(p, "owner").Get("resource"); org.Exists() {
		t.owner = Party{ID: identifier(org, idODS).Text(), Name: org.Get("name").Text()}
		t.add(p.Sub(org))
	}
	if role := parameter(p, "agent").Get("resource"); role.Exists() {
		t.agent = partyOf(role.Get("practitioner"))
		t.agent.Ref = ""
		t.add(p.Sub(role))
	}
	return t
}

func (t *taker) add(r *fhir.Resource) {
	if c := condition(r.Root(), matched[r.Type()]); c != "" {
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
		return nil, refusal("release", fhir.Issue{Code: fhir.NotFound, Rule: "0003", Message: "There is no such prescription.", Found: orNothing(group.Text()),
			Expression: group.Expression(), Position: group.Position(), Details: spine("RESOURCE_NOT_FOUND", "Prescription cannot be found - contact your GP/prescriber")})
	}
	if x.State.withDispenser() && x.Owner.ID == t.owner.ID {
		return &outcome{reply: nothingMore(call)}, nil
	}
	if x.State.open() && s.over(x, call.Time) {
		return s.expire(call, x)
	}
	if x.State.withDispenser() {
		return &outcome{reply: s.heldElsewhere(call, state, x)}, nil
	}
	if err := refuseRelease(x, group); err != nil {
		return nil, err
	}
	return s.handOver(call, state, []*execution{x}, nil, t)
}

// heldElsewhere says which other pharmacy holds the prescription, so that the
// patient can be sent there.
func (s *Service) heldElsewhere(call *fhir.Call, state fhir.State, x *execution) *fhir.Reply {
	// 0004: with another dispenser.
	reply := said(call, true, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "0004", Message: "Another dispenser holds the prescription.",
		Expected: x.Owner.ID + " " + x.Owner.Name, Fix: "Ask them to return it.", Details: eps("PRESCRIPTION_WITH_ANOTHER_DISPENSER")})
	org := fhir.Obj("resourceType", "Organization", "id", "organization", "identifier", fhir.List(identifierValue(idODS, x.Owner.ID)), "name", x.Owner.Name).Resource()
	if known, err := sole(state, "Organization", idODS, x.Owner.ID); err == nil && known != nil {
		org = revise(known, "id", "organization", "meta", "")
	}
	reply.Resource = revise(reply.Resource, "contained", fhir.List(org),
		"extension", fhir.List(fhir.Obj("url", extSupporting, "valueReference", fhir.Obj("reference", "#organization"))))
	return reply
}

// refuseRelease tells why a prescription cannot be handed over, nil when it can.
func refuseRelease(x *execution, group node) error {
	issue := fhir.Issue{Code: fhir.BusinessRule, Found: x.State.String(), Expression: group.Expression(), Position: group.Position()}
	switch {
	case x.State.open():
		return nil
	case x.State == cancelled: // 0001: cancelled.
		issue.Rule, issue.Message, issue.Details = "0001", "The prescription was cancelled.", eps("PRESCRIPTION_CANCELLED")
	case x.State == expired: // 0002: expired.
		issue.Rule, issue.Message, issue.Details = "0002", "The prescription has expired.", eps("PRESCRIPTION_EXPIRED")
	default: // 0005: dispensed.
		issue.Rule, issue.Message, issue.Details = "0005", "The prescription was dispensed.", eps("PRESCRIPTION_DISPENSED")
	}
	return refusal("release", issue)
}

// over reports whether nothing of the prescription may be supplied any more.
func (s *Service) over(x *execution, now time.Time) bool {
	return x.expireLines(s.law, DateOf(now), s.fromReceipt) && x.anyLeft()
}

// expire records that the time of a prescription is over, and says so.
func (s *Service) expire(call *fhir.Call, x *execution) (*outcome, error) {
	issue := fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "0002", Message: "The prescription has expired.", Details: eps("PRESCRIPTION_EXPIRED")}
	return &outcome{changes: x.lapse(call.Time), reply: said(call, true, issue)}, nil
}

// lapse ends a prescription whose time is over, and stops its orders.
func (x *execution) lapse(now time.Time) []fhir.Change {
	x.State = expired
	changes := []fhir.Change{x.update(now)}
	for i := range x.Lines {
		changes = append(changes, x.orderFor(&x.Lines[i]).become(x.orderStatus(&x.Lines[i]))...)
	}
	return changes
}

// said answers with issues, as EPS does.
func said(call *fhir.Call, refused bool, issues ...fhir.Issue) *fhir.Reply {
	r := fhir.Outcome(issues).Resource()
	return &fhir.Reply{Resource: revise(r, "meta", fhir.Obj("lastUpdated", stamp(call.Time))), Refused: refused}
}

// nothingMore is the answer when there is nothing to hand over, which is no
// failure.
func nothingMore(call *fhir.Call) *fhir.Reply {
	// 0006: no more prescriptions.
	return said(call, false, fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Rule: "0006",
		Message: "There are no more prescriptions for this pharmacy.", Details: eps("NO_MORE_PRESCRIPTIONS")})
}

// releaseNominated hands over what waits for the pharmacy, the oldest first,
// and puts aside what has expired.
func (s *Service) releaseNominated(call *fhir.Call, state fhir.State, t taker) (*outcome, error) {
	ids, err := state.Find("Task", query("owner:identifier", idODS, t.owner.ID)+"&status=requested")
	if err != nil {
		return nil, err
	}
	var handed []*execution
	var aside []fhir.Change
	for _, id := range ids {
		v, err := state.Current("Task", id)
		if err != nil {
			return nil, err
		}
		x, err := readTask(state, v)
		if err != nil {
			return nil, err
		}
		switch {
		case x == nil || x.State != nominated:
		case s.over(x, call.Time):
			aside = append(aside, x.lapse(call.Time)...)
		default:
			handed = append(handed, x)
		}
		if len(handed) == maxRelease {
			break
		}
	}
	if len(handed) == 0 {
		return &outcome{changes: aside, reply: nothingMore(call)}, nil
	}
	return s.handOver(call, state, handed, aside, t)
}

// handOver gives prescriptions to a pharmacy and answers with their messages.
func (s *Service) handOver(call *fhir.Call, state fhir.State, list []*execution, changes []fhir.Change, t taker) (*outcome, error) {
	parts := []string{"release", t.owner.ID}
	for _, x := range list {
		parts = append(parts, x.version.ID, x.version.VersionID)
	}
	id := pharmacy.ID(parts...)
	changes = append(slices.Clone(t.parts), changes...)
	var messages []any
	for _, x := range list {
		if err := x.take(t, record{id: id, when: stamp(call.Time)}); err != nil {
			return nil, err
		}
		changes = append(changes, x.update(call.Time))
		m, err := s.released(state, x)
		if err != nil {
			return nil, err
		}
		messages = append(messages, fhir.Obj("fullUrl", "urn:uuid:"+m.ID(), "resource", m, "search", fhir.Obj("mode", "match")))
	}
	self := fhir.List(fhir.Obj("relation", "self", "url", s.endpoint(call)+"/Task/$release"))
	set := func(id string, entries []any) fhir.Value {
		return fhir.Obj("resourceType", "Bundle", "id", id, "meta", fhir.Obj("lastUpdated", stamp(call.Time)),
			"identifier", identifierValue(idUUID, id), "type", "searchset", "total", len(entries), "link", self, "entry", fhir.List(entries...))
	}
	return &outcome{changes: changes, reply: &fhir.Reply{Resource: fhir.Obj(
		"resourceType", "Parameters", "id", id,
		"parameter", fhir.List(
			fhir.Obj("name", "passedPrescriptions", "resource", set(id, messages)),
			fhir.Obj("name", "failedPrescriptions", "resource", set(pharmacy.ID("failed", id), nil)),
		)).Resource()}}, nil
}

// take moves the prescription to a pharmacy.
func (x *execution) take(t taker, r record) error {
	_, to := moves(x.State, Accept)
	if len(to) == 0 {
		return forbidden(x.State, Accept, "Task")
	}
	x.State, x.Owner, x.agent, x.released = to[0], t.owner, t.agent, r
	for i := range x.Lines {
		if x.Lines[i].Status == ToBeDispensed {
			x.Lines[i].Status = WithDispenser
		}
	}
	return nil
}
