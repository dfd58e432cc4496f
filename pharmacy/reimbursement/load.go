package reimbursement

import (
	"bytes"
	"context"
	"runtime"

	"github.com/pestle-fhir/pestle/fhir"
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
func (s *Service) LoadTariff(ctx context.Context, f File, who fhir.Principal) (*Loaded, error) {
	state := s.db.State(ctx)
	l := &Loaded{Kind: f.Kind, Month: f.Month}
	if l.Kind == "" {
		l.Kind = tariff.KindOf(f.Data)
	}
	data, issues := l.read(s, state, f)
	if fhir.HasErrors(issues) {
		for i := range issues {
			issues[i].Rule = "TABLE-1"
		}
		return nil, &fhir.Error{Op: "tariff load", Kind: fhir.Invalid, Issues: issues}
	}
	l.Warnings = issues
	if len(data) > wholeFile {
		runtime.GC() // what reading a file of this size took is given back before it is stored
	}
	if !l.Kind.Monthly() {
		l.Month = 0
	}
	return l, s.shelve(ctx, state, l, data, who)
}

// LoadSample loads the sample tariff for a month, where that month has none.
func (s *Service) LoadSample(ctx context.Context, month tariff.Month, who fhir.Principal) error {
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

// shelve stores the file, unless it is there already.
func (s *Service) shelve(ctx context.Context, state fhir.State, l *Loaded, data []byte, who fhir.Principal) error {
	id := BinaryID(l.Kind, l.Month)
	before, err := state.Current("Binary", id)
	if err != nil {
		return err
	}
	contentType, content := stored(data)
	change := fhir.Change{Method: fhir.Update, Type: "Binary", ID: id, Resource: binary(id, contentType, content)}
	if before != nil && !before.Deleted() {
		l.Ref, change.IfMatch = before.Ref()+"/_history/"+before.VersionID, before.VersionID
		if was, have, err := contentOf(before); err == nil && was == contentType && bytes.Equal(have, content) {
			l.Unchanged = true
			return nil
		}
	}
	if err := s.storePieces(ctx, data, who); err != nil {
		return err
	}
	commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{change}, Derived: true, Requester: who})
	if err != nil {
		return err
	}
	v := commit.Results[0].Version
	l.Ref = v.Ref() + "/_history/" + v.VersionID
	return nil
}
