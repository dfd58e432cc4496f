package xml

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/pestle-fhir/pestle/fhir"
)

// The namespaces that matter to FHIR.
const (
	Namespace      = "http://hl7.org/fhir"
	XHTML          = "http://www.w3.org/1999/xhtml"
	xmlSpace       = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace     = "http://www.w3.org/2000/xmlns/"
	schemaInstance = "http://www.w3.org/2001/XMLSchema-instance"
)

// MaxDepth is how deep elements may nest.
const MaxDepth = fhir.MaxDepth

// Kind is what a [Token] is.
type Kind uint8

// The kinds of token. End stands for the end of an element, also of <a/>.
const (
	EOF Kind = iota
	Start
	End
	Text
	CData
	Comment
)

// Token is one piece of a document. It is valid until the next call of
// [Scanner.Next].
type Token struct {
	Kind       Kind
	Name       string // of an element, as written: f:Patient
	Local      string // without its prefix
	Space      string // its namespace
	Attrs      []Attr // without those that declare namespaces
	Decls      []Attr // those that declare namespaces; Local is the prefix, "" the default one
	Raw        string // the text of Text, CData and Comment, undecoded
	Start, End int    // its bytes in the document
	Closed     bool   // a Start written <a/>; an End follows all the same
}

// Attr is an attribute.
type Attr struct {
	Name  string // as written
	Local string
	Space string // namespace, "" without prefix
	Raw   string // the value, undecoded; see [AttrValue]
	At    int    // where it begins in the document
}

// Scanner reads XML 1.0 with namespaces and reports the first mistake.
type Scanner struct {
	text     string
	pos      int
	open     []openElement
	bindings []binding
	attrs    []Attr
	decls    []Attr
	ending   bool // a <a/> has been read whose End is due
	rooted   bool // the root element has been read
}

type openElement struct {
	name, local, space string
	bindings           int // how many were in force before it
}

type binding struct{ prefix, uri string }

// NewScanner starts reading data, which must not change meanwhile. The error
// is an [*fhir.Error]: the document is no UTF-8, or holds characters that XML
// forbids.
func NewScanner(data []byte) (*Scanner, error) {
	s := &Scanner{text: unsafe.String(unsafe.SliceData(data), len(data))}
	if err := s.checkBytes(data); err != nil {
		return nil, err
	}
	s.pos = len(data) - len(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))
	if err := s.declaration(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Scanner) checkBytes(data []byte) error {
	if len(data) > fhir.MaxSize {
		return &fhir.Error{Op: "xml", Kind: fhir.TooLong, Issues: []fhir.Issue{{Severity: fhir.Fatal, Code: fhir.TooLong, Rule: "xml",
			Message: "The document is too long.", Expected: fmt.Sprintf("at most %d bytes", fhir.MaxSize), Found: fmt.Sprintf("%d bytes", len(data))}}}
	}
	if len(data) >= 2 && (data[0] == 0xFE && data[1] == 0xFF || data[0] == 0xFF && data[1] == 0xFE || data[0] == 0 || data[1] == 0) {
		return s.fail(0, "The document is not in UTF-8.", "UTF-8")
	}
	for i, c := range data {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			return s.fail(i, "The document holds a control character, which XML forbids.", "text without U+0000 to U+001F but for tab, line feed and carriage return")
		}
	}
	if !utf8.Valid(data) {
		i := 0
		for {
			r, size := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && size <= 1 {
				return s.fail(i, "The document is not valid UTF-8.", "UTF-8")
			}
			i += size
		}
	}
	if i := bytes.Index(data, []byte("\xEF\xBF\xBE")); i >= 0 {
		return s.fail(i, "The document holds U+FFFE, which XML forbids.", "text")
	}
	if i := bytes.Index(data, []byte("\xEF\xBF\xBF")); i >= 0 {
		return s.fail(i, "The document holds U+FFFF, which XML forbids.", "text")
	}
	return nil
}

func (s *Scanner) fail(at int, what, expected string) error {
	return s.failAs(fhir.Invalid, at, what, expected, s.describe(at))
}

func (s *Scanner) failAs(code fhir.Code, at int, what, expected, found string) error {
	return fhir.E("xml", code, fhir.Issue{
		Severity: fhir.Fatal, Rule: "xml", Position: position(s.text, at),
		Message: what, Expected: expected, Found: found,
	})
}

