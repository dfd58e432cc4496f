package snomed

import (
	"strconv"

	"github.com/pestle-fhir/pestle/fhir/checkdigit"
)

// ID is a SNOMED CT identifier of up to 18 digits.
type ID uint64

// String writes the digits.
func (id ID) String() string { return strconv.FormatUint(uint64(id), 10) }

// ParseID reads an identifier and reports whether it is one of a concept: its
// digits, its check digit and its partition are right.
func ParseID(s string) (ID, bool) {
	if len(s) < 6 || len(s) > 18 || s[0] == '0' {
		return 0, false
	}
	n, ok := digits([]byte(s))
	if !ok || !checkdigit.Verhoeff(s) {
		return 0, false
	}
	p := s[len(s)-3 : len(s)-1]
	return ID(n), p == "00" || p == "10"
}

// digits reads an unsigned number; the caller knows that it has few digits.
func digits(s []byte) (uint64, bool) {
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	var n uint64
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// namespace is that of the organisation which gave the identifier out, 0 for
// the international core: https://confluence.ihtsdotools.org/display/DOCRELFMT/5.5+Namespace-Identifier
func (id ID) namespace() uint32 {
	if id/100%10 == 0 { // the first digit of the partition
		return 0
	}
	return uint32(id / 1000 % 10_000_000)
}
