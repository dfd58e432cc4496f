package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold brings a text to the form in which names are compared: without case and
// accents, white space as single blanks and none at the ends.
func Fold(s string) string { return fold(s) }

// fold brings a text to the form in which strings are compared: without case,
// without accents, white space as single blanks and none at the ends.
// "  Jürgen  MÜLLER" folds to "jurgen muller".
func fold(s string) string {
	if folded(s) {
		return s
	}
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return foldUnicode(s)
		}
	}
	if s = strings.ToLower(s); folded(s) {
		return s
	}
	return blanks(s)
}

// folded reports whether an ASCII text is in folded form already.
func folded(s string) bool {
	blank := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == ' ':
			if blank {
				return false
			}
			blank = true
			continue
		case 'A' <= c && c <= 'Z', c >= utf8.RuneSelf, c < ' ':
			return false
		}
		blank = false
	}
	return !blank || s == ""
}

func foldUnicode(s string) string {
	s = cases.Fold().String(norm.NFKD.String(s))
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		if to, ok := letters[r]; ok {
			return to
		}
		return r
	}, s)
	return blanks(norm.NFC.String(s))
}

// letters are those with a stroke or hook that Unicode does not take apart.
var letters = map[rune]rune{'ø': 'o', 'ł': 'l', 'đ': 'd', 'ħ': 'h', 'ı': 'i', 'ŧ': 't', 'ð': 'd'}

func blanks(s string) string { return strings.Join(strings.Fields(s), " ") }
