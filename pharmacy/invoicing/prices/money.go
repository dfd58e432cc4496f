package prices

import (
	"regexp"
	"strconv"

	"github.com/shopspring/decimal"
)

// The rules by which an amount becomes whole pence. There is one so far.
const HalfUp = "line-half-up" // each part of a line, and its VAT, to the nearest penny; a half goes away from zero

// An amount has nine digits before the point at most, and a price six: no sum of an
// invoice is beyond an int64.
var pounds = regexp.MustCompile(`^-?[0-9]{1,9}(\.[0-9]{1,2})?$`)

const (
	mostPence  = 100_000_000    // a price is below it
	mostAmount = 10_000_000_000 // what one supply costs is below it: a hundred million pounds
)

// Quantity reads an amount of a medicine as it is written; ok is false for what is
// none above 0 and below a million, or has more than six places.
func Quantity(text string) (q decimal.Decimal, ok bool) {
	if !quantity.MatchString(text) {
		return decimal.Zero, false
	}
	q, err := decimal.NewFromString(text)
	return q, err == nil && q.IsPositive()
}

var quantity = regexp.MustCompile(`^[0-9]{1,6}(\.[0-9]{1,6})?$`)

// ReadPounds reads an amount such as 42.5 or 42.50 as pence.
func ReadPounds(text string) (pence int64, ok bool) {
	if !pounds.MatchString(text) {
		return 0, false
	}
	d, err := decimal.NewFromString(text)
	return d.Shift(2).IntPart(), err == nil
}

// Pounds writes pence as FHIR and people have it: 4250 is 42.50.
func Pounds(pence int64) string {
	return decimal.New(pence, -2).StringFixed(2)
}

// Sterling is an amount for a reader: -£1.05.
func Sterling(pence int64) string {
	if pence < 0 {
		return "-£" + Pounds(-pence)
	}
	return "£" + Pounds(pence)
}

// round makes whole pence of an amount by the rule [HalfUp].
func round(d decimal.Decimal) int64 { return d.Round(0).IntPart() }

// share is the part of a price that a quantity has of a pack, exact until it is
// rounded by the rule [HalfUp].
func share(pence int64, quantity, size decimal.Decimal) int64 {
	q, rest := decimal.NewFromInt(pence).Mul(quantity).QuoRem(size, 0)
	if rest.Add(rest).GreaterThanOrEqual(size) {
		return q.IntPart() + 1
	}
	return q.IntPart()
}

// packs is how many packs hold a quantity.
func packs(quantity, size decimal.Decimal) int64 {
	q, rest := quantity.QuoRem(size, 0)
	if rest.IsPositive() {
		return q.IntPart() + 1
	}
	return q.IntPart()
}

// percent is a rate such as 20 or 17.5, in percent.
func percent(text string) (decimal.Decimal, bool) {
	d, err := decimal.NewFromString(text)
	if err != nil || d.IsNegative() || d.GreaterThan(decimal.NewFromInt(100)) || len(text) > 6 {
		return decimal.Zero, false
	}
	return d, true
}

func itoa(n int) string { return strconv.Itoa(n) }

// Factor is a rate in percent as a factor: 20 is 0.2.
func Factor(rate string) (string, bool) {
	d, ok := percent(rate)
	return d.Shift(-2).String(), ok
}
