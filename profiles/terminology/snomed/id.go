package snomed

import "strconv"

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
	if !ok || !verhoeff(s) {
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

// The tables of the dihedral group D5 that the check digit is reckoned with.
var (
	multiply = [10][10]byte{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
		{3, 4, 0, 1, 2, 8, 9, 5, 6, 7}, {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
		{6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3}, {8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
		{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}}
	permute = [8][10]byte{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2},
		{8, 9, 1, 6, 0, 4, 3, 5, 2, 7}, {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
		{2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}}
)

// verhoeff reports whether the last digit is the check digit of the others.
func verhoeff(s string) bool {
	var c byte
	for i := range len(s) {
		c = multiply[c][permute[i%8][s[len(s)-1-i]-'0']]
	}
	return c == 0
}
