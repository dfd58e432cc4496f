// Package checkdigit proves the identifiers that carry a check character: NHS
// numbers, EPS prescription ids, SNOMED CT identifiers.
package checkdigit

import "strings"

// NHSNumber reports whether ten digits end in their check digit by Modulus 11:
// the first nine weighted 10 down to 2, the remainder of the sum taken from 11,
// 11 counting as 0. A number that would need 10 is never given out (NHS Data
// Dictionary, NHS NUMBER). Ten equal digits pass, and are what is typed where a number is
// not known: they are refused, as the UK Health Security Agency does (epidm, valid_nhs).
func NHSNumber(digits string) bool {
	if len(digits) != 10 || !Digits(digits) || strings.Count(digits, digits[:1]) == 10 {
		return false
	}
	sum := 0
	for i := range 9 {
		sum += int(digits[i]-'0') * (10 - i)
	}
	return (11-sum%11)%11 == int(digits[9]-'0')
}

// prescriptionAlphabet are the values 0 to 36 of ISO/IEC 7064 MOD 37-2.
const prescriptionAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+"

// Prescription is the character that completes the seventeen of a short-form
// prescription id, dashes left out; 0 where there is a character that cannot
// stand in an id.
func Prescription(body string) byte {
	total := 0
	for _, c := range strings.ToUpper(body) {
		v := strings.IndexRune(prescriptionAlphabet[:36], c)
		if v < 0 {
			return 0
		}
		total = (total + v) * 2 % 37
	}
	return prescriptionAlphabet[(38-total)%37]
}

// PrescriptionID takes an id of the form XXXXXX-OOOOOO-XXXXXC apart: the code of
// the organisation that issued it, the character that it should end in and
// whether it does. A form that is another gives wellFormed false, and so do
// small letters: an id is found by its text, so there is one way to write it.
func PrescriptionID(id string) (issuer string, want byte, ok, wellFormed bool) {
	parts := strings.Split(id, "-")
	if id != strings.ToUpper(id) || len(parts) != 3 || len(parts[0]) != 6 || len(parts[1]) != 6 || len(parts[2]) != 6 {
		return "", 0, false, false
	}
	want = Prescription(parts[0] + parts[1] + parts[2][:5])
	return parts[1], want, want != 0 && want == parts[2][5], true
}

// Scheme reports whether an organisation's code can be one of those whose ids
// carry the check character: ODS codes hold a letter. An id whose middle part is
// digits alone was not issued under the scheme, and the service takes such ids
// as they are.
func Scheme(issuer string) bool {
	return strings.ContainsFunc(issuer, func(r rune) bool { return 'A' <= r && r <= 'Z' })
}

// Digits reports whether a text is digits and nothing else.
func Digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
