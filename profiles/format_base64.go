package profiles

import "github.com/pestle-fhir/pestle/fhir"

// base64Binary is RFC 4648 section 4: groups of four characters, = only at the
// end. White space between them is let pass with a warning, as R4's own
// pattern has it.
func base64Binary(text string) fault {
	count, padding, space := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch base64Kind[text[i]] {
		case base64Digit:
			if padding > 0 {
				return wrong("= only at the end")
			}
			count++
		case base64Padding:
			padding++
			count++
		case base64Space:
			space = true
		default:
			return wrong("base64: letters, digits, + and /, with = at the end")
		}
	}
	if count%4 != 0 || padding > 2 || count == 0 {
		return fault{expected: "base64 in groups of four characters", fix: "Fill the last group up with =."}
	}
	if space {
		return fault{expected: "base64 without white space", fix: "Remove the line breaks and spaces.", severity: fhir.Warning}
	}
	return fault{}
}

const (
	base64Digit = iota + 1
	base64Padding
	base64Space
)

var base64Kind = func() (t [256]uint8) {
	for c := range t {
		b := byte(c)
		switch {
		case isLetter(b) || isDigit(b) || b == '+' || b == '/':
			t[c] = base64Digit
		case b == '=':
			t[c] = base64Padding
		case isSpace(b):
			t[c] = base64Space
		}
	}
	return t
}()
