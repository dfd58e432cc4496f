package prescription

import (
	"github.com/shopspring/decimal"
)

// Digits that an amount may have before and after its point. What is longer is
// no quantity of a medicine, and arithmetic with it would have no bounds.
const (
	amountWhole    = 9
	amountFraction = 6
)

// Amount reads a decimal of FHIR that can be an amount of a medicine; ok is
// false for everything else.
func Amount(text string) (value decimal.Decimal, ok bool) {
	if text == "" || len(text) > 32 {
		return decimal.Zero, false
	}
	value, err := decimal.NewFromString(text)
	if err != nil || value.Exponent() > amountWhole || value.Exponent() < -24 {
		return decimal.Zero, false
	}
	if value.NumDigits()+int(value.Exponent()) > amountWhole || !value.Equal(value.Truncate(amountFraction)) {
		return decimal.Zero, false
	}
	return value, true
}
