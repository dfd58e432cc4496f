package reimbursement

import (
	"context"
	"net/url"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// closeLarge is the input of a request that says that its run is too large to be answered
// whole. The account of such a run stands in the request: where the month has not changed
// since, the other person confirms that account, and nothing is added up again.
const closeLarge = "large"

// accountRef refers to the account in a request.
const accountRef = "#account"

// standingRun is the run that an open request asks for, with its account, where the
// request has that and nothing of it has changed since; nil otherwise.
func (s *Service) standingRun(ctx context.Context, q CloseRequest, org string, run int) (e *Export, invoice *fhir.Resource, done *fhir.Change, err error) {
	e = &Export{Month: q.Month, Org: org, Run: run, size: closedWhole + 1}
	e.state = s.db.State(ctx)
	standing, err := e.state.Current("Task", requestID(q.Month, org, run))
	if err != nil || standing == nil || standing.Deleted() || !s.options.twoPersons(q.Requester) {
		return nil, nil, nil, err
	}
	task, err := standing.Resource()
	if err != nil || task.Get("status").Text() != "requested" || workInput(task, closeLarge).Text() != "true" {
		return nil, nil, nil, err
	}
	asked := task.Get("contained").Item(0)
	account := fhir.Revise(task.Sub(asked), "id", invoiceID(q.Month, org, run), "date", q.Time.UTC().Format(fhir.InstantLayout))
	if e.Seq, err = pinOf(&fhir.Version{Type: "Invoice", ID: account.ID(), JSON: account.JSON()}); err != nil {
		return nil, nil, nil, err
	}
	_, fees, err := s.shelf.fees(e.state)
	if err != nil || fees != nhs.Extension(asked, extEdition).Get("valueString").Text() {
		return nil, nil, nil, err
	}
	if changed, err := s.changedSince(ctx, e, standing); changed || err != nil {
		return nil, nil, nil, err
	}
	if err := s.options.confirms(e.state, org, q.Alone, q.Requester, standing.Requester.Agent, q.Time); err != nil {
		return nil, nil, nil, err
	}
	return e, account, e.completed(standing, task, q, q.Alone), nil
}

// changedSince reports whether an answer that the export may submit, or a run that may
// have submitted it, was written after the sequence that the export reads at. asked is the
// request, which was written after that.
func (s *Service) changedSince(ctx context.Context, e *Export, asked *fhir.Version) (bool, error) {
	then := s.db.StateAt(ctx, e.Seq)
	since := "&_lastUpdated=" + url.QueryEscape("ge"+asked.LastUpdated.Add(-slack).UTC().Format(fhir.InstantLayout))
	for month := e.Month - reach; month <= e.Month+reach; month++ {
		for typ, system := range map[string]string{"ClaimResponse": csMonth, "Invoice": csExport} {
			ids, err := e.state.Find(typ, nhs.Query("_tag", system, monthOf(month.String(), e.Org))+since)
			if err != nil {
				return false, err
			}
			for _, id := range ids {
				if changed, err := e.changes(then, typ, id, month); changed || err != nil {
					return changed, err
				}
			}
		}
	}
	// What was erased is found by nothing: it was there, and is no more.
	was, err := answersOf(then, e.Month, e.Org, "")
	if err != nil {
		return false, err
	}
	now, err := answersOf(e.state, e.Month, e.Org, "")
	return !slices.Equal(was, now), err
}

// changes reports whether a resource of a month that was written lately is a change of the
// export: it was written after that was read, and is of a month that it submits, or was so
// then. An answer that is withdrawn or amended later may be of a later month now.
func (e *Export) changes(then fhir.State, typ, id string, month tariff.Month) (bool, error) {
	v, err := e.state.Current(typ, id)
	if err != nil || v == nil || v.Seq <= e.Seq {
		return false, err
	}
	if typ != "ClaimResponse" || month <= e.Month {
		return true, nil
	}
	before, err := answerAt(then, id)
	if err != nil || before == nil {
		return false, err
	}
	r, err := before.Resource()
	return err == nil && monthIn(r) <= e.Month, err
}
