// Package numeral reads numbers in English words, as prescribers write the quantities
// of controlled drugs.
package numeral

import "strings"

var small = map[string]int{
	"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
	"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}

// most is the largest number that is read.
const most = 1_000_000

// Read reads a whole number in English words: "twenty eight", "one hundred and
// twelve". Words behind the number ("tablets") end it. ok is false where the
// text is not such a number.
func Read(words string) (n int, ok bool) {
	n, _, ok = read(strings.FieldsFunc(strings.ToLower(words), func(r rune) bool { return r == ' ' || r == '-' || r == ',' }))
	return n, ok
}

// read reads the number with which some words begin, and how many they are.
func read(fields []string) (n, used int, ok bool) {
	current, last := 0, 0 // last is what a further small number adds to: tens, hundreds
	for i, w := range fields {
		v, isSmall := small[w]
		switch {
		case isSmall && last > 0 && (last < 20 || last < 100 && v >= 10 || v == 0):
			return 0, i, false // one two, twenty twelve, twenty zero
		case isSmall:
			current, last, ok = current+v, max(v, 1), true
		case w == "hundred" && (current >= 100 || ok && current == 0), w == "thousand" && (n > 0 || ok && current == 0):
			return 0, i, false // one hundred one hundred, zero thousand
		case w == "hundred" && ok:
			current, last = current*100, 100
		case w == "thousand" && ok:
			n, current, last = n+current*1000, 0, 1000
		case w == "and" && ok && i < len(fields)-1:
		default:
			return n + current, i, ok && !strings.ContainsAny(w, "0123456789")
		}
		if n+current > most {
			return 0, i, false
		}
	}
	return n + current, len(fields), ok
}
