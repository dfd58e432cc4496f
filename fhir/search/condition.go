package search

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// condition is a parameter with its modifier, about to read its value.
type condition struct {
	*parser
	typ      string
	param    *r4.SearchParam
	types    typeSet // R4 types of the values it finds
	modifier string
	shown    string
}

// describe says what a value of the parameter looks like.
func describe(param *r4.SearchParam) string {
	switch param.Type {
	case "token":
		return "code, system|code, |code or system|"
	case "date":
		return describeDates
	case "number":
		return describeNumbers
	case "quantity":
		return describeQuantities
	case "reference":
		return "a reference such as " + exampleTarget(param) + "/123, an id or an absolute URL"
	case "uri":
		return "a URI"
	case "special":
		return describeNear
	case "composite":
		return "the values of its parts joined by $"
	}
	return "a text"
}

func exampleTarget(param *r4.SearchParam) string {
	if len(param.Target) == 0 || slices.Contains(param.Target, "Patient") {
		return "Patient"
	}
	return param.Target[0]
}

// read reads the value: alternatives joined by commas.
func (c *condition) read(value string) (Clause, bool) {
	if !c.modifierOK() {
		return Clause{}, false
	}
	out := Clause{Param: c.param.Code, Not: c.modifier == "not"}
	if c.param.Code == ID {
		return c.ids(value)
	}
	if c.param.Code == Text {
		return c.worded(value)
	}
	if c.param.Type == "token" && slices.Contains(byTerminology, c.modifier) {
		return c.byCodes(value)
	}
	kind := c.param.Type
	switch c.modifier {
	case "text", "of-type", "identifier":
		out.Param += ":" + c.modifier
	}
	ok := true
	for _, alternative := range split(value, ',') {
		v := reading{c.parser, c.typ, c.param, c.types, c.modifier}
		ranges, expected := v.ranges(kind, alternative)
		if expected != "" {
			c.refuse(c.shown, "The value of the parameter is malformed.", expected, alternative, "")
			ok = false
		}
		out.Ranges = append(out.Ranges, ranges...)
	}
	return out, ok
}

func (c *condition) modifierOK() bool {
	if c.modifier == "" && !strings.HasSuffix(c.shown, ":") {
		return true
	}
	if c.param.Type == "reference" && r4.IsResource(c.modifier) {
		return c.targetOK()
	}
	known := modifiers(c.typ, c.param, c.types, c.Codes != nil)
	if slices.Contains(known, c.modifier) {
		return true
	}
	if slices.Contains(byTerminology, c.modifier) && slices.Contains(modifiers(c.typ, c.param, c.types, true), c.modifier) {
		c.unknown(c.shown, "The modifier needs a terminology service, which this search does not have.", ":"+strings.Join(known, ", :"), "")
		return false
	}
	c.unknown(c.shown, "The modifier is not known for a parameter of type "+c.param.Type+".",
		"none or one of :"+strings.Join(known, ", :"), nearest(c.modifier, known))
	return false
}

// targetOK asks of a modifier that is a type that the reference leads there.
func (c *condition) targetOK() bool {
	targets := leadsTo(c.typ, c.param)
	if len(targets) == 0 || slices.Contains(targets, c.modifier) {
		return true
	}
	c.refuse(c.shown, "The reference does not lead to resources of this type, so that nothing could be found.", "one of "+listed(targets), c.modifier, "")
	return false
}

func (c *condition) ids(value string) (Clause, bool) {
	out := Clause{Param: ID, Not: c.modifier == "not"}
	for _, id := range split(value, ',') {
		id = unescape(id)
		id = strings.TrimPrefix(id, c.typ+"/")
		if !fhir.IsID(id) {
			c.refuse(c.shown, "The value of the parameter is malformed.", "a logical id of up to 64 letters, digits, dashes and dots", id, "")
			return Clause{}, false
		}
		out.IDs = append(out.IDs, id)
	}
	return out, true
}
