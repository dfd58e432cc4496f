package search

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// A string's key is the folded text as a term, by which strings are searched
// from their beginning, and a digest of the text as it is, for :exact. Of long
// texts the first maxText folded bytes are indexed.
func appendString(b []byte, text string) []byte {
	f := fold(text)
	if len(f) > maxText {
		f = f[:maxText]
	}
	return appendDigest(appendTerm(b, f), text)
}

func (s *sink) text(param, text string) {
	if text == "" {
		return
	}
	start := len(s.buf)
	s.buf = appendString(s.buf, text)
	s.take(param, start)
}

func writeString(s *sink, p *names, n fhir.Node) { s.text(p.code, n.Text()) }

// humanNameParts and addressParts are what a string search on a name or an
// address looks at: https://hl7.org/fhir/R4/search.html#string
var (
	humanNameParts = []string{"text", "family", "given", "prefix", "suffix"}
	addressParts   = []string{"text", "line", "city", "district", "state", "postalCode", "country"}
)

func writeHumanName(s *sink, p *names, n fhir.Node) { s.parts(p, n, humanNameParts) }
func writeAddress(s *sink, p *names, n fhir.Node)   { s.parts(p, n, addressParts) }

func (s *sink) parts(p *names, n fhir.Node, parts []string) {
	for m := n.First(); m.Exists(); m = m.Next() {
		if !slices.Contains(parts, m.Name()) {
			continue
		}
		if m.Kind() == fhir.String {
			s.text(p.code, m.Text())
		}
		for item := m.First(); item.Exists(); item = item.Next() {
			s.text(p.code, item.Text())
		}
	}
}

func writeAnnotation(s *sink, p *names, n fhir.Node) { s.text(p.code, n.Get("text").Text()) }
func writeCodingText(s *sink, p *names, n fhir.Node) { s.text(p.code, n.Get("display").Text()) }

func writeConceptText(s *sink, p *names, n fhir.Node) {
	s.text(p.code, n.Get("text").Text())
	for coding := n.Get("coding").First(); coding.Exists(); coding = coding.Next() {
		writeCodingText(s, p, coding)
	}
}
