package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// format checks the text of a primitive that is not empty. The zero fault says
// that it is right.
type format func(text string) fault

type fault struct {
	expected string
	fix      string
	severity fhir.Severity // of the issue; empty is an error
}

func wrong(expected string) fault { return fault{expected: expected} }

// formatOf gives the rule for the primitive type of that name (R4, Data Types).
func formatOf(name string) format {
	switch name {
	case "boolean":
		return func(string) fault { return fault{} }
	case "integer":
		return integer
	case "positiveInt":
		return positiveInt
	case "unsignedInt":
		return unsignedInt
	case "decimal":
		return decimal
	case "date":
		return date
	case "dateTime":
		return dateTime
	case "instant":
		return instant
	case "time":
		return timeOfDay
	case "id":
		return id
	case "code":
		return code
	case "uri":
		return uri
	case "url", "canonical":
		return uri
	case "oid":
		return oid
	case "uuid":
		return uuid
	case "base64Binary":
		return base64Binary
	case "xhtml":
		return func(string) fault { return fault{} } // the narrative rules read it
	}
	return plainText // string, markdown
}

// maxString is how many bytes a string may have (R4: 1 MB).
const maxString = 1 << 20

// plainText holds for string and markdown.
func plainText(text string) fault {
	if len(text) > maxString {
		return wrong("at most 1048576 bytes")
	}
	blank := true
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return wrong("no control characters but tab, line feed and carriage return")
		}
		blank = blank && isSpace(c)
	}
	if blank {
		return fault{expected: "something besides white space", fix: "Leave the element out.", severity: fhir.Warning} // R4, string: SHOULD
	}
	return fault{}
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}

// code has no white space at its ends and single spaces within.
func code(text string) fault {
	before := byte(' ')
	for i := 0; i < len(text); i++ {
		c := text[i]
		if isSpace(c) && (isSpace(before) || c != ' ' || i == len(text)-1) {
			return fault{expected: "a code without white space at its ends or twice within", fix: "Write " + quoteShort(strings.Join(strings.Fields(text), " ")) + "."}
		}
		before = c
	}
	return fault{}
}

func quoteShort(text string) string { return `"` + short(text) + `"` }

// id is 1 to 64 letters, digits, hyphens and dots.
func id(text string) fault {
	if len(text) > 64 {
		return wrong("at most 64 characters")
	}
	for i := 0; i < len(text); i++ {
		if !isIDByte(text[i]) {
			return wrong("letters A-Z and a-z, digits, - and . only")
		}
	}
	return fault{}
}

func isIDByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' || c == '.' }

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
