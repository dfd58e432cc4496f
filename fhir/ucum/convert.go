package ucum

import (
	"fmt"
	"math/big"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
)

// Digits is how many significant digits a conversion keeps whose result has
// no end, such as thirds.
const Digits = 28

// base is the amount in canonical units; nil when it is none (the logarithm of
// a negative number).
func (u Unit) base(value *big.Rat) *big.Rat {
	if u.special != nil {
		if value = u.special.base(new(big.Rat).Mul(value, u.special.scale)); value == nil {
			return nil
		}
	}
	return new(big.Rat).Mul(value, u.rat())
}

// own is an amount in canonical units as an amount of the unit.
func (u Unit) own(base *big.Rat) *big.Rat {
	v := new(big.Rat).Quo(base, u.rat())
	if u.special == nil {
		return v
	}
	if v = u.special.own(v); v == nil {
		return nil
	}
	return v.Quo(v, u.special.scale)
}

// Compare orders two amounts exactly. The error is a [*fhir.Error] when a unit
// is none or the two measure different things.
func Compare(a decimal.Decimal, aUnit string, b decimal.Decimal, bUnit string) (int, error) {
	if aUnit == bUnit {
		return a.Cmp(b), nil
	}
	u, v, err := pair(aUnit, bUnit)
	if err != nil {
		return 0, err
	}
	x, y := u.base(a.Rat()), v.base(b.Rat())
	if x == nil || y == nil {
		return 0, incomparable(aUnit, bUnit)
	}
	return x.Cmp(y), nil
}

// Convert gives the amount in another unit, exactly where the result has an
// end within [Digits].
func Convert(value decimal.Decimal, from, to string) (decimal.Decimal, error) {
	if from == to {
		return value, nil
	}
	u, v, err := pair(from, to)
	if err != nil {
		return decimal.Decimal{}, err
	}
	x := u.base(value.Rat())
	if x != nil {
		x = v.own(x)
	}
	if x == nil {
		return decimal.Decimal{}, incomparable(from, to)
	}
	return decimalOf(x), nil
}

// Canonical gives the amount in canonical units, with their code, for sorting
// and searching amounts in different units.
func Canonical(value decimal.Decimal, unit string) (decimal.Decimal, string, error) {
	u, err := Parse(unit)
	if err != nil {
		return decimal.Decimal{}, "", err
	}
	x := u.base(value.Rat())
	if x == nil {
		return decimal.Decimal{}, "", incomparable(unit, u.Canonical())
	}
	return decimalOf(x), u.Canonical(), nil
}

// CanCompare reports whether both codes are units and measure the same thing.
func CanCompare(a, b string) bool {
	_, _, err := pair(a, b)
	return err == nil
}

func pair(a, b string) (u, v Unit, err error) {
	if u, err = Parse(a); err != nil {
		return u, v, err
	}
	if v, err = Parse(b); err != nil {
		return u, v, err
	}
	if !u.Comparable(v) {
		err = incomparable(a, b)
	}
	return u, v, err
}

func incomparable(a, b string) error {
	return fhir.E("ucum", fhir.Processing, fhir.Issue{Rule: "ucum", Message: "The units do not measure the same thing.", Expected: fmt.Sprintf("a unit that converts to %q", b), Found: fmt.Sprintf("%q", a)})
}

// decimalOf is the rational as a decimal, without zeros at its end.
func decimalOf(r *big.Rat) decimal.Decimal {
	if n, exact := r.FloatPrec(); exact && n <= 4*Digits {
		return decimal.RequireFromString(r.FloatString(n))
	}
	whole := (r.Num().BitLen() - r.Denom().BitLen()) * 30103 / 100000 // digits before the point, about
	text := r.FloatString(max(Digits-whole, 0))
	return decimal.RequireFromString(text)
}
