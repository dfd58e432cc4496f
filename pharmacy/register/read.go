package register

import (
	"cmp"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// entriesFound are the entries that a search finds, in the order of their commits.
func entriesFound(state fhir.State, query string) ([]*Entry, error) {
	ids, err := state.Find("Basic", query)
	if err != nil {
		return nil, err
	}
	var entries []*Entry
	for _, id := range ids {
		v, err := state.Current("Basic", id)
		if err != nil {
			return nil, err
		}
		if v == nil || v.Deleted() {
			continue
		}
		e, err := readEntry(v)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	sorting.By(entries, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.place, b.place), cmp.Compare(a.ID, b.ID))
	})
	return entries, nil
}

// Line is an entry on its page.
type Line struct {
	*Entry
	Number  int // on the page, from 1
	Balance decimal.Decimal
	Late    int // days after the last day on which it was due
}

// Reading is a page as it is read: the entries of some days, with the balance that
// they begin with.
type Reading struct {
	*Page
	Forward decimal.Decimal // carried forward from the entries before
	Lines   []Line
	Balance decimal.Decimal // after the last of them
}

// Query is what is asked of the register.
type Query struct {
	Org     string // ODS code, "" for all pharmacies
	Book    Book   // "" for the register
	Product string // the code or part of the name of a product, "" for all
	Class   string // "" for all
	// From and To are days on which entries were made, both included.
	From, To nhs.Date
	At       time.Time // the register as it was at this time; zero for now
}

// read reads the pages that a query asks for. Pages without an entry at that time are
// left out.
func read(state fhir.State, q Query) (list []*Reading, err error) {
	pages, err := pagesOf(state, q.Org)
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		if !q.asks(p) {
			continue
		}
		r, err := readLines(state, p, q)
		if err != nil {
			return nil, err
		}
		if r.any {
			list = append(list, &r.Reading)
		}
	}
	return list, nil
}

func (q Query) asks(p *Page) bool {
	has := func(text, part string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(part)) }
	return p.Book == cmp.Or(q.Book, Register) && (q.Class == "" || strings.EqualFold(p.Product.Class, q.Class)) &&
		(q.Product == "" || p.Product.Code == q.Product || has(p.Product.Name, q.Product))
}

type reading struct {
	Reading
	any bool
}

// readLines reads a page from its first entry on: the balance is their sum.
func readLines(state fhir.State, p *Page, q Query) (*reading, error) {
	entries, err := entriesFound(state, nhs.Query("identifier", idPage, p.ID))
	if err != nil {
		return nil, err
	}
	r := &reading{Reading: Reading{Page: p}}
	balance := decimal.Zero
	for i, e := range entries {
		if !q.At.IsZero() && e.Entered.After(q.At) { // and so are those that follow
			break
		}
		r.any = true
		before := balance
		balance = balance.Add(e.Change)
		day := nhs.DateOf(e.Entered)
		switch {
		case !q.From.IsZero() && day.Before(q.From):
			r.Forward = balance
			continue
		case !q.To.IsZero() && q.To.Before(day):
			continue
		}
		if len(r.Lines) == 0 {
			r.Forward = before
		}
		r.Lines = append(r.Lines, Line{e, i + 1, balance, lateBy(nhs.ReadDate(e.Date), day)})
	}
	if r.Balance = r.Forward; len(r.Lines) > 0 {
		r.Balance = r.Lines[len(r.Lines)-1].Balance
	}
	return r, nil
}

// balanceOf is the balance of a page after all its entries.
func balanceOf(state fhir.State, p *Page) (decimal.Decimal, error) {
	entries, err := entriesFound(state, nhs.Query("identifier", idPage, p.ID))
	return sum(entries), err
}

// sortPages puts pages in the order of pharmacy, class, form and strength.
func sortPages(pages []*Page) {
	sorting.By(pages, func(a, b *Page) int {
		return cmp.Or(cmp.Compare(a.Org, b.Org), cmp.Compare(a.Product.Class, b.Product.Class), cmp.Compare(a.Product.Form, b.Product.Form),
			cmp.Compare(len(a.Product.Strength), len(b.Product.Strength)), cmp.Compare(a.Product.Strength, b.Product.Strength),
			cmp.Compare(a.Product.Name, b.Product.Name), cmp.Compare(a.ID, b.ID))
	})
}
