package pricing

import (
	"math/big"
	"regexp"
	"strings"
)

// Decimal writes a rational as a decimal with at least min digits behind the
// point and as many as it needs; what no decimal can hold (a third) is cut
// after 6.
func Decimal(r *big.Rat, min int) string {
	digits, exact := r.FloatPrec()
	if !exact {
		digits = 6
	}
	return r.FloatString(max(digits, min))
}

// Pounds writes an amount of pence as pounds: 1234.5p is "12.345".
func Pounds(pence *big.Rat) string {
	return Decimal(new(big.Rat).Quo(pence, big.NewRat(100, 1)), 2)
}

// inPence writes an amount for a reader: "71.8p", or "1070/3p" where no decimal holds it.
func inPence(r *big.Rat) string {
	if _, exact := r.FloatPrec(); !exact {
		return r.RatString() + "p"
	}
	return Decimal(r, 0) + "p"
}

// plain writes a quantity: "28", "2.5".
func plain(r *big.Rat) string { return strings.TrimSuffix(inPence(r), "p") }

// Round rounds an amount to whole pence by the named way: "half-up" is the one
// there is, halves away from zero.
func Round(pence *big.Rat, way string) (*big.Rat, bool) {
	if way != "half-up" {
		return nil, false
	}
	doubled := new(big.Rat).Mul(pence, big.NewRat(2, 1))
	one := big.NewRat(int64(pence.Sign()), 1)
	doubled.Add(doubled, one)
	half := new(big.Int).Quo(doubled.Num(), new(big.Int).Mul(doubled.Denom(), big.NewInt(2)))
	return new(big.Rat).SetInt(half), true
}

func rat(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

// number is what is taken for a decimal: R4's form, with as many digits as any
// quantity or amount has. A longer one would say nothing more, and an exponent
// of a billion would take all memory there is.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?$`)

// ParseDecimal reads a JSON number exactly.
func ParseDecimal(text string) (*big.Rat, bool) {
	if !number.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}
