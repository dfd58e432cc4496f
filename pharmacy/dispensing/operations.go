package dispensing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// onTask decides an operation on a Task and answers with the Task, or with
// what reply makes of it.
func (s *Service) onTask(ctx context.Context, call *fhir.Call, op string, decide func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error)) (*fhir.Reply, error) {
	return s.carryOut(ctx, once(call, op), func(state fhir.State) (*outcome, error) {
		x, err := taskAt(state, op, call.ID)
		if err != nil {
			return nil, err
		}
		if x.caller, err = s.mayAct(state, x, op, call.Requester); err != nil {
			return nil, err
		}
		if err := call.Matches(x.version); err != nil {
			return nil, err
		}
		changes, reply, err := decide(state, x)
		if err != nil {
			return nil, err
		}
		if reply == nil {
			reply = &fhir.Reply{Resource: x.shown(call.Time)}
		}
		return &outcome{changes: changes, reply: reply}, nil
	})
}

// once gives a call that the server itself does not hold to its request id a
// receipt under it, so that a repeat of an operation happens once.
func once(call *fhir.Call, op string) *fhir.Call { return onceOn(call, "Task", op) }

// onceOn is once for an operation on a resource of a type.
func onceOn(call *fhir.Call, typ, op string) *fhir.Call {
	if call.Receipt.Key != "" || call.RequestID == "" {
		return call
	}
	c := *call
	digest := sha256.New()
	if call.Body != nil {
		digest.Write(call.Body.JSON())
	}
	c.Receipt = fhir.Receipt{Key: typ + "/" + call.ID + "/$" + op + "/" + call.RequestID, Body: []byte(hex.EncodeToString(digest.Sum(nil)))}
	return &c
}

// takerOf is who takes a prescription by a call: what its parameters say, else
// this server's pharmacy, or the caller's, and the one who calls.
func (s *Service) takerOf(state fhir.State, call *fhir.Call) (t taker, err error) {
	if call.Body != nil {
		t = readTaker(call.Body)
	}
	who := call.Requester
	switch {
	case t.owner.ID != "":
	case who.Bound() && !who.ActsFor(s.site.ODS):
		t.owner = prescription.Party{ID: who.OnBehalf}
	default:
		t.owner = prescription.Party{ID: s.site.ODS, Name: s.site.Name}
	}
	if t.agent.ID == "" || who.Bound() {
		t.agent, err = agentOf(state, call) // what the body says of the person adds, and never replaces who calls
	}
	return t, err
}

// agentOf is the requester of a call as a party: "sds-user-id|7654321" is the
// user 7654321, and a Practitioner of this server is the user that its record names:
// messages and claims know people by that number. One that is known by a role profile
// alone has a name only.
func agentOf(state fhir.State, call *fhir.Call) (prescription.Party, error) {
	system, id := requesterOfCall(call)
	who := prescription.Party{ID: id, Name: call.Requester.Display}
	switch {
	case strings.HasSuffix(system, "sds-role-profile-id"):
		who.ID = ""
	case system == "Practitioner":
		r, err := read(state, call.Requester.Agent, "Practitioner")
		if err != nil || r == nil {
			return who, err
		}
		if user := nhs.Identifier(r.Root(), nhs.IDUser).Text(); user != "" {
			who.ID = user
		}
	}
	return who, nil
}

// profileOf is the SDS role profile that a call is made in, "" where it is not
// known.
func profileOf(call *fhir.Call) string {
	if system, id := requesterOfCall(call); strings.HasSuffix(system, "sds-role-profile-id") {
		return id
	}
	return ""
}

func requesterOfCall(call *fhir.Call) (system, id string) {
	agent := call.Requester.Agent
	if i := strings.LastIndexAny(agent, "|/"); i >= 0 {
		return agent[:i], agent[i+1:]
	}
	return "", agent
}

