package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// uri holds for uri, url and canonical: no white space, and within urn:uuid:
// and urn:oid: the form of those. Capitals in a UUID are let pass with a
// warning: R4 asks for lower case, but much software writes them.
func uri(text string) fault {
	for i := 0; i < len(text); i++ {
		if isSpace(text[i]) {
			return fault{expected: "a URI without white space", fix: "Remove the white space, or write it as %20."}
		}
	}
	bare, _, _ := strings.Cut(text, "#")
	switch {
	case strings.HasPrefix(text, "urn:uuid:"):
		f := uuid(bare)
		if f.fix != "" {
			f.severity = fhir.Warning // only its case is wrong
		}
		return f
	case strings.HasPrefix(text, "urn:oid:"):
		return oid(bare)
	case strings.HasPrefix(text, "oid:"), strings.HasPrefix(text, "uuid:"):
		return fault{expected: "a URI: those of OIDs and UUIDs begin with urn:", fix: "Write " + quoteShort("urn:"+text) + "."}
	}
	return fault{}
}

// uuid is urn:uuid: with the hexadecimal digits in lower case, in groups of 8,
// 4, 4, 4 and 12.
func uuid(text string) fault {
	const expected = "urn:uuid: and a UUID in lower case, such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
	hex, ok := strings.CutPrefix(text, "urn:uuid:")
	if ok && isUUID(hex) {
		return fault{}
	}
	if isUUID(strings.ToLower(hex)) {
		return fault{expected: expected, fix: `Write "urn:uuid:` + strings.ToLower(hex) + `".`}
	}
	return wrong(expected)
}

func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case !isDigit(c) && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// oid is urn:oid: with arcs of digits, the first 0, 1 or 2 and none with a
// leading zero.
func oid(text string) fault {
	arcs, ok := strings.CutPrefix(text, "urn:oid:")
	if ok && isOID(arcs) {
		return fault{}
	}
	return wrong("urn:oid: and an OID, such as urn:oid:2.16.840.1.113883.2.1.4.1")
}

func isOID(text string) bool {
	if len(text) < 3 || text[0] < '0' || text[0] > '2' || text[1] != '.' {
		return false
	}
	for arc := range strings.SplitSeq(text[2:], ".") {
		if arc == "" || len(arc) > 1 && arc[0] == '0' {
			return false
		}
		for i := 0; i < len(arc); i++ {
			if !isDigit(arc[i]) {
				return false
			}
		}
	}
	return true
}