func (s *Scanner) describe(at int) string {
	if at >= len(s.text) {
		return "the end of the document"
	}
	r, size := utf8.DecodeRuneInString(s.text[at:])
	if r == utf8.RuneError && size <= 1 {
		return fmt.Sprintf("the byte 0x%02X", s.text[at])
	}
	if r < ' ' {
		return fmt.Sprintf("the control character U+%04X", r)
	}
	return fmt.Sprintf("%q", string(r))
}

// Position is the line and column of an offset in a document.
func (s *Scanner) Position(offset int) fhir.Position { return position(s.text, offset) }

func position(text string, offset int) fhir.Position {
	offset = min(max(offset, 0), len(text))
	line := 1 + strings.Count(text[:offset], "\n")
	begin := strings.LastIndexByte(text[:offset], '\n') + 1
	return fhir.Position{Line: line, Column: 1 + utf8.RuneCountInString(text[begin:offset])}
}

// declaration reads <?xml version="1.0" encoding="UTF-8"?>.
func (s *Scanner) declaration() error {
	rest := s.text[s.pos:]
	if !strings.HasPrefix(rest, "<?xml") || len(rest) > 5 && nameByte[rest[5]] {
		return nil
	}
	end := strings.Index(rest, "?>")
	if end < 0 {
		return s.fail(s.pos, "The XML declaration is not closed.", "?>")
	}
	inner := Scanner{text: s.text[:s.pos+end], pos: s.pos + len("<?xml")}
	if _, err := inner.attributes(""); err != nil {
		return err
	}
	for _, a := range inner.attrs {
		switch {
		case a.Name == "version" && (a.Raw == "1.0" || a.Raw == "1.1"):
		case a.Name == "encoding" && (strings.EqualFold(a.Raw, "UTF-8") || strings.EqualFold(a.Raw, "US-ASCII")):
		case a.Name == "standalone":
		default:
			return s.failAs(fhir.Invalid, a.At, "The XML declaration asks for what the server does not do.", `version="1.0" and encoding="UTF-8"`, a.Name+`="`+a.Raw+`"`)
		}
	}
	s.pos += end + len("?>")
	return nil
}

// Next reads the next token. At the end of the document it is EOF.
func (s *Scanner) Next() (Token, error) {
	if s.ending {
		s.ending = false
		return s.end(s.pos), nil
	}
	if s.pos >= len(s.text) {
		return s.eof()
	}
	if s.text[s.pos] != '<' {
		return s.characters()
	}
	rest := s.text[s.pos:]
	switch {
	case strings.HasPrefix(rest, "</"):
		return s.endTag()
	case strings.HasPrefix(rest, "<!--"):
		return s.comment()
	case strings.HasPrefix(rest, "<![CDATA["):
		return s.cdata()
	case strings.HasPrefix(rest, "<!"):
		return Token{}, s.refuse("A document type or other declaration is not allowed.", "elements and comments only")
	case strings.HasPrefix(rest, "<?"):
		return Token{}, s.refuse("A processing instruction is not allowed.", "elements and comments only")
	}
	return s.startTag()
}

func (s *Scanner) refuse(what, expected string) error {
	found := s.text[s.pos:min(len(s.text), s.pos+20)]
	return s.failAs(fhir.Invalid, s.pos, what, expected, strings.ToValidUTF8(found, "")+"…")
}

func (s *Scanner) eof() (Token, error) {
	if n := len(s.open); n > 0 {
		return Token{}, s.fail(s.pos, "The document ends too early.", "</"+s.open[n-1].name+">")
	}
	if !s.rooted {
		return Token{}, s.fail(s.pos, "The document has no element.", "a resource, such as <Patient xmlns=\""+Namespace+"\">")
	}
	return Token{Kind: EOF, Start: s.pos, End: s.pos}, nil
}

func (s *Scanner) characters() (Token, error) {
	start := s.pos
	end := strings.IndexByte(s.text[start:], '<')
	if end < 0 {
		end = len(s.text) - start
	}
	raw := s.text[start : start+end]
	if len(s.open) == 0 && !isSpace(raw) {
		return Token{}, s.fail(start+strings.IndexFunc(raw, notSpace), "There is text outside of the root element.", "nothing but white space and comments")
	}
	if i := strings.Index(raw, "]]>"); i >= 0 {
		return Token{}, s.fail(start+i, "Text must not hold ]]>.", "]]&gt;")
	}
	if err := s.references(raw, start); err != nil {
		return Token{}, err
	}
	s.pos = start + end
	return Token{Kind: Text, Raw: raw, Start: start, End: s.pos}, nil
}

