package patch

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
)

// A selector is the part of XPath 1.0 that RFC 5261 section 4.1 asks for, and
// what FHIR's users write besides:
//
//	/f:Patient/f:name[2]/f:given[last()]/@value
//	f:Patient/f:identifier[f:system/@value='http://a']
//	f:doc/text()[1]   f:doc/comment()   f:doc/namespace::p   id('x')/f:a
type selector []step

type step struct {
	axis  axis
	space string // of an element or attribute
	local string // "*" is any; of namespace:: the prefix; of id() the id
	tests []test
}

type axis uint8

const (
	children axis = iota
	attributes
	namespaces
	texts
	comments
	self
	ids
)

// test is a predicate: a position, or a path that must lead somewhere, to the
// value where there is one.
type test struct {
	position int // from 1; -1 is last()
	path     selector
	value    string
	compares bool
}

// hit is what a selector finds: a node, or an attribute or namespace of one.
type hit struct {
	node *node
	axis axis
	name string // of an attribute, the name as written; of a namespace, the prefix
}

// selection evaluates a selector from the document.
func (s selector) find(from *node) []hit {
	hits := []hit{{node: from, axis: self}}
	for _, st := range s {
		var next []hit
		for _, h := range hits {
			next = append(next, st.find(h.node)...)
		}
		hits = next
	}
	return hits
}

func (st *step) find(n *node) []hit {
	var hits []hit
	switch st.axis {
	case self:
		hits = []hit{{node: n, axis: self}}
	case ids:
		hits = byID(n, st.local)
	case attributes:
		for _, a := range n.attrs {
			if (st.local == "*" || st.local == a.local) && st.space == a.space {
				hits = append(hits, hit{n, attributes, a.name})
			}
		}
	case namespaces:
		for _, d := range n.decls {
			if d.local == st.local {
				hits = append(hits, hit{n, namespaces, d.local})
			}
		}
	default:
		for _, c := range n.children {
			if st.matches(c) {
				hits = append(hits, hit{node: c, axis: st.axis})
			}
		}
	}
	for _, t := range st.tests {
		hits = t.filter(hits)
	}
	return hits
}

func (st *step) matches(n *node) bool {
	switch st.axis {
	case texts:
		return n.isText()
	case comments:
		return n.kind == xml.Comment
	}
	return n.kind == xml.Start && (st.local == "*" || st.local == n.local && st.space == n.space)
}

// byID finds the element with an attribute id of that value.
func byID(n *node, id string) []hit {
	var hits []hit
	for _, c := range n.children {
		if i := c.attr("", "id"); i >= 0 && c.attrs[i].value == id {
			hits = append(hits, hit{node: c, axis: children})
		}
		hits = append(hits, byID(c, id)...)
	}
	return hits
}

func (t *test) filter(hits []hit) []hit {
	switch {
	case t.position < 0:
		return hits[max(len(hits)-1, 0):]
	case t.position > 0:
		if t.position > len(hits) {
			return nil
		}
		return hits[t.position-1 : t.position]
	}
	return slices.DeleteFunc(hits, func(h hit) bool {
		found := t.path.find(h.node)
		if !t.compares {
			return len(found) == 0
		}
		return !slices.ContainsFunc(found, func(f hit) bool { return f.value() == t.value })
	})
}

func (h hit) value() string {
	switch h.axis {
	case attributes:
		for _, a := range h.node.attrs {
			if a.name == h.name {
				return a.value
			}
		}
		return ""
	case namespaces:
		uri, _ := h.node.namespace(h.name)
		return uri
	}
	return h.node.content()
}

// selectorParser reads a selector; prefixes are those of the patch document at
// the operation.
type selectorParser struct {
	text string
	pos  int
	at   *node
	err  *fhir.Error
}

// parseSelector reads the sel of an operation.
func parseSelector(text string, at *node) (selector, *fhir.Error) {
	p := &selectorParser{text: strings.TrimSpace(text), at: at}
	p.eat("/")
	s := p.path(true)
	if p.err == nil && p.pos < len(p.text) {
		p.fail("the end of sel")
	}
	return s, p.err
}

