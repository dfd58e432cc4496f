package fhirpath

import (
	"math"
	"time"

	"github.com/shopspring/decimal"
)

// shifted moves a date or time by a duration. Fractions of anything longer
// than a second do not count, and a duration finer than the value is turned
// into whole units of the value's precision (N1 section 6.6.7). Nothing, when
// the result is outside of the years 1 to 9999.
func shifted(n *binary, x, duration *Item, back bool) (Item, error) {
	c := durationUnit(duration)
	if c == nil || x.kind == timeOfDay && c.days() {
		return Item{}, expectType(n.r, "a quantity of time: in years, months, weeks, days, hours, minutes, seconds or milliseconds, or in 'wk', 'd', 'h', 'min', 's' or 'ms'; of hours at most for a time of day", *duration)
	}
	if duration.ref.dec.Abs().GreaterThan(decimal.New(1, 15)) {
		return Item{}, nil
	}
	amount := duration.ref.dec
	if back {
		amount = amount.Neg()
	}
	t := x.ref.time
	if !t.shift(c, amount) {
		return Item{}, nil
	}
	return temporalItem(t), nil
}

// durationUnit is the calendar unit of a duration. UCUM's mean months and
// years are none: dates move by the calendar.
func durationUnit(it *Item) *calendar {
	if c := calendarOf(it.str); c != nil {
		return c
	}
	for i := range calendars {
		if c := &calendars[i]; c.code == it.str && c.months == 0 {
			return c
		}
	}
	return nil
}

// days reports whether the unit counts whole days, by which no time of day moves.
func (c *calendar) days() bool { return c.months > 0 || c.name == "week" || c.name == "day" }

func (t *temporal) shift(c *calendar, amount decimal.Decimal) bool {
	if c.months > 0 {
		months := amount.IntPart() * c.months
		if t.prec == toYear {
			months -= months % 12
		}
		return t.addMonths(months)
	}
	if c.seconds.GreaterThan(decimal.NewFromInt(1)) {
		amount = amount.Truncate(0)
	}
	nanos := amount.Mul(c.seconds).Shift(9).Truncate(0)
	switch t.prec {
	case toYear:
		return t.addMonths(12 * (wholeDays(nanos) / 365))
	case toMonth:
		return t.addMonths(wholeDays(nanos) / 30)
	case toDay:
		return t.addSpan(wholeDays(nanos), 0)
	case toHour:
		nanos = whole(nanos, time.Hour)
	case toMinute:
		nanos = whole(nanos, time.Minute)
	}
	day := decimal.NewFromInt(int64(24 * time.Hour))
	days, rest := nanos.QuoRem(day, 0)
	return t.addSpan(days.IntPart(), rest.IntPart())
}

func wholeDays(nanos decimal.Decimal) int64 {
	days, _ := nanos.QuoRem(decimal.NewFromInt(int64(24*time.Hour)), 0)
	return days.IntPart()
}

func whole(nanos decimal.Decimal, unit time.Duration) decimal.Decimal {
	return nanos.Sub(nanos.Mod(decimal.NewFromInt(int64(unit))))
}

// addMonths keeps the day, or takes the last one of a shorter month.
func (t *temporal) addMonths(months int64) bool {
	if months > 12*10_000 || months < -12*10_000 {
		return false
	}
	month := int64(t.year)*12 + int64(t.month) - 1 + months
	t.year, t.month = int32(math.Floor(float64(month)/12)), int8((month%12+12)%12)+1
	if t.year < 1 || t.year > 9999 {
		return false
	}
	t.day = int8(min(int(t.day), daysIn(t.year, t.month)))
	return true
}

// addSpan moves by days and nanoseconds. A time of day goes round the clock.
func (t *temporal) addSpan(days, nanos int64) bool {
	if days > 366*10_000 || days < -366*10_000 {
		return false
	}
	zone := time.Duration(t.offset) * time.Minute
	m := t.moment().Add(zone).AddDate(0, 0, int(days)).Add(time.Duration(nanos))
	if t.kind == timeOfDay {
		t.hour, t.minute, t.second, t.nano = int8(m.Hour()), int8(m.Minute()), int8(m.Second()), int32(m.Nanosecond())
	} else {
		if m.Year() < 1 || m.Year() > 9999 {
			return false
		}
		t.set(m)
	}
	for t.digits < 9 && int64(t.nano)%pow10(9-int(t.digits)) != 0 {
		t.digits = min(t.digits+3, 9)
	}
	return true
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}
