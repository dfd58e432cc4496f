package dispensing

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
)

// Digits that an amount may have before and after its point. What is longer is
// no quantity of a medicine, and arithmetic with it would have no bounds.
const (
	amountWhole    = 9
	amountFraction = 6
)

// amount reads a decimal of FHIR that can be an amount of a medicine; ok is
// false for everything else.
func amount(text string) (value decimal.Decimal, ok bool) {
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

// DN-1: an amount that is handed over is an exact number above zero.
func amountKnown(q node, f *findings) {
	f.rule = "DN-1"
	value := q.Get("value")
	if c := q.Get("comparator"); c.Exists() {
		f.at(c, fhir.Issue{Code: fhir.BusinessRule, Message: "A supply is of an exact quantity.", Expected: "no comparator", Found: c.Text()})
	}
	number, ok := amount(value.Text())
	switch {
	case !value.Exists() || strings.TrimSpace(value.Text()) == "":
		f.at(place(value, q), fhir.Issue{Code: fhir.BusinessRule, Message: "The quantity has no value.", Expected: "a number above 0", Found: "nothing"})
	case value.Kind() != fhir.Number || !ok:
		f.at(value, fhir.Issue{Code: fhir.BusinessRule, Message: "The quantity is not an amount of a medicine.",
			Expected: "a number above 0 with at most 9 digits before and 6 after the point", Found: shortened(value.Text())})
	case !number.IsPositive():
		f.at(value, fhir.Issue{Code: fhir.BusinessRule, Message: "A supply must be of something.", Expected: "a number above 0", Found: value.Text(),
			Fix: "Where nothing is handed over, give the status 0002 or 0004 and no quantity."})
	}
}

// shortened is a text cut to what a message can hold.
func shortened(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}
