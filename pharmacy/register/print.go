package register

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// heading is what the head of a page states (MDR-20): class, form and strength.
func (p *Page) heading() string {
	head := strings.Join(nonEmpty(p.Product.Class, p.Product.Form, p.Product.Strength), ", ")
	if p.Product.Class == "" || p.Product.Form == "" {
		head = cmp.Or(p.Product.Name, "a medicine that is not named")
	}
	return head
}

func nonEmpty(texts ...string) (list []string) {
	for _, t := range texts {
		if t != "" {
			list = append(list, t)
		}
	}
	return list
}

// books are the titles of the books.
var books = map[Book]string{Register: "Controlled drugs register", PatientReturns: "Controlled drugs returned by patients"}

// WriteText writes pages as they are read: what was obtained and supplied under the
// headings of MDR-19, in the order of the entries.
func (p Pages) WriteText(w io.Writer) error {
	out := &printer{w: w}
	for i, r := range p.List {
		if i > 0 {
			out.line("")
		}
		out.line("%s of %s", books[r.Book], cmp.Or(r.Org, "a pharmacy that is not named"))
		out.line("%s (%s, counted in %s)", r.heading(), cmp.Or(r.Product.Schedule, "schedule not known"), cmp.Or(r.Unit.Unit, "units"))
		if !r.Forward.IsZero() && r.Book == Register {
			out.line("    carried forward: %s", r.Forward)
		}
		for _, l := range r.Lines {
			out.entry(r, l)
		}
	}
	if len(p.List) == 0 {
		out.line("no entries")
	}
	if p.Outstanding > 0 {
		out.line("%d supplies are recorded and not entered yet", p.Outstanding)
	}
	return out.err
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// titles are how a kind of entry begins.
var titles = map[Kind]string{Obtained: "obtained", Supplied: "supplied", Destroyed: "destroyed", StockCheck: "stock check", Corrected: "note"}

func (p *printer) entry(r *Reading, l Line) {
	late := ""
	if l.Late > 0 {
		late = fmt.Sprintf(", days late: %d", l.Late)
	}
	balance := ""
	if r.Book == Register {
		balance = ", balance " + l.Balance.String()
	}
	amount := ""
	switch {
	case l.Kind == StockCheck:
		amount = fmt.Sprintf(" %s counted, %s expected, difference %s", l.Counted, l.Expected, l.Counted.Sub(l.Expected))
	case l.Kind == Corrected && l.Change.IsPositive():
		amount = " +" + l.Change.String()
	case l.Kind == Corrected:
		amount = " " + l.Change.String()
	default:
		amount = " " + l.Change.Abs().String()
	}
	p.line("%4d  %s %s%s%s (entered %s%s)", l.Number, nhs.ReadDate(l.Date), titles[l.Kind], amount, balance, nhs.DateOf(l.Entered), late)
	for _, f := range l.fields() {
		p.line("      %s: %s", f.name, f.value)
	}
}

// field is a heading with what is recorded under it.
type field struct{ name, value string }

const notRecorded = "not recorded"

// fields are the headings of MDR-19 for what an entry is of, and what else it says.
func (e *Entry) fields() (list []field) {
	add := func(name, value string) {
		if value != "" {
			list = append(list, field{name, value})
		}
	}
	named := func(p Party) string { return strings.Join(nonEmpty(p.Name, p.Address), ", ") }
	switch e.Kind {
	case Obtained:
		add("From whom received", named(e.Other))
	case Supplied:
		add("Person or firm supplied", cmp.Or(named(e.Other), notRecorded))
		add("Authority to possess", cmp.Or(strings.Join(nonEmpty(e.Authority.Name, e.Authority.ID, e.Authority.Address), ", "), notRecorded))
		add("Prescription", e.Order)
		add("Person collecting", cmp.Or(strings.Join(nonEmpty(e.Collector.Role, e.Collector.Name, e.Collector.Address), ", "), notRecorded))
		add("Proof of identity requested", e.Requested.String())
		add("Proof of identity provided", e.Provided.String())
	}
	add("Product", e.Product.Display)
	add("Batch", e.Batch)
	add("Expires", e.Expiry)
	add("Reason", e.Reason)
	add("Witness", strings.Join(nonEmpty(e.Witness.Name, e.Witness.Role, e.Witness.ID), ", "))
	add("Recorded by", cmp.Or(strings.Join(nonEmpty(e.By.Name, e.By.ID), ", "), "the server"))
	add("Record", e.Source)
	add("About", e.Corrects)
	return list
}

// columns are those of the CSV, in their order.
var columns = []string{"pharmacy", "book", "class", "form", "strength", "product", "schedule", "unit", "number", "date", "entered", "days late", "kind", "obtained", "supplied", "destroyed", "corrected by", "counted", "expected", "balance",
	"from name", "from address", "supplied to name", "supplied to address", "prescriber", "prescriber number", "prescriber address", "prescription", "person collecting", "collector name", "collector address", "identity requested", "identity provided",
	"batch", "expiry", "reason", "witness", "witness role", "recorded by", "record", "about"}

// WriteCSV writes the entries of pages, one on a line, with the headings of MDR-19 as
// columns.
func (p Pages) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	for _, r := range p.List {
		for _, l := range r.Lines {
			if err := out.Write(l.cells(r)); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func (l Line) cells(r *Reading) []string {
	when := func(k Kind, text string) string {
		if l.Kind == k {
			return text
		}
		return ""
	}
	amount, balance := l.Change.Abs().String(), l.Balance.String()
	if r.Book != Register {
		balance = ""
	}
	late := ""
	if l.Late > 0 {
		late = fmt.Sprint(l.Late)
	}
	cells := []string{r.Org, string(r.Book), r.Product.Class, r.Product.Form, r.Product.Strength, cmp.Or(l.Product.Display, r.Product.Name), r.Product.Schedule, r.Unit.Unit,
		fmt.Sprint(l.Number), nhs.ReadDate(l.Date).String(), instant(l.Entered), late, string(l.Kind),
		when(Obtained, amount), when(Supplied, amount), when(Destroyed, amount), when(Corrected, l.Change.String()), when(StockCheck, l.Counted.String()), when(StockCheck, l.Expected.String()), balance,
		when(Obtained, l.Other.Name), when(Obtained, l.Other.Address), when(Supplied, l.Other.Name), when(Supplied, l.Other.Address),
		l.Authority.Name, l.Authority.ID, l.Authority.Address, l.Order, when(Supplied, cmp.Or(l.Collector.Role, notRecorded)), l.Collector.Name, l.Collector.Address, when(Supplied, l.Requested.String()), when(Supplied, l.Provided.String()),
		l.Batch, l.Expiry, l.Reason, l.Witness.Name, l.Witness.Role, cmp.Or(l.By.Name, l.By.ID), l.Source, l.Corrects}
	for i, c := range cells {
		cells[i] = pharmacy.Cell(c)
	}
	return cells
}
