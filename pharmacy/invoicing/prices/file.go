package prices

import (
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/sheet"
)

// Kind is a kind of file.
type Kind string

// The kinds of files.
const (
	PriceList Kind = "private-prices" // what medicines cost
	TermsList Kind = "private-terms"  // fees, and what is agreed with each clinic
	VATRates  Kind = "vat-rates"
)

// Kinds are all kinds of files.
func Kinds() []Kind { return []Kind{PriceList, TermsList, VATRates} }

// columns are those of each kind; the header names them in any order.
var columns = map[Kind][]string{
	PriceList: {"pharmacy", "clinic", "from", "until", "code", "medicine", "size", "unit", "price", "per", "vat"},
	TermsList: {"pharmacy", "clinic", "from", "until", "rule", "value", "vat", "mark", "source"},
	VATRates:  {"kind", "from", "until", "rate", "mark", "source"},
}

// Columns are the columns of a kind.
func Columns(k Kind) []string { return columns[k] }

// All is every pharmacy or clinic, in a file.
const All = "*"

// KindOf tells the kind of a file by its header, "" for none.
func KindOf(data []byte) Kind {
	for _, k := range Kinds() {
		if open(data, k).HasHeader() {
			return k
		}
	}
	return ""
}

// file is a CSV file of a kind.
type file struct{ *sheet.Sheet }

func open(data []byte, k Kind) *file { return &file{sheet.Read(data, true, columns[k]...)} }

// row reads the cells of a row and gathers what is wrong with them.
type row struct {
	*file
	sheet.Row
}

// each reads the rows of the file.
func (f *file) each(read func(r row)) {
	for r := range f.Rows() {
		read(row{f, r})
	}
}

// done is what was read, nil where something is wrong with the file.
func done[T any](f *file, value *T) (*T, []fhir.Issue) {
	if !f.HasHeader() || fhir.HasErrors(f.Issues) {
		return nil, f.Issues
	}
	return value, f.Issues
}

func (r row) cell(column string) string {
	text, _ := r.Cell(r.Row, column)
	return text
}

func (r row) wrong(column, message, expected string) {
	text, at := r.Cell(r.Row, column)
	code := fhir.ValueCode
	if text == "" {
		code = fhir.Required
	}
	r.Fail(at, code, column+": "+message, expected, fhir.OrNothing(text))
}

// organisation is an ODS code in capitals, or [All].
func (r row) organisation(column string) string {
	text := strings.ToUpper(r.cell(column))
	if text == All {
		return text
	}
	for _, c := range text {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			text = ""
			break
		}
	}
	if text == "" || len(text) > 20 {
		r.wrong(column, "It is not an ODS code.", "capital letters and digits such as FA565, or * for all")
	}
	return text
}

func (r row) dates() (from, until nhs.Date) {
	if from = nhs.ReadDate(r.cell("from")); len(r.cell("from")) != len("2026-11-01") || from.IsZero() {
		r.wrong("from", "The first day is missing or not a day.", "a day such as 2026-11-01")
	}
	if text := r.cell("until"); text != "" {
		if until = nhs.ReadDate(text); len(text) != len("2026-11-01") || until.IsZero() {
			r.wrong("until", "The last day is not a day.", "a day such as 2027-03-31, or nothing while it holds")
		} else if until.Before(from) {
			r.wrong("until", "The last day is before the first.", "a day from "+from.String())
		}
	}
	return from, until
}

func (r row) oneOf(column string, words ...string) string {
	if text := r.cell(column); slices.Contains(words, text) {
		return text
	}
	r.wrong(column, "The value is not known.", strings.Join(words, " or "))
	return ""
}

func (r row) text(column string) string {
	if r.cell(column) == "" {
		r.wrong(column, "The cell is empty.", "a value")
	}
	return r.cell(column)
}

// pounds is an amount in pounds and whole pence, from 0 to under a million.
func (r row) pounds(column string) int64 {
	if pence, ok := ReadPounds(r.cell(column)); ok && pence >= 0 && pence < mostPence {
		return pence
	}
	r.wrong(column, "It is not an amount in pounds and pence.", "an amount such as 42.50, without a sign")
	return 0
}

// number is the size of a pack: not so small that a price by it has no bound.
func (r row) number(column string) decimal.Decimal {
	if d, ok := Quantity(r.cell(column)); ok && d.GreaterThanOrEqual(smallest) {
		return d
	}
	r.wrong(column, "It is not a number above 0.", "a number from 0.01 to below a million, such as 28 or 2.5")
	return decimal.NewFromInt(1)
}

var smallest = decimal.New(1, -2)

func (r row) vat() string {
	if text := r.cell("vat"); vatKinds[text] != "" {
		return text
	}
	r.wrong("vat", "It is not a kind of VAT.", strings.Join(VATKinds(), ", "))
	return ""
}

// dated is what every row has: for whom and from which day it holds.
type dated struct {
	Pharmacy, Clinic string
	From, Until      nhs.Date
	Line             int
}

func (r row) dated() dated {
	d := dated{Pharmacy: r.organisation("pharmacy"), Clinic: r.organisation("clinic"), Line: r.Line()}
	d.From, d.Until = r.dates()
	return d
}

// holds reports whether a row is for a pharmacy and a clinic on a day.
func (d dated) holds(pharmacy, clinic string, on nhs.Date) bool {
	return fits(d.Pharmacy, pharmacy) && fits(d.Clinic, clinic) && !on.Before(d.From) && (d.Until.IsZero() || !d.Until.Before(on))
}

func fits(row, asked string) bool { return row == All || strings.EqualFold(row, asked) }

// before reports whether a row counts before another that holds too: that of the
// clinic before that of all, of the pharmacy before that of all, the later before
// the earlier.
func (d dated) before(o dated) bool {
	if (d.Clinic == All) != (o.Clinic == All) {
		return o.Clinic == All
	}
	if (d.Pharmacy == All) != (o.Pharmacy == All) {
		return o.Pharmacy == All
	}
	return o.From.Before(d.From)
}

// twice refuses rows that would say two things of the same day for the same
// parties.
func (r row) twice(seen map[string]int, key string, d dated) {
	key = strings.Join([]string{d.Pharmacy, d.Clinic, d.From.String(), key}, "|")
	if first := seen[key]; first > 0 {
		r.Fail(r.Start(r.Row), fhir.Duplicate, "Two rows say what holds from the same day.", "one row", "line "+strconv.Itoa(first)+" and this one")
	}
	seen[key] = d.Line
}
