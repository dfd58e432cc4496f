package search

import "time"

// prefix is the comparison that stands before a date, number or quantity.
type prefix string

const (
	eq prefix = "eq"
	ne prefix = "ne"
	gt prefix = "gt"
	lt prefix = "lt"
	ge prefix = "ge"
	le prefix = "le"
	sa prefix = "sa"
	eb prefix = "eb"
	ap prefix = "ap"
)

// splitPrefix takes the prefix off a value; eq where there is none. A value
// that begins with a letter has one that must be known.
func splitPrefix(s string) (p prefix, rest string, ok bool) {
	if s == "" || s[0] < 'A' {
		return eq, s, true
	}
	if len(s) < 2 {
		return eq, s, false
	}
	switch p = prefix(s[:2]); p {
	case eq, ne, gt, lt, ge, le, sa, eb, ap:
		return p, s[2:], true
	}
	return eq, s, false
}

// dateRanges are the keys of the spans that compare to want by the prefix:
// https://hl7.org/fhir/R4/search.html#prefix. now serves ap.
func dateRanges(p prefix, want span, now time.Time) []Range {
	c := compareSpan(p, want, now)
	var out []Range
	for class, width := range spanClasses {
		lo := c.starts
		if width != latest && c.ends > earliest+width {
			lo = max(lo, c.ends-width)
		}
		r := Range{Lo: appendOrdered([]byte{byte(class)}, lo), Hi: []byte{byte(class + 1)}}
		if c.before != latest {
			r.Hi = appendOrdered([]byte{byte(class)}, c.before)
		}
		r.Match = func(key []byte) bool { return len(key) == spanKeyLen && c.test(readSpan(key)) }
		out = append(out, r)
	}
	return out
}

// spanTest is a comparison with bounds that every span keeps that passes it: it
// starts at or behind starts and before before, and ends at or behind ends.
type spanTest struct {
	test                 func(span) bool
	starts, ends, before int64
}

func compareSpan(p prefix, want span, now time.Time) spanTest {
	within := func(s span) bool { return want.start <= s.start && s.end <= want.end }
	c := spanTest{within, earliest, earliest, latest}
	switch p {
	case eq:
		c.starts, c.before = want.start, want.end
	case ne:
		c.test = func(s span) bool { return !within(s) }
	case gt:
		c.test, c.ends = func(s span) bool { return s.end > want.end }, want.end
	case ge:
		c.test, c.ends = func(s span) bool { return s.end > want.end || within(s) }, want.start
	case lt:
		c.test, c.before = func(s span) bool { return s.start < want.start }, want.start
	case le:
		c.test, c.before = func(s span) bool { return s.start < want.start || within(s) }, want.end
	case sa:
		c.test, c.starts = func(s span) bool { return s.start >= want.end }, want.end
	case eb:
		c.test, c.before = func(s span) bool { return s.end <= want.start }, want.start
	case ap:
		margin := int64(0)
		if !now.IsZero() {
			margin = now.UnixMicro() - want.start
		}
		margin = max(margin, -margin) / 10
		near := span{want.start - margin, want.end + margin}
		c.test = func(s span) bool { return s.start < near.end && s.end > near.start }
		c.ends, c.before = near.start, near.end
	}
	return c
}

// describeDates is what an error says was expected of a date.
const describeDates = "a date or time such as 2024-05-31, 2024-05 or 2024-05-31T10:30:00Z, with or without a prefix (eq ne gt lt ge le sa eb ap)"
