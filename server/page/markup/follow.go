package markup

import "strings"

// follow reads markup, which goes on where the markup before ended, and refuses
// what it cannot follow: comments, and values without double quotes.
func (w *Writer) follow(markup string) {
	for markup != "" {
		switch w.at {
		case inText:
			markup = w.text(markup)
		case inTag:
			markup = w.tag(markup)
		case inValue:
			_, rest, ended := strings.Cut(markup, `"`)
			if markup = rest; ended {
				w.at = inTag
			}
		case inRaw:
			_, rest, ended := strings.Cut(markup, "</"+w.raw)
			if markup = rest; ended {
				w.at, w.raw = inTag, ""
			}
		}
	}
}

// text reads up to the name of the next tag, and returns what is after it.
func (w *Writer) text(markup string) string {
	_, rest, found := strings.Cut(markup, "<")
	if !found {
		return ""
	}
	w.at = inTag
	if end, ok := strings.CutPrefix(rest, "/"); ok {
		return end
	}
	if after, ok := strings.CutPrefix(rest, "!doctype html"); ok {
		return after
	}
	n := 0
	for n < len(rest) && (rest[n] >= 'a' && rest[n] <= 'z' || n > 0 && rest[n] >= '0' && rest[n] <= '9') {
		n++
	}
	if n == 0 {
		panic("markup: not a tag: <" + rest)
	}
	switch rest[:n] {
	case "script", "style":
		w.raw = rest[:n]
	case "xmp", "iframe", "noembed", "noframes", "plaintext", "math", "template":
		panic("markup: other rules are for what is in the element " + rest[:n])
	}
	return rest[n:]
}

// tag reads up to the next value or the end of a tag, and returns what is after it.
func (w *Writer) tag(markup string) string {
	i := strings.IndexAny(markup, `>="'<`)
	if i < 0 {
		return ""
	}
	switch rest := markup[i+1:]; markup[i] {
	case '>':
		w.at = inText
		if w.raw != "" {
			w.at = inRaw
		}
		return rest
	case '=':
		if value, ok := strings.CutPrefix(rest, `"`); ok {
			w.at = inValue
			return value
		}
	}
	panic("markup: not within a tag: " + markup[i:])
}
