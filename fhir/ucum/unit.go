package ucum

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// Unit is a parsed unit. The zero Unit is the unity, "1".
type Unit struct {
	code    string
	factor  *big.Rat // how many canonical units one of this is; nil is 1
	powers  []power  // of the canonical units, ordered by code
	special *special // for units that are no plain multiples

	// Of a unit that [Parse] has given, worked out once.
	canonical string
	shift     int32 // the factor as a power of ten
	shifts    bool  // it is one
}

// power is one canonical unit with its exponent, never 0.
type power struct {
	code string
	exp  int
}

// Code is the unit as it was written.
func (u Unit) Code() string {
	if u.code == "" {
		return "1"
	}
	return u.code
}

// Canonical is the unit in canonical units, which are the base units and the
// arbitrary units: "g.m-3"; "1" for a pure number.
func (u Unit) Canonical() string {
	if u.canonical != "" {
		return u.canonical
	}
	return u.spell()
}

// InCanonical is an amount in canonical units; ok is false where it is none.
func (u Unit) InCanonical(value decimal.Decimal) (canonical decimal.Decimal, ok bool) {
	if u.shifts {
		return value.Shift(u.shift), true
	}
	x := u.base(value.Rat())
	if x == nil {
		return decimal.Decimal{}, false
	}
	return decimalOf(x), true
}

// settle works out what is asked of a unit again and again.
func (u *Unit) settle() {
	u.canonical = u.spell()
	if u.special != nil {
		return
	}
	if n, exact := u.rat().FloatPrec(); exact && n <= 4*Digits {
		d := decimalOf(u.rat())
		digits := strings.Trim(strings.Replace(d.String(), ".", "", 1), "0")
		if digits == "1" {
			u.shift, u.shifts = int32(len(d.Coefficient().String())-1)+d.Exponent(), true
		}
	}
}

func (u Unit) spell() string {
	if len(u.powers) == 0 {
		return "1"
	}
	parts := make([]string, len(u.powers))
	for i, p := range u.powers {
		parts[i] = p.code
		if p.exp != 1 {
			parts[i] += strconv.Itoa(p.exp)
		}
	}
	return strings.Join(parts, ".")
}

// Comparable reports whether amounts in the two units can be compared.
func (u Unit) Comparable(v Unit) bool { return slices.Equal(u.powers, v.powers) }

// Exact reports whether amounts in the unit convert without floating point, and
// in their order: those of all units but the logarithmic and angular ones.
func (u Unit) Exact() bool { return u.special == nil || u.special.exact }

func (u Unit) rat() *big.Rat {
	if u.factor == nil {
		return one
	}
	return u.factor
}

var one = big.NewRat(1, 1)

// times is the product of u and v, or their quotient.
func (u Unit) times(v Unit, divide bool) Unit {
	f, sign := new(big.Rat), 1
	if divide {
		f.Quo(u.rat(), v.rat())
		sign = -1
	} else {
		f.Mul(u.rat(), v.rat())
	}
	powers := slices.Clone(u.powers)
	for _, p := range v.powers {
		i, found := slices.BinarySearchFunc(powers, p.code, func(q power, code string) int { return cmp.Compare(q.code, code) })
		if !found {
			powers = slices.Insert(powers, i, power{code: p.code})
		}
		powers[i].exp += sign * p.exp
	}
	return Unit{factor: f, powers: slices.DeleteFunc(powers, func(p power) bool { return p.exp == 0 })}
}

// raised is the unit to a power.
func (u Unit) raised(exp int) Unit {
	n := int64(max(exp, -exp))
	num := new(big.Int).Exp(u.rat().Num(), big.NewInt(n), nil)
	den := new(big.Int).Exp(u.rat().Denom(), big.NewInt(n), nil)
	if exp < 0 {
		num, den = den, num
	}
	r := Unit{factor: new(big.Rat).SetFrac(num, den)}
	for _, p := range u.powers {
		if exp != 0 {
			r.powers = append(r.powers, power{p.code, p.exp * exp})
		}
	}
	return r
}
