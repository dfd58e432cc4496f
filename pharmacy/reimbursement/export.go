package reimbursement

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// ExportRequest asks for the claims of a month.
type ExportRequest struct {
	Month tariff.Month
	Org   string // ODS code of the pharmacy, "" for every one that has claims
	// Run asks for that recorded run; 0 for the newest, or, where the month is
	// not closed, for a preview of it.
	Run  int
	Time time.Time
}

// Export is what is submitted of the month of one pharmacy: claims and their
// answers as they were at a sequence, and the totals over them.
type Export struct {
	Month tariff.Month
	Org   string
	Run   int // 0 for a preview
	Seq   fhir.Seq
	// Totals is the Invoice that records the run; of a preview it is not stored.
	Totals *fhir.Version
	// Asked is the Task that asks another person to close the month; it is nil where
	// the month is closed or only read.
	Asked *fhir.Resource
	state fhir.State
	list  []submission // in the order of their ids
	size  int          // bytes of the answers; 0 where they were not added up
}

// Preview reports whether the export is of a month that is not closed: nothing
// records it, and the next one may differ.
func (e *Export) Preview() bool { return e.Run == 0 }

// ExportMonth returns one export for each pharmacy, in the order of their
// codes, and writes nothing. A month that was closed is returned as it was
// recorded, with the same bytes each time; any other is previewed as it is now.
func (s *Service) ExportMonth(ctx context.Context, q ExportRequest) ([]*Export, error) {
	if q.Org == "" {
		return s.exportAll(ctx, q)
	}
	e, err := s.recordedRun(ctx, q.Month, q.Org, q.Run)
	if err != nil || e != nil {
		return one(e), err
	}
	if q.Run != 0 {
		return nil, noRun(q)
	}
	e, err = s.preview(ctx, q, q.Org)
	return one(e), err
}

func one(e *Export) []*Export {
	if e == nil {
		return nil
	}
	return []*Export{e}
}

func noRun(q ExportRequest) error {
	return fhir.E("export", fhir.NotFound, fhir.Issue{Rule: "MONTH-1", Expression: "run", Message: "The month has no such run.", Expected: "the number of a run that was recorded by Claim/$close-month",
		Found: strconv.Itoa(q.Run) + " of " + q.Month.String()})
}

// invoiceID is the id of the record of a run.
func invoiceID(month tariff.Month, org string, run int) string {
	return pharmacy.ID("Invoice", "month", month.String(), org, strconv.Itoa(run))
}

// recordedRun is a run that was recorded, the newest for 0; nil where there is
// none.
func (s *Service) recordedRun(ctx context.Context, month tariff.Month, org string, run int) (*Export, error) {
	state := s.db.State(ctx)
	if run == 0 {
		last, err := lastRun(state, month, org)
		if err != nil || last == 0 {
			return nil, err
		}
		run = last
	}
	v, err := state.Current("Invoice", invoiceID(month, org, run))
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	e := &Export{Month: month, Org: org, Run: run, Totals: v}
	return e, s.reopen(ctx, e)
}

// lastRun is the number of the newest recorded run, 0 where there is none.
func lastRun(state fhir.State, month tariff.Month, org string) (int, error) {
	return lastRecorded(state, "Invoice", func(run int) string { return invoiceID(month, org, run) })
}

// lastRecorded counts the records of runs: they are numbered without gaps.
func lastRecorded(state fhir.State, typ string, id func(run int) string) (int, error) {
	for run := 1; ; run++ {
		v, err := state.Current(typ, id(run))
		if err != nil {
			return 0, err
		}
		if v == nil {
			return run - 1, nil
		}
	}
}

// reopen reads the sequence at which a recorded run was exported, and the month
// as it was then.
func (s *Service) reopen(ctx context.Context, e *Export) error {
	seq, err := pinOf(e.Totals)
	if err != nil {
		return err
	}
	return s.pin(ctx, e, seq)
}

// pinOf is the sequence that the record of a run reads at.
func pinOf(invoice *fhir.Version) (fhir.Seq, error) {
	r, err := invoice.Resource()
	if err != nil {
		return 0, err
	}
	seq, err := strconv.ParseUint(nhs.Extension(r.Root(), extPin).Get("valueString").Text(), 10, 64)
	if err != nil {
		return 0, fhir.E("export", fhir.Processing, fhir.Issue{Message: invoice.Ref() + " does not say at which sequence it was exported."})
	}
	return fhir.Seq(seq), nil
}

