package fhir

import "strings"

// longestBrief is how many bytes of a value a message quotes.
const longestBrief = 120

// Brief writes a value in one line for the text of an [Issue], and never as a
// fragment of JSON: a Coding or Identifier as system|value, a Reference as its
// address, a Quantity as its amount and unit, an extension as its address and
// value, any other object as the names and values of its parts. Text is in
// quotation marks. A long value is cut; an absent one is "nothing".
func (n Node) Brief() string {
	var b strings.Builder
	n.brief(&b)
	return cut(b.String())
}

func (n Node) brief(b *strings.Builder) {
	if b.Len() > longestBrief {
		return
	}
	switch n.Kind() {
	case Absent:
		b.WriteString("nothing")
	case Object:
		n.briefObject(b)
	case Array:
		joined := false
		for item := n.First(); item.Exists() && b.Len() <= longestBrief; item = item.Next() {
			if joined {
				b.WriteString(", ")
			}
			joined = true
			item.brief(b)
		}
	case String:
		b.WriteString(`"` + cut(n.Text()) + `"`)
	default:
		b.Write(n.Raw())
	}
}

// briefObject picks the short form of the datatypes that have one.
func (n Node) briefObject(b *strings.Builder) {
	reference := n.Get("reference")
	code := firstOf(n.Get("code"), n.Get("value"))
	switch {
	case n.Get("url").Kind() == String:
		n.briefExtension(b)
	case reference.Kind() == String:
		b.WriteString(reference.Text())
	case n.Get("coding").Len() > 0:
		n.Get("coding").brief(b)
	case n.Get("identifier").Kind() == Object:
		n.Get("identifier").brief(b)
	case n.Get("value").Kind() == Number:
		b.WriteString(strings.TrimSpace(n.Get("value").Text() + " " + firstOf(n.Get("unit"), n.Get("code")).Text()))
	case code.Kind() == String && n.Get("system").Kind() == String:
		b.WriteString(n.Get("system").Text() + "|" + code.Text())
	default:
		n.briefMembers(b, "", b.Len())
	}
}

// briefExtension writes the address of an extension and what it carries.
func (n Node) briefExtension(b *strings.Builder) {
	b.WriteString(n.Get("url").Text())
	for m := n.First(); m.Exists(); m = m.Next() {
		switch {
		case m.Name() == "extension":
			b.WriteString(" (")
			m.brief(b)
			b.WriteString(")")
		case strings.HasPrefix(m.Name(), "value"):
			b.WriteString(" ")
			m.brief(b)
		}
	}
}

// briefMembers writes the parts of an object, whose text begins at start:
// coding.code "M", value 5.
func (n Node) briefMembers(b *strings.Builder, path string, start int) {
	for m := n.First(); m.Exists() && b.Len() <= longestBrief; m = m.Next() {
		if m.Kind() == Object && m.Get("url").Kind() != String {
			m.briefMembers(b, path+m.Name()+".", start)
			continue
		}
		if b.Len() > start {
			b.WriteString(", ")
		}
		b.WriteString(path + m.Name() + " ")
		m.brief(b)
	}
}

func firstOf(nodes ...Node) Node {
	for _, n := range nodes {
		if n.Exists() {
			return n
		}
	}
	return Node{}
}

// cut ends a text where a message would quote too much of it.
func cut(text string) string {
	if len(text) <= longestBrief {
		return text
	}
	return strings.ToValidUTF8(text[:longestBrief], "") + "…"
}
