package patch

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
)

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
