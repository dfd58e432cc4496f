package xml

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
)

func (s *Scanner) startTag() (Token, error) {
	start := s.pos
	if len(s.open) == 0 && s.rooted {
		return Token{}, s.fail(start, "A document has one root element.", "the end of the document")
	}
	if len(s.open) >= MaxDepth {
		return Token{}, s.failAs(fhir.TooLong, start, "The elements nest too deep.", fmt.Sprintf("at most %d levels", MaxDepth), fmt.Sprintf("level %d", len(s.open)+1))
	}
	s.rooted = true
	s.pos++
	name := s.name()
	if name == "" {
		return Token{}, s.fail(s.pos, "The name of an element is missing.", "a name behind < (a < in text is written &lt;)")
	}
	before := len(s.bindings)
	closed, err := s.attributes(name)
	if err != nil {
		return Token{}, err
	}
	t := Token{Kind: Start, Name: name, Attrs: s.attrs, Decls: s.decls, Start: start, End: s.pos, Closed: closed}
	if err := s.declare(); err != nil {
		return Token{}, err
	}
	if t.Space, t.Local, err = s.resolve(name, start+1, true); err != nil {
		return Token{}, err
	}
	for i := range s.attrs {
		if err := s.attributeSpace(i); err != nil {
			return Token{}, err
		}
	}
	s.open = append(s.open, openElement{name, t.Local, t.Space, before})
	s.ending = closed
	return t, nil
}

// attributes reads up to the end of a start tag.
func (s *Scanner) attributes(element string) (closed bool, err error) {
	s.attrs, s.decls = s.attrs[:0], s.decls[:0]
	for {
		before := s.pos
		s.space()
		if s.pos >= len(s.text) {
			if element == "" {
				return false, nil // the XML declaration
			}
			return false, s.fail(s.pos, "The tag <"+element+"> is not closed.", ">")
		}
		switch c := s.text[s.pos]; {
		case c == '>':
			s.pos++
			return false, nil
		case c == '/' && strings.HasPrefix(s.text[s.pos:], "/>"):
			s.pos += len("/>")
			return true, nil
		case s.pos == before:
			return false, s.fail(s.pos, "This does not belong into the tag <"+element+">.", "white space, an attribute or >")
		}
		if err := s.attribute(); err != nil {
			return false, err
		}
	}
}

func (s *Scanner) attribute() error {
	a := Attr{At: s.pos}
	if len(s.attrs)+len(s.decls) >= maxAttributes {
		return s.tooMany(a.At, "The element has too many attributes.", maxAttributes)
	}
	if a.Name = s.name(); a.Name == "" {
		return s.fail(s.pos, "The name of an attribute is missing.", `name="value"`)
	}
	s.space()
	if s.pos >= len(s.text) || s.text[s.pos] != '=' {
		return s.fail(s.pos, "The attribute "+a.Name+" has no value.", `="value"`)
	}
	s.pos++
	s.space()
	if s.pos >= len(s.text) || s.text[s.pos] != '"' && s.text[s.pos] != '\'' {
		return s.fail(s.pos, "The value of the attribute "+a.Name+" is not in quotes.", `"value"`)
	}
	quote := s.text[s.pos]
	s.pos++
	end := strings.IndexByte(s.text[s.pos:], quote)
	if end < 0 {
		return s.fail(len(s.text), "The value of the attribute "+a.Name+" is not closed.", string(quote))
	}
	a.Raw = s.text[s.pos : s.pos+end]
	if i := strings.IndexByte(a.Raw, '<'); i >= 0 {
		return s.fail(s.pos+i, "The value of the attribute "+a.Name+" holds <.", "&lt;")
	}
	if err := s.references(a.Raw, s.pos); err != nil {
		return err
	}
	s.pos += end + 1
	for _, other := range s.attrs {
		if other.Name == a.Name {
			return s.fail(a.At, "The element has the attribute "+a.Name+" twice.", "each attribute once")
		}
	}
	if a.Name == "xmlns" || strings.HasPrefix(a.Name, "xmlns:") {
		a.Local = strings.TrimPrefix(a.Name[len("xmlns"):], ":")
		for _, other := range s.decls {
			if other.Name == a.Name {
				return s.fail(a.At, "The element has the attribute "+a.Name+" twice.", "each attribute once")
			}
		}
		s.decls = append(s.decls, a)
		return nil
	}
	s.attrs = append(s.attrs, a)
	return nil
}

func (s *Scanner) tooMany(at int, what string, most int) error {
	return s.failAs(fhir.TooLong, at, what, fmt.Sprintf("at most %d", most), "more")
}

func (s *Scanner) endTag() (Token, error) {
	start := s.pos
	s.pos += len("</")
	name := s.name()
	s.space()
	if s.pos >= len(s.text) || s.text[s.pos] != '>' {
		return Token{}, s.fail(s.pos, "The tag </"+name+" is not closed.", ">")
	}
	if len(s.open) == 0 || s.open[len(s.open)-1].name != name {
		expected := "no end tag"
		if n := len(s.open); n > 0 {
			expected = "</" + s.open[n-1].name + ">"
		}
		return Token{}, s.failAs(fhir.Invalid, start, "The end tag does not belong to the open element.", expected, "</"+name+">")
	}
	s.pos++
	return s.end(start), nil
}

func (s *Scanner) end(start int) Token {
	last := s.open[len(s.open)-1]
	s.open = s.open[:len(s.open)-1]
	s.bindings = s.bindings[:last.bindings]
	return Token{Kind: End, Name: last.name, Local: last.local, Space: last.space, Start: start, End: s.pos}
}

func (s *Scanner) name() string {
	start := s.pos
	if start >= len(s.text) || !nameStart[s.text[start]] {
		return ""
	}
	i := start + 1
	for i < len(s.text) && nameByte[s.text[i]] {
		i++
	}
	s.pos = i
	return s.text[start:i]
}

func (s *Scanner) space() {
	i := s.pos
	for i < len(s.text) && spaceByte[s.text[i]] {
		i++
	}
	s.pos = i
}

// nameBytes marks the letters, the bytes of characters beyond ASCII and some
// others.
func nameBytes(others string) (t [256]bool) {
	for c := range t {
		t[c] = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf || strings.IndexByte(others, byte(c)) >= 0
	}
	return t
}
