package profiles

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/snapshot"
)

// narrows holds each element of a profile's differential to what the base has in
// its place. The error says that the profile cannot be built.
func (w *walk) narrows(n fhir.Node) error {
	s := definition.ReadStructure(w.r.Sub(n))
	at := map[*definition.Element]fhir.Node{} // nothing for what is between elements
	for e := item(n.Path("differential", "element")); e.Exists() && len(at) < len(s.Differential); e = e.Next() {
		at[s.Differential[len(at)]] = e
	}
	return w.v.library.misfit(s, snapshot.Watcher{
		Element: func(base, own *definition.Element) {
			e := at[own]
			if !e.Exists() || !strings.Contains(own.Path, ".") {
				return // how often the root is there is said where it is used
			}
			types := own.Types
			if len(types) == 0 {
				types = base.Types
			}
			w.narrowsCount(e, base, own)
			w.narrowsBinding(e, base, own)
			w.valueType(e, own.Fixed, types)
			w.valueType(e, own.Pattern, types)
			if base.ContentReference == "" {
				w.constraints(e, own.Path, types)
			}
		},
		Unsliced: func(own *definition.Element) {
			if e := at[own]; e.Exists() { // the profiles of the NHS have such slices too
				w.wider(e, "", "profile-slice", "Nothing slices the element, so that nobody can tell what belongs to the slice.",
					"slicing, with a discriminator, on an element "+own.Path+" before it", "none", fhir.Warning)
			}
		},
	})
}

// wider reports what a profile does that its base does not let it.
func (w *walk) wider(e fhir.Node, place, rule, message, expected, found string, severity fhir.Severity) {
	at := e
	if place != "" {
		at = e.Get(place)
	}
	w.addAt(e, at, fhir.Issue{Severity: severity, Code: fhir.BusinessRule, Rule: rule, Message: message, Expected: expected, Found: found})
}

// structureKind asks that a profile is of the kind of its type (StructureDefinition.kind).
func (w *walk) structureKind(n fhir.Node) {
	kind, typ, want := n.Get("kind"), r4.TypeOf(n.Get("type").Text()), "complex-type"
	if typ == nil || w.blamed(kind) || kind.Text() == "logical" {
		return
	}
	switch typ.Kind {
	case r4.Resource:
		want = "resource"
	case r4.Primitive:
		want = "primitive-type"
	}
	if kind.Kind() == fhir.String && kind.Text() != want {
		w.wider(n, "kind", "profile-type", typ.Name+" is of another kind.", want, short(kind.Text()), "")
	}
}

// narrowsCount holds min and max of an element to those of the base
// (ElementDefinition.min, max: a profile allows neither fewer nor more).
func (w *walk) narrowsCount(e fhir.Node, base, own *definition.Element) {
	if w.blamed(e.Get("min")) || w.blamed(e.Get("max")) {
		return
	}
	if _, err := strconv.Atoi(own.Max); err != nil && own.Max != "" && own.Max != "*" {
		return // eld-3 speaks of it
	}
	low, high := own.Bounds()
	baseLow, baseHigh := base.Bounds()
	bounded := own.Max != ""
	place, message, expected, found := "min", "", "at least "+strconv.Itoa(baseLow), strconv.Itoa(low)
	if own.Min == nil {
		place, low = "max", baseLow
	}
	if !bounded {
		high = baseHigh
	}
	switch {
	case low < baseLow:
		message = "The base asks for more than the profile: a profile cannot make optional what is not."
	case bounded && baseHigh >= 0 && uint(high) > uint(baseHigh): // unbounded is -1
		place, expected, found = "max", "at most "+strconv.Itoa(baseHigh), own.Max
		message = "The base does not let the element be there as often."
	case (bounded || own.Min != nil) && uint(low) > uint(high):
		expected, found = "min up to max", "min "+strconv.Itoa(low)+", max "+strconv.Itoa(high)
		message = "With its base the profile asks for more than it allows, so that no resource can meet it."
	default:
		return
	}
	w.wider(e, place, "profile-cardinality", message, expected, found, "")
}

var strengths = []string{"example", "preferred", "extensible", "required"}

// bindable are the types that can have a binding (eld-11), with those derived of
// them. Of an extension it is read as one of its value.
var bindable = []string{"code", "Coding", "CodeableConcept", "Quantity", "string", "uri", "Extension"}

// narrowsBinding asks that a binding is on what has codes, and as strong as that of
// the base where that binds (R4, Profiling FHIR, limitations of use).
func (w *walk) narrowsBinding(e fhir.Node, base, own *definition.Element) {
	if own.Binding == nil {
		return
	}
	if len(own.Types) == 0 && len(base.Types) > 0 && !slices.ContainsFunc(base.Types, hasCodes) {
		w.wider(e, "binding", "profile-binding", "The element holds no codes that could be bound to a value set.",
			"a binding of "+anyOf(bindable[:6], 6), anyOf(typeCodes(base.Types), 4), "")
		return
	}
	if base.Binding == nil || w.blamed(e.Path("binding", "strength")) {
		return
	}
	from, to := slices.Index(strengths, base.Binding.Strength), slices.Index(strengths, own.Binding.Strength)
	if to < 0 || from < 2 || to >= from {
		return
	}
	severity := fhir.Severity("")
	if from == 2 {
		severity = fhir.Warning // it leaves valid what the base lets pass with a reason
	}
	w.wider(e, "binding", "profile-binding", "The binding of the base is stronger: a profile cannot relax it.", anyOf(strengths[from:], 4), own.Binding.Strength, severity)
}

func hasCodes(t definition.Type) bool { return slices.ContainsFunc(bindable, r4.TypeOf(t.Code).Is) }

// valueType asks that a fixed or pattern value is of a type that the element has.
func (w *walk) valueType(e fhir.Node, v *definition.Value, types []definition.Type) {
	if v == nil || len(types) == 0 {
		return
	}
	for i := range types {
		if strings.EqualFold(types[i].Code, v.Type) || strings.Contains(types[i].Code, ":") {
			return
		}
	}
	w.wider(e, v.Node.Name(), "profile-value", "The value is of a type that the element does not have, so that no resource can meet it.",
		"a value of "+anyOf(typeCodes(types), 8), v.Node.Name(), "")
}

// constraints asks that the invariants of an element can be judged: that their
// expressions can be read and name what the type has.
func (w *walk) constraints(e fhir.Node, path string, types []definition.Type) {
	focus := "" // unknown
	if len(types) == 1 {
		focus = types[0].Code
	}
	if t := r4.TypeOf(focus); t == nil || t.Abstract || t.Kind == r4.Backbone || focus == "BackboneElement" || focus == "Element" {
		focus = ""
	}
	for c := item(e.Get("constraint")); c.Exists(); c = c.Next() {
		text := c.Get("expression")
		if text.Kind() != fhir.String || w.blamed(text) {
			continue
		}
		if expr, err := fhirpath.Compile(text.Text()); err != nil {
			w.addAt(c, text, expressionIssue(err))
		} else if issue, wrong := unfitting(expr, focus); wrong && focus != "" {
			w.wider(c, "expression", "expression", "The expression does not fit "+path+", a "+focus+": "+issue.Text(), "", short(text.Text()), "")
		}
	}
}
