// Package markup writes HTML in which the text of others stays text.
//
// Markup comes from the source alone: its type cannot be named outside this package,
// so that only constants are taken. Everything else is the text of an element or the
// value of an attribute, and is escaped for the place that it is written to. The
// writer follows what it is given, by the tokens of the HTML standard, section 13.2.5
// (https://html.spec.whatwg.org/multipage/parsing.html#tokenization), and panics
// where text would be taken for something else: within a tag, in the value of an
// attribute that has begun, in a script or a style sheet.
package markup

import "strings"

// constant is markup that is written in the source.
type constant string

// Writer writes a page. The zero value has written nothing.
type Writer struct {
	out []byte
	at  place
	raw string // the element whose content is not markup and has begun: "script"
}

// place is what a byte that is written next is part of.
type place uint8

const (
	inText  place = iota
	inTag         // after the name of an element or an attribute
	inValue       // within the quotes of an attribute's value
	inRaw         // within a script or a style sheet
)

// HTML writes markup.
func (w *Writer) HTML(markup constant) *Writer {
	w.follow(string(markup))
	w.out = append(w.out, markup...)
	return w
}

// Text writes text, escaped, into the content of an element.
func (w *Writer) Text(text string) *Writer {
	w.want(inText, "text")
	w.out = escape(w.out, text)
	return w
}

// Attr writes an attribute with its value into a tag that is open. A value that is an
// address is written where it is of http or https, or relative; instead of others
// there is [Refused].
func (w *Writer) Attr(name constant, value string) *Writer {
	w.want(inTag, "an attribute")
	switch kindOf(string(name)) {
	case address:
		if !isSafe(value) {
			value = Refused
		}
	case unknown:
		panic("markup: the attribute " + string(name) + " is not one whose value may be text")
	}
	w.out = append(append(append(w.out, ' '), name...), `="`...)
	w.out = append(escape(w.out, value), '"')
	return w
}

// Len is how many bytes were written.
func (w *Writer) Len() int { return len(w.out) }

// Bytes is what was written, which ends between elements.
func (w *Writer) Bytes() []byte {
	w.want(inText, "the end")
	return w.out
}

func (w *Writer) want(at place, what string) {
	if w.at != at {
		tail := w.out[max(0, len(w.out)-60):]
		panic("markup: " + what + " after " + string(tail))
	}
}

// escape appends text in which nothing is markup, be it in an element or between
// quotes. A NUL is not allowed in HTML at all.
func escape(out []byte, text string) []byte {
	done := 0
	for i := range len(text) {
		var as string
		switch text[i] {
		case '&':
			as = "&amp;"
		case '<':
			as = "&lt;"
		case '>':
			as = "&gt;"
		case '"':
			as = "&#34;"
		case '\'':
			as = "&#39;"
		case 0:
			as = "\uFFFD"
		default:
			continue
		}
		out = append(append(out, text[done:i]...), as...)
		done = i + 1
	}
	return append(out, text[done:]...)
}

// Refused is written instead of an address that could run a program in the page.
const Refused = "#refused"

// isSafe reports whether an address has no scheme, or one of the two that lead to a
// page. Whatever comes before the first colon is the scheme, unless it has a slash.
func isSafe(address string) bool {
	scheme, _, ok := strings.Cut(address, ":")
	return !ok || strings.Contains(scheme, "/") || strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}
