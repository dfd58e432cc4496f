package reimbursement

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// ExportRequest asks for the claims of a month.
type ExportRequest struct {
	Month tariff.Month
	Org   string // ODS code of the pharmacy, "" for every one that has claims
	// New asks for a further run; without it a month that was exported before
	// is given again as it was.
	New       bool
	Time      time.Time
	Requester fhir.Requester
	RequestID string
}

// Export is the month of one pharmacy, pinned: its claims and their answers as
// they stood at a sequence, and the totals over them.
type Export struct {
	Month tariff.Month
	Org   string
	Run   int
	Seq   fhir.Seq
	// Totals is the Invoice that records the run.
	Totals *fhir.Version
	state  fhir.State
	ids    []string // of the ClaimResponses, in order
}

// ExportMonth gives one export for each pharmacy, in the order of their codes.
// The first run of a month pins the sequence and records it with the totals, so
// that another run gives the same bytes, whatever was written since. A month
// without claims gives none, and pins nothing.
func (s *Service) ExportMonth(ctx context.Context, q ExportRequest) ([]*Export, error) {
	if q.Org == "" {
		return s.exportAll(ctx, q)
	}
	e, err := s.export(ctx, q, q.Org)
	if err != nil || e == nil {
		return nil, err
	}
	return []*Export{e}, nil
}

// invoiceID is the id of the record of a run.
func invoiceID(month tariff.Month, org string, run int) string {
	return pharmacy.ID("Invoice", "month", month.String(), org, strconv.Itoa(run))
}

func (s *Service) export(ctx context.Context, q ExportRequest, org string) (*Export, error) {
	for range attempts {
		e, err := s.lastRun(ctx, q.Month, org)
		if err != nil || e.Totals != nil && !q.New {
			return e, err
		}
		if e, err = s.newRun(ctx, q, org, e.Run+1); err != nil || e == nil || e.Totals != nil {
			return e, err
		}
	}
	return nil, fhir.E("export", fhir.Conflict, fhir.Issue{Message: "The month was exported by others at the same time, again and again."})
}

// lastRun is the newest recorded run; its Totals are nil where there is none.
func (s *Service) lastRun(ctx context.Context, month tariff.Month, org string) (*Export, error) {
	e := &Export{Month: month, Org: org}
	for state := s.db.State(ctx); ; e.Run++ {
		v, err := state.Current("Invoice", invoiceID(month, org, e.Run+1))
		if err != nil {
			return nil, err
		}
		if v == nil {
			break
		}
		e.Totals = v
	}
	if e.Totals == nil || e.Totals.Deleted() { // deleted: as if the run had not been
		e.Totals = nil
		return e, nil
	}
	return e, s.reopen(ctx, e)
}

// reopen reads the sequence at which a recorded run was exported, and the month
// as it stood then.
func (s *Service) reopen(ctx context.Context, e *Export) error {
	r, err := e.Totals.Resource()
	if err != nil {
		return err
	}
	seq, err := strconv.ParseUint(extension(r.Root(), extPin).Get("valueString").Text(), 10, 64)
	if err != nil {
		return fhir.E("export", fhir.Processing, fhir.Issue{Message: e.Totals.Ref() + " does not say at which sequence it was exported."})
	}
	return e.pin(s.db.StateAt(ctx, fhir.Seq(seq)), fhir.Seq(seq))
}

// newRun pins the month as it stands and records that. It gives nil where there
// is nothing to export, and no Totals where another run was quicker.
func (s *Service) newRun(ctx context.Context, q ExportRequest, org string, run int) (*Export, error) {
	e := &Export{Month: q.Month, Org: org, Run: run}
	at := s.db.Head()
	if err := e.pin(s.db.StateAt(ctx, at), at); err != nil || len(e.ids) == 0 {
		return nil, err
	}
	fees, name, err := s.shelf.fees(e.state)
	if err != nil {
		return nil, err
	}
	t, err := e.total(fees)
	if err != nil {
		return nil, err
	}
	id := invoiceID(q.Month, org, run)
	commit, err := s.db.Commit(ctx, &fhir.Transaction{
		Changes: []fhir.Change{{Method: fhir.Create, Type: "Invoice", ID: id, Resource: e.invoice(id, t, name, q.Time), IfAbsent: true}},
		Derived: true, Requester: q.Requester, RequestID: q.RequestID, Time: q.Time,
	})
	if err != nil {
		return nil, err
	}
	if commit.Results[0].Applied == fhir.Created {
		e.Totals = commit.Results[0].Version
	}
	return e, nil
}

// pin finds the answers of the month that are paid, as of a sequence.
func (e *Export) pin(state fhir.State, at fhir.Seq) error {
	e.state, e.Seq = state, at
	ids, err := state.Find("ClaimResponse", query("_tag", csMonth, monthOf(e.Month.String(), e.Org))+"&status=active")
	slices.Sort(ids)
	e.ids = ids
	return err
}

// each gives every claim of the export with its answer.
func (e *Export) each(do func(claim, response *fhir.Version) error) error {
	for _, id := range e.ids {
		response, err := e.state.Current("ClaimResponse", id)
		if err != nil {
			return err
		}
		r, err := response.Resource()
		if err != nil {
			return err
		}
		ref := strings.TrimPrefix(r.Root().Path("request", "reference").Text(), "Claim/")
		claim, err := e.state.Current("Claim", ref)
		if err != nil {
			return err
		}
		if claim == nil || claim.Deleted() {
			continue
		}
		if err := do(claim, response); err != nil {
			return err
		}
	}
	return nil
}
