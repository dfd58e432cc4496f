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

// Limits on documents from outside. All but the first bound work that would grow
// with the square of the document.
const (
	MaxDepth      = fhir.MaxDepth // how deep elements may nest
	maxAttributes = 256           // of one element
	maxNamespaces = 256           // in force at one place
)

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
	lines    *fhir.Lines // of text, once it is known to be UTF-8
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

// NewScanner starts reading data, which must not change meanwhile. The error
// is an [*fhir.Error]: the document is no UTF-8, or holds characters that XML
// forbids.
func NewScanner(data []byte) (*Scanner, error) {
	text := unsafe.String(unsafe.SliceData(data), len(data))
	s := &Scanner{text: text, lines: fhir.NewLines(text)}
	if err := s.checkBytes(data); err != nil {
		return nil, err
	}
	s.pos = len(data) - len(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))
	if err := s.declaration(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Scanner) fail(at int, what, expected string) error {
	return s.failAs(fhir.Invalid, at, what, expected, s.describe(at))
}

func (s *Scanner) failAs(code fhir.Code, at int, what, expected, found string) error {
	return fhir.E("xml", code, fhir.Issue{
		Severity: fhir.Fatal, Rule: "xml", Position: fhir.PositionIn(s.text, at),
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
func (s *Scanner) Position(offset int) fhir.Position { return s.lines.Position(offset) }

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

// Skip reads to behind the end of the element whose Start was read last.
func (s *Scanner) Skip() error {
	for depth := len(s.open); len(s.open) >= depth; {
		if _, err := s.Next(); err != nil {
			return err
		}
	}
	return nil
}

var (
	spaceByte = [256]bool{' ': true, '\n': true, '\t': true, '\r': true}
	nameStart = nameBytes("_:")
	nameByte  = nameBytes("_:-.0123456789")
)

func notSpace(r rune) bool { return r != ' ' && r != '\n' && r != '\t' && r != '\r' }

func isSpace(s string) bool {
	for i := 0; i < len(s); i++ {
		if !spaceByte[s[i]] {
			return false
		}
	}
	return true
}
