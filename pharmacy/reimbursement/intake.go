package reimbursement

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// attempts bounds how often a post is judged anew because another writer was
// quicker.
const attempts = 8

// Intakes takes Claims of EPS away from the plain create, and the payments of those who
// pay them. Any other Claim is created as it is, and a follower answers it.
func (s *Service) Intakes() []fhir.Intake {
	return []fhir.Intake{{Type: "Claim", Accepts: IsEPS, RequestID: true, Handle: s.receive},
		{Type: "PaymentReconciliation", Accepts: IsNHSPayment, Handle: s.paymentsOperation},
		{Type: "PaymentNotice", Accepts: isNotice, Handle: s.notice}}
}

// receive answers a posted Claim as EPS does: with an OperationOutcome that has
// no more to tell than warnings.
func (s *Service) receive(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	reply := &fhir.Reply{Resource: fhir.Accepted(call)}
	commit, err := s.submit(ctx, call, call.Body, reply)
	if err != nil {
		return nil, err
	}
	if commit.Repeated {
		return fhir.ReplyOf(commit.Receipt)
	}
	return reply, nil
}

// submit judges an EPS claim and stores it with its answer. The first change of
// the commit is the Claim, the last one the ClaimResponse.
func (s *Service) submit(ctx context.Context, call *fhir.Call, r *fhir.Resource, reply *fhir.Reply) (*fhir.Commit, error) {
	if org := nhs.Identifier(readClaim(r).pharmacy(), nhs.IDODS).Text(); !call.Requester.ActsFor(org) {
		return nil, call.Requester.NotFor("claim", readClaim(r).pharmacy(), org)
	}
	for range attempts {
		changes, err := s.judge(s.db.State(ctx), r, call)
		if err != nil {
			return nil, err
		}
		commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: changes, Derived: true, Requester: call.Requester, RequestID: call.RequestID, Time: call.Time, Receipt: call.Answer(reply)})
		// Where another claim was quicker, nothing is committed, the receipt least
		// of all: this one is judged again, against the other.
		if err == nil || fhir.KindOf(err) != fhir.Conflict {
			return commit, err
		}
	}
	return nil, fhir.E("claim", fhir.Conflict, fhir.Issue{Message: "Other writers changed the claim at the same time, again and again.", Fix: "Send the claim again."})
}

// judge holds a posted claim to all rules and gives the changes that store it.
func (s *Service) judge(state fhir.State, r *fhir.Resource, call *fhir.Call) ([]fhir.Change, error) {
	lists, err := s.shelf.codeLists(state)
	if err != nil {
		return nil, err
	}
	fees, _, err := s.shelf.fees(state)
	if err != nil {
		return nil, err
	}
	v := &verdict{claim: readClaim(r)}
	v.issues = v.check(lists)
	d, err := v.find(state, call.Requester)
	if err != nil {
		return nil, err
	}
	var before *fhir.Version
	if d != nil {
		v.judge(d)
		if before, err = state.Current("Claim", ClaimID(d.order, d.issue)); err != nil {
			return nil, err
		}
		if err := v.judgeRevision(before, fees, d, call.Time); err != nil {
			return nil, err
		}
	}
	if len(v.issues) > 0 {
		issues := fhir.SortIssues(v.issues)
		return nil, &fhir.Error{Op: "claim", Kind: issues[0].Code, Issues: issues}
	}
	id := ClaimID(d.order, d.issue)
	claim := withID(r, id)
	change := fhir.Change{Method: fhir.Create, Type: "Claim", ID: id, Resource: claim, Expression: "Claim"}
	if before != nil {
		change = fhir.Change{Method: fhir.Update, Type: "Claim", ID: id, Resource: claim, IfMatch: before.VersionID, Expression: "Claim"}
	}
	answer, err := s.answer(state, claim, d, call.Time)
	return append([]fhir.Change{change}, answer...), err
}
