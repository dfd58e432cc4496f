package profiles

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// primitive checks the JSON kind, the form and the emptiness of a value.
func (w *walk) primitive(n fhir.Node, p *slot) {
	kind := n.Kind()
	if want := kindOf(p.Of); !want.is(kind) {
		w.primitiveKind(n, p, want)
		return
	}
	text := ""
	if p.Type == "xhtml" {
		text = w.narrativeText(n)
	} else {
		text = n.Text()
	}
	if r, place := fhir.NoChar(text); place > 0 {
		w.add(n, fhir.Issue{Code: fhir.Invalid, Rule: "character", Message: "The text holds a character that XML 1.0 does not have, so the resource could not be written as XML.",
			Expected: "no control characters but tab and line end, and neither U+FFFE nor U+FFFF", Found: fmt.Sprintf("U+%04X as character %d", r, place), Fix: "Remove the character."})
		return
	}
	if p.Type == "xhtml" {
		return // the narrative rules read it
	}
	if text == "" {
		w.malformed(n, fhir.Issue{Code: fhir.Invalid, Rule: "empty-string", Message: "The string is empty.",
			Expected: "at least one character", Fix: "Leave " + p.Element.Name + " out."})
		return
	}
	if fault := p.format(text); fault.expected != "" {
		message := "This is no valid " + p.Type + "."
		if fault.severity == fhir.Warning {
			message = "This " + p.Type + " is not as it should be."
		}
		report := w.malformed
		if fault.severity == fhir.Warning {
			report = w.add
		}
		report(n, fhir.Issue{Severity: fault.severity, Code: fhir.ValueCode, Rule: "format", Message: message,
			Expected: fault.expected, Found: short(text), Fix: fault.fix})
	}
}

// jsonKind is the JSON kind in which a primitive type is written.
type jsonKind string

const (
	jsonString  jsonKind = "a string"
	jsonNumber  jsonKind = "a number"
	jsonBoolean jsonKind = "true or false"
)

func (k jsonKind) is(kind fhir.Kind) bool {
	switch k {
	case jsonNumber:
		return kind == fhir.Number
	case jsonBoolean:
		return kind == fhir.True || kind == fhir.False
	}
	return kind == fhir.String
}

// quoted reports whether a text is a value of the kind that stands in quotes.
func (k jsonKind) quoted(text string) bool {
	if k == jsonBoolean {
		return text == "true" || text == "false"
	}
	return json.Valid([]byte(text)) && strings.IndexAny(text, "-0123456789") == 0
}

func kindOf(t *r4.Type) jsonKind {
	switch t.Name {
	case "boolean":
		return jsonBoolean
	case "integer", "decimal", "positiveInt", "unsignedInt":
		return jsonNumber
	}
	return jsonString
}

func (w *walk) primitiveKind(n fhir.Node, p *slot, want jsonKind) {
	i := fhir.Issue{Code: fhir.Invalid, Rule: "json-type", Message: "The JSON type does not fit the type " + p.Type + ".",
		Expected: string(want), Found: foundKind(n)}
	switch {
	case n.Kind() == fhir.Null:
		i.Fix = "Leave " + p.Element.Name + " out."
	case n.Kind() == fhir.String && want != jsonString && want.quoted(n.Text()):
		i.Fix = "Leave the quotes out."
	case n.Kind() == fhir.String && want != jsonString: // as of XML, where everything is in quotes
		i.Message, i.Found = "This is no valid "+p.Type+".", short(n.Text())
	case want == jsonString && n.Kind() != fhir.Object && n.Kind() != fhir.Array:
		i.Fix = "Put the value into quotes."
	}
	w.malformed(n, i)
}
