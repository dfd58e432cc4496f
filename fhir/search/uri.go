package search

import "github.com/pestle-fhir/pestle/fhir"

// A URI's key is the URI as a term: R4 compares them as they are written.
func appendURI(b []byte, uri string) []byte { return appendTerm(b, cut(uri)) }

func writeURI(s *sink, p *names, n fhir.Node) {
	if uri := n.Text(); uri != "" {
		start := len(s.buf)
		s.buf = appendURI(s.buf, uri)
		s.take(p.code, start)
	}
}