func (p *selectorParser) fail(expected string) {
	if p.err != nil {
		return
	}
	found := "the end of sel"
	if p.pos < len(p.text) {
		found = strings.ToValidUTF8(p.text[p.pos:], "")
	}
	p.err = malformed("The path in sel cannot be read.", expected, found)
}

func (p *selectorParser) eat(s string) bool {
	if strings.HasPrefix(p.text[p.pos:], s) {
		p.pos += len(s)
		return true
	}
	return false
}

func (p *selectorParser) blanks() {
	for p.eat(" ") {
	}
}

func (p *selectorParser) path(tests bool) selector {
	var s selector
	for p.err == nil {
		s = append(s, p.step(tests))
		if !p.eat("/") {
			break
		}
	}
	return s
}

func (p *selectorParser) step(tests bool) step {

	st := step{}
	switch {
	case p.eat("@"):
		st.axis = attributes
		st.space, st.local = p.qname(false)
	case p.eat("namespace::"):
		st.axis, st.local = namespaces, p.name()
	case p.eat("text()"):
		st.axis = texts
	case p.eat("comment()"):
		st.axis = comments
	case p.eat("id("):
		st.axis, st.local = ids, p.literal()
		if !p.eat(")") {
			p.fail(")")
		}
	case p.eat("."):
		st.axis = self
	default:
		st.space, st.local = p.qname(true)
	}
	for tests && p.err == nil && p.eat("[") {
		st.tests = append(st.tests, p.test())
	}

	return st
}

func (p *selectorParser) test() test {
	var t test
	p.blanks()
	switch digits := len(p.text[p.pos:]) - len(strings.TrimLeft(p.text[p.pos:], "0123456789")); {
	case digits > 0:
		t.position, _ = strconv.Atoi(p.text[p.pos : p.pos+min(digits, 9)])
		p.pos += digits
		if t.position == 0 {
			p.fail("a position from 1")
		}
	case p.eat("last()"):
		t.position = -1
	default:
		t.path = p.path(false)
		p.blanks()
		if p.eat("=") {
			p.blanks()
			t.value, t.compares = p.literal(), true
		}
	}
	p.blanks()
	if !p.eat("]") {
		p.fail("]")
	}
	return t
}

func (p *selectorParser) literal() string {
	for _, quote := range []string{"'", `"`} {
		if !p.eat(quote) {
			continue
		}
		if end := strings.Index(p.text[p.pos:], quote); end >= 0 {
			s := p.text[p.pos : p.pos+end]
			p.pos += end + 1
			return s
		}
	}
	p.fail("a string in quotes")
	return ""
}

func (p *selectorParser) name() string {
	end := p.pos
	for end < len(p.text) && (p.text[end] == '_' || p.text[end] == '-' || p.text[end] == '.' && end > p.pos ||
		'0' <= p.text[end] && p.text[end] <= '9' || 'a' <= p.text[end]|0x20 && p.text[end]|0x20 <= 'z' || p.text[end] >= 0x80) {
		end++
	}
	if end == p.pos {
		p.fail("a name")
	}
	name := p.text[p.pos:end]
	p.pos = end
	return name
}

// commonPrefixes may be used in sel without a declaration, as FHIR's own
// examples do.
var commonPrefixes = map[string]string{"f": xml.Namespace, "h": xml.XHTML}

// qname reads a name with its namespace. Without a prefix an element is in the
// default namespace of the patch (RFC 5261 section 4.2.2), an attribute in none.
func (p *selectorParser) qname(element bool) (space, local string) {
	if p.eat("*") {
		return "", "*"
	}
	local = p.name()
	if !p.eat(":") {
		if element {
			space, _ = p.at.namespace("")
		}
		return space, local
	}
	prefix := local
	space, known := p.at.namespace(prefix)
	if !known {
		if space, known = commonPrefixes[prefix]; !known {
			p.fail("a prefix that the patch declares, or f or h, instead of " + prefix)
		}
	}
	if p.eat("*") {
		return space, "*"
	}
	return space, p.name()
}
