package fhirpath

import (
	"fmt"
	"strings"
	"time"
)

// precision is the finest part of a [temporal] that is given. Fractions of a
// second belong to seconds.
type precision uint8

const (
	toYear precision = iota + 1
	toMonth
	toDay
	toHour
	toMinute
	toSecond
)

// temporal is a date, a point in time or a time of day as it was written: with
// its precision and, for a point in time, its zone if it has one.
type temporal struct {
	kind   itemKind // date, dateTime or timeOfDay
	prec   precision
	zoned  bool
	digits uint8 // of the fraction
	year   int32
	month  int8
	day    int8
	hour   int8
	minute int8
	second int8
	offset int16 // minutes east of UTC
	nano   int32
}

// parseTemporal reads a literal without its @, or the text of an R4 primitive.
// A text with a T at its beginning is a time, one with a T elsewhere a dateTime.
func parseTemporal(s string) (temporal, bool) {
	if strings.HasPrefix(s, "T") {
		return parseTime(s[1:])
	}
	t := temporal{kind: date}
	if len(s) == 0 {
		return t, false
	}
	day, clock, isTime := strings.Cut(s, "T")
	if !t.parseDay(day) {
		return t, false
	}
	if isTime {
		t.kind = dateTime
		if clock != "" && (t.prec != toDay || !t.parseClock(clock)) {
			return t, false
		}
	}
	return t, true
}

// parseTime reads a time of day.
func parseTime(s string) (temporal, bool) {
	t := temporal{kind: timeOfDay}
	ok := t.parseClock(s)
	return t, ok && !t.zoned
}

// parseDateTime reads an R4 dateTime or instant, which may be a bare date.
func parseDateTime(s string) (temporal, bool) {
	t, ok := parseTemporal(s)
	if t.kind == timeOfDay {
		return t, false
	}
	t.kind = dateTime
	return t, ok
}

func (t *temporal) parseDay(s string) bool {
	year, ok := digits(s, 4)
	if !ok || year == 0 {
		return false
	}
	t.year, t.prec, t.month, t.day = int32(year), toYear, 1, 1
	if s = s[4:]; s == "" {
		return true
	}
	month, ok := part(s, '-')
	if !ok || month < 1 || month > 12 {
		return false
	}
	t.month, t.prec = int8(month), toMonth
	if s = s[3:]; s == "" {
		return true
	}
	day, ok := part(s, '-')
	if !ok || len(s) != 3 || day < 1 || day > daysIn(t.year, t.month) {
		return false
	}
	t.day, t.prec = int8(day), toDay
	return true
}

func (t *temporal) parseClock(s string) bool {
	hour, ok := digits(s, 2)
	if !ok || hour > 23 {
		return false
	}
	t.hour, t.prec = int8(hour), toHour
	s = s[2:]
	if minute, ok := part(s, ':'); ok {
		t.minute, t.prec, s = int8(minute), toMinute, s[3:]
		if second, ok := part(s, ':'); ok {
			t.second, t.prec, s = int8(second), toSecond, s[3:]
			if s, ok = t.parseFraction(s); !ok {
				return false
			}
		}
	}
	return t.minute < 60 && t.second <= 60 && t.parseZone(s)
}

func (t *temporal) parseFraction(s string) (rest string, ok bool) {
	if !strings.HasPrefix(s, ".") {
		return s, true
	}
	n := 1
	for scale := int32(100_000_000); n < len(s) && isDigit(s[n]); n++ {
		t.nano += int32(s[n]-'0') * scale
		scale /= 10
	}
	t.digits = uint8(min(n-1, 9))
	return s[n:], n > 1
}

