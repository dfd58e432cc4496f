package reimbursement

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"path"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// read checks the file and gives what is to be stored.
func (l *Loaded) read(s *Service, state fhir.State, f File) ([]byte, []fhir.Issue) {
	switch l.Kind {
	case tariff.PartVIIIA:
		e, issues := tariff.ReadEdition(f.Data, tariff.Source{File: f.Name, Month: f.Month})
		if e == nil {
			return nil, issues
		}
		l.Month, l.Rows = e.Month, len(e.Packs)
		return f.Data, append(issues, s.unknownCategories(state, e)...)
	case tariff.PriceConcessions:
		return l.concessions(s, state, f)
	case tariff.ProductPrices:
		p, issues := tariff.ReadProducts(f.Data)
		if p != nil {
			l.Rows = len(p.Packs)
		}
		return f.Data, l.dated(f, issues)
	case tariff.ProductFlags:
		flags, issues := tariff.ReadFlags(f.Data)
		l.Rows = len(flags)
		return f.Data, l.dated(f, issues)
	case tariff.FeeSchedule:
		_, issues := tariff.ReadFees(f.Data)
		return f.Data, issues
	case tariff.ExemptionList:
		_, issues := tariff.ReadExemptions(f.Data)
		return f.Data, issues
	case tariff.EndorsementList:
		_, issues := tariff.ReadEndorsements(f.Data)
		return f.Data, issues
	case tariff.SubmissionDates:
		c, issues := tariff.ReadCalendar(f.Data)
		l.Rows = len(c)
		return f.Data, issues
	}
	return nil, []fhir.Issue{{Severity: fhir.Err, Code: fhir.Structure, Position: fhir.Position{Line: 1, Column: 1},
		Message: "The file is none that the tariff is made of.", Expected: fmt.Sprintf("the columns of one of %v", tariff.Kinds()),
		Fix: "docs/tariff.md shows the layout of each kind."}}
}

// dated settles the month of a list that carries none itself.
func (l *Loaded) dated(f File, issues []fhir.Issue) []fhir.Issue {
	if l.Month == 0 {
		l.Month = tariff.MonthIn(path.Base(f.Name))
	}
	if l.Month == 0 {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Required, Message: "The file's name does not say from which month it holds.",
			Expected: "the month, given as 2026-11 when loading", Found: strconv.Quote(f.Name)})
	}
	return issues
}

// concessions matches announced names to packs of the month's edition and gives
// the list with their codes, which is what is stored.
func (l *Loaded) concessions(s *Service, state fhir.State, f File) ([]byte, []fhir.Issue) {
	if issues := l.dated(f, nil); len(issues) > 0 {
		return nil, issues
	}
	edition, _, found, err := newest(&s.shelf, state, tariff.PartVIIIA, l.Month, readEdition)
	if err != nil || edition == nil {
		return nil, []fhir.Issue{{Severity: fhir.Err, Code: fhir.NotFound, Message: missing(l.Month, found, 0)}}
	}
	list, issues := tariff.ReadConcessions(f.Data, edition)
	if list == nil {
		return nil, issues
	}
	l.Rows = len(list)
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"Medicine", "Pack size", "VMPP Snomed Code", "Price"})
	for _, p := range edition.Packs {
		if c, ok := list[p.VMPP]; ok {
			_ = w.Write([]string{c.Medicine, pricing.Decimal(p.Size, 0), c.VMPP, strconv.FormatInt(c.Price, 10)})
			delete(list, p.VMPP)
		}
	}
	for code, c := range list {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.NotFound, Position: fhir.Position{Line: c.Line, Column: 1},
			Message: "Pack " + code + " is not in Part VIIIA of " + edition.Month.String() + ", so its concession replaces nothing."})
	}
	w.Flush()
	return b.Bytes(), issues
}

// unknownCategories warns of categories that the fee schedule does not know:
// their lines are priced, and no deduction is worked out for them.
func (s *Service) unknownCategories(state fhir.State, e *tariff.Edition) []fhir.Issue {
	fees, _, err := s.shelf.fees(state)
	if err != nil {
		return nil
	}
	var issues []fhir.Issue
	seen := map[string]bool{}
	for _, p := range e.Packs {
		if _, ok := fees.Of(tariff.GroupOfCategory, p.Category, e.FirstOfMonth()); ok || seen[p.Category] {
			continue
		}
		seen[p.Category] = true
		issues = append(issues, fhir.Issue{Severity: fhir.Warning, Code: fhir.CodeInvalid, Position: fhir.Position{Line: p.Line, Column: 1},
			Message: "The fee schedule has no discount group for category " + p.Category + ": its lines are priced, and no deduction is worked out for them.",
			Fix:     "Add group:" + p.Category + " to the schedule."})
	}
	return issues
}
