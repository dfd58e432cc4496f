package search

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/ucum"
)

// A quantity in a UCUM unit has a second key, in the canonical units of what it
// measures: its form, a digest of those units and the number or both ends. So
// 0.000012 g is found by 12 ug. Conversion is exact; what it cannot do exactly
// is compared as it is written:
//
//   - units on a logarithmic or angular scale, such as [pH] and B;
//   - units with an annotation, since {tablet} and {capsule} are both 1 to UCUM
//     and not to a pharmacist;
//   - codes that are no units, and numbers that no measurement has.
const (
	measure  = 'q'
	measures = 's' // with two ends
)

const ucumSystem = "http://unitsofmeasure.org"

// maxMeasured bounds the digits and the power of ten of what is converted.
const maxMeasured = 100

// canonicalUnits is the unit of a code that is converted; ok is false where
// it is compared as it is written.
func canonicalUnits(system, code string) (u ucum.Unit, ok bool) {
	if system != ucumSystem || code == "" || strings.IndexByte(code, '{') >= 0 {
		return ucum.Unit{}, false
	}
	u, err := ucum.Parse(code)
	return u, err == nil && u.Exact()
}

// measurable reports whether a number is one that can be converted.
func measurable(v decimal.Decimal) bool {
	e := int(v.Exponent())
	return -maxMeasured <= e && e <= maxMeasured && v.NumDigits() <= maxMeasured
}

// appendMeasured appends the number of an amount in canonical units.
func appendMeasured(b []byte, v decimal.Decimal, u ucum.Unit) ([]byte, bool) {
	if !measurable(v) {
		return b, false
	}
	canonical, ok := u.InCanonical(v)
	if !ok {
		return b, false
	}
	return appendNumber(b, canonical.String())
}

// amount reads the value of a quantity; ok is false for one that is not converted.
func amount(n fhir.Node) (decimal.Decimal, bool) {
	text := n.Text()
	if text == "" || len(text) > 2*maxMeasured {
		return decimal.Decimal{}, false
	}
	v, err := decimal.NewFromString(text)
	return v, err == nil && measurable(v)
}

// measured adds the key of a quantity in canonical units, where it has one.
func (s *sink) measured(p *names, n fhir.Node) {
	u, ok := canonicalUnits(n.Get("system").Text(), n.Get("code").Text())
	if !ok {
		return
	}
	v, ok := amount(n.Get("value"))
	if !ok {
		return
	}
	start := len(s.buf)
	b := s.buf
	switch n.Get("comparator").Text() {
	case "<", "<=":
		b = append(appendDigest(append(b, measures), u.Canonical()), lowest)
		b, ok = appendMeasured(b, v, u)
	case ">", ">=":
		b, ok = appendMeasured(appendDigest(append(b, measures), u.Canonical()), v, u)
		b = append(b, highest)
	default:
		b, ok = appendMeasured(appendDigest(append(b, measure), u.Canonical()), v, u)
	}
	if ok {
		s.buf = b
		s.take(p.code, start)
	}
}

// measuredRange is measured for a Range, whose ends may be in different units of
// one kind; one without a unit is in that of the other.
func (s *sink) measuredRange(p *names, low, high fhir.Node) {
	of := unitOf(low)
	if of == (unit{}) {
		of = unitOf(high)
	}
	units, ok := canonicalUnits(of.system, of.code)
	if !ok {
		return
	}
	start := len(s.buf)
	b := appendDigest(append(s.buf, measures), units.Canonical())
	if b, ok = appendMeasuredEnd(b, low, units, lowest); ok {
		b, ok = appendMeasuredEnd(b, high, units, highest)
	}
	if ok {
		s.buf = b
		s.take(p.code, start)
	}
}

func appendMeasuredEnd(b []byte, n fhir.Node, of ucum.Unit, open byte) ([]byte, bool) {
	if !n.Get("value").Exists() {
		return append(b, open), true
	}
	u := unitOf(n)
	if u == (unit{}) {
		u = unit{system: ucumSystem, code: of.Code()}
	}
	v, ok := amount(n.Get("value"))
	own, known := canonicalUnits(u.system, u.code)
	if !ok || !known || own.Canonical() != of.Canonical() {
		return b, false
	}
	return appendMeasured(b, v, own)
}

// inCanonicalUnits are the forms and the bounds by which an amount in a unit is
// searched for; ok is false where it is compared as it is written.
func inCanonicalUnits(want numberStretch, system, code string) (form, numberBounds, bool) {
	units, ok := canonicalUnits(system, code)
	if !ok {
		return form{}, numberBounds{}, false
	}
	var out numberBounds
	for _, to := range []struct {
		key *[]byte
		v   decimal.Decimal
	}{{&out.exact, want.exact}, {&out.lo, want.lo}, {&out.hi, want.hi}} {
		if *to.key, ok = appendMeasured(nil, to.v, units); !ok {
			return form{}, numberBounds{}, false
		}
	}
	return form{appendDigest([]byte{measure}, units.Canonical()), appendDigest([]byte{measures}, units.Canonical())}, out, true
}
