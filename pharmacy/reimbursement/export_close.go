package reimbursement

import (
	"context"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// CloseRequest asks to close a month: to record what is submitted of it.
type CloseRequest struct {
	Month tariff.Month
	Org   string // ODS code of the pharmacy, "" for every one that has claims
	// New asks for a further run, with what no run has submitted yet; without it
	// a month that is closed is returned as it was recorded.
	New bool
	// Alone says why nobody else confirms the closing, where the policy lets one person.
	Alone     string
	Time      time.Time
	Requester fhir.Principal
	RequestID string
	// Answer makes the receipt of an answer; nil for none.
	Answer func(*fhir.Reply) fhir.Receipt
}

// CloseMonth records a run of a month, once it is over: the sequence at which
// it is read, with the totals. A month without claims is not recorded.
func (s *Service) CloseMonth(ctx context.Context, q CloseRequest) ([]*Export, error) {
	if !Over(q.Month, q.Time) {
		return nil, fhir.E("close", fhir.BusinessRule, fhir.Issue{Rule: "month-is-over", Expression: "month",
			Message:  "The month is not over, so it is not closed: claims of its remaining days would be left out.",
			Expected: "a month before " + tariff.MonthOf(nhs.Midnight(q.Time)).String(), Found: q.Month.String(),
			Fix: "Read a preview, which records nothing: GET Claim/$export-month?month=" + q.Month.String()})
	}
	s.closing.Lock() // two runs at once would both submit what is late
	defer s.closing.Unlock()
	if q.Org == "" {
		return s.closeAll(ctx, q)
	}
	e, err := s.close(ctx, q, q.Org)
	return one(e), err
}

// Over reports whether a month has ended in the United Kingdom.
func Over(month tariff.Month, now time.Time) bool { return month < tariff.MonthOf(nhs.Midnight(now)) }

func (s *Service) close(ctx context.Context, q CloseRequest, org string) (*Export, error) {
	for range attempts {
		run, err := lastRun(s.db.State(ctx), q.Month, org)
		if err != nil {
			return nil, err
		}
		if run > 0 && !q.New {
			return s.recordedRun(ctx, q.Month, org, run)
		}
		e, err := s.newRun(ctx, q, org, run+1)
		if err != nil || e == nil || e.Totals != nil || e.Asked != nil {
			return e, err
		}
	}
	return nil, fhir.E("close", fhir.Conflict, fhir.Issue{Message: "The month was closed by others at the same time, again and again."})
}

// newRun records the month as it is, or, where another person has to confirm that,
// that it is asked for. It returns nil where there is nothing to submit, and no
// Totals where another run was quicker.
func (s *Service) newRun(ctx context.Context, q CloseRequest, org string, run int) (*Export, error) {
	e, invoice, done, err := s.standingRun(ctx, q, org, run)
	if err != nil {
		return nil, err
	}
	if e != nil {
		return e, s.recordRun(ctx, e, q, invoice, done)
	}
	e = &Export{Month: q.Month, Org: org, Run: run}
	if err := s.pin(ctx, e, s.db.Head()); err != nil || len(e.list) == 0 {
		return nil, err
	}
	invoice, digest, err := s.account(e, invoiceID(q.Month, org, run), q.Time)
	if err != nil {
		return nil, err
	}
	done, asked, err := s.agreed(ctx, e, invoice, digest, q)
	if err != nil {
		return nil, err
	}
	if asked != nil {
		e.Asked = asked
		return e, nil
	}
	return e, s.recordRun(ctx, e, q, invoice, done)
}

// recordRun commits the account of a run with what was asked about it. The export has no
// Totals where another run was quicker.
func (s *Service) recordRun(ctx context.Context, e *Export, q CloseRequest, invoice *fhir.Resource, done *fhir.Change) error {
	tx := &fhir.Transaction{
		Changes: []fhir.Change{{Method: fhir.Create, Type: "Invoice", ID: invoice.ID(), Resource: invoice, IfAbsent: true}},
		Derived: true, Requester: q.Requester, RequestID: q.RequestID, Time: q.Time,
	}
	if done != nil {
		tx.Changes = append(tx.Changes, *done)
	}
	commit, err := s.db.Commit(ctx, tx)
	if err == nil && commit.Results[0].Applied == fhir.Created {
		e.Totals = commit.Results[0].Version
	}
	return err
}