func (t *temporal) parseZone(s string) bool {
	switch {
	case s == "":
		return true
	case s == "Z":
		t.zoned = true
		return true
	case len(s) == 6 && (s[0] == '+' || s[0] == '-'):
		hour, ok1 := digits(s[1:], 2)
		minute, ok2 := part(s[3:], ':')
		t.zoned, t.offset = true, int16(hour*60+minute)
		if s[0] == '-' {
			t.offset = -t.offset
		}
		return ok1 && ok2 && minute < 60 && hour <= 14
	}
	return false
}

// part reads a separator and two digits.
func part(s string, separator byte) (int, bool) {
	if len(s) < 3 || s[0] != separator {
		return 0, false
	}
	return digits(s[1:], 2)
}

func digits(s string, n int) (int, bool) {
	if len(s) < n {
		return 0, false
	}
	v := 0
	for i := range n {
		if !isDigit(s[i]) {
			return 0, false
		}
		v = v*10 + int(s[i]-'0')
	}
	return v, true
}

func daysIn(year int32, month int8) int {
	return time.Date(int(year), time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// temporalOf is a moment in its own zone, to the millisecond.
func temporalOf(now time.Time, kind itemKind) temporal {
	_, offset := now.Zone()
	t := temporal{kind: kind, prec: toSecond, digits: 3, zoned: true, offset: int16(offset / 60)}
	t.set(now)
	t.nano -= t.nano % 1_000_000
	switch kind {
	case date:
		t.cut(toDay)
	case timeOfDay:
		t.zoned, t.offset = false, 0
	}
	return t
}

// moment is the temporal as if what is not given were least, in UTC when it
// has a zone, else as if it were there.
func (t temporal) moment() time.Time {
	year, month, day := int(t.year), time.Month(t.month), int(t.day)
	if t.kind == timeOfDay {
		year, month, day = 1, 1, 1
	}
	return time.Date(year, month, day, int(t.hour), int(t.minute)-int(t.offset), int(t.second), int(t.nano), time.UTC)
}

// set takes over the parts of a moment.
func (t *temporal) set(m time.Time) {
	year, month, day := m.Date()
	t.year, t.month, t.day = int32(year), int8(month), int8(day)
	t.hour, t.minute, t.second, t.nano = int8(m.Hour()), int8(m.Minute()), int8(m.Second()), int32(m.Nanosecond())
}

// cut drops what is finer than the precision.
func (t *temporal) cut(p precision) {
	if p < toMonth {
		t.month = 1
	}
	if p < toDay {
		t.day = 1
	}
	if p < toHour {
		t.hour, t.zoned, t.offset = 0, false, 0
	}
	if p < toMinute {
		t.minute = 0
	}
	if p < toSecond {
		t.second, t.nano, t.digits = 0, 0, 0
	}
	t.prec = min(p, t.prec)
}

// String is the temporal as FHIR writes it, without @ and without the T in
// front of a time.
func (t temporal) String() string {
	var b strings.Builder
	if t.kind != timeOfDay {
		fmt.Fprintf(&b, "%04d", t.year)
		if t.prec >= toMonth {
			fmt.Fprintf(&b, "-%02d", t.month)
		}
		if t.prec >= toDay {
			fmt.Fprintf(&b, "-%02d", t.day)
		}
		if t.prec < toHour {
			return b.String()
		}
		b.WriteByte('T')
	}
	fmt.Fprintf(&b, "%02d", t.hour)
	if t.prec >= toMinute {
		fmt.Fprintf(&b, ":%02d", t.minute)
	}
	if t.prec >= toSecond {
		fmt.Fprintf(&b, ":%02d", t.second)
	}
	if t.digits > 0 {
		b.WriteString("." + fmt.Sprintf("%09d", t.nano)[:t.digits])
	}
	if t.zoned {
		b.WriteString(zoneText(int(t.offset)))
	}
	return b.String()
}

func zoneText(offset int) string {
	sign := '+'
	switch {
	case offset == 0:
		return "Z"
	case offset < 0:
		sign, offset = '-', -offset
	}
	return fmt.Sprintf("%c%02d:%02d", sign, offset/60, offset%60)
}
