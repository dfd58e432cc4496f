package search

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// A reference's key begins with its form. One that ends like the address of a
// resource, in type and id, has as terms the id, the type, the base before them
// ("" of a relative one) and the version, so that an id alone finds it and a
// search decides which bases are of this server. Any other address has itself
// and the version. Most have no version. A reference without an address, to a
// contained resource or by an identifier or a display text alone, has a key of
// its form only: it is not missing, and it is sorted behind all others.
const (
	literal     = 'r'
	address     = 'u'
	unaddressed = 'z'
)

// reference is the text of a reference taken apart: base, typ and id of one
// that ends like the address of a resource, else url.
type reference struct {
	base, typ, id string
	url           string
	version       string
}

// parseReference reads Type/id, Type/id/_history/version or an absolute
// address. A reference to a contained resource or by a query has no parts.
func parseReference(s string) (reference, bool) {
	if s == "" || s[0] == '#' || strings.IndexByte(s, '?') >= 0 {
		return reference{}, false
	}
	s, _, _ = strings.Cut(s, "#")
	whole, version, _ := strings.Cut(s, "/_history/")
	return parseAddress(whole, version)
}

// parseCanonical reads url|version; a fragment is no part of what it names.
func parseCanonical(s string) (reference, bool) {
	s, _, _ = strings.Cut(s, "#")
	url, version, _ := strings.Cut(s, "|")
	if url == "" {
		return reference{}, false
	}
	if r, ok := parseAddress(url, version); ok {
		return r, true
	}
	return reference{url: url, version: version}, true
}

func parseAddress(s, version string) (reference, bool) {
	r := reference{version: version}
	if head, id := lastSegment(s); fhir.IsID(id) {
		if base, typ := lastSegment(head); isTypeName(typ) && (base == "" && head == typ || strings.Contains(base, "://")) {
			r.base, r.typ, r.id = base, typ, id
			return r, true
		}
	}
	r.url = s
	return r, strings.Contains(s, ":")
}

func lastSegment(s string) (head, last string) {
	i := strings.LastIndexByte(s, '/')
	return s[:max(i, 0)], s[i+1:]
}

func isTypeName(s string) bool {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// appendTarget is the beginning of the keys of all references to a resource by
// its type and id, below whatever base.
func appendTarget(b []byte, typ, id string) []byte {
	return appendTerm(appendTerm(append(b, literal), id), typ)
}

// appendUnversioned is the key of a reference up to its version.
func appendUnversioned(b []byte, r reference) []byte {
	if r.url != "" {
		return appendTerm(append(b, address), cut(r.url))
	}
	return appendTerm(appendTarget(b, r.typ, r.id), cut(r.base))
}

func appendReference(b []byte, r reference) []byte {
	return appendTerm(appendUnversioned(b, r), cut(r.version))
}

// readReference takes a key apart. Long parts are shortened in it.
func readReference(key []byte) (r reference, ok bool) {
	if len(key) == 0 {
		return r, false
	}
	rest := key[1:]
	switch key[0] {
	case literal:
		r.id, rest = readTerm(rest)
		r.typ, rest = readTerm(rest)
		r.base, rest = readTerm(rest)
	case address:
		r.url, rest = readTerm(rest)
	default:
		return r, false
	}
	r.version, rest = readTerm(rest)
	return r, rest != nil
}

// refer makes the entry of a reference.
func (s *sink) refer(param string, r reference) {
	start := len(s.buf)
	s.buf = appendReference(s.buf, r)
	s.take(param, start)
}

func writeReference(s *sink, p *names, n fhir.Node) {
	text, id := n.Get("reference").Text(), n.Get("identifier")
	if r, ok := parseReference(text); ok {
		s.refer(p.code, r)
	} else if text != "" || id.Exists() || n.Get("display").Exists() {
		s.unaddressed(p.code, n, text)
	}
	if id.Exists() {
		s.code(p.identifier, exactCase, id.Get("system").Text(), id.Get("value").Text())
	}
}

// writeInBundle indexes a resource inside of a Bundle, to which composition and
// message of Bundle lead: by the entry's fullUrl and by its type and id.
func writeInBundle(s *sink, p *names, n fhir.Node) {
	texts := [...]string{n.Parent().Get("fullUrl").Text(), n.Get("resourceType").Text() + "/" + n.Get("id").Text()}
	for _, text := range texts {
		if r, ok := parseReference(text); ok {
			s.refer(p.code, r)
		}
	}
}

func writeCanonical(s *sink, p *names, n fhir.Node) {
	text := n.Text()
	if r, ok := parseCanonical(text); ok {
		s.refer(p.code, r)
	} else if text != "" {
		s.unaddressed(p.code, n, text)
	}
}

// unaddressed makes the entry of a reference without an address, and notes the
// contained resource to which it leads.
func (s *sink) unaddressed(param string, n fhir.Node, text string) {
	start := len(s.buf)
	s.buf = append(s.buf, unaddressed)
	s.take(param, start)
	if fragment, ok := strings.CutPrefix(text, "#"); ok {
		s.contained(param, n.Resource(), fragment)
	}
}

// Local is the resource of this server that the text of a reference names, ""
// where it names none.
func Local(text string, own Own) (typ, id string) {
	r, ok := parseReference(text)
	if !ok || r.id == "" || !own.is(r.base) {
		return "", ""
	}
	return r.typ, r.id
}

// LocalReference takes the key of an entry under a reference parameter apart:
// the resource of this server that it refers to. It is false for all others.
func LocalReference(key []byte, own Own) (typ, id string, ok bool) {
	r, ok := readReference(key)
	return r.typ, r.id, ok && r.id != "" && own.is(r.base)
}

// ReferenceTo is the range of the entries under a reference parameter that
// refer to a resource of this server, whatever the version.
func ReferenceTo(typ, id string, own Own) Range {
	r := variants(appendTarget(nil, typ, id))
	r.Match = func(key []byte) bool { return own.is(baseOf(key)) }
	return r
}

// baseOf is the base in the key of a reference to a type and id.
func baseOf(key []byte) string {
	r, _ := readReference(key)
	return r.base
}

// ReferenceKey is the key of an entry for a reference to a resource of this
// server, which [ReferenceTo] finds.
func ReferenceKey(typ, id string) []byte { return appendReference(nil, reference{typ: typ, id: id}) }

// targetType is the type of what a Reference points to, as far as it says so
// itself: by its text, its type element or the contained resource it names.
func targetType(n fhir.Node) string {
	text := n.Get("reference").Text()
	if r, ok := parseReference(text); ok && r.typ != "" {
		return r.typ
	}
	if id, ok := strings.CutPrefix(text, "#"); ok {
		return n.Resource().Root().Contained(id).Get("resourceType").Text()
	}
	return n.Get("type").Text()
}
