package dispensing

import "strings"

// checkAlphabet are the values 0 to 36 of ISO/IEC 7064 MOD 37-2.
const checkAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+"

// CheckCharacter is the character that completes the seventeen of a short-form
// prescription id, dashes left out; 0 where there is a character that cannot
// stand in an id.
func CheckCharacter(body string) byte {
	total := 0
	for _, c := range strings.ToUpper(body) {
		v := strings.IndexRune(checkAlphabet[:36], c)
		if v < 0 {
			return 0
		}
		total = (total + v) * 2 % 37
	}
	return checkAlphabet[(38-total)%37]
}

// shortForm takes an id of the form XXXXXX-OOOOOO-XXXXXC apart: the code of the
// organisation that issued it and whether its last character is right.
func shortForm(id string) (issuer string, ok, wellFormed bool) {
	parts := strings.Split(strings.ToUpper(id), "-")
	if len(parts) != 3 || len(parts[0]) != 6 || len(parts[1]) != 6 || len(parts[2]) != 6 {
		return "", false, false
	}
	want := CheckCharacter(parts[0] + parts[1] + parts[2][:5])
	return parts[1], want != 0 && want == parts[2][5], true
}

// isODSCode reports whether six characters can name an organisation: ODS codes
// hold a letter. An id whose middle part is digits alone was not issued under
// the scheme that gives it a check character, and the service takes such ids as
// they are.
func isODSCode(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' })
}
