package reimbursement

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// The months in which files are looked for: the Drug Tariff as a CSV begins in 2015.
var firstMonth = tariff.NewMonth(2015, time.January)

// ahead is how many months ahead of now a file may be loaded and be listed.
const ahead = 24

// A TariffFile is a file of the tariff: one that is loaded, or what there is in its place.
type TariffFile struct {
	Kind    tariff.Kind `json:"kind"`
	Month   string      `json:"month,omitempty"` // "2026-11", "any" for what is not of a month; "" where nothing is loaded
	Version string      `json:"version,omitempty"`
	Loaded  time.Time   `json:"loaded,omitzero"`
	Bytes   int         `json:"bytes,omitempty"`
	Else    string      `json:"else,omitempty"` // "built in" or "none is loaded"
}

// TariffFiles are the files of the tariff, a kind after the other: its month, the version
// that holds, when it was loaded and its size. Of what is not loaded but built in, it says so.
func (s *Service) TariffFiles(ctx context.Context, now time.Time) (list []TariffFile, err error) {
	state := s.db.State(ctx)
	for _, kind := range tariff.Kinds() {
		first, last := firstMonth, tariff.MonthOf(nhs.Midnight(now))+ahead
		if !kind.Monthly() {
			first, last = 0, 0
		}
		found := false
		for month := first; month <= last; month++ {
			v, err := state.Current("Binary", BinaryID(kind, month))
			if err != nil {
				return nil, err
			}
			if v == nil || v.Deleted() {
				continue
			}
			data, err := fileIn(state, v)
			if err != nil {
				return nil, err
			}
			found = true
			file := TariffFile{Kind: kind, Month: "any", Version: v.VersionID, Loaded: v.LastUpdated, Bytes: len(data)}
			if kind.Monthly() {
				file.Month = month.String()
			}
			list = append(list, file)
		}
		if !found && kind.Monthly() {
			list = append(list, TariffFile{Kind: kind, Else: "none is loaded"})
		} else if !found {
			list = append(list, TariffFile{Kind: kind, Else: "built in"})
		}
	}
	return list, nil
}

// WriteTariffList writes a line for each of [Service.TariffFiles].
func (s *Service) WriteTariffList(ctx context.Context, out io.Writer, now time.Time) error {
	list, err := s.TariffFiles(ctx, now)
	if err != nil {
		return err
	}
	for _, f := range list {
		if f.Else != "" {
			_, err = fmt.Fprintf(out, "%-24s %s\n", f.Kind, f.Else)
		} else {
			_, err = fmt.Fprintf(out, "%-24s %-8s version %-3s loaded %s  %d bytes\n", f.Kind, f.Month, f.Version, f.Loaded.UTC().Format(time.DateTime), f.Bytes)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// FeesOn are the figures of the fee schedule that hold on a day, and the name of its edition.
func (s *Service) FeesOn(ctx context.Context, day time.Time) (list []tariff.Fee, edition string, err error) {
	fees, edition, err := s.shelf.fees(s.db.State(ctx))
	if err != nil {
		return nil, "", err
	}
	return fees.InForce(day), edition, nil
}

// WriteFees writes the fee schedule as it holds on a day, a line for each figure
// with since when it holds, its mark and its source. Those marked B are counted at
// the end: they were not verified.
func (s *Service) WriteFees(ctx context.Context, out io.Writer, day time.Time) error {
	list, name, err := s.FeesOn(ctx, day)
	if err != nil {
		return err
	}
	doubtful := 0
	if _, err := fmt.Fprintf(out, "%s on %s\n", name, day.Format(time.DateOnly)); err != nil {
		return err
	}
	for _, f := range list {
		if f.Mark == "B" {
			doubtful++
		}
		if _, err := fmt.Fprintf(out, "%-32s %10s %-6s from %s  %-5s %s\n", f.Rule, f.Value, f.Unit, f.From.Format(time.DateOnly), f.Mark, f.Source); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "%d figures, %d of them not verified (B)\n", len(list), doubtful)
	return err
}

// WriteReconciled writes a list of price concessions with the codes that the month's
// edition of Part VIIIA tells: see [tariff.Reconcile]. open is how many rows are left.
func (s *Service) WriteReconciled(ctx context.Context, out io.Writer, f File) (open int, err error) {
	l := &Loaded{Month: f.Month}
	if issues := l.dated(f, nil); len(issues) > 0 {
		return 0, &fhir.Error{Op: "tariff reconcile", Kind: fhir.Invalid, Issues: issues}
	}
	edition, _, found, err := newest(&s.shelf, s.db.State(ctx), tariff.PartVIIIA, l.Month, readEdition)
	if err != nil {
		return 0, err
	}
	if edition == nil {
		return 0, fhir.E("tariff reconcile", fhir.NotFound, fhir.Issue{Message: missing(l.Month, found, 0)})
	}
	list, open, issues := tariff.Reconcile(f.Data, edition)
	if fhir.HasErrors(issues) {
		return 0, &fhir.Error{Op: "tariff reconcile", Kind: fhir.Invalid, Issues: slices.DeleteFunc(issues, func(i fhir.Issue) bool { return !i.IsError() })}
	}
	_, err = out.Write(list)
	return open, err
}
