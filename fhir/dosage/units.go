package dosage

import "github.com/shopspring/decimal"

// In is an amount in another unit; false where it cannot be told: tablets in
// milligrams.
func (a Amount) In(name string) (Amount, bool) {
	if a.Unit == name {
		return a, true
	}
	from, to := known.units[a.Unit], known.units[name]
	if from.base == "" || from.base != to.base {
		return Amount{}, false
	}
	f := from.factor.Div(to.factor)
	return Amount{a.Low.Mul(f), a.High.Mul(f), name}, true
}

// UnitOf is the name of a unit by its code or its words, "mg" and "milligrams"
// alike; the words themselves where it is not known.
func UnitOf(code, words string) string { return known.unitOf(code, words) }

// plus is the sum of two amounts; false where their units differ.
func (a Amount) plus(b Amount) (Amount, bool) {
	if a.IsZero() {
		return b, true
	}
	b, ok := b.In(a.Unit)
	return Amount{a.Low.Add(b.Low), a.High.Add(b.High), a.Unit}, ok
}

func (a Amount) times(low, high decimal.Decimal) Amount {
	return Amount{a.Low.Mul(low), a.High.Mul(high), a.Unit}
}

func exactly(n decimal.Decimal, unit string) Amount { return Amount{n, n, unit} }
