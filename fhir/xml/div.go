package xml

import (
	"html"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// qualifiedDiv reads a narrative that takes its namespace from an element
// around it, and writes it so that it can stand alone: without prefixes, and
// with the declaration on the div.
func (d *decoder) qualifiedDiv(t *Token) (string, error) {
	b := []byte(`<div xmlns="` + XHTML + `"`)
	b = appendAttrs(b, t.Attrs)
	closed := t.Closed
	if closed {
		b = append(b, '/')
	}
	b = append(b, '>')
	for depth := 1; ; {
		t, err := d.scan.Next()
		if err != nil {
			return "", err
		}
		switch t.Kind {
		case Start:
			if t.Space != XHTML {
				return "", d.scan.failAs(fhir.Structure, t.Start, "A narrative holds an element that is no XHTML.", "elements of "+XHTML, describeName(&t))
			}
			b = append(append(b, '<'), t.Local...)
			b = appendAttrs(b, t.Attrs)
			if closed = t.Closed; closed {
				b = append(b, '/')
			}
			b = append(b, '>')
			depth++
		case End:
			if !closed {
				b = append(append(append(b, "</"...), t.Local...), '>')
			}
			closed = false
			if depth--; depth == 0 {
				return string(b), nil
			}
		default:
			b = append(b, d.scan.text[t.Start:t.End]...)
		}
	}
}

func appendAttrs(b []byte, attrs []Attr) []byte {
	for _, a := range attrs {
		b = append(append(append(b, ' '), a.Name...), `="`...)
		b = append(AppendAttr(b, AttrValue(a.Raw)), '"')
	}
	return b
}

// CheckNarrative reports what XML cannot hold of the text of a narrative: more
// than one element at the root, text outside of it, a reference to an entity
// that XHTML does not have, a comment with --, a character that XML 1.0 does
// not have. The error is an [*fhir.Error]; its position is that in the text.
func CheckNarrative(text string) error {
	_, err := divXML(text)
	return err
}

// divXML makes the text of a narrative ready to stand in a document: it must
// be one well-formed div, with nothing before it. A missing namespace is added, and the entities that
// HTML has and XML has not become characters.
func divXML(text string) (string, error) {
	text = plainEntities(strings.TrimSpace(text))
	s, err := NewScanner([]byte(text))
	if err != nil {
		return "", err
	}
	t, err := s.Next()
	if err != nil {
		return "", err
	}
	if t.Start > 0 || t.Kind != Start || t.Local != "div" || t.Space != XHTML && t.Space != "" {
		return "", s.failAs(fhir.Structure, t.Start, "A narrative is one div.", `<div xmlns="`+XHTML+`">`, "something else")
	}
	if t.Space == "" {
		text = text[:t.Start+len("<div")] + ` xmlns="` + XHTML + `"` + text[t.Start+len("<div"):]
	}
	for t.Kind != EOF {
		if t, err = s.Next(); err != nil {
			return "", err
		}
	}
	return text, nil
}

// plainEntities replaces &nbsp; and its like. The five of XML stay.
func plainEntities(text string) string {
	if strings.IndexByte(text, '&') < 0 {
		return text
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '&')
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		text = text[i:]
		end := strings.IndexByte(text, ';') + 1
		if _, size := reference(text); size > 0 {
			end = size
		} else if end > 0 && end < 40 && text[1] != '#' { // HTML takes numbers that are no characters of XML
			if plain := html.UnescapeString(text[:end]); plain != text[:end] && !strings.ContainsAny(plain, "<&") {
				b.WriteString(plain)
				text = text[end:]
				continue
			}
		}
		end = max(end, 1)
		b.WriteString(text[:end])
		text = text[end:]
	}
}
