package reimbursement

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"path"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// File is a file of the tariff to load.
type File struct {
	Name  string       // as it was published; the month may stand in it
	Kind  tariff.Kind  // "" to tell by its columns
	Month tariff.Month // zero to read it from the title or the name
	Data  []byte
}

// Loaded is what became of a file.
type Loaded struct {
	Kind      tariff.Kind
	Month     tariff.Month // zero for what is not for a month
	Ref       string       // the version that holds it: Binary/…/_history/…
	Rows      int
	Unchanged bool // the file was there already
	Warnings  []fhir.Issue
}

// LoadTariff checks a file of the tariff and stores it. The error holds every
// mistake of the file, with line and column, and then nothing is stored. A file
// for a month that has one becomes its next version; what was priced by the
// earlier one keeps naming it.
func (s *Service) LoadTariff(ctx context.Context, f File, who fhir.Requester) (*Loaded, error) {
	state := s.db.State(ctx)
	l := &Loaded{Kind: f.Kind, Month: f.Month}
	if l.Kind == "" {
		l.Kind = tariff.KindOf(f.Data)
	}
	data, issues := l.read(s, state, f)
	if fhir.HasErrors(issues) {
		return nil, &fhir.Error{Op: "tariff load", Kind: fhir.Invalid, Issues: issues}
	}
	l.Warnings = issues
	if !l.Kind.Monthly() {
		l.Month = 0
	}
	return l, s.shelve(ctx, state, l, data, who)
}

// LoadSample loads the sample tariff for a month, where that month has none.
func (s *Service) LoadSample(ctx context.Context, month tariff.Month, who fhir.Requester) error {
	for _, sample := range tariff.Samples(month) {
		v, err := s.db.State(ctx).Current("Binary", BinaryID(sample.Kind, month))
		if err != nil {
			return err
		}
		if v != nil {
			continue
		}
		if _, err := s.LoadTariff(ctx, File{Name: "sample", Kind: sample.Kind, Month: month, Data: sample.Data}, who); err != nil {
			return err
		}
	}
	return nil
}

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

// shelve stores the file, unless it is there already.
func (s *Service) shelve(ctx context.Context, state fhir.State, l *Loaded, data []byte, who fhir.Requester) error {
	id := BinaryID(l.Kind, l.Month)
	before, err := state.Current("Binary", id)
	if err != nil {
		return err
	}
	change := fhir.Change{Method: fhir.Update, Type: "Binary", ID: id, Resource: fhir.Obj(
		"resourceType", "Binary", "id", id, "contentType", "text/csv", "data", base64.StdEncoding.EncodeToString(data)).Resource()}
	if before != nil && !before.Deleted() {
		l.Ref, change.IfMatch = before.Ref()+"/_history/"+before.VersionID, before.VersionID
		if have, err := fileIn(before); err == nil && bytes.Equal(have, data) {
			l.Unchanged = true
			return nil
		}
	}
	commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{change}, Requester: who})
	if err != nil {
		return err
	}
	v := commit.Results[0].Version
	l.Ref = v.Ref() + "/_history/" + v.VersionID
	return nil
}
