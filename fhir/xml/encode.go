package xml

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Encode writes a resource as XML on one line, in the order of R4's
// definitions. The error is an [*fhir.Error] that names all that XML cannot
// hold: characters that it forbids, a narrative that is not well-formed,
// properties whose names are none in XML.
func Encode(r *fhir.Resource) ([]byte, error) { return encode(r, false) }

// EncodeIndent is [Encode] with every element on a line of its own, for people.
// Narratives stay as they are.
func EncodeIndent(r *fhir.Resource) ([]byte, error) { return encode(r, true) }

const header = `<?xml version="1.0" encoding="UTF-8"?>`

func encode(r *fhir.Resource, indent bool) ([]byte, error) {
	w := xmlWriter{buf: make([]byte, 0, len(r.JSON())+len(header)), indent: indent}
	w.text(header)
	w.resource(r.Root())
	if indent {
		w.text("\n")
	}
	if len(w.issues) > 0 {
		return nil, &fhir.Error{Op: "xml", Kind: fhir.Structure, Issues: fhir.SortIssues(w.issues)}
	}
	return w.buf, nil
}

type xmlWriter struct {
	buf    []byte
	issues []fhir.Issue
	indent bool
	depth  int
	parts  []part // of the open objects, innermost last
}

// part is one property of an object with what stands beside it under its
// underscore name.
type part struct {
	name          string
	rank          int
	prop          *r4.Property
	value, extras fhir.Node
}

func (w *xmlWriter) text(s string) { w.buf = append(w.buf, s...) }

func (w *xmlWriter) report(n fhir.Node, message, expected, found string) {
	w.issues = append(w.issues, fhir.Issue{
		Severity: fhir.Err, Code: fhir.Structure, Rule: "xml", Expression: n.Expression(), Position: n.Position(),
		Message: message, Expected: expected, Found: found,
	})
}

func (w *xmlWriter) line() {
	if w.indent {
		w.text("\n")
		for range w.depth {
			w.text("  ")
		}
	}
}

func (w *xmlWriter) resource(n fhir.Node) {
	name := n.Get("resourceType").Text()
	if !r4.IsResource(name) {
		w.report(n, "The object is no resource of R4.", "a resourceType of R4", cmp.Or(name, "none"))
		return
	}
	w.line()
	w.text("<" + name)
	if w.depth == 0 {
		w.text(` xmlns="` + Namespace + `"`)
	}
	w.content(name, n, r4.TypeOf(name))
}

// content finishes the start tag of an element and writes the rest of it.
func (w *xmlWriter) content(name string, n fhir.Node, t *r4.Type) {
	first := len(w.parts)
	w.split(n, t)
	defer func() { w.parts = w.parts[:first] }()
	own := len(w.parts)
	for i := first; i < own; i++ {
		if p := &w.parts[i]; isAttribute(p, t) {
			w.attribute(p)
		}
	}
	open := false
	for i := first; i < own; i++ {
		p := w.parts[i]
		if isAttribute(&p, t) {
			continue
		}
		if !open {
			w.text(">")
			open = true
		}
		w.depth++
		w.part(p)
		w.depth--
	}
	w.close(name, open)
}

func (w *xmlWriter) close(name string, open bool) {
	if !open {
		w.text("/>")
		return
	}
	w.line()
	w.text("</" + name + ">")
}

func isAttribute(p *part, t *r4.Type) bool {
	if p.prop != nil {
		return p.prop.Element.Attribute
	}
	return t == nil && p.name == "id"
}

// split lists the properties of an object in the order of the definition.
func (w *xmlWriter) split(n fhir.Node, t *r4.Type) {
	first := len(w.parts)
	sorted := true
	for m := range n.Members() {
		name := m.Name()
		p := part{name: name, value: m}
		if base, ok := strings.CutPrefix(name, "_"); ok {
			if n.Get(base).Exists() {
				continue // comes with its value
			}
			p = part{name: base, extras: m}
		} else if t == nil || t.Property(name) == nil || t.Property(name).Of.Kind == r4.Primitive {
			p.extras = n.Get("_" + name)
		}
		if name == "resourceType" && (t == nil || t.Kind == r4.Resource) {
			continue
		}
		if t != nil {
			p.rank = len(t.Elements)
			if p.prop = t.Property(p.name); p.prop != nil {
				from := int16(0)
				if len(w.parts) > first {
					from = int16(w.parts[len(w.parts)-1].rank)
				}
				p.rank = int(rank(t, p.prop.Element, from))
			}
		}
		if len(w.parts) > first && p.rank < w.parts[len(w.parts)-1].rank {
			sorted = false
		}
		w.parts = append(w.parts, p)
	}
	if !sorted {
		slices.SortStableFunc(w.parts[first:], func(a, b part) int { return a.rank - b.rank })
	}
}

