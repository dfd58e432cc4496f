package reimbursement

import (
	"cmp"
	"context"
	"fmt"
	"io"
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
	orgs := []string{q.Org}
	if q.Org == "" {
		var err error
		if orgs, err = s.pharmaciesOf(s.db.State(ctx), q.Month); err != nil {
			return nil, err
		}
	}
	var list []*Export
	for _, org := range orgs {
		e, err := s.export(ctx, q, org)
		if err != nil {
			return nil, err
		}
		if e != nil {
			list = append(list, e)
		}
	}
	return list, nil
}

// pharmaciesOf are the pharmacies that have claims in a month.
func (s *Service) pharmaciesOf(state fhir.State, month tariff.Month) ([]string, error) {
	ids, err := state.Find("ClaimResponse", query("_tag", csMonth, month.String()))
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, id := range ids {
		r, err := current(state, "ClaimResponse", "ClaimResponse/"+id)
		if err != nil {
			return nil, err
		}
		if r == nil {
			continue
		}
		for tag := range r.Root().Path("meta", "tag").Items() {
			if org, ok := strings.CutPrefix(tag.Get("code").Text(), month.String()+"."); ok && tag.Get("system").Text() == csMonth {
				seen[org] = true
			}
		}
	}
	var orgs []string
	for org := range seen {
		orgs = append(orgs, org)
	}
	slices.Sort(orgs)
	return orgs, nil
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
	if e.Totals == nil {
		return e, nil
	}
	r, err := e.Totals.Resource()
	if err != nil {
		return nil, err
	}
	if r == nil { // the record was deleted: as if the run had not been
		e.Totals = nil
		return e, nil
	}
	seq, err := strconv.ParseUint(extension(r.Root(), extPin).Get("valueString").Text(), 10, 64)
	if err != nil {
		return nil, fhir.E("export", fhir.Processing, fhir.Issue{Message: e.Totals.Ref() + " does not say at which sequence it was exported."})
	}
	return e, e.pin(s.db.StateAt(ctx, fhir.Seq(seq)), fhir.Seq(seq))
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
		Changes:   []fhir.Change{{Method: fhir.Create, Type: "Invoice", ID: id, Resource: e.invoice(id, t, name, q.Time), IfAbsent: true}},
		Requester: q.Requester, RequestID: q.RequestID, Time: q.Time,
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

// WriteTo writes the export as a Bundle: the totals first, then each Claim with
// its ClaimResponse behind it. The same export gives the same bytes.
func (e *Export) WriteTo(w io.Writer) (int64, error) {
	out := &counter{w: w}
	totals, err := e.Totals.Resource()
	if err != nil {
		return 0, err
	}
	id := pharmacy.ID("Bundle", e.Totals.ID)
	out.print(`{"resourceType":"Bundle","id":"%s","identifier":{"system":"urn:ietf:rfc:3986","value":"urn:uuid:%s"},"type":"collection","timestamp":%s,"entry":[`,
		id, id, totals.Get("date").Raw())
	out.entry("", e.Totals)
	err = e.each(func(claim, response *fhir.Version) error {
		out.entry(",", claim)
		out.entry(",", response)
		return out.err
	})
	out.print("]}")
	return out.n, cmp.Or(err, out.err)
}

// counter writes and counts, and keeps the first error.
type counter struct {
	w   io.Writer
	n   int64
	err error
}

func (c *counter) Write(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.w.Write(b)
	c.n, c.err = c.n+int64(n), err
	return n, err
}

func (c *counter) print(format string, args ...any) { fmt.Fprintf(c, format, args...) }

func (c *counter) entry(before string, v *fhir.Version) {
	c.print(`%s{"fullUrl":"urn:uuid:%s","resource":%s}`, before, v.ID, v.JSON)
}
