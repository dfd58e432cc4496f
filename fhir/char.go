package fhir

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// IsChar reports whether XML 1.0 has the character (section 2.2, production
// Char). A resource is one in JSON and XML, so its strings hold no other.
func IsChar(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r == 0xFFFE || r == 0xFFFF:
		return false
	}
	return utf8.ValidRune(r)
}

// NoChar finds the first character of a text for which [IsChar] is false, and
// its place counted in characters from 1; place 0 says that there is none.
func NoChar(text string) (r rune, place int) {
	clean := true
	for i := range len(text) {
		if text[i] < ' ' || text[i] == 0xEF { // U+FFFE and U+FFFF begin with 0xEF
			clean = false
			break
		}
	}
	if clean {
		return 0, 0
	}
	for _, r := range text {
		place++
		if !IsChar(r) {
			return r, place
		}
	}
	return 0, 0
}

// cleaned replaces what [IsChar] excludes by its number, for a message that
// quotes it.
func cleaned(text string) string {
	if _, place := NoChar(text); place == 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if IsChar(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}
