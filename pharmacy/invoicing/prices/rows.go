package prices

import (
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

func (d dated) cells() []string {
	return []string{d.Pharmacy, d.Clinic, d.From.String(), d.Until.String()}
}

// RowsOn are the prices that hold for a clinic on a day, as rows of a file; for
// those of all clinics where none is named.
func (l *List) RowsOn(pharmacy, clinic string, on nhs.Date) (rows [][]string) {
	if clinic != "" {
		for _, p := range l.On(pharmacy, clinic, on) {
			rows = append(rows, p.row())
		}
		return rows
	}
	if l == nil {
		return nil
	}
	var all []Price
	for _, list := range l.byCode {
		for _, p := range list {
			if p.holds(pharmacy, p.Clinic, on) {
				all = append(all, p)
			}
		}
	}
	sortPrices(all)
	for _, p := range all {
		rows = append(rows, p.row())
	}
	return rows
}

func (p Price) row() []string {
	return append(p.cells(), p.Code, p.Medicine, p.Size.String(), p.Unit, Pounds(p.Pence), p.Per, p.VAT)
}

// Rows are the terms that hold, as rows of a file; those of all clinics where the
// agreement names none.
func (a Agreement) Rows() (rows [][]string) {
	if a.Clinic != "" {
		for _, rule := range rules {
			if t, _, ok := a.Term(rule); ok {
				rows = append(rows, t.row())
			}
		}
		return rows
	}
	for _, terms := range []*Terms{a.book.Terms, BuiltinTerms()} {
		if terms == nil {
			continue
		}
		for _, t := range terms.rows {
			if t.holds(a.Pharmacy, t.Clinic, a.On) {
				rows = append(rows, t.row())
			}
		}
	}
	return rows
}

func (t Term) row() []string {
	return append(t.cells(), string(t.Rule), t.Value, t.VAT, t.Mark, t.Source)
}

// RowsOn are the rates that hold on a day, as rows of a file.
func (v *VAT) RowsOn(on nhs.Date) (rows [][]string) {
	for _, kind := range VATKinds() {
		if r, ok := v.On(kind, on); ok {
			rows = append(rows, []string{r.Kind, r.From.String(), r.Until.String(), r.Rate, r.Mark, r.Source})
		}
	}
	return rows
}
