package xml

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

func describeName(t *Token) string {
	space := "no namespace"
	if t.Space != "" {
		space = "the namespace " + t.Space
	}
	return "<" + t.Name + "> in " + space
}

func (d *decoder) allowedAttributes(e *element) string {
	switch {
	case e.resource:
		return "no attribute"
	case e.is("Extension"):
		return "id or url"
	case e.primitive():
		return "id or value"
	}
	return "id"
}

func short(s string) string {
	const enough = 40
	if len(s) > enough {
		return strings.ToValidUTF8(s[:enough], "") + "…"
	}
	return s
}

func (d *decoder) expectedSpace(t *Token, p *element) string {
	if p.is("Narrative") {
		return `<div xmlns="` + XHTML + `">, or another element of Narrative in the namespace ` + Namespace
	}
	return "<" + t.Local + "> in the namespace " + Namespace
}

func (d *decoder) checkContent(self int32) {
	e := &d.elements[self]
	switch {
	case e.resource && e.parent < 0, e.value.set, e.id.set: // alone, an id is for ele-1 to judge
	case e.primitive():
		d.report(self, int(e.at), "The element has neither a value nor an extension.", `value="…"`, "<"+e.name+"/>", "Leave the element out where there is nothing to say.")
	default:
		d.report(self, int(e.at), "The element is empty.", "content", "<"+e.name+"/>", "Leave the element out where there is nothing to say.")
	}
}

func (d *decoder) report(self int32, at int, message, expected, found, fix string) {
	d.reportAs("xml", self, at, message, expected, found, fix)
}

func (d *decoder) reportAs(rule string, self int32, at int, message, expected, found, fix string) {
	if !d.faults.Lists(fhir.Err) {
		d.faults.Skip(fhir.Err, 1)
		return
	}
	d.faults.Add(fhir.Issue{
		Severity: fhir.Err, Code: fhir.Structure, Rule: rule, Expression: d.expression(self), Position: d.scan.Position(at),
		Message: message, Expected: expected, Found: found, Fix: fix,
	})
}

// expression is the way to an element, as [fhir.Node.Expression] writes it.
func (d *decoder) expression(self int32) string {
	e := &d.elements[self]
	if e.parent < 0 {
		return e.name
	}
	step := "." + e.name
	if e.prop != nil && e.prop.Element.Repeats() {
		place := 0
		for i := e.parent + 1; i < self; i = max(d.elements[i].next, i+1) {
			if d.elements[i].parent == e.parent && d.elements[i].name == e.name {
				place++
			}
		}
		step += "[" + strconv.Itoa(place) + "]"
	}
	return d.expression(e.parent) + step
}