// preview is the month as it is now. It is pinned to the newest version that it
// shows, so that it is the same until one of them changes. It is nil where
// there is nothing to export.
func (s *Service) preview(ctx context.Context, q ExportRequest, org string) (*Export, error) {
	e := &Export{Month: q.Month, Org: org}
	if err := s.pin(ctx, e, s.db.Head()); err != nil || len(e.list) == 0 {
		return nil, err
	}
	newest := time.Time{}
	e.Seq = 0
	err := e.each(func(x submission, claim, response *fhir.Version) error {
		for _, v := range []*fhir.Version{claim, response} {
			if v.Seq > e.Seq {
				e.Seq, newest = v.Seq, v.LastUpdated
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	invoice, _, err := s.account(e, pharmacy.ID("Invoice", "preview", q.Month.String(), org), newest)
	if err != nil {
		return nil, err
	}
	e.Totals = &fhir.Version{Type: "Invoice", ID: invoice.ID(), JSON: invoice.JSON()}
	return e, nil
}

// account is the Invoice of an export: its totals at the prices of its claims. The
// digest is that of all that it adds up, in whatever run.
func (s *Service) account(e *Export, id string, now time.Time) (invoice *fhir.Resource, digest []byte, err error) {
	fees, name, err := s.shelf.fees(e.state)
	if err != nil {
		return nil, nil, err
	}
	t, err := e.total(fees)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintln(t.digest, name, t.payable.RatString())
	e.size = t.size
	return e.invoice(id, t, name, now), t.digest.Sum(nil), nil
}

// pin finds what the export submits, as of a sequence.
func (s *Service) pin(ctx context.Context, e *Export, at fhir.Seq) error {
	e.state, e.Seq = s.db.StateAt(ctx, at), at
	list, err := s.submissions(ctx, e)
	e.list = list
	return err
}

// each calls do for every claim of the export with its answer, in order. The next ones
// are read meanwhile.
func (e *Export) each(do func(x submission, claim, response *fhir.Version) error) error {
	return e.eachRead(answered, do)
}

// eachAnswer is each where the answers are asked for what they say and the claims for no
// more than their versions: the answers are parsed meanwhile too.
func (e *Export) eachAnswer(do func(x submission, claim, response *fhir.Version) error) error {
	return e.eachRead(func(state fhir.State, id string) (response, claim *fhir.Version, err error) {
		if response, err = answerAt(state, id); err != nil || response == nil {
			return nil, nil, err
		}
		if _, err = response.Resource(); err != nil {
			return nil, nil, err
		}
		if claim, err = claimAnswered(state, response, fhir.State.Bare); err != nil || claim == nil {
			return nil, nil, err
		}
		return response, claim, nil
	}, do)
}

// reading reads an answer with its Claim, see [answered].
type reading func(state fhir.State, id string) (response, claim *fhir.Version, err error)

func (e *Export) eachRead(read reading, do func(x submission, claim, response *fhir.Version) error) error {
	var parts [][]submission
	for part := range slices.Chunk(e.list, readAtOnce) {
		parts = append(parts, part)
	}
	ahead := make([]chan []answeredClaim, 0, len(parts))
	begin := func() {
		if i := len(ahead); i < len(parts) {
			done := make(chan []answeredClaim, 1)
			ahead = append(ahead, done)
			go func() { done <- readAnswered(read, e.state, parts[i]) }()
		}
	}
	for range runtime.GOMAXPROCS(0) + 1 {
		begin()
	}
	for i, part := range parts {
		list := <-ahead[i]
		begin()
		for k, x := range part {
			a := list[k]
			err := a.err
			if err == nil && a.claim != nil {
				err = do(x, a.claim, a.response)
			}
			if err != nil {
				for _, other := range ahead[i+1:] { // they end before the state is closed
					<-other
				}
				return err
			}
		}
	}
	return nil
}

// readAtOnce is how many claims are read together: they are held in memory, and so are
// as many for each processor.
const readAtOnce = 32

// answeredClaim is a claim with its answer, see [answered].
type answeredClaim struct {
	response, claim *fhir.Version
	err             error
}

func readAnswered(read reading, state fhir.State, list []submission) []answeredClaim {
	out := make([]answeredClaim, len(list))
	for i, x := range list {
		a := &out[i]
		if a.response, a.claim, a.err = read(state, x.id); a.err != nil {
			break
		}
	}
	return out
}

// answered is a ClaimResponse with the Claim that it answers; the Claim is nil
// where either does not exist or is deleted.
func answered(state fhir.State, id string) (response, claim *fhir.Version, err error) {
	if response, err = answerAt(state, id); err != nil || response == nil {
		return nil, nil, err
	}
	if claim, err = claimAnswered(state, response, fhir.State.Current); err != nil || claim == nil {
		return nil, nil, err
	}
	return response, claim, nil
}

// answerAt is a ClaimResponse, nil where there is none. It is parsed once, however often
// it is asked for its content: a month has many.
func answerAt(state fhir.State, id string) (*fhir.Version, error) {
	v, err := state.Current("ClaimResponse", id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	own := *v
	own.Keep()
	return &own, nil
}

// claimAnswered is the Claim that a ClaimResponse answers, nil where there is none, as
// [fhir.State.Current] or [fhir.State.Bare] reads it.
func claimAnswered(state fhir.State, response *fhir.Version, read func(fhir.State, string, string) (*fhir.Version, error)) (*fhir.Version, error) {
	id, err := claimAnswering(response)
	if err != nil {
		return nil, err
	}
	claim, err := read(state, "Claim", id)
	if err != nil || claim == nil || claim.Deleted() {
		return nil, err
	}
	return claim, nil
}

// requestMember begins the reference to the Claim as this package's answers are written.
var requestMember = []byte(`"request":{"reference":"Claim/`)

// claimAnswering is the id of the Claim that an answer is to. Where the answer says so in one
// place alone, it need not be parsed: text cannot hold quotes that are not escaped.
func claimAnswering(response *fhir.Version) (string, error) {
	if i := bytes.Index(response.JSON, requestMember); i >= 0 && bytes.LastIndex(response.JSON, requestMember) == i {
		rest := response.JSON[i+len(requestMember):]
		if id := rest[:max(0, bytes.IndexByte(rest, '"'))]; fhir.IsID(string(id)) {
			return string(id), nil
		}
	}
	r, err := response.Resource()
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(r.Root().Path("request", "reference").Text(), "Claim/"), nil
}

// answersOf are the ids of the answers of a pharmacy's month that a query finds, in
// order.
func answersOf(state fhir.State, month tariff.Month, org, more string) ([]string, error) {
	ids, err := state.Find("ClaimResponse", nhs.Query("_tag", csMonth, monthOf(month.String(), org))+more)
	slices.Sort(ids)
	return ids, err
}
