package search

import (
	"bytes"
)

func (v reading) number(value string) ([]Range, string) {
	p, rest, ok := splitPrefix(value)
	if !ok {
		return nil, describeNumbers
	}
	want, ok := parseNumber(p, rest)
	if !ok {
		return nil, describeNumbers
	}
	bounds, ok := want.bounds()
	if !ok {
		return nil, describeNumbers
	}
	return numberRanges(p, bounds, asWritten, nil), ""
}

const describeQuantities = "number, number|system|code or number||unit, with or without a prefix (eq ne gt lt ge le sa eb ap)"

func (v reading) quantity(value string) ([]Range, string) {
	p, rest, ok := splitPrefix(value)
	parts := split(rest, '|')
	if !ok || len(parts) != 1 && len(parts) != 3 {
		return nil, describeQuantities
	}
	want, ok := parseNumber(p, parts[0])
	if !ok {
		return nil, describeQuantities
	}
	var system, code string
	if len(parts) == 3 {
		system, code = unescape(parts[1]), unescape(parts[2])
	}
	if form, bounds, ok := inCanonicalUnits(want, system, code); ok {
		return numberRanges(p, bounds, form, nil), ""
	}
	bounds, ok := want.bounds()
	if !ok {
		return nil, describeQuantities
	}
	return numberRanges(p, bounds, asWritten, unitTest(system, code)), ""
}

// unitTest is the test of a unit: by system and code, or without a system by
// code or by the unit as a text.
func unitTest(system, code string) func([]byte) bool {
	wantCode, wantSystem := appendDigest(nil, code), appendDigest(nil, system)
	at := func(unit []byte, i int) []byte { return unit[i*digestLen : (i+1)*digestLen] }
	switch {
	case system == "" && code == "":
		return nil
	case system == "":
		return func(u []byte) bool { return bytes.Equal(at(u, 0), wantCode) || bytes.Equal(at(u, 2), wantCode) }
	case code == "":
		return func(u []byte) bool { return bytes.Equal(at(u, 1), wantSystem) }
	}
	return func(u []byte) bool { return bytes.Equal(at(u, 0), wantCode) && bytes.Equal(at(u, 1), wantSystem) }
}
