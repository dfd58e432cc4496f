package fhirpath

import (
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir/ucum"
)

// The digits that a boundary has when the expression does not say.
const (
	decimalDigits  = 8
	dateDigits     = 8
	dateTimeDigits = 17
	timeDigits     = 9
	maxBoundary    = 28
)

func fnLowBoundary(m *machine, c *call, base int) error  { return m.boundary(c, base, false) }
func fnHighBoundary(m *machine, c *call, base int) error { return m.boundary(c, base, true) }

// boundary answers with the least or greatest value that may be meant by the
// input, given its precision, with the digits that the parameter says.
func (m *machine) boundary(c *call, base int, high bool) error {
	it, err := m.only(c, base)
	if err != nil {
		return err
	}
	digits, given, err := m.integerArg(c, 0)
	if err != nil {
		return err
	}
	m.cut(base)
	v := it.value()
	switch v.kind {
	case nothing:
		return nil
	case integer, number, quantity:
		if !given {
			digits = decimalDigits
		}
		if digits < 0 || digits > maxBoundary {
			return nil
		}
		d := decimalBoundary(v.decimal(), int32(digits), high)
		if v.kind == quantity {
			r := v
			r.ref = &boxed{dec: d}
			return m.answer(base, r)
		}
		return m.answer(base, DecimalItem(d))
	case date, dateTime, timeOfDay:
		if t, ok := temporalBoundary(v.ref.time, digits, given, high); ok {
			return m.answer(base, temporalItem(t))
		}
		return nil
	}
	return expectType(c, "a number, quantity, date or time", it)
}

// decimalBoundary is half a unit of the last digit away. To fewer digits than
// that needs, the boundary nearer to zero is cut off and the other one rounded.
func decimalBoundary(d decimal.Decimal, digits int32, high bool) decimal.Decimal {
	half := decimal.New(5, -places(d)-1)
	var b decimal.Decimal
	outward := high
	switch {
	case d.IsZero() && !high:
		b, outward = half.Neg(), true
	case d.Sign() < 0 && high:
		b = d.Add(half)
		outward = false
	case d.Sign() < 0:
		b = d.Sub(half)
		outward = true
	case high:
		b = d.Add(half)
	default:
		b = d.Sub(half)
	}
	if outward {
		b = b.Round(digits)
	} else {
		b = b.Truncate(digits)
	}
	return decimal.RequireFromString(b.StringFixed(digits))
}

// precisionOf is the precision that a number of digits stands for.
func precisionOf(kind itemKind, digits int) (p precision, ok bool) {
	if kind == timeOfDay {
		digits += 8
	}
	switch digits {
	case 4:
		p = toYear
	case 6:
		p = toMonth
	case 8:
		p = toDay
	case 10:
		p = toHour
	case 12:
		p = toMinute
	case 14, 17:
		p = toSecond
	}
	return p, p != 0 && (kind != date || p <= toDay) && (kind != timeOfDay || p >= toHour)
}

func temporalBoundary(t temporal, digits int, given, high bool) (temporal, bool) {
	if !given {
		digits = map[itemKind]int{date: dateDigits, dateTime: dateTimeDigits, timeOfDay: timeDigits}[t.kind]
	}
	p, ok := precisionOf(t.kind, digits)
	if !ok {
		return t, false
	}
	missing := t.prec
	if high {
		t.fill(missing)
	}
	if t.digits < 3 {
		if high && missing == toSecond && t.digits == 0 || high && missing < toSecond {
			t.nano = 999_000_000
		}
		t.digits = 3
	}
	t.prec = toSecond
	if t.kind == dateTime && !t.zoned {
		t.zoned, t.offset = true, int16(farthestEast.Minutes())
		if high {
			t.offset = -int16(farthestWest.Minutes())
		}
	}
	t.cut(p)
	if digits == 14 || t.kind == timeOfDay && digits == 6 {
		t.nano, t.digits = 0, 0
	}
	return t, true
}

// fill gives what is finer than the precision its greatest value.
func (t *temporal) fill(known precision) {
	if known < toMonth {
		t.month = 12
	}
	if known < toDay && t.kind != timeOfDay {
		t.day = int8(daysIn(t.year, t.month))
	}
	if known < toHour {
		t.hour = 23
	}
	if known < toMinute {
		t.minute = 59
	}
	if known < toSecond {
		t.second = 59
	}
}

func fnPrecision(m *machine, c *call, base int) error {
	it, err := m.only(c, base)
	if err != nil || it.kind == nothing {
		return err
	}
	v := it.value()
	switch v.kind {
	case nothing:
		return m.answerNothing(base)
	case integer:
		return m.answer(base, IntegerItem(0))
	case number:
		return m.answer(base, IntegerItem(int(places(v.ref.dec))))
	case date, dateTime, timeOfDay:
		return m.answer(base, IntegerItem(v.ref.time.digitCount()))
	}
	return expectType(c, "a decimal, date or time", it)
}

// digitCount is how many digits say the value.
func (t temporal) digitCount() int {
	n := [...]int{toYear: 4, toMonth: 6, toDay: 8, toHour: 10, toMinute: 12, toSecond: 14}[t.prec] + int(t.digits)
	if t.kind == timeOfDay {
		n -= 8
	}
	return n
}

// fnComparable answers whether two quantities measure the same thing.
func fnComparable(m *machine, c *call, base int) error {
	it, err := m.only(c, base)
	if err != nil {
		return err
	}
	other, err := m.single(c.args[0])
	if err != nil {
		return err
	}
	m.cut(base)
	x, y := it.value(), other.value()
	if x.kind == nothing || y.kind == nothing {
		return nil
	}
	x, y = x.toQuantity(), y.toQuantity()
	if x.kind != quantity || y.kind != quantity {
		return expectType(c, "two quantities", it)
	}
	return m.answer(base, BooleanItem(ucum.CanCompare(x.unitCode(), y.unitCode())))
}
