package fhir

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// Limits bound what [Parse] accepts.
const (
	// MaxDepth is how deep objects and arrays may nest. R4 resources of real
	// life stay under 30.
	MaxDepth = 128
	// MaxSize is how many bytes of JSON one resource may have.
	MaxSize = 256 << 20
)

// Parse builds the tree of one resource. It accepts exactly RFC 8259 JSON in
// UTF-8 with an object at its root, and refuses what readers of JSON disagree
// on: duplicate property names, invalid UTF-8, a byte order mark, lone
// surrogates and anything behind the value. The error is an [*Error] with the
// place. Parse keeps data; the caller must not change it afterwards.
func Parse(data []byte) (*Resource, error) { return ParseContext(context.Background(), data) }

// ParseContext is Parse with an end: when ctx is over before the text is, it
// returns the error of ctx.
func ParseContext(ctx context.Context, data []byte) (*Resource, error) {
	if len(data) > MaxSize {
		return nil, &Error{Op: "parse", Kind: TooLong, Issues: []Issue{{Severity: Fatal, Code: TooLong,
			Expected: fmt.Sprintf("at most %d bytes", MaxSize), Found: fmt.Sprintf("%d bytes", len(data))}}}
	}
	var names [32]span
	p := parser{ctx: ctx, data: data, nodes: make([]node, 0, room(data)), names: names[:0]}
	p.document()
	if p.late != nil {
		return nil, p.late
	}
	if p.err != nil {
		return nil, p.failure()
	}
	return newResource(data, p.nodes), nil
}

// room is for how many nodes memory is taken at once. Of a small text it is a
// guess; of a big one as many as there may be, since moving a big tree to make
// it longer takes twice its memory: each value begins after one of three marks.
func room(data []byte) int {
	if len(data) < 1<<20 {
		return len(data)/24 + 8
	}
	return 1 + bytes.Count(data, []byte{','}) + bytes.Count(data, []byte{'{'}) + bytes.Count(data, []byte{'['})
}

// parser is a single pass over the bytes. It stops at the first mistake: what
// stands behind one cannot be told apart with certainty.
type parser struct {
	ctx   context.Context
	late  error // of ctx
	data  []byte
	pos   int
	nodes []node
	names []span // names of the open objects, innermost last
	err   *mistake
}

type span struct {
	start   uint32
	len     uint16
	escaped bool
}

type mistake struct {
	at              int
	what            string
	expected, found string
	code            Code
}

// stride is how many values are read between two looks at the context.
const stride = 1 << 14

// look stops the parser when its context is over.
func (p *parser) look() {
	if p.late = p.ctx.Err(); p.late != nil {
		p.fail(p.pos, "The time for the text is over.", "")
	}
}

func (p *parser) fail(at int, what, expected string) {
	if p.err == nil {
		p.err = &mistake{at: at, what: what, expected: expected, code: Invalid}
	}
}

func (p *parser) failure() error {
	m := p.err
	if m.found == "" {
		m.found = p.describe(m.at)
	}
	return &Error{Op: "parse", Kind: m.code, Issues: []Issue{{
		Severity: Fatal, Code: m.code, Rule: "json", Expression: p.open(m.at),
		Position: PositionIn(string(p.data), m.at),
		Message:  m.what, Expected: m.expected, Found: m.found,
	}}}
}

// open is the expression of the innermost value that had begun at the mistake.
func (p *parser) open(at int) string {
	if len(p.nodes) == 0 {
		return ""
	}
	r := newResource(p.data, p.nodes)
	last := int32(len(p.nodes) - 1)
	for i := range p.nodes { // containers that are still open end here
		if p.nodes[i].end == 0 {
			p.nodes[i].end, p.nodes[i].next = uint32(at), last+1
		}
	}
	return Node{r, last}.Expression()
}

func (p *parser) describe(at int) string {
	if at >= len(p.data) {
		return "the end of the text"
	}
	r, size := utf8.DecodeRune(p.data[at:])
	if r == utf8.RuneError && size <= 1 {
		return fmt.Sprintf("the byte 0x%02X", p.data[at])
	}
	if r < ' ' {
		return fmt.Sprintf("the control character U+%04X", r)
	}
	return fmt.Sprintf("%q", string(r))
}

