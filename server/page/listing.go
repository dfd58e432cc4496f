package page

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// The bounds of a listing, in bytes of HTML, characters of one string, and
// levels. Whatever is stored, a page stays one that a phone can show.
const (
	maxListing = 1 << 20
	maxString  = 2000
	maxDepth   = 200
)

// listing writes JSON indented, with its links, as HTML.
type listing struct {
	in    []byte
	at    int // the next byte of in
	out   *markup.Writer
	end   int // how long the page may become
	links links
	full  bool // a bound was reached: no more is written
}

// list writes JSON and reports whether all of it is there. The text is one that the
// server made, so it is JSON.
func list(w *markup.Writer, text []byte, to links) (whole bool) {
	l := &listing{in: text, out: w, end: w.Len() + maxListing, links: to}
	l.open(0)
	l.value("", 0)
	w.HTML("\n</span>")
	return !l.full
}

func (l *listing) value(key string, depth int) {
	l.full = l.full || l.out.Len() > l.end || depth > maxDepth
	if l.full {
		return
	}
	switch c := l.peek(); c {
	case '{', '[':
		l.container(key, c, depth)
	case '"':
		l.text(key, l.quoted())
	default:
		start := l.at
		for l.at < len(l.in) && !strings.ContainsRune(",]} \t\r\n", rune(l.in[l.at])) {
			l.at++
		}
		l.span("n", string(l.in[start:l.at]))
	}
}

// container writes an object or an array. Items of an array have the key of
// the array, as properties of FHIR that repeat do.
func (l *listing) container(key string, open byte, depth int) {
	l.at++
	l.bracket(open)
	count := 0
	for c := l.peek(); c != '}' && c != ']' && c != 0; c = l.peek() {
		if count++; count > 1 {
			l.out.HTML(",")
		}
		l.line(depth + 1)
		if open == '{' {
			name := l.quoted()
			key = unquoted(name)
			l.span("k", string(name))
			l.out.HTML(": ")
			l.peek()
			l.at++ // the colon
		}
		l.value(key, depth+1)
		if l.full {
			l.line(depth + 1)
			l.out.HTML("…")
			break
		}
		if l.peek() == ',' {
			l.at++
		}
	}
	if count > 0 {
		l.line(depth)
	}
	l.bracket(open + 2) // the closing bracket of ASCII
	l.at = min(l.at+1, len(l.in))
}

// line ends a line and begins the next, whose class says how deep it is: where
// it is too long for the screen, its rest hangs below its beginning.
func (l *listing) line(depth int) {
	l.out.HTML("\n</span>")
	l.open(depth)
}

// hanging is the greatest depth that style.css has a class for.
const hanging = 12

// depths are the classes of lines.
var depths = func() (classes [hanging + 1]string) {
	for i := range classes {
		classes[i] = "l d" + strconv.Itoa(i)
	}
	return classes
}()

func (l *listing) open(depth int) {
	l.out.HTML("<span").Attr("class", depths[min(depth, hanging)]).HTML(">")
	for range depth {
		l.out.HTML("  ")
	}
}

func (l *listing) bracket(c byte) {
	l.out.Text(string(rune(c)))
}

// text writes a string, as a link where it is one.
func (l *listing) text(key string, quoted []byte) {
	value := unquoted(quoted)
	href := ""
	if len(value) <= maxString {
		href = l.links.of(key, value)
	}
	shown, rest := string(quoted), ""
	if runes := []rune(value); len(runes) > maxString {
		short, _ := json.Marshal(string(runes[:maxString]))
		shown, rest = string(short), fmt.Sprintf(" … %d characters in all", len(runes))
	}
	if href == "" {
		l.span("s", shown)
	} else {
		l.out.HTML("<a").Attr("href", href).HTML(">")
		l.span("s", shown)
		l.out.HTML("</a>")
	}
	if rest != "" {
		l.span("cut", rest)
	}
}

func (l *listing) span(class, text string) {
	l.out.HTML("<span").Attr("class", class).HTML(">").Text(text).HTML("</span>")
}

// peek skips blanks and is the byte after them, 0 at the end.
func (l *listing) peek() byte {
	for l.at < len(l.in) && strings.IndexByte(" \t\r\n", l.in[l.at]) >= 0 {
		l.at++
	}
	if l.at == len(l.in) {
		return 0
	}
	return l.in[l.at]
}

// quoted takes a string with its quotes.
func (l *listing) quoted() []byte {
	start := l.at
	for l.at++; l.at < len(l.in) && l.in[l.at] != '"'; l.at++ {
		if l.in[l.at] == '\\' {
			l.at++
		}
	}
	l.at = min(l.at+1, len(l.in))
	return l.in[start:l.at]
}

func unquoted(quoted []byte) (s string) {
	_ = json.Unmarshal(quoted, &s) // what is not JSON is no link either
	return s
}
