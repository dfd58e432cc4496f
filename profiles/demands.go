package profiles

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// holdDemands validates a value against what extensions of its definition ask for.
func (w *walk) holdDemands(o occurrence, p *position, d *definition.Demands) {
	text := o.node.Text()
	if o.primitive() && text == "" {
		w.valueDemanded(o, p, d)
		return
	}
	say := func(rule, message, expected, found string) {
		w.say(p, o.place(), fhir.Issue{Code: fhir.ValueCode, Rule: rule, Message: message, Expected: expected, Found: found})
	}
	if n := utf8.RuneCountInString(text); o.primitive() && n < d.MinLength {
		say("min-length", p.title()+" is too short.", fmt.Sprintf("at least %d characters", d.MinLength), fmt.Sprint(n))
	}
	if d.Regex != nil && o.primitive() && !d.Regex.MatchString(text) {
		say("regex", p.title()+" is not of the form that the profile asks for.", strings.TrimSuffix(strings.TrimPrefix(d.Regex.String(), "^(?:"), ")$"), short(text))
	}
	if d.Decimals >= 0 && o.node.Kind() == fhir.Number {
		if n := decimalPlaces(text); n > d.Decimals {
			say("decimal-places", p.title()+" has too many decimal places.", fmt.Sprintf("at most %d", d.Decimals), short(text))
		}
	}
	if size, known := sizeOf(o); d.MaxSize > 0 && known && size > d.MaxSize {
		say("max-size", p.title()+" is too large.", fmt.Sprintf("at most %d bytes", d.MaxSize), fmt.Sprint(size))
	}
	if o.typ != nil && o.typ.Name == "Narrative" && (d.Source || len(d.Languages) > 0) {
		w.holdNarrative(o, p, d)
	}
}

// valueDemanded asks for the value of a primitive, or for what may replace it.
func (w *walk) valueDemanded(o occurrence, p *position, d *definition.Demands) {
	i := fhir.Issue{Code: fhir.Required, Rule: "value-required", Message: p.title() + " has no value, and the profile allows nothing in its place.",
		Expected: "a value", Found: "none"}
	if d.Alternatives != nil {
		for x := range o.beside.Get("extension").Items() {
			for _, url := range d.Alternatives {
				if x.Get("url").Text() == url {
					return
				}
			}
		}
		i.Message = p.title() + " has no value, nor what the profile allows in its place."
		i.Expected = "a value, or an extension " + anyOf(d.Alternatives, 4)
	}
	if d.MustHaveValue || d.Alternatives != nil {
		w.say(p, o.place(), i)
	}
}

func decimalPlaces(number string) int {
	mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
	_, places, _ := strings.Cut(mantissa, ".")
	return len(places)
}

// sizeOf is how many bytes an attachment or a base64 value holds, as far as it says.
func sizeOf(o occurrence) (int, bool) {
	switch {
	case o.typ == nil:
		return 0, false
	case o.typ.Name == "base64Binary":
		return decodedLen(o.node.Text()), true
	case o.typ.Name != "Attachment":
		return 0, false
	case o.node.Get("data").Exists():
		return decodedLen(o.node.Get("data").Text()), true
	}
	var size int
	_, err := fmt.Sscan(o.node.Get("size").Text(), &size)
	return size, err == nil
}

// holdNarrative validates the languages and sources of a narrative. A section in a
// language is an element of the div that says its language; a part of a source is of
// the class boilerplate, generated or original.
// http://hl7.org/fhir/StructureDefinition/narrative-language-control
func (w *walk) holdNarrative(o occurrence, p *position, d *definition.Demands) {
	m := markup{text: strings.TrimSpace(o.node.Get("div").Text())}
	languages := map[string]bool{}
	sourced, unsourced := 0, "" // sourced is how deep the element is that says its source
	for {
		t, text, ok := m.next()
		if !ok {
			break
		}
		depth := len(m.open)
		if sourced > depth {
			sourced = 0
		}
		if t.name == "" {
			if sourced == 0 && unsourced == "" {
				unsourced = strings.TrimSpace(text)
			}
			continue
		}
		for _, a := range t.attrs {
			switch {
			case a.name == "class" && sourced == 0 && !t.empty && saysSource(a.value):
				sourced = depth
			case (a.name == "lang" || a.name == "xml:lang") && depth == 2 && !t.empty:
				languages[a.value] = true
			}
		}
	}
	if d.Source && unsourced != "" {
		w.say(p, o.place(), fhir.Issue{Code: fhir.Invariant, Rule: "narrative-source", Message: "A part of the narrative does not say whence it comes, as the profile asks.",
			Expected: "the class boilerplate, generated or original", Found: short(unsourced)})
	}
	for _, want := range d.Languages {
		if expected := languageWanted(want, languages, o.node.Parent().Get("language").Text()); expected != "" {
			w.say(p, o.place(), fhir.Issue{Code: fhir.Invariant, Rule: "narrative-language", Message: "The narrative does not have the sections in languages that the profile asks for.",
				Expected: expected, Found: fmt.Sprintf("%d sections", len(languages))})
		}
	}
}

func saysSource(class string) bool {
	for _, word := range strings.Fields(class) {
		if word == "boilerplate" || word == "generated" || word == "original" {
			return true
		}
	}
	return false
}

// languageWanted is what is lacking of the languages of a narrative, "" for nothing.
func languageWanted(want string, there map[string]bool, ofResource string) string {
	switch {
	case want == "_no" && len(there) > 0:
		return "no section in a language"
	case want == "_no":
	case want == "_yes" && len(there) == 0:
		return "a section in a language"
	case want == "_yes":
	case want == "_resource" && ofResource != "" && !there[ofResource]:
		return "a section in " + ofResource + ", the language of the resource"
	case want == "_resource":
	case !there[want]:
		return "a section in " + want
	}
	return ""
}
