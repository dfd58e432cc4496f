package tariff

import "regexp"

var sctid = regexp.MustCompile(`^[1-9][0-9]{5,17}$`)

// The dihedral group D5 of Verhoeff's check digit: product and the power of the
// permutation for each place.
var (
	dihedral = [10]string{"0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
		"5987604321", "6598710432", "7659821043", "8765932104", "9876543210"}
	permuted = [8]string{"0123456789", "1576283094", "5803796142", "8916043527",
		"9453126870", "4286573901", "2793806415", "7046913258"}
)

// checkDigitHolds reports whether the last digit of a SNOMED CT identifier is
// Verhoeff's check digit over the others (SNOMED CT Editorial Guide, SCTID).
func checkDigitHolds(id string) bool {
	c := byte('0')
	for i := range len(id) {
		digit := id[len(id)-1-i] - '0'
		c = dihedral[c-'0'][permuted[i%8][digit]-'0']
	}
	return c == '0'
}
