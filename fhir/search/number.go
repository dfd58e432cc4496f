package search

import (
	"strings"

	"github.com/shopspring/decimal"
)

// maxExponent bounds the size of decimals in the index: 10^±maxExponent.
const maxExponent = 9999

// Marks at the head of a number's key. Between lowest and highest, numbers sort
// by value whatever their digits: 1.50 and 1.5 have one key.
const (
	lowest   = 0x00 // an open lower end
	negative = 0x40
	zero     = 0x80
	positive = 0xC0
	highest  = 0xFF // an open upper end
)

// appendNumber appends the key of a JSON number. It ends itself.
func appendNumber(b []byte, literal string) ([]byte, bool) {
	minus, digits, exponent, ok := scientific(literal)
	if !ok {
		return b, false
	}
	if digits == "" {
		return append(b, zero), true
	}
	start := len(b)
	biased := uint16(exponent + maxExponent + 1)
	b = append(b, positive, byte(biased>>8), byte(biased))
	for i := 0; i < len(digits); i++ {
		b = append(b, digits[i]-'0'+1)
	}
	b = append(b, 0)
	if minus {
		b[start] = negative
		for i := start + 1; i < len(b); i++ {
			b[i] = ^b[i]
		}
	}
	return b, true
}

// numberEnd is the offset behind the number at the head of b, -1 when there is
// none.
func numberEnd(b []byte) int {
	if len(b) == 0 {
		return -1
	}
	var end byte
	switch b[0] {
	case lowest, zero, highest:
		return 1
	case negative:
		end = 0xFF
	case positive:
	default:
		return -1
	}
	for i := 3; i < len(b); i++ {
		if b[i] == end {
			return i + 1
		}
	}
	return -1
}

// scientific takes a number apart: its value is 0.digits times ten to the
// exponent. digits has no zero at either end and is empty for zero.
func scientific(literal string) (minus bool, digits string, exponent int, ok bool) {
	s := literal
	if strings.HasPrefix(s, "-") {
		minus, s = true, s[1:]
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		if exponent, ok = smallInt(s[i+1:]); !ok {
			return false, "", 0, false
		}
		s = s[:i]
	}
	whole, fraction, point := strings.Cut(s, ".")
	if whole == "" || point && fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return false, "", 0, false
	}
	digits = whole
	if point {
		digits += fraction
	}
	exponent += len(whole)
	trimmed := strings.TrimLeft(digits, "0")
	exponent -= len(digits) - len(trimmed)
	digits = strings.TrimRight(trimmed, "0")
	if digits == "" {
		return false, "", 0, true
	}
	return minus, digits, exponent, -maxExponent <= exponent && exponent <= maxExponent && len(digits) <= maxText
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func smallInt(s string) (v int, ok bool) {
	sign := 1
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	if s == "" || len(s) > 5 || !allDigits(s) {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		v = v*10 + int(s[i]-'0')
	}
	return sign * v, true
}

// numberBounds are the keys of what a searched number stands for: itself, and
// the ends of the stretch its precision implies. 100 stands for 99.5 up to but
// without 100.5; ap widens it by a tenth of the value.
type numberBounds struct{ exact, lo, hi []byte }

// numberStretch is what a searched number stands for.
type numberStretch struct{ exact, lo, hi decimal.Decimal }

func parseNumber(p prefix, literal string) (numberStretch, bool) {
	if _, ok := appendNumber(nil, literal); !ok {
		return numberStretch{}, false
	}
	value, err := decimal.NewFromString(literal)
	if err != nil {
		return numberStretch{}, false
	}
	half := decimal.New(5, value.Exponent()-1)
	if p == ap {
		half = decimal.Max(half, value.Abs().Div(decimal.New(10, 0)))
	}
	return numberStretch{value, value.Sub(half), value.Add(half)}, true
}

// bounds are the keys of a stretch; ok is false where it is out of bounds.
func (n numberStretch) bounds() (b numberBounds, ok bool) {
	var okExact, okLo, okHi bool
	b.exact, okExact = appendNumber(nil, n.exact.String())
	b.lo, okLo = appendNumber(nil, n.lo.String())
	b.hi, okHi = appendNumber(nil, n.hi.String())
	return b, okExact && okLo && okHi
}

const describeNumbers = "a number such as 100, 5.40 or 1e-3, with or without a prefix (eq ne gt lt ge le sa eb ap)"
