package fhirpath

import (
	"strings"
	"unicode/utf8"
)

// kind is the lexical class of a token.
type tokenKind uint8

const (
	tokEnd       tokenKind = iota
	tokName                // identifier or keyword, as written
	tokDelimited           // identifier in backticks, unescaped
	tokString              // unescaped
	tokNumber              // digits, with at most one point
	tokTemporal            // @…, text without the @
	tokExternal            // %name, unescaped, without the %
	tokSpecial             // $this, $index, $total
	tokPunct               // operator or bracket
)

// token is one word of an expression.
type token struct {
	kind  tokenKind
	text  string
	start int // offset of its first byte in the source
	end   int // offset after its last byte
}

// is reports whether the token is that operator, bracket or keyword.
func (t token) is(text string) bool {
	return (t.kind == tokPunct || t.kind == tokName) && t.text == text
}

// lexer cuts an expression into tokens, one at a time.
type lexer struct {
	src string
	pos int
}

// next is the token at the current position, behind white space and comments.
func (l *lexer) next() (token, *mistake) {
	if err := l.skip(); err != nil {
		return token{}, err
	}
	start := l.pos
	if start >= len(l.src) {
		return token{kind: tokEnd, start: start, end: start}, nil
	}
	kind, text, err := l.scan()
	return token{kind: kind, text: text, start: start, end: l.pos}, err
}

// skip moves behind white space, // and /* */ comments.
func (l *lexer) skip() *mistake {
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			l.pos++
		case strings.HasPrefix(rest, "//"):
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				l.pos += n + 1
			} else {
				l.pos = len(l.src)
			}
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return &mistake{at: l.pos, what: "The comment has no end.", expected: "*/", found: "the end of the expression"}
			}
			l.pos += n + 4
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) scan() (tokenKind, string, *mistake) {
	c := l.src[l.pos]
	switch {
	case isLetter(c):
		return tokName, l.while(isWord), nil
	case isDigit(c):
		return tokNumber, l.number(), nil
	case c == '\'':
		s, err := l.quoted('\'')
		return tokString, s, err
	case c == '`':
		s, err := l.quoted('`')
		return tokDelimited, s, err
	case c == '@':
		l.pos++
		return tokTemporal, l.temporal(), nil
	case c == '%':
		return l.external()
	case c == '$':
		l.pos++
		return tokSpecial, "$" + l.while(isWord), nil
	}
	return l.punct()
}

// operators of two characters go before those of one.
var operators = [...]string{"<=", ">=", "!=", "!~", "<", ">", "=", "~", "+", "-", "*", "/", "&", "|", ".", ",", "(", ")", "[", "]", "{", "}"}

