package profiles

import "strings"

// A narrative of which the reader of markup met nothing rare can be written as
// XML: what XML refuses beyond what the reader refuses itself is a part of what
// is rare. Only a narrative with something rare is read once more, by the
// scanner of XML, which knows exactly.

// The most that is common: how deep elements nest, and attributes of one.
const (
	commonDepth      = 32
	commonAttributes = 16
)

// rareText reports whether a run of text holds what XML may refuse: the end of
// a CDATA section, or a reference other than &amp; &lt; &gt; &quot; &nbsp;.
func rareText(text string) bool {
	return strings.Contains(text, "]]>") || rareReference(text)
}

func rareReference(text string) bool {
	for {
		at := strings.IndexByte(text, '&')
		if at < 0 {
			return false
		}
		text = text[at+1:]
		name, _, closed := strings.Cut(text[:min(len(text), len("quot;"))], ";")
		if !closed {
			return true
		}
		switch name {
		case "amp", "lt", "gt", "quot", "nbsp":
		default:
			return true
		}
	}
}

// rareAttribute reports whether XML may refuse an attribute beside those before
// it: one that repeats, a namespace other than that of XHTML, a rare reference.
func rareAttribute(before []attr, a attr) bool {
	if len(before) >= commonAttributes || rareReference(a.value) || a.name == "xmlns" && a.value != xhtmlNamespace {
		return true
	}
	for _, b := range before {
		if b.name == a.name {
			return true
		}
	}
	return false
}
