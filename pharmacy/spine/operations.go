package spine

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
)

// Operations is Basic/[id]/$nhs-resend.
func (s *Service) Operations() []fhir.Operation {
	return []fhir.Operation{{Name: "nhs-resend", Type: "Basic", Instance: true, ByName: true, Handle: s.resend,
		Parameters: []fhir.Parameter{{Name: "leave", Kinds: []string{"valueBoolean"}, Doc: "true for what is not to be sent again after all."}},
		Doc:        "Sends the NHS again what it has refused of a prescription, after what was wrong is put right, or leaves it."}}
}

func (s *Service) resend(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "nhs-resend"
	if !s.On() {
		return nil, fhir.E(op, fhir.NotSupported, fhir.Issue{Rule: "NHS-2", Message: "This server tells the NHS nothing.", Expected: "a server that is started with --nhs-status-url or --nhs-demographics-url", Found: "none"})
	}
	to := waiting
	if call.Body != nil {
		for p := range call.Body.Get("parameter").Items() {
			if p.Get("name").Text() == "leave" && p.Get("valueBoolean").Bool() {
				to = left
			}
		}
	}
	for {
		x, err := current(s.db.State(ctx), call.ID)
		switch {
		case err != nil:
			return nil, err
		case x == nil || !call.Requester.ActsFor(x.pharmacy):
			return nil, fhir.E(op, fhir.NotFound, fhir.Issue{Rule: "NHS-2", Message: "There is no such record of what the NHS was told.", Found: "Basic/" + call.ID, Expected: "one of GET Basic?identifier=" + idState + "|" + refused})
		case !x.has(refused):
			return nil, fhir.E(op, fhir.BusinessRule, fhir.Issue{Rule: "NHS-2", Message: "Nothing of it was refused.", Found: "Basic/" + call.ID, Expected: "one of GET Basic?identifier=" + idState + "|" + refused})
		}
		for i := range x.entries {
			if e := &x.entries[i]; e.state == refused {
				e.state, e.said, e.at = to, "", call.Time
			}
		}
		x.overtaken()
		c := x.change()
		reply := &fhir.Reply{Impersonal: true, Resource: fhir.Outcome([]fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Message: map[bool]string{true: "It is sent again.", false: "It is not sent again."}[x.has(waiting)]}}).Resource()}
		commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{c}, Receipt: call.Answer(reply), Derived: true, Requester: call.Requester, RequestID: call.RequestID, Time: call.Time})
		switch {
		case err == nil && commit.Repeated:
			return fhir.ReplyOf(commit.Receipt)
		case err == nil:
			return reply, nil
		case fhir.KindOf(err) != fhir.Conflict || fhir.IsReused(err):
			return nil, err
		}
	}
}
