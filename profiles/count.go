package profiles

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// count holds the number of values to the cardinality. For values that are too
// few, near says what was perhaps meant for it.
func (w *walk) count(parent occurrence, all []occurrence, p *position, near string) {
	n := len(all)
	switch {
	case n < p.min:
		severity := fhir.Err
		if w.unclaimed {
			severity = fhir.Warning
		}
		message := p.title() + " is missing."
		if n > 0 {
			message = fmt.Sprintf("There are too few of %s.", p.title())
		}
		w.say(p, parent.place(), fhir.Issue{Severity: severity, Code: fhir.Required, Rule: "cardinality", Message: message,
			Expected: p.times(), Found: found(n), Fix: firstOf(near, "Add "+w.model(p)+".")})
	case p.max == 0 && n > 0:
		w.say(p, all[0].place(), fhir.Issue{Code: fhir.Structure, Rule: "cardinality", Message: p.title() + " is not allowed here: the profile rules it out.",
			Expected: "none", Found: found(n), Fix: "Leave it out."})
	case p.max > 0 && n > p.max:
		w.say(p, all[p.max].place(), fhir.Issue{Code: fhir.Structure, Rule: "cardinality", Message: p.title() + " is there too often.",
			Expected: p.times(), Found: found(n), Fix: keep(p.max)})
	}
}

func keep(n int) string {
	if n == 1 {
		return "Keep the one that is meant."
	}
	return fmt.Sprintf("Keep %d of them.", n)
}

// times says how often an element may stand.
func (p *position) times() string {
	switch {
	case p.max < 0:
		return fmt.Sprintf("at least %d", p.min)
	case p.min == p.max:
		return fmt.Sprintf("exactly %d", p.min)
	case p.min == 0:
		return fmt.Sprintf("at most %d", p.max)
	}
	return fmt.Sprintf("%d to %d", p.min, p.max)
}

func found(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// title names the element for a reader: the path to it in JSON names, and the
// slice. Within an extension the path says nothing.
func (p *position) title() string {
	if p.el.SliceName == "" || p.typeSlice() {
		return p.way
	}
	return p.way + " (" + p.el.SliceName + ")"
}

// wayUnder is the path to an element that stands under another.
func (p *position) wayUnder(parent *position) string {
	if parent.way == "" || parent.way == "Extension" {
		return p.jsonName()
	}
	return parent.way + "." + p.jsonName()
}

// typeSlice reports whether the position is one type of a choice.
func (p *position) typeSlice() bool { return p.choice && p.el.SliceName != "" && len(p.types) == 1 }

// jsonName is how JSON names the element: valueQuantity where the type of a
// choice is settled.
func (p *position) jsonName() string {
	if !p.choice {
		return p.name
	}
	types := p.types
	if types == nil {
		for _, t := range p.el.Types {
			types = append(types, t.Code)
		}
	}
	if len(types) == 0 || len(types) > 4 {
		return p.name + "[x]"
	}
	var names []string
	for _, t := range types {
		names = append(names, p.name+strings.ToUpper(t[:1])+t[1:])
	}
	return anyOf(names, 4)
}

// model says what a value of the element looks like, as far as profiles settle it
// and ask for parts.
func (w *walk) model(p *position) string {
	name := p.jsonName()
	if p.name == "extension" || p.name == "modifierExtension" {
		if url := p.url(); url != "" {
			return w.extensionModel(p, url)
		}
	}
	var parts []string
	fixed := settled(p)
	if len(fixed) > 0 && fixed[0].path == "" {
		return name + " with the value " + fixed[0].value
	}
	if fixed != nil {
		parts = append(parts, inWords(fixed))
	}
	if p.binding != nil && fixed == nil {
		parts = append(parts, "a code of "+p.binding.ValueSet)
	}
	for _, k := range w.kidsOf(p) {
		if k.counted && k.min > 0 && k.el.SliceName == "" && !strings.HasPrefix(strings.Join(parts, " "), k.name) && k.name != "coding" && k.name != "extension" {
			parts = append(parts, k.jsonName())
		}
	}
	switch code := ""; {
	case len(parts) > 0:
		return name + " with " + strings.Join(parts, " and ")
	case len(p.el.Types) == 1:
		if code = p.el.Types[0].Code; code != "BackboneElement" && code != "Element" {
			return name + " (" + code + ")"
		}
	}
	return name
}

// extensionModel says what an extension looks like: its url, and its value or
// the parts that it has to have.
func (w *walk) extensionModel(p *position, url string) string {
	text := "an " + article(p.name) + " with the url " + url
	kids := p.kids
	if of := w.v.library.program(url); of != nil {
		kids = append(kids[:len(kids):len(kids)], of.root.kids...)
	}
	for _, k := range kids {
		if k.name == "value" && k.max != 0 && k.el.SliceName == "" {
			return text + " and " + w.model(k)
		}
		if k.name == "extension" && k.slicing != nil && k.el.SliceName == "" {
			var parts []string
			for _, s := range k.slicing.slices {
				if s.min > 0 {
					parts = append(parts, s.url())
				}
			}
			if len(parts) > 0 {
				return text + " and nested extensions " + strings.Join(parts, ", ")
			}
		}
	}
	return text
}

func article(name string) string {
	if name == "modifierExtension" {
		return "entry of modifierExtension"
	}
	return name
}

// url is that of the extension that a slice of extension stands for.
func (p *position) url() string {
	for _, k := range p.kids {
		if k.name == "url" && k.el.Fixed != nil {
			return k.el.Fixed.Node.Text()
		}
	}
	if c := p.profiles["Extension"]; len(c) == 1 {
		url, _, _ := strings.Cut(c[0], "|")
		return url
	}
	return p.el.SliceName
}
