package numeral

import (
	"slices"
	"strings"
	"unicode"

	"github.com/shopspring/decimal"
)

// parts are the fractions that follow "and".
var parts = map[string]string{"half": "0.5", "quarter": "0.25", "quarters": "0.25"}

// Quantity reads a number in English words that need not be whole: "twenty eight",
// "fifty six point five", "two and a half", "one and three quarters". Words behind the
// number ("tablets") end it, as in [Read].
func Quantity(words string) (n decimal.Decimal, ok bool) {
	n, _, ok = QuantityWith(words)
	return n, ok
}

// QuantityWith reads a number as [Quantity] does, and returns the words behind it, in lower
// case: of "twenty-eight tablets" 28 and "tablets".
func QuantityWith(words string) (n decimal.Decimal, behind []string, ok bool) {
	fields := strings.FieldsFunc(strings.ToLower(words), func(r rune) bool { return unicode.IsSpace(r) || r == '-' || r == ',' })
	whole := fields
	var rest decimal.Decimal
	if i := slices.Index(fields, "point"); i > 0 {
		digits, end := "0.", i+1
		for ; end < len(fields); end++ {
			d, isSmall := small[fields[end]]
			if !isSmall || d > 9 {
				break
			}
			if digits += string(rune('0' + d)); len(digits) > 8 {
				return n, nil, false // more than six digits are no amount of a medicine
			}
		}
		if digits == "0." {
			return n, nil, false // "two point": of what nobody can tell
		}
		whole, rest, behind = fields[:i], decimal.RequireFromString(digits), fields[end:]
	} else if i := slices.IndexFunc(fields, func(w string) bool { return parts[w] != "" }); i > 0 {
		times, isSmall := small[fields[i-1]]
		if fields[i-1] == "a" {
			times, isSmall = 1, true
		}
		if !isSmall || times < 1 || times > 3 || i > 1 && fields[i-2] != "and" {
			return n, nil, false
		}
		whole, rest, behind = fields[:max(i-2, 0)], decimal.RequireFromString(parts[fields[i]]).Mul(decimal.NewFromInt(int64(times))), fields[i+1:]
		if len(whole) == 0 {
			return rest, behind, true // "three quarters"
		}
	}
	number, used, ok := read(whole)
	if len(whole) < len(fields) && used < len(whole) {
		return n, nil, false // "one hundred ml point five"
	}
	if len(whole) == len(fields) {
		behind = whole[used:]
	}
	return decimal.NewFromInt(int64(number)).Add(rest), behind, ok
}
