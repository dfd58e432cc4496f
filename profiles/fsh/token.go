package fsh

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// token is a word, string or punctuation with the place it stands at.
type token struct {
	text  string
	kind  tokenKind
	line  int
	col   int
	first bool // the first on its line
}

type tokenKind uint8

const (
	word  tokenKind = iota
	str             // "…" or """…""", unescaped
	punct           // ( ) , *
	end
)

// Error is a mistake in a FSH file.
type Error struct {
	File      string
	Line, Col int
	Message   string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Message)
}

type lexer struct {
	file, src string
	pos       int
	line      int
	lineStart int
	fresh     bool // nothing but space so far on this line
	tokens    []token
}

func lex(file, src string) ([]token, error) {
	l := &lexer{file: file, src: strings.TrimPrefix(src, "\ufeff"), line: 1, fresh: true}
	for {
		done, err := l.next()
		if err != nil {
			return nil, err
		}
		if done {
			l.emit(end, "", l.pos)
			return l.tokens, nil
		}
	}
}

func (l *lexer) emit(kind tokenKind, text string, at int) {
	l.tokens = append(l.tokens, token{text, kind, l.line, 1 + utf8.RuneCountInString(l.src[l.lineStart:at]), l.fresh})
	l.fresh = false
}

func (l *lexer) fail(at int, format string, args ...any) error {
	return &Error{l.file, l.line, 1 + utf8.RuneCountInString(l.src[l.lineStart:at]), fmt.Sprintf(format, args...)}
}

func (l *lexer) newline(at int) { l.line, l.lineStart, l.fresh = l.line+1, at+1, true }

func (l *lexer) next() (done bool, err error) {
	for l.pos < len(l.src) && strings.IndexByte(" \t\r\n", l.src[l.pos]) >= 0 {
		if l.src[l.pos] == '\n' {
			l.newline(l.pos)
		}
		l.pos++
	}
	rest := l.src[l.pos:]
	switch {
	case rest == "":
		return true, nil
	case strings.HasPrefix(rest, "//"):
		if i := strings.IndexByte(rest, '\n'); i >= 0 {
			l.pos += i
		} else {
			l.pos = len(l.src)
		}
	case strings.HasPrefix(rest, "/*"):
		i := strings.Index(rest, "*/")
		if i < 0 {
			return false, l.fail(l.pos, "the comment is not closed: expected */")
		}
		l.advance(i + 2)
	case strings.HasPrefix(rest, `"""`):
		i := strings.Index(rest[3:], `"""`)
		if i < 0 {
			return false, l.fail(l.pos, `the text block is not closed: expected """`)
		}
		l.emit(str, dedent(rest[3:3+i]), l.pos)
		l.advance(i + 6)
		l.fresh = false
	case rest[0] == '"':
		return false, l.quoted()
	case strings.IndexByte("(),", rest[0]) >= 0:
		l.emit(punct, rest[:1], l.pos)
		l.pos++
	case rest[0] == '*' && (len(rest) == 1 || strings.IndexByte(" \t", rest[1]) >= 0):
		l.emit(punct, "*", l.pos)
		l.pos++
	default:
		return false, l.word()
	}
	return false, nil
}

// advance moves over n bytes that may hold line ends.
func (l *lexer) advance(n int) {
	for i := 0; i < n; i++ {
		if l.src[l.pos] == '\n' {
			l.newline(l.pos)
		}
		l.pos++
	}
}

func (l *lexer) quoted() error {
	start := l.pos
	text, n, ok := unquote(l.src[l.pos:])
	if !ok {
		return l.fail(start, `the string is not closed: expected "`)
	}
	l.emit(str, text, start)
	l.advance(n)
	l.fresh = false
	return nil
}

// unquote reads a string from its opening quote; n is how many bytes it took.
func unquote(s string) (text string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), i + 1, true
		case '\\':
			i++
			if i == len(s) {
				return "", 0, false
			}
			switch s[i] {
			case 'n':
				b.WriteByte('\n')
			case 'r':
				b.WriteByte('\r')
			case 't':
				b.WriteByte('\t')
			default:
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, false
}

// word reads up to white space, a comma or a parenthesis; #"…" is part of it.
func (l *lexer) word() error {
	start := l.pos
	for l.pos < len(l.src) && strings.IndexByte(" \t\r\n(),", l.src[l.pos]) < 0 {
		if l.src[l.pos] == '"' {
			if l.src[l.pos-1] != '#' {
				return l.fail(l.pos, `a string must stand by itself: put a space before "`)
			}
			_, n, ok := unquote(l.src[l.pos:])
			if !ok {
				return l.fail(l.pos, `the code is not closed: expected "`)
			}
			l.pos += n
			continue
		}
		l.pos++
	}
	l.emit(word, l.src[start:l.pos], start)
	return nil
}

// dedent takes the indentation that all lines share off a text block.
func dedent(s string) string {
	lines := strings.Split(strings.Trim(s, "\r\n"), "\n")
	indent := -1
	for _, line := range lines {
		if t := strings.TrimLeft(line, " \t"); t != "" {
			if n := len(line) - len(t); indent < 0 || n < indent {
				indent = n
			}
		}
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight(line[min(max(indent, 0), len(line)):], " \t\r")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
