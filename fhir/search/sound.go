package search

import (
	"strings"
)

// sound is how a word sounds, for spellings of one name: Müller, Mueller and
// Muler are MLR. It follows the rules that Metaphone (L. Philips, 1990) made of
// English spelling, with the sounds merged that are often taken for one
// another: B and P, D and T, G and K, V and F, SH, Z and S. Vowels count at the
// beginning alone. A word without Latin letters sounds as it is written.
//
// The word is folded.
func sound(word string) string {
	w := latin(word)
	if w == "" {
		return word
	}
	return speak(w)
}

// latin are the letters of a word that the rules are about.
func latin(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") == "" {
		return word // as most are
	}
	return strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, ligatures.Replace(word))
}

// ligatures are the letters besides a to z that are left in folded Latin words.
var ligatures = strings.NewReplacer("ß", "ss", "æ", "e", "œ", "e", "þ", "th")

// beginnings are spelled otherwise than they sound.
var beginnings = strings.NewReplacer("^mc", "mac", "^ae", "e", "^gn", "n", "^kn", "n", "^pn", "n", "^ps", "s", "^wr", "r", "^wh", "w", "^x", "s", "^", "")

type group struct{ letters, sound string }

// groups are letters that make one sound. They are tried in this order, at each
// letter; what they become is a letter of its own or a sound.
var groups = []group{
	{"sch", "S"}, {"tch", "C"}, {"dge", "J"}, {"dgi", "J"}, {"dgy", "J"}, {"chr", "KR"}, {"chl", "KL"},
	{"sce", "S"}, {"sci", "S"}, {"scy", "S"}, {"ce", "S"}, {"ci", "S"}, {"cy", "S"},
	{"ck", "K"}, {"cq", "K"}, {"ch", "C"}, {"sh", "S"}, {"ph", "F"}, {"th", "T"}, {"rh", "R"},
	{"ge", "J"}, {"gi", "J"}, {"gy", "J"},
}

// groupsBy are the groups that begin with a letter, in their order.
var groupsBy = func() (by [26][]group) {
	for _, g := range groups {
		by[g.letters[0]-'a'] = append(by[g.letters[0]-'a'], g)
	}
	return by
}()

// sounds are those of single letters; the vowels and what is silent have none.
var sounds = [26]string{'b' - 'a': "P", 'c' - 'a': "K", 'd' - 'a': "T", 'f' - 'a': "F", 'g' - 'a': "K", 'j' - 'a': "J", 'k' - 'a': "K",
	'l' - 'a': "L", 'm' - 'a': "M", 'n' - 'a': "N", 'p' - 'a': "P", 'q' - 'a': "K", 'r' - 'a': "R", 's' - 'a': "S", 't' - 'a': "T",
	'v' - 'a': "F", 'x' - 'a': "KS", 'z' - 'a': "S"}

func isVowel(c byte) bool { return strings.IndexByte("aeiouy", c) >= 0 }

// speak is the sound of letters from a to z.
func speak(w string) string {
	if strings.IndexByte("magkpwx", w[0]) >= 0 { // what the beginnings begin with
		w = beginnings.Replace("^" + w)
	}
	out := make([]byte, 0, 16)
	apart := true // a vowel is between the last sound and this one
	for i := 0; i < len(w); {
		s, n := soundAt(w, i)
		vowel := isVowel(w[i])
		switch {
		case vowel && i == 0:
			out = append(out, 'A')
		case s != "" && (apart || out[len(out)-1] != s[0]):
			out = append(out, s...)
		}
		apart = vowel || s == "" && apart || len(out) == 0
		i += n
	}
	return string(out)
}

// soundAt is the sound at a place and how many letters make it.
func soundAt(w string, i int) (sound string, n int) {
	rest := w[i:]
	next := byte(0)
	if len(rest) > 1 {
		next = rest[1]
	}
	switch {
	case strings.HasPrefix(rest, "gh"):
		if i > 0 && isVowel(w[i-1]) && (len(rest) == 2 || !isVowel(rest[2])) {
			return "", 2 // Hugh, Wright
		}
		return "K", 2
	case rest == "mb":
		return "M", 2
	case rest[0] == 'h', rest[0] == 'w':
		if i == 0 && isVowel(next) {
			return strings.ToUpper(rest[:1]), 1
		}
		return "", 1
	}
	for _, g := range groupsBy[rest[0]-'a'] {
		if strings.HasPrefix(rest, g.letters) {
			if last := g.letters[len(g.letters)-1]; isVowel(last) {
				return g.sound, len(g.letters) - 1
			}
			return g.sound, len(g.letters)
		}
	}
	return sounds[rest[0]-'a'], 1
}

// words are the parts of a folded text that are said by themselves.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '-' || r == ',' || r == '.' || r == '/' })
}

// soundOf is the sound of a folded text, word by word.
func soundOf(text string) string {
	var out []string
	for _, w := range words(text) {
		out = append(out, sound(w))
	}
	return strings.Join(out, " ")
}
