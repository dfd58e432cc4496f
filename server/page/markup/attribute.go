package markup

import "strings"

// kind says what the value of an attribute is.
type kind uint8

const (
	unknown kind = iota // what it means is not known here: style, srcdoc, onclick
	plain               // words
	address             // a URL that a person or a browser follows
)

// kindOf is the kind of an attribute. Those that are not listed may be programs,
// style sheets or documents, so that no text is written into them.
func kindOf(name string) kind {
	switch name {
	case "class", "id", "name", "value", "title", "alt", "aria-label", "aria-labelledby", "aria-describedby", "aria-keyshortcuts", "for", "datetime", "min", "max", "viewBox", "x", "y", "width", "height":
		return plain
	case "href", "src", "action":
		return address
	}
	if strings.HasPrefix(name, "data-") {
		return plain
	}
	return unknown
}
