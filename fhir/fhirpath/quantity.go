package fhirpath

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir/ucum"
)

// calendar is one of the units of duration that FHIRPath knows as words.
// Months and years count months among themselves, and 30 and 365 days beside
// the others.
type calendar struct {
	name    string // singular
	code    string // UCUM code of the same, or nearest, length
	seconds decimal.Decimal
	months  int64 // zero for weeks and below
}

var calendars = [...]calendar{
	{name: "year", code: "a", seconds: decimal.New(365*86400, 0), months: 12},
	{name: "month", code: "mo", seconds: decimal.New(30*86400, 0), months: 1},
	{name: "week", code: "wk", seconds: decimal.New(604800, 0)},
	{name: "day", code: "d", seconds: decimal.New(86400, 0)},
	{name: "hour", code: "h", seconds: decimal.New(3600, 0)},
	{name: "minute", code: "min", seconds: decimal.New(60, 0)},
	{name: "second", code: "s", seconds: decimal.New(1, 0)},
	{name: "millisecond", code: "ms", seconds: decimal.New(1, -3)},
}

// calendarOf finds a unit of duration by its word, singular or plural.
func calendarOf(word string) *calendar {
	word = strings.TrimSuffix(word, "s")
	for i := range calendars {
		if calendars[i].name == word {
			return &calendars[i]
		}
	}
	return nil
}

func isCalendar(word string) bool { return calendarOf(word) != nil }

// quantityItem is an amount in a UCUM unit, or in a word for a duration.
func quantityItem(value decimal.Decimal, unit string, word bool) Item {
	it := Item{kind: quantity, str: unit, ref: &boxed{dec: value}}
	if word {
		it.num = 1
	}
	return it
}

// calendar is the unit of duration of a quantity that was given as a word.
func (it *Item) calendar() *calendar {
	if it.num == 0 {
		return nil
	}
	return calendarOf(it.str)
}

func (it *Item) quantityText() string {
	if it.num == 1 {
		return decimalText(it.ref.dec) + " " + it.str
	}
	return decimalText(it.ref.dec) + " '" + it.str + "'"
}

// quantityValue reads an R4 Quantity. One with a comparator is no amount and
// gives the element itself, and so does one without a value. The unit is the
// code when its system is UCUM, else the code with its system or the unit's
// text, so that it equals only itself.
func quantityValue(it Item) Item {
	n := it.node
	value, ok := parseDecimal(n.Get("value").Text())
	if !ok || n.Get("comparator").Exists() {
		return it
	}
	code, system := n.Get("code").Text(), n.Get("system").Text()
	switch {
	case system == "http://unitsofmeasure.org" && code != "":
		return quantityItem(value, code, false)
	case code == "" && system == "" && !n.Get("unit").Exists():
		return quantityItem(value, "1", false)
	case code != "":
		return quantityItem(value, system+"|"+code, false)
	}
	return quantityItem(value, n.Get("unit").Text(), false)
}

// unitCode is the UCUM code of a quantity's unit.
func (it *Item) unitCode() string {
	if c := it.calendar(); c != nil {
		return c.code
	}
	return it.str
}

// compareQuantity orders two amounts; known is false when their units measure
// different things or when a calendar month or year meets a UCUM unit.
func compareQuantity(a, b *Item) (order int, known bool) {
	ac, bc := a.calendar(), b.calendar()
	switch {
	case ac != nil && bc != nil:
		return ac.amount(bc, a.ref.dec).Cmp(bc.amount(ac, b.ref.dec)), true
	case ac != nil && ac.months > 0, bc != nil && bc.months > 0:
		// A calendar month is not the mean month of UCUM.
		return 0, false
	}
	order, err := ucum.Compare(a.ref.dec, a.unitCode(), b.ref.dec, b.unitCode())
	return order, err == nil
}

// amount is so many of the unit in what it has in common with the other one:
// months, else seconds.
func (c *calendar) amount(other *calendar, n decimal.Decimal) decimal.Decimal {
	if c.months > 0 && other.months > 0 {
		return n.Mul(decimal.NewFromInt(c.months))
	}
	return n.Mul(c.seconds)
}

// sameQuantity is equivalence: in the coarser of the two units, rounded to the
// digits of the less precise amount; words for durations count as their UCUM codes.
func sameQuantity(a, b *Item) bool {
	au, bu := a.unitCode(), b.unitCode()
	if au == bu {
		return sameToLeast(a.ref.dec, b.ref.dec)
	}
	unit := decimal.NewFromInt(1)
	if order, err := ucum.Compare(unit, au, unit, bu); err != nil {
		return false
	} else if order < 0 {
		a, b, au, bu = b, a, bu, au
	}
	converted, err := ucum.Convert(b.ref.dec, bu, au)
	return err == nil && sameToLeast(a.ref.dec, converted)
}

// parseQuantity reads what toQuantity() accepts: 4, 4.5 'mg', 4 days.
func parseQuantity(s string) (Item, bool) {
	s = strings.TrimSpace(s)
	sign := strings.HasPrefix(s, "+")
	s = strings.TrimPrefix(s, "+")
	end := strings.IndexFunc(s, func(r rune) bool { return !isDigit(byte(min(r, 127))) && r != '.' && r != '-' })
	if end < 0 {
		end = len(s)
	}
	value, ok := parseDecimal(s[:end])
	if !ok || sign && strings.HasPrefix(s, "-") {
		return Item{}, false
	}
	unit := strings.TrimSpace(s[end:])
	switch {
	case unit == "" && end == len(s):
		return quantityItem(value, "1", false), true
	case isCalendar(unit):
		return quantityItem(value, unit, true), true
	case len(unit) > 2 && unit[0] == '\'' && strings.IndexByte(unit[1:], '\'') == len(unit)-2:
		return quantityItem(value, unit[1:len(unit)-1], false), true
	}
	return Item{}, false
}