func (l *lexer) punct() (tokenKind, string, *mistake) {
	for _, op := range operators {
		if strings.HasPrefix(l.src[l.pos:], op) {
			l.pos += len(op)
			return tokPunct, op, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(l.src[l.pos:])
	err := &mistake{at: l.pos, what: "This character means nothing in FHIRPath.", expected: "an operator, a name or a value", found: "'" + string(r) + "'"}
	if r == '"' {
		err.fix = "Put strings between single quotes."
	}
	return tokPunct, "", err
}

func (l *lexer) while(ok func(byte) bool) string {
	start := l.pos
	for l.pos < len(l.src) && ok(l.src[l.pos]) {
		l.pos++
	}
	return l.src[start:l.pos]
}

// number takes digits and a fraction; the point of 1.toString() is no part of it.
func (l *lexer) number() string {
	start := l.pos
	l.while(isDigit)
	if l.peek(0) == '.' && isDigit(l.peek(1)) {
		l.pos++
		l.while(isDigit)
	}
	return l.src[start:l.pos]
}

// temporal takes what may be part of a date or time literal; whether it is
// one is for [parseTemporal] to say.
func (l *lexer) temporal() string {
	start := l.pos
	date := l.peek(0) != 'T'
	time := false
	for ; ; l.pos++ {
		switch c := l.peek(0); {
		case isDigit(c):
		case c == 'T' && !time:
			time = true
		case c == '-' && (date && !time || isDigit(l.peek(1)) && time && date):
		case (c == ':' || c == '+') && time && isDigit(l.peek(1)) && (c == ':' || date):
		case c == '.' && time && isDigit(l.peek(1)):
		case c == 'Z' && time:
			l.pos++
			return l.src[start:l.pos]
		default:
			return l.src[start:l.pos]
		}
	}
}

func (l *lexer) peek(n int) byte {
	if l.pos+n < len(l.src) {
		return l.src[l.pos+n]
	}
	return 0
}

// external takes the name behind a percent sign: plain, in backticks or in quotes.
func (l *lexer) external() (tokenKind, string, *mistake) {
	l.pos++
	switch c := l.peek(0); {
	case c == '`' || c == '\'':
		s, err := l.quoted(c)
		return tokExternal, s, err
	case isLetter(c):
		// R4 definitions also write %vs-name and %ext-name without backticks.
		name := l.while(isWord)
		if (name == "vs" || name == "ext") && l.peek(0) == '-' && isLetter(l.peek(1)) {
			name += l.while(func(c byte) bool { return isWord(c) || c == '-' })
		}
		return tokExternal, name, nil
	}
	return tokExternal, "", &mistake{at: l.pos, what: "A percent sign begins a variable.", expected: "the variable's name", found: l.describe()}
}

// quoted takes a string or delimited identifier and resolves its escapes.
func (l *lexer) quoted(quote byte) (string, *mistake) {
	open := l.pos
	l.pos++
	start := l.pos
	var b strings.Builder
	plain := true
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; c {
		case quote:
			text := l.src[start:l.pos]
			l.pos++
			if plain {
				return text, nil
			}
			return b.String(), nil
		case '\\':
			if plain {
				b.WriteString(l.src[start:l.pos])
				plain = false
			}
			r, err := l.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		default:
			if !plain {
				b.WriteByte(c)
			}
			l.pos++
		}
	}
	return "", &mistake{at: open, what: "The string has no end.", expected: string(rune(quote)), found: "the end of the expression"}
}

const escapes = "'`\"\\/rntf"
const escaped = "'`\"\\/\r\n\t\f"

// escape takes a backslash and what it stands before. A surrogate pair gives
// one character.
func (l *lexer) escape() (rune, *mistake) {
	at := l.pos
	l.pos++
	c := l.peek(0)
	if i := strings.IndexByte(escapes, c); i >= 0 && c != 0 {
		l.pos++
		return rune(escaped[i]), nil
	}
	if c == 'u' {
		if r, ok := l.hex(); ok {
			if r >= 0xD800 && r < 0xDC00 && l.peek(0) == '\\' && l.peek(1) == 'u' {
				l.pos++
				if low, ok := l.hex(); ok && low >= 0xDC00 && low < 0xE000 {
					return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, nil
				}
			} else {
				return r, nil
			}
		}
	}
	return 0, &mistake{at: at, what: "This is no escape sequence.", expected: `\' \" \` + "`" + ` \\ \/ \r \n \t \f or \u with four hexadecimal digits`, found: l.src[at:min(at+2, len(l.src))]}
}

// hex takes u and four hexadecimal digits.
func (l *lexer) hex() (rune, bool) {
	var r rune
	for i := 1; i <= 4; i++ {
		d := strings.IndexByte("0123456789abcdef", l.peek(i)|0x20)
		if d < 0 || l.peek(i) == 0 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	l.pos += 5
	return r, true
}

// describe names the character at the current position for a message.
func (l *lexer) describe() string {
	if l.pos >= len(l.src) {
		return "the end of the expression"
	}
	r, _ := utf8.DecodeRuneInString(l.src[l.pos:])
	return "'" + string(r) + "'"
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) }
