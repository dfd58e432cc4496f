package search

import (
	"bytes"

	"github.com/pestle-fhir/pestle/fhir"
)

// Keys of numbers and quantities begin with their form: a point has one
// number, a stretch its lower and its upper end, both included and possibly
// open. A quantity has its unit behind: digests of code, system and unit text.
const (
	point   = 'p'
	stretch = 'r'
)

const unitLen = 3 * digestLen

// unit is what a quantity is measured in.
type unit struct{ code, system, text string }

func appendUnit(b []byte, u unit) []byte {
	return appendDigest(appendDigest(appendDigest(b, u.code), u.system), u.text)
}

// quantityEnd is the offset behind the number or quantity at the head of b.
func quantityEnd(b []byte, hasUnit bool) int {
	if len(b) == 0 {
		return -1
	}
	head := 1
	converted := b[0] == measure || b[0] == measures
	if converted {
		head, hasUnit = 1+digestLen, false
	}
	if len(b) < head {
		return -1
	}
	end := numberEnd(b[head:])
	if end < 0 {
		return -1
	}
	end += head
	if b[0] == stretch || b[0] == measures {
		more := numberEnd(b[end:])
		if more < 0 {
			return -1
		}
		end += more
	}
	if hasUnit {
		end += unitLen
	}
	return end
}

func writeNumber(s *sink, p *names, n fhir.Node) {
	start := len(s.buf)
	b, ok := appendNumber(append(s.buf, point), n.Text())
	if !ok {
		return
	}
	s.buf = b
	s.take(p.code, start)
}

func writeNumberRange(s *sink, p *names, n fhir.Node) { s.stretch(p, n, false) }
func writeRange(s *sink, p *names, n fhir.Node)       { s.stretch(p, n, true) }

func unitOf(n fhir.Node) unit {
	return unit{n.Get("code").Text(), n.Get("system").Text(), n.Get("unit").Text()}
}

func (s *sink) stretch(p *names, n fhir.Node, hasUnit bool) {
	low, high := n.Get("low"), n.Get("high")
	start := len(s.buf)
	b := append(s.buf, stretch)
	b, okLow := appendEnd(b, low.Get("value"), lowest)
	b, okHigh := appendEnd(b, high.Get("value"), highest)
	if !okLow && !okHigh {
		return
	}
	if hasUnit {
		u := unitOf(low)
		if u == (unit{}) {
			u = unitOf(high)
		}
		b = appendUnit(b, u)
	}
	s.buf = b
	s.take(p.code, start)
	if hasUnit {
		s.measuredRange(p, low, high)
	}
}

func appendEnd(b []byte, n fhir.Node, open byte) ([]byte, bool) {
	if out, ok := appendNumber(b, n.Text()); ok {
		return out, true
	}
	return append(b, open), false
}

func writeQuantity(s *sink, p *names, n fhir.Node) {
	start, value := len(s.buf), n.Get("value").Text()
	b, ok := s.buf, false
	switch n.Get("comparator").Text() {
	case "<", "<=":
		b, ok = appendNumber(append(b, stretch, lowest), value)
	case ">", ">=":
		b, ok = appendNumber(append(b, stretch), value)
		b = append(b, highest)
	default:
		b, ok = appendNumber(append(b, point), value)
	}
	if !ok {
		return
	}
	s.buf = appendUnit(b, unitOf(n))
	s.take(p.code, start)
	s.measured(p, n)
}

// currencies is the system of Money.currency.
const currencies = "urn:iso:std:iso:4217"

func writeMoney(s *sink, p *names, n fhir.Node) {
	start := len(s.buf)
	b, ok := appendNumber(append(s.buf, point), n.Get("value").Text())
	if !ok {
		return
	}
	s.buf = appendUnit(b, unit{code: n.Get("currency").Text(), system: currencies})
	s.take(p.code, start)
}

// form is what the keys of numbers begin with, of those with one number and of
// those with two ends.
type form struct{ point, stretch []byte }

// asWritten is the form of numbers, and of quantities in their own units.
var asWritten = form{[]byte{point}, []byte{stretch}}

// numberRanges are the keys of the numbers that compare by the prefix to the
// searched one. units filters by unit, nil where there is none to ask for.
func numberRanges(p prefix, want numberBounds, f form, units func(unit []byte) bool) []Range {
	var out []Range
	add := func(lo, hi []byte) {
		out = append(out, Range{Lo: lo, Hi: hi, Match: matchUnit(units)})
	}
	all := f.point
	n := len(all)
	exact, lo, hi := append(all[:n:n], want.exact...), append(all[:n:n], want.lo...), append(all[:n:n], want.hi...)
	switch p {
	case eq, ap:
		add(lo, hi)
	case ne:
		add(all, lo)
		add(hi, after(all))
	case gt, sa:
		add(after(exact), after(all))
	case ge:
		add(exact, after(all))
	case lt, eb:
		add(all, exact)
	case le:
		add(all, after(exact))
	}
	r := beginning(f.stretch)
	r.Match = matchStretch(p, want, len(f.stretch), units)
	return append(out, r)
}

func matchUnit(units func([]byte) bool) func([]byte) bool {
	if units == nil {
		return nil
	}
	return func(key []byte) bool { return len(key) > unitLen && units(key[len(key)-unitLen:]) }
}

func matchStretch(p prefix, want numberBounds, head int, units func([]byte) bool) func([]byte) bool {
	return func(key []byte) bool {
		if len(key) < head {
			return false
		}
		mid := numberEnd(key[head:])
		if mid < 0 {
			return false
		}
		low, rest := key[head:head+mid], key[head+mid:]
		end := numberEnd(rest)
		if end < 0 || units != nil && !units(rest[end:]) {
			return false
		}
		return compareStretch(p, low, rest[:end], want)
	}
}

func compareStretch(p prefix, low, high []byte, want numberBounds) bool {
	within := bytes.Compare(want.lo, low) <= 0 && bytes.Compare(high, want.hi) <= 0
	switch p {
	case ne:
		return !within
	case gt:
		return bytes.Compare(high, want.exact) > 0
	case ge:
		return bytes.Compare(high, want.exact) >= 0
	case lt:
		return bytes.Compare(low, want.exact) < 0
	case le:
		return bytes.Compare(low, want.exact) <= 0
	case sa:
		return bytes.Compare(low, want.exact) > 0
	case eb:
		return bytes.Compare(high, want.exact) < 0
	case ap:
		return bytes.Compare(low, want.hi) < 0 && bytes.Compare(high, want.lo) >= 0
	}
	return within
}