func (p *parser) document() {
	if len(p.data) >= 3 && p.data[0] == 0xEF && p.data[1] == 0xBB && p.data[2] == 0xBF {
		p.fail(0, "The text begins with a byte order mark.", "JSON in UTF-8 without one")
		return
	}
	p.space()
	if p.pos < len(p.data) && p.data[p.pos] != '{' {
		p.fail(p.pos, "A resource is a JSON object.", "{")
		return
	}
	p.value(-1, 0, span{})
	p.space()
	if p.err == nil && p.pos < len(p.data) {
		p.fail(p.pos, "There is text behind the resource.", "the end of the text")
	}
}

func (p *parser) space() {
	data, i := p.data, p.pos
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\t' || data[i] == '\r') {
		i++
	}
	p.pos = i
}

func (p *parser) value(parent int32, depth int, name span) {
	if p.pos >= len(p.data) {
		p.fail(p.pos, "The JSON ends too early.", "a value")
		return
	}
	i := int32(len(p.nodes))
	if i%stride == stride-1 {
		p.look()
	}
	p.nodes = append(p.nodes, node{name: name.start, nameLen: name.len, start: uint32(p.pos), parent: parent})
	var kind Kind
	escaped := false
	switch c := p.data[p.pos]; {
	case c == '"':
		kind = String
		_, escaped = p.stringEnd()
	case c == '{':
		kind = Object
		p.nodes[i].kind = kind
		p.object(i, depth+1)
	case c == '[':
		kind = Array
		p.nodes[i].kind = kind
		p.array(i, depth+1)
	case c == '-' || '0' <= c && c <= '9':
		kind = Number
		p.number()
	case c == 't':
		kind = True
		p.literal("true")
	case c == 'f':
		kind = False
		p.literal("false")
	case c == 'n':
		kind = Null
		p.literal("null")
	default:
		p.fail(p.pos, "This is no JSON value.", "a string in double quotes, a number, true, false, null, { or [")
	}
	if p.err != nil {
		return
	}
	d := &p.nodes[i]
	d.kind, d.end, d.next = kind, uint32(p.pos), int32(len(p.nodes))
	if escaped {
		d.escapes |= inValue
	}
	if name.escaped {
		d.escapes |= inName
	}
}

func (p *parser) deep(depth int) bool {
	if depth <= MaxDepth {
		return false
	}
	p.fail(p.pos, "The JSON nests too deep.", fmt.Sprintf("at most %d levels", MaxDepth))
	p.err.code, p.err.found = TooLong, fmt.Sprintf("level %d", depth)
	return true
}

func (p *parser) object(self int32, depth int) {
	if p.deep(depth) {
		return
	}
	first := len(p.names)
	defer func() { p.names = p.names[:first] }()
	var seen map[string]bool
	p.pos++
	p.space()
	if p.pos < len(p.data) && p.data[p.pos] == '}' {
		p.pos++
		return
	}
	for p.err == nil {
		if p.pos >= len(p.data) || p.data[p.pos] != '"' {
			p.fail(p.pos, "A property name is missing.", "a property name in double quotes")
			return
		}
		at := p.pos
		name, _ := p.stringEnd()
		if p.err != nil {
			return
		}
		if name.len == 0 {
			p.fail(at, "A property name is empty or longer than 65535 bytes.", "the name of an element")
			return
		}
		if seen = p.unique(name, first, seen, at); p.err != nil {
			return
		}
		p.space()
		if p.pos >= len(p.data) || p.data[p.pos] != ':' {
			p.fail(p.pos, "A property has no value.", ": and a value")
			return
		}
		p.pos++
		p.space()
		p.value(self, depth, name)
		if p.err != nil {
			return
		}
		p.space()
		if p.pos < len(p.data) && p.data[p.pos] == '}' {
			p.pos++
			return
		}
		if p.pos >= len(p.data) || p.data[p.pos] != ',' {
			p.fail(p.pos, "The object is not closed.", ", or }")
			return
		}
		p.pos++
		p.space()
	}
}

// manyNames is where a set, which takes memory for each name, beats comparing a new
// name with those before it that are as long.
const manyNames = 40

func (p *parser) unique(name span, first int, seen map[string]bool, at int) map[string]bool {
	key := p.nameText(name)
	duplicate := false
	if seen == nil && len(p.names)-first >= manyNames {
		seen = make(map[string]bool, 2*manyNames)
		for _, s := range p.names[first:] {
			seen[string(p.nameText(s))] = true
		}
	}
	if seen != nil {
		duplicate = seen[string(key)]
		seen[string(key)] = true
	} else {
		for _, s := range p.names[first:] {
			if (s.len == name.len || s.escaped || name.escaped) && string(p.nameText(s)) == string(key) {
				duplicate = true
				break
			}
		}
	}
	if duplicate {
		p.fail(at, "The object has the same property twice.", "each property name once")
		p.err.found = fmt.Sprintf("%q again", key)
	}
	p.names = append(p.names, name)
	return seen
}

