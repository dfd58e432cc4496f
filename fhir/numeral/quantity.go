package numeral

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// parts are the fractions that follow "and".
var parts = map[string]string{"half": "0.5", "quarter": "0.25", "quarters": "0.25"}

// Quantity reads a number in English words that need not be whole: "twenty eight",
// "fifty six point five", "two and a half", "one and three quarters". Words behind the
// number ("tablets") end it, as in [Read].
func Quantity(words string) (n decimal.Decimal, ok bool) {
	fields := strings.Fields(strings.ToLower(strings.ReplaceAll(words, "-", " ")))
	whole := fields
	var rest decimal.Decimal
	if i := slices.Index(fields, "point"); i > 0 {
		digits := "0."
		for _, w := range fields[i+1:] {
			d, isSmall := small[w]
			if !isSmall || d > 9 {
				break
			}
			if digits += string(rune('0' + d)); len(digits) > 8 {
				return n, false // more than six digits are no amount of a medicine
			}
		}
		if digits == "0." {
			return n, false // "two point": of what nobody can tell
		}
		whole, rest = fields[:i], decimal.RequireFromString(digits)
	} else if i := slices.IndexFunc(fields, func(w string) bool { return parts[w] != "" }); i > 0 {
		times, isSmall := small[fields[i-1]]
		if fields[i-1] == "a" {
			times, isSmall = 1, true
		}
		if !isSmall || times < 1 || times > 3 || i > 1 && fields[i-2] != "and" {
			return n, false
		}
		whole, rest = fields[:max(i-2, 0)], decimal.RequireFromString(parts[fields[i]]).Mul(decimal.NewFromInt(int64(times)))
		if len(whole) == 0 {
			return rest, true // "three quarters"
		}
	}
	read, ok := Read(strings.Join(whole, " "))
	return decimal.NewFromInt(int64(read)).Add(rest), ok
}