func (w *xmlWriter) attribute(p *part) {
	n := p.value
	if p.extras.Exists() {
		w.report(p.extras, "An attribute cannot have an id or extensions.", p.name+" alone", "_"+p.name)
	}
	if n.Kind() != fhir.String {
		w.report(n, "The element is an attribute in XML.", "a string", n.Kind().String())
		return
	}
	w.text(" " + p.name + `="`)
	w.value(n)
	w.text(`"`)
}

// value writes the text of a node into an attribute.
func (w *xmlWriter) value(n fhir.Node) {
	text := n.Text()
	if isPlain(text) {
		w.text(text)
		return
	}
	if r, place := fhir.NoChar(text); place > 0 {
		w.report(n, "The value holds a character that XML forbids.", "text without control characters", fmt.Sprintf("U+%04X", r))
		return
	}
	w.buf = AppendAttr(w.buf, text)
}

// part writes a property: one element, or one for each item.
func (w *xmlWriter) part(p part) {
	if p.prop == nil && !isName(p.name) {
		w.report(p.value, "The property has a name that XML cannot write.", "a name of letters, digits, - and _", p.name)
		return
	}
	if p.value.Kind() != fhir.Array && p.extras.Kind() != fhir.Array {
		w.element(p, p.value, p.extras)
		return
	}
	values, extras := items(p.value), items(p.extras)
	for i := range max(len(values), len(extras)) {
		w.element(p, at(values, i), at(extras, i))
	}
}

func items(n fhir.Node) []fhir.Node { return slices.Collect(n.Items()) }

func at(nodes []fhir.Node, i int) fhir.Node {
	if i < len(nodes) {
		return nodes[i]
	}
	return fhir.Node{}
}

func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		if !nameByte[s[i]] || i == 0 && !nameStart[s[i]] || s[i] == ':' {
			return false
		}
	}
	return s != ""
}

// element writes one value with what stands beside it.
func (w *xmlWriter) element(p part, n, extras fhir.Node) {
	var t *r4.Type
	if p.prop != nil {
		t = p.prop.Of
	}
	if t != nil && t.Name == "xhtml" && n.Kind() == fhir.String {
		w.div(n, extras)
		return
	}
	w.line()
	w.text("<" + p.name)
	switch n.Kind() {
	case fhir.Object:
		if t != nil && p.prop.Type == "Resource" || n.Get("resourceType").Kind() == fhir.String && t == nil {
			w.text(">")
			w.depth++
			w.resource(n)
			w.depth--
			w.close(p.name, true)
			return
		}
		w.content(p.name, n, t)
		return
	case fhir.Array:
		w.report(n, "An array stands in an array.", "one value", "an array")
		return
	case fhir.String, fhir.Number, fhir.True, fhir.False:
		w.text(` value="`)
		w.value(n)
		w.text(`"`)
	}
	if extras.Kind() == fhir.Object {
		w.content(p.name, extras, t)
		return
	}
	w.text("/>")
}

func (w *xmlWriter) div(n, extras fhir.Node) {
	if extras.Exists() {
		w.report(extras, "A narrative cannot have an id or extensions beside it.", "div alone", "_div")
	}
	text, err := divXML(n.Text())
	if err != nil {
		found := err.Error()
		if e := (*fhir.Error)(nil); errors.As(err, &e) {
			found = e.Issues[0].Text()
		}
		w.report(n, "The narrative is not well-formed XHTML.", `<div xmlns="`+XHTML+`">…</div>`, found)
		return
	}
	w.line()
	w.text(text)
}