func (p *parser) nameText(s span) []byte {
	b := p.data[s.start : s.start+uint32(s.len)]
	if s.escaped {
		return []byte(unescape(string(b)))
	}
	return b
}

func (p *parser) array(self int32, depth int) {
	if p.deep(depth) {
		return
	}
	p.pos++
	p.space()
	if p.pos < len(p.data) && p.data[p.pos] == ']' {
		p.pos++
		return
	}
	for p.err == nil {
		p.value(self, depth, span{})
		if p.err != nil {
			return
		}
		p.space()
		if p.pos < len(p.data) && p.data[p.pos] == ']' {
			p.pos++
			return
		}
		if p.pos >= len(p.data) || p.data[p.pos] != ',' {
			p.fail(p.pos, "The array is not closed.", ", or ]")
			return
		}
		p.pos++
		p.space()
	}
}

func (p *parser) literal(word string) {
	end := p.pos + len(word)
	if end > len(p.data) || string(p.data[p.pos:end]) != word {
		p.fail(p.pos, "This is no JSON value.", word)
		return
	}
	p.pos = end
}

// number follows the grammar of RFC 8259 section 6: no leading zero, no plus,
// digits on both sides of the point.
func (p *parser) number() {
	start := p.pos
	if p.data[p.pos] == '-' {
		p.pos++
	}
	whole := p.pos
	if p.digits() && p.data[whole] == '0' && p.pos > whole+1 {
		p.fail(start, "A number has a leading zero.", "a number as JSON writes it")
	}
	if p.pos < len(p.data) && p.data[p.pos] == '.' {
		p.pos++
		p.digits()
	}
	if p.pos < len(p.data) && (p.data[p.pos] == 'e' || p.data[p.pos] == 'E') {
		p.pos++
		if p.pos < len(p.data) && (p.data[p.pos] == '+' || p.data[p.pos] == '-') {
			p.pos++
		}
		p.digits()
	}
}

func (p *parser) digits() bool {
	start := p.pos
	for p.pos < len(p.data) && '0' <= p.data[p.pos] && p.data[p.pos] <= '9' {
		p.pos++
	}
	if p.pos == start {
		p.fail(p.pos, "A number is incomplete.", "a digit")
		return false
	}
	return true
}

// allPlain reports whether each of eight bytes is plain: ASCII, but no control
// character, quotation mark or backslash.
func allPlain(w uint64) bool {
	quote, slash := w^'"'*lowBits, w^'\\'*lowBits
	return ((w-0x20*lowBits)|(quote-lowBits)|(slash-lowBits)|w)&highBits == 0
}

// plain marks the bytes that a string may hold as they are: no quote, no
// backslash, no control character, ASCII.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// stringEnd reads a string from its opening quote to behind its closing one and
// gives the span between.
func (p *parser) stringEnd() (content span, escaped bool) {
	open := p.pos
	data, i := p.data, p.pos+1
	for {
		for len(data)-i >= 8 && allPlain(binary.LittleEndian.Uint64(data[i:])) {
			i += 8
		}
		for i < len(data) && plain[data[i]] {
			i++
		}
		if i >= len(data) {
			p.fail(len(data), "A string is not closed.", `"`)
			return
		}
		switch c := data[i]; {
		case c == '"':
			p.pos = i + 1
			content = span{start: uint32(open + 1), escaped: escaped}
			if n := i - open - 1; n <= math.MaxUint16 {
				content.len = uint16(n)
			}
			return content, escaped
		case c == '\\':
			escaped = true
			n := escapeLen(data[i:])
			if n == 0 {
				p.fail(i, "A string has an escape that JSON does not know.", `\" \\ \/ \b \f \n \r \t or \u with four hexadecimal digits (surrogates in pairs)`)
				return
			}
			i += n
		case c < 0x20:
			p.fail(i, "A string holds a control character.", `an escape such as \n`)
			return
		default:
			r, size := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && size <= 1 {
				p.fail(i, "The text is not valid UTF-8.", "UTF-8")
				return
			}
			i += size
		}
	}
}
