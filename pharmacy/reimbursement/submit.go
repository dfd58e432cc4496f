package reimbursement

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// Operations are what the server can be asked beside taking Claims in.
func (s *Service) Operations() []fhir.Operation {
	return []fhir.Operation{
		{Name: "submit", Type: "Claim", Handle: s.submitOperation, Parameters: submitInputs,
			Doc: "Takes a Claim, alone or as the resource of Parameters or in a Bundle, stores it and answers with the ClaimResponse that prices it."},
		{Name: "export-month", Type: "Claim", ByName: true, Idempotent: true, Handle: s.exportOperation, Parameters: exportInputs,
			Doc: "Returns the claims of a dispensing month (month=2026-11) with their answers and the month's totals as one Bundle for each pharmacy (org=ODS code): of a closed month what was recorded (the newest run, or run=N), with the same bytes every time; of any other a preview. Records nothing."},
		{Name: "month-figures", Type: "Claim", ByName: true, Idempotent: true, Handle: s.figuresOperation, Parameters: figuresInputs, Files: []string{"text/csv"},
			Doc: "Returns the figures of a month's submission (month=2026-11, org=ODS code, run=N), or a row for each of its claims (list=claims), as a Binary with a CSV. Records nothing."},
		{Name: "month-statement", Type: "Claim", ByName: true, Idempotent: true, Files: []string{"application/pdf", "text/html"}, Handle: s.statementOperation, Parameters: statementInputs,
			Doc: "Returns the statement of a month (month=2026-11, org=ODS code, run=N) for paper: its account, the figures of the declaration, and what was paid, as a Binary with a PDF, or a page (as=html). Records nothing."},
		{Name: "close-month", Type: "Claim", ByName: true, Handle: s.closeOperation, Parameters: closeInputs, Query: true,
			Doc: "Closes a dispensing month that is over (month=2026-11, org=ODS code): records what is submitted and returns it as $export-month does. Where a person calls it, another has to confirm: the first call returns a Task, and the same call by somebody else closes the month. run=new records a further run, with what no run has submitted yet."},
		{Name: "payments", Type: "Claim", ByName: true, Handle: s.paymentsOperation, Parameters: paymentInputs,
			Doc: "Records a payment of a closed month, a PaymentReconciliation or the figures of a schedule of payments, and matches it with what was submitted: every difference becomes a Task."},
		{Name: "month-differences", Type: "Claim", ByName: true, Idempotent: true, Files: []string{"text/csv"}, Handle: s.differencesOperation, Parameters: differencesInputs,
			Doc: "Returns the differences in the payments of a month (month=2026-11, org=ODS code) with what to do, or what was claimed, paid and explained (list=summary), as a Binary with a CSV. Records nothing."},
		{Name: "settle-difference", Type: "Claim", ByName: true, Handle: s.settleOperation, Parameters: settleInputs,
			Doc: "Records what somebody decides about a difference in a payment: accept, dispute, resubmit or re-price, and why."},
		{Name: "papers", Type: "Claim", ByName: true, Idempotent: true, Files: []string{"text/csv"}, Handle: s.papersOperation, Parameters: papersInputs,
			Doc: "Lists the papers of a month (month=2026-11, org=ODS code) that go to the NHSBSA: originals of private prescriptions of controlled drugs (FP34PCD) and requisitions (FP10CDF), with what is missing, due, overdue and sent, as a Binary with a CSV. Records nothing."},
		{Name: "papers-sent", Type: "Claim", ByName: true, Handle: s.sendOperation, Parameters: sendInputs,
			Doc: "Records that papers of a month were sent to the NHSBSA, those that are named or all that are due."},
		{Name: "reprice", Type: "Claim", ByName: true, Handle: s.repriceOperation, Parameters: repriceInputs, Query: true,
			Doc: "Prices the claims of a dispensing month (month=2026-11) again, by the data that holds now."},
	}
}

// submitOperation is Claim/$submit: https://hl7.org/fhir/R4/claim-operation-submit.html
func (s *Service) submitOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	claim, err := claimIn(call.Body)
	if err != nil {
		return nil, err
	}
	var commit *fhir.Commit
	if IsEPS(claim) {
		commit, err = s.submit(ctx, call, claim, &fhir.Reply{})
	} else {
		commit, err = s.store(ctx, call, claim)
	}
	if err != nil {
		return nil, err
	}
	id := commit.Results[0].Version.ID
	v, err := s.db.State(ctx).Current("ClaimResponse", ResponseID(id))
	if err != nil {
		return nil, err
	}
	r, err := v.Resource()
	return &fhir.Reply{Resource: r}, err
}

// claimIn finds the one Claim of a body.
func claimIn(body *fhir.Resource) (*fhir.Resource, error) {
	if body == nil {
		return nil, fhir.E("submit", fhir.Required, fhir.Issue{Rule: "SUBMIT-1", Message: "There is nothing to submit.", Expected: "a Claim, or Parameters or a Bundle with one"})
	}
	var found []fhir.Node
	collect := func(n fhir.Node) {
		if n.Get("resourceType").Text() == "Claim" {
			found = append(found, n)
		}
	}
	switch body.Type() {
	case "Claim":
		return body, nil
	case "Parameters":
		for p := range body.Get("parameter").Items() {
			collect(p.Get("resource"))
			for e := range p.Path("resource", "entry").Items() {
				collect(e.Get("resource"))
			}
		}
	case "Bundle":
		for e := range body.Get("entry").Items() {
			collect(e.Get("resource"))
		}
	}
	if len(found) != 1 {
		return nil, fhir.E("submit", fhir.Invalid, fhir.Issue{Rule: "SUBMIT-1", Expression: body.Type(), Message: "Exactly one Claim can be submitted at a time.", Expected: "1 Claim", Found: countOf(found) + " in " + strings.TrimSpace("a "+body.Type())})
	}
	return body.Sub(found[0]), nil
}

func countOf(list []fhir.Node) string {
	if len(list) == 0 {
		return "none"
	}
	return string(rune('0'+min(len(list), 9))) + " or more"
}

// store creates a plain Claim with its answer in one commit.
func (s *Service) store(ctx context.Context, call *fhir.Call, r *fhir.Resource) (*fhir.Commit, error) {
	id := pharmacy.ID("Claim", "submitted", call.RequestID, string(r.JSON()), call.Time.UTC().String())
	claim := withID(r, id)
	answer, err := s.assessOther(s.db.State(ctx), claim, id, call.Time)
	if err != nil {
		return nil, err
	}
	return s.db.Commit(ctx, &fhir.Transaction{
		Changes: []fhir.Change{
			{Method: fhir.Create, Type: "Claim", ID: id, Resource: claim, IfAbsent: true, Expression: "Claim"},
			{Method: fhir.Create, Type: "ClaimResponse", ID: answer.ID(), Resource: answer, IfAbsent: true},
		},
		Derived: true, Requester: call.Requester, RequestID: call.RequestID, Time: call.Time,
	})
}
