package fhirpath

import (
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir/ucum"
)

// amountIn is the amount of a quantity in the unit of another one.
func (it *Item) amountIn(unit *Item) (decimal.Decimal, bool) {
	from, to := it.calendar(), unit.calendar()
	switch {
	case it.str == unit.str && it.num == unit.num, from != nil && from == to:
		return it.ref.dec, true
	case from != nil && to != nil:
		return divide(from.amount(to, it.ref.dec), to.amount(from, unity)), true
	case from != nil && from.months > 0, to != nil && to.months > 0:
		return decimal.Decimal{}, false
	}
	d, err := ucum.Convert(it.ref.dec, it.unitCode(), unit.unitCode())
	return d, err == nil
}

// finer reports whether one unit of it is less than one of the other quantity.
func (it *Item) finer(other *Item) bool {
	a, b := *it, *other
	a.ref, b.ref = &boxed{dec: unity}, &boxed{dec: unity}
	order, known := compareQuantity(&a, &b)
	return known && order < 0
}

var unity = decimal.NewFromInt(1)
