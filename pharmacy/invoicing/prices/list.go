package prices

import (
	"regexp"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// How a price makes up a quantity.
const (
	ProRata    = "pro-rata"    // the share of the pack that is supplied
	WholePacks = "whole-packs" // as many packs as hold the quantity
)

// Price is a row of a price list: what a pack of a medicine costs without VAT.
type Price struct {
	dated
	Code, Medicine string
	Size           decimal.Decimal
	Unit           string
	Pence          int64
	Per            string
	VAT            string
}

// List is a price list.
type List struct {
	byCode map[string][]Price
	rows   int
}

var snomed = regexp.MustCompile(`^[0-9]{6,18}$`)

// ReadList reads a price list.
func ReadList(data []byte) (*List, []fhir.Issue) {
	f := open(data, PriceList)
	l := &List{byCode: map[string][]Price{}}
	seen := map[string]int{}
	f.each(func(r row) {
		p := Price{dated: r.dated(), Code: r.cell("code"), Medicine: r.text("medicine"), Size: r.number("size"), Unit: r.text("unit"),
			Pence: r.pounds("price"), Per: r.oneOf("per", ProRata, WholePacks), VAT: r.vat()}
		if !snomed.MatchString(p.Code) {
			r.wrong("code", "It is not a code of dm+d; a spreadsheet may have made a number of it.", "6 to 18 digits")
		}
		r.twice(seen, p.Code, p.dated)
		l.byCode[p.Code] = append(l.byCode[p.Code], p)
		l.rows++
	})
	return done(f, l)
}

// Rows is how many prices there are.
func (l *List) Rows() int {
	if l == nil {
		return 0
	}
	return l.rows
}

// Of is the price of a medicine for a clinic on a day.
func (l *List) Of(code, pharmacy, clinic string, on nhs.Date) (found Price, ok bool) {
	if l == nil {
		return found, false
	}
	for _, p := range l.byCode[code] {
		if p.holds(pharmacy, clinic, on) && (!ok || p.before(found.dated)) {
			found, ok = p, true
		}
	}
	return found, ok
}

// On are the prices that hold for a clinic on a day, one for each medicine, by code.
func (l *List) On(pharmacy, clinic string, on nhs.Date) (list []Price) {
	if l == nil {
		return nil
	}
	for code := range l.byCode {
		if p, ok := l.Of(code, pharmacy, clinic, on); ok {
			list = append(list, p)
		}
	}
	sortPrices(list)
	return list
}