func (s *Scanner) comment() (Token, error) {
	start := s.pos
	end := strings.Index(s.text[start+len("<!--"):], "--")
	if end < 0 {
		return Token{}, s.fail(len(s.text), "A comment is not closed.", "-->")
	}
	end += start + len("<!--")
	if end+2 >= len(s.text) || s.text[end+2] != '>' {
		return Token{}, s.fail(end, "A comment must not hold --.", "-->")
	}
	s.pos = end + len("-->")
	return Token{Kind: Comment, Raw: s.text[start+len("<!--") : end], Start: start, End: s.pos}, nil
}

func (s *Scanner) cdata() (Token, error) {
	start := s.pos
	if len(s.open) == 0 {
		return Token{}, s.fail(start, "There is text outside of the root element.", "nothing but white space and comments")
	}
	from := start + len("<![CDATA[")
	end := strings.Index(s.text[from:], "]]>")
	if end < 0 {
		return Token{}, s.fail(len(s.text), "A CDATA section is not closed.", "]]>")
	}
	s.pos = from + end + len("]]>")
	return Token{Kind: CData, Raw: s.text[from : from+end], Start: start, End: s.pos}, nil
}

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

// declare brings the namespace declarations of a start tag into force.
func (s *Scanner) declare() error {
	for _, d := range s.decls {
		uri := AttrValue(d.Raw)
		switch {
		case d.Local == "xmlns" || uri == xmlnsSpace || (d.Local == "xml") != (uri == xmlSpace):
			return s.fail(d.At, "The prefixes xml and xmlns belong to XML.", "another prefix")
		case d.Local != "" && uri == "":
			return s.fail(d.At, "A prefix stands for no namespace.", "a URI")
		}
		s.bindings = append(s.bindings, binding{d.Local, uri})
	}
	return nil
}

func (s *Scanner) attributeSpace(i int) error {
	a := &s.attrs[i]
	if strings.IndexByte(a.Name, ':') < 0 {
		a.Local = a.Name
		return nil
	}
	var err error
	if a.Space, a.Local, err = s.resolve(a.Name, a.At, false); err != nil {
		return err
	}
	for _, other := range s.attrs[:i] {
		if other.Local == a.Local && other.Space == a.Space {
			return s.fail(a.At, "The element has the attribute "+a.Local+" twice in one namespace.", "each attribute once")
		}
	}
	return nil
}

// resolve finds the namespace of a name.
func (s *Scanner) resolve(name string, at int, element bool) (space, local string, err error) {
	prefix, local, prefixed := strings.Cut(name, ":")
	if !prefixed {
		prefix, local = "", name
	} else if prefix == "" || local == "" || strings.IndexByte(local, ':') >= 0 || !nameStart[local[0]] {
		return "", "", s.failAs(fhir.Invalid, at, "This is no name with a namespace prefix.", "prefix:name", name)
	}
	if prefix == "xml" {
		return xmlSpace, local, nil
	}
	if element || prefixed {
		for i := len(s.bindings) - 1; i >= 0; i-- {
			if s.bindings[i].prefix == prefix {
				return s.bindings[i].uri, local, nil
			}
		}
	}
	if prefixed {
		return "", "", s.failAs(fhir.Invalid, at, "The namespace prefix is not declared.", `xmlns:`+prefix+`="…" on this element or one around it`, name)
	}
	return "", local, nil
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

// prefixed reports whether any prefix is declared at this place.
func (s *Scanner) prefixed() bool {
	for _, b := range s.bindings {
		if b.prefix != "" {
			return true
		}
	}
	return false
}

// Skip reads to behind the end of the element whose Start was read last.
func (s *Scanner) Skip() error {
	for depth := len(s.open); len(s.open) >= depth; {
		if _, err := s.Next(); err != nil {
			return err
		}
	}
	return nil
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

var (
	spaceByte = [256]bool{' ': true, '\n': true, '\t': true, '\r': true}
	nameStart = nameBytes("_:")
	nameByte  = nameBytes("_:-.0123456789")
)

// nameBytes marks the letters, the bytes of characters beyond ASCII and some
// others.
func nameBytes(others string) (t [256]bool) {
	for c := range t {
		t[c] = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf || strings.IndexByte(others, byte(c)) >= 0
	}
	return t
}

func notSpace(r rune) bool { return r != ' ' && r != '\n' && r != '\t' && r != '\r' }

func isSpace(s string) bool {
	for i := 0; i < len(s); i++ {
		if !spaceByte[s[i]] {
			return false
		}
	}
	return true
}
