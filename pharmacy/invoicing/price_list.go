package invoicing

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// File is a file of prices, terms or rates to load.
type File struct {
	Name string
	Kind prices.Kind // "" to tell by its columns
	Data []byte
}

// Loaded is what became of a file.
type Loaded struct {
	Kind      prices.Kind
	Ref       string // the version that holds it: Binary/…/_history/…
	Rows      int
	Unchanged bool // the file was there already
}

// Load checks a file and stores it. The error holds every mistake of the file, with
// its line, and then nothing is stored. A file takes the place of the one before of
// its kind; what was priced by that keeps naming it.
func (s *Service) Load(ctx context.Context, f File, who fhir.Principal) (*Loaded, error) {
	l := &Loaded{Kind: f.Kind}
	if l.Kind == "" {
		l.Kind = prices.KindOf(f.Data)
	}
	issues, rows := check(l.Kind, f.Data)
	if fhir.HasErrors(issues) {
		for i := range issues {
			issues[i].Rule = "TABLE-1"
		}
		return nil, &fhir.Error{Op: "prices load", Kind: fhir.Invalid, Issues: issues}
	}
	l.Rows = rows
	id := BinaryID(l.Kind)
	before, err := s.db.State(ctx).Current("Binary", id)
	if err != nil {
		return nil, err
	}
	change := fhir.Change{Method: fhir.Update, Type: "Binary", ID: id, Resource: fhir.Obj(
		"resourceType", "Binary", "id", id, "contentType", "text/csv", "data", base64.StdEncoding.EncodeToString(f.Data)).Resource()}
	if before != nil && !before.Deleted() {
		change.IfMatch = before.VersionID
		if have, err := fileIn(before); err == nil && bytes.Equal(have, f.Data) {
			l.Unchanged, l.Ref = true, before.Ref()+"/_history/"+before.VersionID
			return l, nil
		}
	}
	commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{change}, Derived: true, Requester: who})
	if err != nil {
		return nil, err
	}
	v := commit.Results[0].Version
	l.Ref = v.Ref() + "/_history/" + v.VersionID
	return l, nil
}

// check reads a file of a kind.
func check(kind prices.Kind, data []byte) (issues []fhir.Issue, rows int) {
	switch kind {
	case prices.PriceList:
		l, issues := prices.ReadList(data)
		return issues, l.Rows()
	case prices.TermsList:
		t, issues := prices.ReadTerms(data)
		return issues, t.Rows()
	case prices.VATRates:
		v, issues := prices.ReadVAT(data)
		if v == nil {
			return issues, 0
		}
		return issues, v.Rows()
	}
	var list []string
	for _, k := range prices.Kinds() {
		list = append(list, string(k)+" ("+strings.Join(prices.Columns(k), ",")+")")
	}
	return []fhir.Issue{{Severity: fhir.Err, Code: fhir.Structure, Position: fhir.Position{Line: 1, Column: 1}, Message: "The columns of the file are not those of prices, terms or rates of VAT.",
		Expected: "the header of one of " + strings.Join(list, ", "), Fix: "docs/private.md shows each of them."}}, 0
}

// priceList is Invoice/$price-list: what holds on a day, as CSV.
func (s *Service) priceList(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	org, clinic := strings.ToUpper(text(call, "org")), strings.ToUpper(text(call, "clinic"))
	who := call.Requester
	if org == "" && who.Bound() && !who.SeesAll {
		org = strings.ToUpper(who.OnBehalf)
	}
	if org == "" {
		org = s.site
	}
	if !who.SeesAll && !who.ActsFor(org) {
		return nil, who.NotFor("price-list", value(call, "org"), org)
	}
	on := nhs.DateOf(call.Time)
	if day := text(call, "day"); day != "" {
		if on = nhs.ReadDate(day); on.IsZero() || len(day) != len(time.DateOnly) {
			return nil, refuse("price-list", "", fhir.ValueCode, "day", "The day is not a day.", "a day such as "+nhs.DateOf(call.Time).String(), strconv.Quote(day), "")
		}
	}
	book, err := s.shelf.book(s.db.State(ctx))
	if err != nil {
		return nil, err
	}
	kind := prices.Kind(text(call, "kind"))
	if kind == "" {
		kind = prices.PriceList
	}
	data, name, err := written(book, kind, org, clinic, on)
	if err != nil {
		return nil, err
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Binary", "id", pharmacy.ID("Binary", "price-list", name, string(kind), org, clinic, on.String()), "contentType", "text/csv", "data", base64.StdEncoding.EncodeToString(data)).Resource(), Impersonal: true}, nil
}

// List is what of a kind holds for a pharmacy on a day, and for a clinic where one is
// named, as CSV.
func (s *Service) List(ctx context.Context, kind prices.Kind, org, clinic string, on nhs.Date) ([]byte, error) {
	book, err := s.shelf.book(s.db.State(ctx))
	if err != nil {
		return nil, err
	}
	data, _, err := written(book, kind, strings.ToUpper(org), strings.ToUpper(clinic), on)
	return data, err
}

// written is what of a kind holds for a pharmacy and a clinic on a day, as CSV, and
// the file that it is from.
func written(book *prices.Book, kind prices.Kind, org, clinic string, on nhs.Date) (data []byte, name string, err error) {
	var rows [][]string
	switch kind {
	case prices.PriceList:
		name = book.ListName
		rows = book.List.RowsOn(org, clinic, on)
	case prices.TermsList:
		name = book.TermsName
		rows = book.For(org, clinic, on).Rows()
	case prices.VATRates:
		name = book.VATName
		rows = book.VAT.RowsOn(on)
	default:
		return nil, "", refuse("price-list", "", fhir.ValueCode, "kind", "The kind is not known.", "private-prices, private-terms or vat-rates", strconv.Quote(string(kind)), "")
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, row := range append([][]string{prices.Columns(kind)}, rows...) {
		for i := range row {
			row[i] = pharmacy.Cell(row[i])
		}
		if err := w.Write(row); err != nil {
			return nil, "", err
		}
	}
	w.Flush()
	return b.Bytes(), name, w.Error()
}
