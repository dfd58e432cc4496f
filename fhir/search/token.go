package search

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// A token's key is the code as a term, a flag, and but for implicit systems
// the digest of the system. The flag says how codes compare.
const (
	implicit  = 'c' // a code whose system its element implies, a boolean, a URI: as written
	foldCase  = 'i' // folded: a code of a system that may not distinguish case
	exactCase = 's' // as written: an identifier, a code of a system that does
)

// caseSensitive lists the beginnings of systems that distinguish case. R4 asks
// to treat codes without regard to case where that is not known.
var caseSensitive = []string{
	"http://hl7.org/fhir/", "http://terminology.hl7.org/", "http://unitsofmeasure.org",
	"https://fhir.hl7.org.uk/", "https://fhir.nhs.uk/", "urn:ietf:bcp:",
}

func distinguishesCase(system string) bool {
	for _, begin := range caseSensitive {
		if strings.HasPrefix(system, begin) {
			return true
		}
	}
	return false
}

func appendCode(b []byte, flag byte, system, code string) []byte {
	if flag == foldCase {
		code = fold(code)
	}
	b = append(appendTerm(b, cut(code)), flag)
	if flag == implicit {
		return b
	}
	return appendDigest(b, system)
}

func flagOf(system string) byte {
	if distinguishesCase(system) {
		return exactCase
	}
	return foldCase
}

// tokenEnd is the offset behind the token key at the head of b, -1 for none.
func tokenEnd(b []byte) int {
	end := termEnd(b)
	if end < 0 || end >= len(b) {
		return -1
	}
	if b[end] == implicit {
		return end + 1
	}
	return end + 1 + digestLen
}

func (s *sink) code(param string, flag byte, system, code string) {
	if code == "" {
		return
	}
	start := len(s.buf)
	s.buf = appendCode(s.buf, flag, system, code)
	s.take(param, start)
}

func writeImplicit(s *sink, p *names, n fhir.Node) { s.code(p.code, implicit, "", n.Text()) }
func writeWord(s *sink, p *names, n fhir.Node)     { s.code(p.code, foldCase, "", n.Text()) }
func writeContact(s *sink, p *names, n fhir.Node) {
	s.code(p.code, foldCase, "", n.Get("value").Text())
}

func writeCoding(s *sink, p *names, n fhir.Node) {
	system := n.Get("system").Text()
	s.code(p.code, flagOf(system), system, n.Get("code").Text())
	s.text(p.text, n.Get("display").Text())
}

func writeConcept(s *sink, p *names, n fhir.Node) {
	for coding := n.Get("coding").First(); coding.Exists(); coding = coding.Next() {
		writeCoding(s, p, coding)
	}
	s.text(p.text, n.Get("text").Text())
}

// writeIdentifier: R4 has identifier values distinguish case unless the system
// is known not to.
func writeIdentifier(s *sink, p *names, n fhir.Node) {
	value := n.Get("value").Text()
	s.code(p.code, exactCase, n.Get("system").Text(), value)
	kind := n.Get("type")
	if !kind.Exists() {
		return
	}
	s.text(p.text, kind.Get("text").Text())
	for coding := kind.Get("coding").First(); coding.Exists(); coding = coding.Next() {
		if code := coding.Get("code").Text(); code != "" && value != "" {
			start := len(s.buf)
			s.buf = appendOfType(s.buf, coding.Get("system").Text(), code, value)
			s.take(p.ofType, start)
		}
	}
}

// appendOfType is the key for identifier:of-type=system|code|value.
func appendOfType(b []byte, system, code, value string) []byte {
	return appendDigest(appendDigest(appendTerm(b, cut(value)), system), code)
}
