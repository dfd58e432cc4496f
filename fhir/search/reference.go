package search

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// A reference's key begins with its form. A relative one has the id, the type
// and the version as terms, so that an id alone finds it; an absolute one and a
// canonical have the address and the version. Most have no version.
const (
	relative = 'r'
	absolute = 'u'
)

// reference is the text of a reference taken apart. Of an absolute one, typ and
// id are what its path ends with, if it ends like a resource's address.
type reference struct {
	url     string // of an absolute one, without the version
	typ, id string
	version string
}

// parseReference reads Type/id, Type/id/_history/version or an absolute
// address. A reference to a contained resource or by a query has no parts.
func parseReference(s string) (reference, bool) {
	if s == "" || s[0] == '#' || strings.IndexByte(s, '?') >= 0 {
		return reference{}, false
	}
	address, version, _ := strings.Cut(s, "/_history/")
	r := reference{version: version}
	if head, id := lastSegment(address); fhir.IsID(id) {
		if before, typ := lastSegment(head); isTypeName(typ) {
			r.typ, r.id = typ, id
			if before == "" {
				return r, true
			}
		}
	}
	if !strings.Contains(address, ":") {
		return reference{}, false
	}
	r.url = address
	return r, true
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

// appendLocal is the key of any version of a resource of this server; a
// version, or a zero byte pair for none, goes behind it.
func appendLocal(b []byte, typ, id string) []byte {
	return appendTerm(appendTerm(append(b, relative), id), typ)
}

func appendAddress(b []byte, url string) []byte { return appendTerm(append(b, absolute), cut(url)) }

func appendReference(b []byte, r reference) []byte {
	if r.url == "" {
		b = appendLocal(b, r.typ, r.id)
	} else {
		b = appendAddress(b, r.url)
	}
	return appendTerm(b, cut(r.version))
}

func writeReference(s *sink, p *names, n fhir.Node) {
	if r, ok := parseReference(n.Get("reference").Text()); ok {
		start := len(s.buf)
		s.buf = appendReference(s.buf, r)
		s.take(p.code, start)
	}
	if id := n.Get("identifier"); id.Exists() {
		s.code(p.identifier, exactCase, id.Get("system").Text(), id.Get("value").Text())
	}
}

// writeInBundle indexes a resource inside of a Bundle, to which composition and
// message of Bundle lead: by the entry's fullUrl and by its type and id.
func writeInBundle(s *sink, p *names, n fhir.Node) {
	texts := [...]string{n.Parent().Get("fullUrl").Text(), n.Get("resourceType").Text() + "/" + n.Get("id").Text()}
	for _, text := range texts {
		if r, ok := parseReference(text); ok {
			start := len(s.buf)
			s.buf = appendReference(s.buf, r)
			s.take(p.code, start)
		}
	}
}

// writeCanonical takes a canonical that is relative, Library/123, for a
// reference to a resource of this server.
func writeCanonical(s *sink, p *names, n fhir.Node) {
	text := n.Text()
	if text == "" || text[0] == '#' {
		return
	}
	url, version, _ := strings.Cut(text, "|")
	r, ok := parseReference(url)
	if !ok || r.url != "" {
		r = reference{url: url}
	}
	r.version = version
	start := len(s.buf)
	s.buf = appendReference(s.buf, r)
	s.take(p.code, start)
}

// LocalReference takes the key of an entry under a reference parameter apart:
// the resource of this server that it refers to. It is false for addresses.
func LocalReference(key []byte) (typ, id string, ok bool) {
	if len(key) == 0 || key[0] != relative {
		return "", "", false
	}
	id, rest := readTerm(key[1:])
	typ, _ = readTerm(rest)
	return typ, id, typ != "" && id != ""
}

// ReferenceTo gives the ranges of the entries under a reference parameter that
// refer to a resource of this server, whatever the version.
func ReferenceTo(typ, id string) Range { return variants(appendLocal(nil, typ, id)) }

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
		for c := range n.Resource().Get("contained").Items() {
			if c.Get("id").Text() == id {
				return c.Get("resourceType").Text()
			}
		}
		return ""
	}
	return n.Get("type").Text()
}
