package fhirpath

import (
	"math"
	"math/big"
	"strings"

	"github.com/shopspring/decimal"
)

// Bounds of Integer, and of the size that decimals may grow to: enough for any
// figure that means something, and no way to fill the memory with digits.
const (
	maxInteger = math.MaxInt32
	minInteger = math.MinInt32
	maxDigits  = 400
	maxScale   = 400
	// quotientDigits is how many significant digits a quotient that does not
	// end keeps.
	quotientDigits = 28
)

// parseDecimal reads a decimal as FHIRPath or JSON writes it and keeps its
// trailing zeros.
func parseDecimal(s string) (decimal.Decimal, bool) {
	if whole := strings.TrimLeft(s, "+-"); len(s) > maxDigits || whole == "" || whole[0] == '.' || strings.HasSuffix(s, ".") {
		return decimal.Decimal{}, false
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 && len(s)-i > 5 {
		return decimal.Decimal{}, false
	}
	d, err := decimal.NewFromString(s)
	return d, err == nil && sized(d)
}

// sized reports whether a decimal is within the bounds.
func sized(d decimal.Decimal) bool {
	e := d.Exponent()
	return e <= maxScale && e >= -maxScale && d.Coefficient().BitLen() <= maxDigits*4
}

// decimalText writes a decimal with all its digits.
func decimalText(d decimal.Decimal) string { return d.StringFixed(max(-d.Exponent(), 0)) }

// places is how many digits stand behind the point.
func places(d decimal.Decimal) int32 { return max(-d.Exponent(), 0) }

// plain drops the zeros at the end of the fraction.
func plain(d decimal.Decimal) decimal.Decimal {
	if d.Exponent() >= 0 {
		return d
	}
	c, e := new(big.Int).Set(d.Coefficient()), d.Exponent()
	ten, r := big.NewInt(10), new(big.Int)
	for q := new(big.Int); e < 0; e++ {
		if q.QuoRem(c, ten, r); r.Sign() != 0 {
			break
		}
		c.Set(q)
	}
	return decimal.NewFromBigInt(c, e)
}

// divide is the quotient, exact where it ends within quotientDigits.
func divide(a, b decimal.Decimal) decimal.Decimal {
	// The quotient has about as many digits before the point as the lengths differ.
	whole := int32(a.NumDigits()) + a.Exponent() - int32(b.NumDigits()) - b.Exponent()
	return plain(a.DivRound(b, max(quotientDigits-whole, 0)))
}

// sameToLeast compares two decimals after rounding both to the fraction digits
// of the less precise one; zeros at the end do not count.
func sameToLeast(a, b decimal.Decimal) bool {
	p := min(places(plain(a)), places(plain(b)))
	return a.Round(p).Equal(b.Round(p))
}