// acceptTask is Task/…/$accept. Parameters: owner (Organization) and agent
// (PractitionerRole), both optional.
func (s *Service) acceptTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	t, err := s.takerOf(s.db.State(ctx), call)
	if err != nil {
		return nil, err
	}
	if err := t.mayTake("accept", call.Body, call.Requester); err != nil {
		return nil, err
	}
	if t.owner.ID == "" {
		return nil, fhir.E("accept", fhir.Required, fhir.Issue{Rule: "ACCEPT-1", Message: "It is not clear which pharmacy takes the prescription.",
			Expected: "the parameter owner, an Organization with an ODS code", Found: "nothing"})
	}
	return s.onTask(ctx, call, "accept", func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		if x.State.WithDispenser() && x.Owner.ID != t.owner.ID {
			return nil, nil, elsewhere("accept", x, node{})
		}
		decided, err := s.take(x, t, call.Time, "accept")
		if err != nil {
			return nil, nil, err
		}
		if decided == prescription.Expire {
			o, err := s.expire(state, call, x)
			if err != nil {
				return nil, nil, err
			}
			return o.changes, o.reply, nil
		}
		x.agent = t.agent
		x.release = taskOutput{id: pharmacy.ID("release", t.owner.ID, x.version.ID, x.version.VersionID), when: nhs.Stamp(call.Time)}
		written, err := s.written(state, x, call.Time)
		return append(t.parts, written...), nil, err
	})
}

// returnTask is Task/…/$return. Parameter: reason (code of
// EPS-task-dispense-return-status-reason).
func (s *Service) returnTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	reason, err := reasonIn(call, "return", nhs.CSReturn)
	if err != nil {
		return nil, err
	}
	return s.onTask(ctx, call, "return", func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		changes, err := s.giveBack(state, x, reason, call.Time)
		return changes, nil, err
	})
}

// withdrawTask is Task/…/$withdraw. Parameter: reason (code of
// EPS-task-dispense-withdraw-reason).
func (s *Service) withdrawTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	reason, err := reasonIn(call, "withdraw", nhs.CSWithdraw)
	if err != nil {
		return nil, err
	}
	return s.onTask(ctx, call, "withdraw", func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		changes, err := s.takeBack(state, x, node{}, reason, call.Time)
		return changes, nil, err
	})
}

// cancelTask is Task/…/$cancel, by which a prescriber cancels without an EPS
// message. Parameters: reason (code of medicationrequest-status-reason), item
// (number of one item; all of them without it).
func (s *Service) cancelTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	reason, err := reasonIn(call, "cancel", nhs.CSCancel)
	if err != nil {
		return nil, err
	}
	item := message.Parameter(call.Body, "item").Get("valueString").Text()
	why := fhir.Obj("resourceType", "Basic", "code", nhs.Concept(reason)).Resource().Get("code")
	return s.onTask(ctx, call, "cancel", func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		out, issues := s.rules().Decide(x.Prescription, x.caller, prescription.Request{Event: prescription.Cancel, Now: call.Time, Place: "Task", Item: item})
		if len(issues) > 0 {
			return nil, nil, refusal("cancel", issues...)
		}
		x.Prescription = out.After
		var changes []fhir.Change
		for _, v := range out.Verdicts {
			changes = append(changes, x.cancelled(x.orderFor(x.Line(v.Item)), v.Verdict, why, call.Time)...)
		}
		written, err := s.written(state, x, call.Time)
		return append(changes, written...), nil, err
	})
}

// reasonIn reads the parameter reason, which must be of a code system.
func reasonIn(call *fhir.Call, op, system string) (fhir.Coding, error) {
	var code node
	if call.Body != nil {
		p := message.Parameter(call.Body, "reason")
		for _, n := range []node{p.Get("valueCode"), p.Path("valueCoding", "code"), p.Get("valueString")} {
			if n.Exists() {
				code = n
			}
		}
		if other := p.Path("valueCoding", "system"); other.Exists() && other.Text() != system {
			return fhir.Coding{}, refusal(op, fhir.Issue{Code: fhir.CodeInvalid, Rule: "REASON-1", Message: "The reason is of another code system.", Expected: system, Found: other.Text(),
				Expression: other.Expression(), Position: other.Position()})
		}
	}
	if nhs.Display(system, code.Text()) == "" {
		return fhir.Coding{}, fhir.E(op, fhir.CodeInvalid, fhir.Issue{Rule: "REASON-1", Message: "The reason is missing or unknown.", Expected: "the parameter reason, a code of " + system,
			Found: fhir.OrNothing(code.Text()), Expression: code.Expression(), Position: code.Position()})
	}
	return nhs.Coding(system, code.Text()), nil
}
