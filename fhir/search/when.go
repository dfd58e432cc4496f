package search

import "github.com/pestle-fhir/pestle/fhir"

func (s *sink) span(param string, at span, ok bool) {
	if !ok {
		return
	}
	start := len(s.buf)
	s.buf = appendSpan(s.buf, at)
	s.take(param, start)
}

func writeDate(s *sink, p *names, n fhir.Node) {
	at, ok := parseSpan(n.Text())
	s.span(p.code, at, ok)
}

func writePeriod(s *sink, p *names, n fhir.Node) {
	at, ok := periodSpan(n)
	s.span(p.code, at, ok)
}

func writeTiming(s *sink, p *names, n fhir.Node) {
	at, ok := timingSpan(n)
	s.span(p.code, at, ok)
}
