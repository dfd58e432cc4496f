package fhirpath

import (
	"cmp"
	"time"
)

// The farthest that local time may be from UTC, west and east.
const (
	farthestWest = 12 * time.Hour
	farthestEast = 14 * time.Hour
)

// compareTemporal orders two dates or points in time, or two times of day.
// Known is false when their precision does not decide it, or when one has a
// zone, the other has none, and they are less than a day's zones apart.
func compareTemporal(a, b temporal) (order int, known bool) {
	if a.prec >= toHour && b.prec >= toHour && a.zoned != b.zoned {
		return compareAcrossZones(a, b)
	}
	if a.zoned && b.zoned && a.offset != b.offset {
		a, b = a.inUTC(), b.inUTC()
	}
	for p := toYear; p <= toSecond; p++ {
		if a.kind == timeOfDay && p < toHour {
			continue
		}
		if a.prec < p || b.prec < p {
			return 0, a.prec == b.prec
		}
		if c := cmp.Compare(a.at(p), b.at(p)); c != 0 {
			return c, true
		}
	}
	return 0, true
}

// at is the value of one part, seconds with their fraction in nanoseconds.
func (t temporal) at(p precision) int64 {
	switch p {
	case toYear:
		return int64(t.year)
	case toMonth:
		return int64(t.month)
	case toDay:
		return int64(t.day)
	case toHour:
		return int64(t.hour)
	case toMinute:
		return int64(t.minute)
	}
	return int64(t.second)*1_000_000_000 + int64(t.nano)
}

func (t temporal) inUTC() temporal {
	m := t.moment()
	t.offset = 0
	t.set(m)
	return t
}

// compareAcrossZones orders a point in time with a zone and one without.
func compareAcrossZones(a, b temporal) (order int, known bool) {
	if b.zoned {
		order, known = compareAcrossZones(b, a)
		return -order, known
	}
	am, bm := a.moment(), b.moment()
	switch {
	case am.Add(a.open()).Before(bm.Add(-farthestEast)):
		return -1, true
	case am.After(bm.Add(b.open() + farthestWest)):
		return 1, true
	}
	return 0, false
}

// open is how much later than its moment a point in time may be that does not
// give minutes or seconds.
func (t temporal) open() time.Duration {
	switch t.prec {
	case toHour:
		return time.Hour - 1
	case toMinute:
		return time.Minute - 1
	}
	return 0
}

// sameTemporal is equivalence: the same point with the same precision.
func sameTemporal(a, b temporal) bool {
	order, known := compareTemporal(a, b)
	return known && order == 0 && a.prec == b.prec
}
