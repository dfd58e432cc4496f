package fhir

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
	"unsafe"
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
	if !suspicious(text) {
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

// suspicious reports whether a text may hold what [IsChar] excludes: a control
// character, or a character from U+FFC0 to U+FFFF, of which two are excluded.
func suspicious(text string) bool {
	rest := text
	for ; len(rest) >= 8; rest = rest[8:] {
		w := word(rest)
		control := (w - 0x20*lowBits) &^ w // high bit of a byte below 0x20, and perhaps of those after it
		x := w ^ 0xEF*lowBits              // zero where a byte is 0xEF
		last := (x - lowBits) &^ x         // its high bit
		if (control|last)&highBits != 0 && suspiciousBytes(text, len(text)-len(rest), 8) {
			return true
		}
	}
	return suspiciousBytes(text, len(text)-len(rest), len(rest))
}

// suspiciousBytes is suspicious of n bytes from a place.
func suspiciousBytes(text string, from, n int) bool {
	for i := from; i < from+n; i++ {
		c := text[i]
		if c < ' ' && !IsChar(rune(c)) || c == 0xEF && i+1 < len(text) && text[i+1] == 0xBF {
			return true
		}
	}
	return false
}

// The low and the high bit of each byte of a word.
const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// word is the first eight bytes of a text.
func word(text string) uint64 {
	return binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(text), 8))
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
