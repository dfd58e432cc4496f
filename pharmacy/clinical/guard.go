package clinical

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Guard refuses the supply of an order of which the rules find what stops it, and
// of which it is not recorded what a pharmacist did about it: it checks on the
// state of the commit, whether or not the follower has come that far. It keeps the
// DetectedIssues that the server has found from callers' plain writes.
func (s *Service) Guard(_ context.Context, state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	switch after.Type {
	case "DetectedIssue":
		if pharmacy.Own(tx, after) {
			return nil
		}
		return guardIssue(tx, before, after)
	case "MedicationDispense":
		return s.guardSupply(state, tx, before, after)
	}
	return nil
}

// guardIssue keeps what the server finds: the issues that there are, their ids,
// and the code by which they are known.
func guardIssue(tx *fhir.Transaction, before, after *fhir.Version) error {
	mine := !tx.Derived && pharmacy.IsID(after.ID) // the ids of a message's parts are the server's
	for _, v := range []*fhir.Version{before, after} {
		if v == nil || v.Deleted() {
			continue
		}
		r, err := v.Resource()
		if err != nil {
			return err
		}
		mine = mine || found(r) || nhs.Extension(r.Root(), nhs.ExtOwnStops).Exists()
	}
	if !mine {
		return nil
	}
	return fhir.E("record", fhir.BusinessRule, fhir.Issue{Rule: "records-are-derived", Expression: "DetectedIssue",
		Message: "This DetectedIssue is a record that the server makes itself: it is not created, changed or deleted by a caller.",
		Found:   after.Ref(), Fix: "Record what was done about it with DetectedIssue/$mitigate; an issue of your own has no code of " + nhs.CSOwnClinicalRule + " and an id that the server gives."})
}

// guardSupply asks the rules about a supply that is new. One that was recorded
// before stays recorded whatever is found later.
func (s *Service) guardSupply(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if after.Deleted() {
		return nil
	}
	r, err := after.Resource()
	if err != nil || !handsOver(r.Root()) {
		return err
	}
	if before != nil && !before.Deleted() {
		if was, err := before.Resource(); err != nil || handsOver(was.Root()) {
			return err
		}
	}
	within := map[string]bool{}
	for i := range tx.Changes {
		within[tx.Changes[i].Type+"/"+tx.Changes[i].ID] = true
	}
	var issues []fhir.Issue
	for ref := range r.Get("authorizingPrescription").Items() {
		found, err := s.unmitigated(state, localID(ref, "MedicationRequest"), after, within)
		if err != nil {
			return err
		}
		issues = append(issues, found...)
	}
	if len(issues) == 0 {
		return nil
	}
	return &fhir.Error{Op: "MedicationDispense", Kind: fhir.BusinessRule, Issues: issues}
}

// unmitigated are the findings that stop the supply of an order.
func (s *Service) unmitigated(state fhir.State, id string, supply *fhir.Version, within map[string]bool) (issues []fhir.Issue, err error) {
	if id == "" {
		return nil, nil
	}
	v, err := state.Current("MedicationRequest", id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	r, err := v.Resource()
	if err != nil || number(r.Root()) == "" {
		return nil, err
	}
	p, err := subjectOf(state, r.Root())
	if err != nil {
		return nil, err
	}
	j, err := s.check(state, v, p, nhs.Midnight(supply.LastUpdated), Table.Stopping, within)
	if err != nil {
		return nil, err
	}
	for i := range j.findings {
		f := &j.findings[i]
		issue, err := read(state, "DetectedIssue", IssueID(j.order.Ref, f))
		if err != nil {
			return nil, err
		}
		if issue == nil || !nhs.Mitigated(issue.Root()) {
			issues = append(issues, held(&j.order, f, issue != nil))
		}
	}
	return issues, nil
}

// held refuses the supply of an order because of a finding, as dispensing refuses
// what is held for it.
func held(o *Order, f *Finding, known bool) fhir.Issue {
	ref := "DetectedIssue/" + IssueID(o.Ref, f)
	i := fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: nhs.RuleClinicalHold, Expression: "MedicationDispense.authorizingPrescription",
		Message: strings.TrimSpace("The item is held. " + f.Rule.ID + ": " + f.Rule.Text + " " + f.Detail), Expected: "a pharmacist's decision on " + ref, Found: "none",
		Fix: "Record what was done about it with " + ref + "/$mitigate: action and reason; or ask the prescriber."}
	if !known {
		i.Fix = "It is being recorded: try again in a moment, or record it now with " + o.Ref + "/$detect-issues. Then record what was done about it with " + ref + "/$mitigate."
	}
	return i
}
