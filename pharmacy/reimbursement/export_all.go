package reimbursement

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// exportAll exports each pharmacy: as a List records it, or as each is now.
func (s *Service) exportAll(ctx context.Context, q ExportRequest) ([]*Export, error) {
	_, list, err := s.recordedList(ctx, q.Month, q.Run)
	if err != nil || list != nil {
		return list, err
	}
	if q.Run != 0 {
		return nil, noRun(q)
	}
	orgs, err := s.pharmaciesOf(s.db.State(ctx), q.Month)
	if err != nil {
		return nil, err
	}
	for _, org := range orgs {
		q.Org = org
		of, err := s.ExportMonth(ctx, q)
		if err != nil {
			return nil, err
		}
		list = append(list, of...)
	}
	return list, nil
}

// closeAll closes the month of each pharmacy. A List records which runs of
// which pharmacies that were, so that another time returns the same ones even
// where a pharmacy has had its first claim since.
func (s *Service) closeAll(ctx context.Context, q CloseRequest) ([]*Export, error) {
	for range attempts {
		run, list, err := s.recordedList(ctx, q.Month, 0)
		if err != nil || list != nil && !q.New {
			return list, err
		}
		list, done, err := s.newList(ctx, q, run+1)
		if err != nil || done {
			return list, err
		}
	}
	return nil, fhir.E("close", fhir.Conflict, fhir.Issue{Message: "The month was closed by others at the same time, again and again."})
}

func listID(month tariff.Month, run int) string {
	return pharmacy.ID("List", "month", month.String(), strconv.Itoa(run))
}

// recordedList is a run over all pharmacies with its exports, the newest for 0;
// the exports are nil where there is none.
func (s *Service) recordedList(ctx context.Context, month tariff.Month, wanted int) (run int, list []*Export, err error) {
	state := s.db.State(ctx)
	if run = wanted; run == 0 {
		if run, err = lastRecorded(state, "List", func(run int) string { return listID(month, run) }); err != nil {
			return 0, nil, err
		}
	}
	found, err := state.Current("List", listID(month, run))
	if err != nil {
		return 0, nil, err
	}
	if found == nil || found.Deleted() {
		return run, nil, nil
	}
	r, err := found.Resource()
	if err != nil {
		return 0, nil, err
	}
	for entry := range r.Get("entry").Items() {
		e, err := s.recorded(ctx, state, month, entry.Get("item"))
		if err != nil {
			return 0, nil, err
		}
		list = append(list, e)
	}
	return run, list, nil
}

// recorded is the run that an entry of the List names.
func (s *Service) recorded(ctx context.Context, state fhir.State, month tariff.Month, item fhir.Node) (*Export, error) {
	id := strings.TrimPrefix(item.Get("reference").Text(), "Invoice/")
	v, err := state.Current("Invoice", id)
	if err != nil {
		return nil, err
	}
	part := strings.Split(item.Path("identifier", "value").Text(), "/")
	if v == nil || v.Deleted() || len(part) != 3 {
		return nil, fhir.E("export", fhir.Processing, fhir.Issue{Message: "The record of the export, Invoice/" + id + ", is gone.", Fix: "Ask for a further run: Claim/$close-month with run=new."})
	}
	e := &Export{Month: month, Org: part[1], Totals: v}
	if e.Run, err = strconv.Atoi(part[2]); err != nil {
		return nil, fhir.E("export", fhir.Processing, fhir.Issue{Message: "The List of the export does not say which run it was of."})
	}
	return e, s.reopen(ctx, e)
}

// newList closes the month of each pharmacy that has claims now. It is not done
// where another one was quicker.
func (s *Service) newList(ctx context.Context, q CloseRequest, run int) (list []*Export, done bool, err error) {
	orgs, err := s.pharmaciesOf(s.db.State(ctx), q.Month)
	if err != nil {
		return nil, false, err
	}
	var entries []any
	for _, org := range orgs {
		e, err := s.close(ctx, q, org)
		if err != nil {
			return nil, false, err
		}
		if e != nil {
			list = append(list, e)
			entries = append(entries, fhir.Obj("item", fhir.Obj("reference", e.Totals.Ref(), "identifier", nhs.IdentifierValue(csRun, e.name()))))
		}
	}
	if len(list) == 0 {
		return nil, true, nil
	}
	id := listID(q.Month, run)
	commit, err := s.db.Commit(ctx, &fhir.Transaction{
		Changes: []fhir.Change{{Method: fhir.Create, Type: "List", ID: id, IfAbsent: true, Resource: fhir.Obj(
			"resourceType", "List", "id", id, "status", "current", "mode", "snapshot", "title", "Claims of "+q.Month.String()+", all pharmacies",
			"date", q.Time.UTC().Format(fhir.InstantLayout), "entry", fhir.List(entries...)).Resource()}},
		Derived: true, Requester: q.Requester, RequestID: q.RequestID, Time: q.Time,
	})
	if err != nil {
		return nil, false, err
	}
	return list, commit.Results[0].Applied == fhir.Created, nil
}

// pharmaciesOf are the pharmacies that have claims in a month.
func (s *Service) pharmaciesOf(state fhir.State, month tariff.Month) ([]string, error) {
	left, err := state.Find("ClaimResponse", nhs.Query("_tag", csMonth, month.String()))
	if err != nil {
		return nil, err
	}
	slices.Sort(left)
	var orgs []string
	for len(left) > 0 { // one of each pharmacy is read
		of, err := orgsOf(state, month, left[0])
		if err != nil {
			return nil, err
		}
		known := left[:1]
		for _, org := range of {
			if slices.Contains(orgs, org) {
				continue
			}
			orgs = append(orgs, org)
			ids, err := answersOf(state, month, org, "")
			if err != nil {
				return nil, err
			}
			known = append(known[:len(known):len(known)], ids...)
		}
		slices.Sort(known)
		left = slices.DeleteFunc(slices.Clone(left), func(id string) bool { _, is := slices.BinarySearch(known, id); return is })
	}
	slices.Sort(orgs)
	return slices.Compact(orgs), nil
}

// orgsOf are the pharmacies in whose month an answer is.
func orgsOf(state fhir.State, month tariff.Month, id string) (orgs []string, err error) {
	r, err := current(state, "ClaimResponse", "ClaimResponse/"+id)
	if err != nil || r == nil {
		return nil, err
	}
	for tag := range r.Root().Path("meta", "tag").Items() {
		if org, ok := strings.CutPrefix(tag.Get("code").Text(), month.String()+"."); ok && tag.Get("system").Text() == csMonth {
			orgs = append(orgs, org)
		}
	}
	return orgs, nil
}
