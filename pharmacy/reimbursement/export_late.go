package reimbursement

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// submission is a claim that an export submits, by the id of its answer.
type submission struct {
	id    string
	month tariff.Month // the dispensing month of the claim
	late  bool         // a claim of a month that was closed without it
	// was is the answer to the claim as an earlier run submitted it, where the
	// claim was amended since: the export counts the difference.
	was *fhir.Version
	// withdrawn says that the supply was withdrawn since: what an earlier run
	// submitted is taken back, and nothing comes in its place.
	withdrawn bool
}

// run is a recorded run of a pharmacy.
type run struct {
	month tariff.Month
	seq   fhir.Seq  // at which it read
	date  time.Time // at which it was recorded
	state fhir.State
}

// reach is how many months before and after its own an export looks for runs.
const reach = 24

// slack is how long before the record of a run a claim may say that it was
// written, although the run did not see it: requests under way at the same time.
const slack = time.Hour

// submissions are what an export submits, by the runs that were recorded
// before: of its own month what none of them has submitted as it is now, and of
// months that were closed before what came too late for them. What was withdrawn
// after a run had submitted it is among them, to be taken back.
func (s *Service) submissions(ctx context.Context, e *Export) ([]submission, error) {
	runs, err := s.runsBefore(ctx, e)
	if err != nil {
		return nil, err
	}
	if len(runs) == 0 { // the first run of all: what is paid, by the index alone
		return e.firstSubmissions()
	}
	ids, err := answersOf(e.state, e.Month, e.Org, "&status=active,cancelled")
	if err != nil {
		return nil, err
	}
	months := map[string]tariff.Month{}
	for _, id := range ids {
		months[id] = e.Month
	}
	for month := e.Month - reach; month < e.Month; month++ {
		last, ok := covering(runs, month)
		if !ok {
			continue // not closed: its claims are submitted when it is
		}
		late, err := answersOf(e.state, month, e.Org, "&status=active,cancelled&_lastUpdated="+url.QueryEscape("ge"+last.date.Add(-slack).UTC().Format(fhir.InstantLayout)))
		if err != nil {
			return nil, err
		}
		for _, id := range late {
			months[id] = month
		}
		ids = append(ids, late...)
	}
	slices.Sort(ids)
	var list []submission
	for _, id := range slices.Compact(ids) {
		response, err := answerAt(e.state, id)
		if err != nil {
			return nil, err
		}
		if response == nil {
			continue
		}
		active, err := isActive(response)
		if err != nil {
			return nil, err
		}
		x := submission{id: id, month: months[id], late: months[id] < e.Month, withdrawn: !active}
		was, version, err := submitted(runs, id)
		if err != nil {
			return nil, err
		}
		if !active && was == nil {
			continue // never submitted
		}
		if was != nil { // else its Claim is read when it is submitted
			claim, err := claimAnswered(e.state, response, fhir.State.Bare)
			if err != nil {
				return nil, err
			}
			if claim == nil || active && version == claim.VersionID {
				continue // submitted as it is
			}
		}
		x.was = was.Bare()
		list = append(list, x)
	}
	return list, nil
}

// firstSubmissions are the claims of the month of a pharmacy of which no run is known.
func (e *Export) firstSubmissions() ([]submission, error) {
	ids, err := answersOf(e.state, e.Month, e.Org, "&status=active")
	if err != nil {
		return nil, err
	}
	list := make([]submission, len(ids))
	for i, id := range ids {
		list[i] = submission{id: id, month: e.Month}
	}
	return list, nil
}

// runsBefore are the runs of the pharmacy that the state of an export knows,
// oldest first.
func (s *Service) runsBefore(ctx context.Context, e *Export) ([]run, error) {
	var runs []run
	for month := e.Month - reach; month <= e.Month+reach; month++ {
		for n := 1; ; n++ {
			v, err := e.state.Current("Invoice", invoiceID(month, e.Org, n))
			if err != nil {
				return nil, err
			}
			if v == nil {
				break
			}
			if v.Deleted() {
				continue
			}
			seq, err := pinOf(v)
			if err != nil {
				return nil, err
			}
			runs = append(runs, run{month, seq, v.LastUpdated, nil})
		}
	}
	sorting.By(runs, func(a, b run) int { return int(int64(a.seq) - int64(b.seq)) })
	for i := range runs {
		runs[i].state = s.db.StateAt(ctx, runs[i].seq)
	}
	return runs, nil
}

// covering is the newest run that submitted the claims of a month: one of the
// month itself, or one of a later month after the month had been closed.
func covering(runs []run, month tariff.Month) (last run, ok bool) {
	for _, r := range runs {
		if r.month == month || ok && r.month > month {
			last, ok = r, true
		}
	}
	return last, ok
}

// submitted is the answer to a claim as the newest run that covers it submitted it,
// with the version of the claim; nil where none did, or where one has taken it back.
func submitted(runs []run, id string) (was *fhir.Version, version string, err error) {
	for i := len(runs) - 1; i >= 0; i-- {
		if v, err := runs[i].state.Current("ClaimResponse", id); err != nil || v == nil {
			return nil, "", err // there was none then, nor before
		}
		response, claim, err := answered(runs[i].state, id)
		if err != nil {
			return nil, "", err
		}
		if claim == nil {
			continue
		}
		r, err := response.Resource()
		if err != nil {
			return nil, "", err
		}
		if last, ok := covering(runs[:i+1], monthIn(r)); !ok || last.seq != runs[i].seq {
			continue
		}
		if r.Get("status").Text() != "active" {
			return nil, "", nil
		}
		return response, claim.VersionID, nil
	}
	return nil, "", nil
}

// isActive reports whether an answer says that the claim is paid.
func isActive(response *fhir.Version) (bool, error) {
	r, err := response.Resource()
	return err == nil && r.Get("status").Text() == "active", err
}

// monthIn is the dispensing month that an answer is tagged with.
func monthIn(response *fhir.Resource) tariff.Month {
	for tag := range response.Get("meta").Get("tag").Items() {
		if tag.Get("system").Text() == csMonth {
			if month, err := tariff.ParseMonth(tag.Get("code").Text()); err == nil {
				return month
			}
		}
	}
	return 0
}
