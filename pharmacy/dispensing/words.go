package dispensing

import (
	"strings"
)

var small = map[string]int{
	"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
	"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}

// number reads a whole number in English words, as prescribers write
// quantities: "twenty eight", "one hundred and twelve". Words behind the number
// ("tablets") end it. ok is false where the text is not such a number.
func number(words string) (n int, ok bool) {
	fields := strings.FieldsFunc(strings.ToLower(words), func(r rune) bool { return r == ' ' || r == '-' || r == ',' })
	current := 0
	for i, w := range fields {
		v, isSmall := small[w]
		switch {
		case isSmall:
			current, ok = current+v, true
		case w == "hundred" && ok:
			current *= 100
		case w == "thousand" && ok:
			n, current = n+current*1000, 0
		case w == "and" && ok && i < len(fields)-1:
		default:
			return n + current, ok && !strings.ContainsAny(w, "0123456789")
		}
	}
	return n + current, ok
}
