package profiles

import "github.com/pestle-fhir/pestle/fhir"

// base64Binary is RFC 4648 section 4: groups of four characters, = only at the
// end. White space between them is let pass with a warning, as R4's own
// pattern has it.
func base64Binary(text string) fault {
	count, padding, space := 0, 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case isSpace(c):
			space = true
			continue
		case c == '=':
			padding++
		case padding > 0:
			return wrong("= only at the end")
		case !isLetter(c) && !isDigit(c) && c != '+' && c != '/':
			return wrong("base64: letters, digits, + and /, with = at the end")
		}
		count++
	}
	if count%4 != 0 || padding > 2 || count == 0 {
		return fault{expected: "base64 in groups of four characters", fix: "Fill the last group up with =."}
	}
	if space {
		return fault{expected: "base64 without white space", fix: "Remove the line breaks and spaces.", severity: fhir.Warning}
	}
	return fault{}
}
