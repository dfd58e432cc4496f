package checkdigit

// The tables of Verhoeff's scheme: the multiplication of the dihedral group D5
// and the powers of its permutation.
var (
	product = [10][10]byte{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
		{4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1}, {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
		{8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
	}
	permutation = [8][10]byte{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
		{9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1}, {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
	}
)

// Verhoeff reports whether digits end in their check digit by Verhoeff's scheme.
func Verhoeff(digits string) bool {
	if !Digits(digits) {
		return false
	}
	var c byte
	for i := range len(digits) {
		d := digits[len(digits)-1-i] - '0'
		c = product[c][permutation[i%8][d]]
	}
	return c == 0
}

// Component is what a SNOMED CT identifier names.
type Component uint8

// The components of SNOMED CT.
const (
	NoComponent Component = iota
	Concept
	Description
	Relationship
)

// SNOMED tells from the partition of a SNOMED CT identifier, the two digits
// before its check digit, what it names; NoComponent for a partition that there
// is not. (SNOMED CT Technical Implementation Guide, SCTID.)
func SNOMED(digits string) Component {
	if len(digits) < 6 || len(digits) > 18 || digits[0] == '0' || !Digits(digits) {
		return NoComponent
	}
	if p := digits[len(digits)-3]; p != '0' && p != '1' {
		return NoComponent
	}
	switch digits[len(digits)-2] {
	case '0':
		return Concept
	case '1':
		return Description
	case '2':
		return Relationship
	}
	return NoComponent
}
