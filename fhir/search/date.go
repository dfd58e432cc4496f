package search

import (
	"math"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// span is a half-open stretch of time in microseconds since 1970 (UTC). A date
// stands for the whole of its day, a month for the whole month; an open end is
// the earliest or the latest time there is.
type span struct{ start, end int64 }

const (
	earliest = math.MinInt64
	latest   = math.MaxInt64

	second = 1_000_000
	minute = 60 * second
	day    = 24 * 60 * minute
)

// spanClasses sort time spans by their length, so that a search for what ends
// after a moment need not look at everything that begins before it: what ends
// after t and is at most a month long begins after t minus a month.
var spanClasses = [...]int64{day, 32 * day, 367 * day, 4000 * day, latest}

// spanKeyLen is the length of a date's key: class, start, end.
const spanKeyLen = 17

func appendSpan(b []byte, s span) []byte {
	class := 0
	for class < len(spanClasses)-1 && (s.start == earliest || s.end == latest || s.end-s.start > spanClasses[class]) {
		class++
	}
	b = append(b, byte(class))
	return appendOrdered(appendOrdered(b, s.start), s.end)
}

func readSpan(key []byte) span { return span{readOrdered(key[1:]), readOrdered(key[9:])} }

// InstantKey is the key of an instant of millisecond precision, such as
// meta.lastUpdated, under a date parameter.
func InstantKey(t time.Time) []byte {
	start := t.UTC().Truncate(time.Millisecond).UnixMicro()
	return appendSpan(nil, span{start, start + 1000})
}

// Period reads a date or time as the time from its first moment up to, and not
// including, end.
func Period(s string) (start, end time.Time, ok bool) {
	at, ok := parseSpan(s)
	return time.UnixMicro(at.start).UTC(), time.UnixMicro(at.end).UTC(), ok
}

// describePeriod is what an error says was expected of [Period].
const describePeriod = "an instant such as 2026-05-31T10:30:00Z, or a date"

// parseSpan reads a FHIR date, dateTime or instant of any precision; a search
// may also leave the seconds or the time zone out. Times without a zone are
// UTC, and so are the days of dates. A leap second is part of the last second of
// its minute, since the time that we count has none: 23:59:60Z is of its day.
func parseSpan(s string) (span, bool) {
	year, s, ok := digits(s, 4)
	if !ok || year == 0 {
		return span{}, false
	}
	if s == "" {
		return span{date(year, 1, 1), date(year+1, 1, 1)}, true
	}
	month, s, ok := dashed(s, 1, 12)
	if !ok {
		return span{}, false
	}
	if s == "" {
		return span{date(year, month, 1), date(year, month+1, 1)}, true
	}
	dom, s, ok := dashed(s, 1, daysIn(year, month))
	if !ok {
		return span{}, false
	}
	begin := date(year, month, dom)
	if s == "" {
		return span{begin, begin + day}, true
	}
	if s[0] != 'T' {
		return span{}, false
	}
	return parseClock(begin, s[1:])
}

func parseClock(begin int64, s string) (span, bool) {
	hour, s, ok := digits(s, 2)
	if !ok || hour > 24 || len(s) == 0 || s[0] != ':' {
		return span{}, false
	}
	mins, s, ok := digits(s[1:], 2)
	if !ok || mins > 59 || hour == 24 && mins > 0 {
		return span{}, false
	}
	at, width := begin+int64(hour)*60*minute+int64(mins)*minute, int64(minute)
	if len(s) > 0 && s[0] == ':' {
		sec, rest, ok := digits(s[1:], 2)
		if !ok || sec > 60 {
			return span{}, false
		}
		sec = min(sec, 59)
		s, at, width = rest, at+int64(sec)*second, second
		if len(s) > 0 && s[0] == '.' {
			var fraction int64
			if fraction, width, s = parseFraction(s[1:]); width == 0 {
				return span{}, false
			}
			at += fraction
		}
	}
	offset, ok := parseZone(s)
	return span{at - offset, at - offset + width}, ok
}

// parseFraction reads the digits behind the point of a second: microseconds,
// how many of them the last digit is worth (at least 1), 0 without digits.
func parseFraction(s string) (micros, width int64, rest string) {
	width = second
	i := 0
	for ; i < len(s) && '0' <= s[i] && s[i] <= '9'; i++ {
		if width > 1 {
			width /= 10
			micros += int64(s[i]-'0') * width
		}
	}
	if i == 0 {
		return 0, 0, s
	}
	return micros, width, s[i:]
}

func parseZone(s string) (offset int64, ok bool) {
	if s == "" || s == "Z" {
		return 0, true
	}
	// A plus that nobody escaped reaches us as a blank.
	sign := int64(1)
	switch s[0] {
	case '-':
		sign = -1
	case '+', ' ':
	default:
		return 0, false
	}
	hour, s, ok := digits(s[1:], 2)
	if !ok || hour > 14 || s == "" || s[0] != ':' {
		return 0, false
	}
	min, s, ok := digits(s[1:], 2)
	return sign * (int64(hour)*60 + int64(min)) * minute, ok && min < 60 && s == ""
}

func digits(s string, n int) (v int, rest string, ok bool) {
	if len(s) < n {
		return 0, s, false
	}
	for i := 0; i < n; i++ {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, s, false
		}
		v = v*10 + int(c-'0')
	}
	return v, s[n:], true
}

func dashed(s string, lo, hi int) (v int, rest string, ok bool) {
	if s[0] != '-' {
		return 0, s, false
	}
	v, rest, ok = digits(s[1:], 2)
	return v, rest, ok && lo <= v && v <= hi
}

func date(year, month, day int) int64 {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).UnixMicro()
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// periodSpan is the span of a Period; an absent start or end is open.
func periodSpan(n fhir.Node) (span, bool) {
	out := span{earliest, latest}
	start, end := n.Get("start").Text(), n.Get("end").Text()
	if start == "" && end == "" {
		return out, false
	}
	if start != "" {
		s, ok := parseSpan(start)
		if !ok {
			return out, false
		}
		out.start = s.start
	}
	if end != "" {
		s, ok := parseSpan(end)
		if !ok {
			return out, false
		}
		out.end = s.end
	}
	return out, out.start < out.end
}

// timingSpan is the span from the first to the last moment of a Timing: its
// events and its bounds. How it repeats in between does not matter to search.
func timingSpan(n fhir.Node) (span, bool) {
	out, found := span{latest, earliest}, false
	widen := func(s span, ok bool) {
		if ok {
			out, found = span{min(out.start, s.start), max(out.end, s.end)}, true
		}
	}
	for event := n.Get("event").First(); event.Exists(); event = event.Next() {
		widen(parseSpan(event.Text()))
	}
	if bounds := n.Path("repeat", "boundsPeriod"); bounds.Exists() {
		widen(periodSpan(bounds))
	}
	return out, found
}
