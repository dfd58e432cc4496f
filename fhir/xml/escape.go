package xml

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
)

// references checks the entity and character references in a piece of text.
func (s *Scanner) references(raw string, at int) error {
	for from := 0; ; {
		i := strings.IndexByte(raw[from:], '&')
		if i < 0 {
			return nil
		}
		from += i
		_, size := reference(raw[from:])
		if size == 0 {
			found := raw[from:min(len(raw), from+12)]
			if end := strings.IndexByte(found, ';'); end > 0 {
				found = found[:end+1]
			}
			return s.failAs("invalid", at+from, "An entity is not one of the five that XML has, or a character that it forbids.",
				"&amp; &lt; &gt; &quot; &apos; or a character such as &#233;", strings.ToValidUTF8(found, ""))
		}
		from += size
	}
}

// reference reads the reference at the head of s; size 0 says that it is none.
func reference(s string) (r rune, size int) {
	end := strings.IndexByte(s[:min(len(s), 12)], ';')
	if end < 2 {
		return 0, 0
	}
	switch name := s[1:end]; name {
	case "amp":
		r = '&'
	case "lt":
		r = '<'
	case "gt":
		r = '>'
	case "quot":
		r = '"'
	case "apos":
		r = '\''
	default:
		if name[0] != '#' {
			return 0, 0
		}
		digits, base := name[1:], 10
		if hex, ok := strings.CutPrefix(digits, "x"); ok {
			digits, base = hex, 16
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if err != nil || !fhir.IsChar(rune(n)) {
			return 0, 0
		}
		r = rune(n)
	}
	return r, end + 1
}

// AttrValue is the value of an attribute: references resolved, and white space
// as spaces, as XML has it.
func AttrValue(raw string) string {
	if !strings.ContainsAny(raw, "&\n\r\t") {
		return raw
	}
	return decode(raw, true)
}

// TextValue is the text of a [Text] token: references resolved, line ends as
// line feeds.
func TextValue(raw string) string {
	if !strings.ContainsAny(raw, "&\r") {
		return raw
	}
	return decode(raw, false)
}

func decode(raw string, attribute bool) string {
	var b strings.Builder
	b.Grow(len(raw))
	for i := 0; i < len(raw); {
		c := raw[i]
		if c == '&' {
			if r, size := reference(raw[i:]); size > 0 {
				b.WriteRune(r)
				i += size
				continue
			}
		}
		if c == '\r' {
			c = '\n'
			if strings.HasPrefix(raw[i:], "\r\n") {
				i++
			}
		}
		if attribute && spaceByte[c] {
			c = ' '
		}
		b.WriteByte(c)
		i++
	}
	return b.String()
}

// AppendAttr appends s to b as it stands between double quotes.
func AppendAttr(b []byte, s string) []byte { return appendEscaped(b, s, `&<"`+"\t\n\r") }

// AppendText appends s to b as text between tags.
func AppendText(b []byte, s string) []byte { return appendEscaped(b, s, "&<>\r") }

func appendEscaped(b []byte, s, special string) []byte {
	for {
		i := strings.IndexAny(s, special)
		if i < 0 {
			return append(b, s...)
		}
		b = append(b, s[:i]...)
		switch s[i] {
		case '&':
			b = append(b, "&amp;"...)
		case '<':
			b = append(b, "&lt;"...)
		case '>':
			b = append(b, "&gt;"...)
		case '"':
			b = append(b, "&quot;"...)
		default:
			b = append(b, "&#"...)
			b = strconv.AppendInt(b, int64(s[i]), 10)
			b = append(b, ';')
		}
		s = s[i+1:]
	}
}

// plain marks the ASCII that stands in an attribute as it is.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '&' && c != '<' && c != '"'
	}
	return t
}()

func isPlain(s string) bool {
	for i := range len(s) {
		if !plain[s[i]] {
			return false
		}
	}
	return true
}
