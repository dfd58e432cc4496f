package fhir

// IsID reports whether s may be the logical id of a resource: 1 to 64 letters,
// digits, hyphens and dots. https://hl7.org/fhir/R4/datatypes.html#id
func IsID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.':
		default:
			return false
		}
	}
	return true
}
