package profiles

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

const maxInteger = "2147483647"

// integer is a whole number of 32 bits.
func integer(text string) fault {
	if !isWhole(strings.TrimPrefix(text, "-")) {
		return wrong("a whole number, without point or exponent")
	}
	if _, err := strconv.ParseInt(text, 10, 32); err != nil {
		return wrong("a whole number from -2147483648 to " + maxInteger)
	}
	return fault{}
}

func unsignedInt(text string) fault { return atLeast(text, 0) }

func positiveInt(text string) fault { return atLeast(text, 1) }

func atLeast(text string, least int64) fault {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < least || !isWhole(text) {
		return wrong("a whole number from " + strconv.FormatInt(least, 10) + " to " + maxInteger)
	}
	return fault{}
}

func isWhole(text string) bool {
	for i := 0; i < len(text); i++ {
		if !isDigit(text[i]) {
			return false
		}
	}
	return text != "" && (text[0] != '0' || len(text) == 1)
}

// Limits of a decimal: R4 asks no one to keep more than 18 digits, and an
// exponent beyond those of a double is a mistake or an attack.
const (
	maxDigits   = 18
	maxExponent = 308
)

// decimal is a JSON number, whose grammar the parser has checked, within
// limits.
func decimal(text string) fault {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	if exponent != "" {
		if n, err := strconv.Atoi(exponent); err != nil || n > maxExponent || n < -maxExponent {
			return wrong("an exponent from -308 to 308")
		}
	}
	digits := strings.TrimLeft(strings.Replace(strings.TrimPrefix(mantissa, "-"), ".", "", 1), "0")
	if len(digits) > maxDigits {
		return fault{expected: "at most 18 digits", fix: "Round the value: receivers need not keep more digits.", severity: fhir.Warning}
	}
	return fault{}
}
