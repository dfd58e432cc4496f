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
	at := map[*definition.Element]fhir.Node{}
	i := 0
	for e := range n.Path("differential", "element").Items() {
		at[s.Differential[i]] = e
		i++
	}
	return w.v.library.misfit(s, snapshot.Watcher{
		Element: func(base, own *definition.Element) {
			e, ok := at[own]
			if !ok || !strings.Contains(own.Path, ".") {
				return // how often the root is there is said where it is used
			}
			w.narrowsCount(e, base, own)
			w.narrowsBinding(e, base, own)
			w.valueType(e, base, own)
			w.constraints(e, base, own)
		},
		Unsliced: func(own *definition.Element) {
			if e, ok := at[own]; ok { // the profiles of the NHS have such slices too
				w.add(e, fhir.Issue{Severity: fhir.Warning, Code: fhir.BusinessRule, Rule: "profile-slice", Message: "Nothing slices the element, so that nobody can tell what belongs to the slice.",
					Expected: "slicing, with a discriminator, on an element " + own.Path + " before it", Found: "none"})
			}
		},
	})
}

// structureKind asks that a profile is of the kind of its type (StructureDefinition.kind).
func (w *walk) structureKind(n fhir.Node) {
	kind, typ := n.Get("kind"), r4.TypeOf(n.Get("type").Text())
	if typ == nil || kind.Kind() != fhir.String || w.blamed(kind) || kind.Text() == "logical" {
		return
	}
	want := "complex-type"
	switch typ.Kind {
	case r4.Resource:
		want = "resource"
	case r4.Primitive:
		want = "primitive-type"
	}
	if kind.Text() != want {
		w.addAt(n, kind, fhir.Issue{Code: fhir.BusinessRule, Rule: "profile-type", Message: typ.Name + " is of another kind.", Expected: want, Found: short(kind.Text())})
	}
}

// narrowsCount holds min and max of an element to those of the base
// (ElementDefinition.min, max: a profile allows neither fewer nor more).
func (w *walk) narrowsCount(e fhir.Node, base, own *definition.Element) {
	if own.Min == nil && own.Max == "" || w.blamed(e.Get("min")) || w.blamed(e.Get("max")) {
		return
	}
	if _, err := strconv.Atoi(own.Max); err != nil && own.Max != "" && own.Max != "*" {
		return // eld-3 speaks of it
	}
	low, high := own.Bounds()
	baseLow, baseHigh := base.Bounds()
	issue := func(place, message, expected, found string) {
		w.addAt(e, e.Get(place), fhir.Issue{Code: fhir.BusinessRule, Rule: "profile-cardinality", Message: message, Expected: expected, Found: found})
	}
	if own.Min != nil && low < baseLow {
		issue("min", "The base asks for more than the profile: a profile cannot make optional what is not.", "at least "+strconv.Itoa(baseLow), strconv.Itoa(low))
		return
	}
	if own.Max != "" && baseHigh >= 0 && (high < 0 || high > baseHigh) {
		issue("max", "The base does not let the element be there as often.", "at most "+strconv.Itoa(baseHigh), own.Max)
		return
	}
	place, fewest, most := "min", max(low, baseLow), high
	if own.Min == nil {
		place = "max"
	}
	if own.Max == "" {
		most = baseHigh
	}
	if most >= 0 && fewest > most {
		issue(place, "With its base the profile asks for more than it allows, so that no resource can meet it.", "min up to max", "min "+strconv.Itoa(fewest)+", max "+strconv.Itoa(most))
	}
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
	binding := e.Get("binding")
	if types := base.Types; len(own.Types) == 0 && len(types) > 0 && !slices.ContainsFunc(types, func(t definition.Type) bool {
		return slices.ContainsFunc(bindable, r4.TypeOf(t.Code).Is)
	}) {
		w.add(binding, fhir.Issue{Code: fhir.BusinessRule, Rule: "profile-binding", Message: "The element holds no codes that could be bound to a value set.",
			Expected: "a binding of " + anyOf(bindable[:6], 6), Found: anyOf(typeCodes(types), 4)})
		return
	}
	if base.Binding == nil || w.blamed(binding.Get("strength")) {
		return
	}
	from, to := slices.Index(strengths, base.Binding.Strength), slices.Index(strengths, own.Binding.Strength)
	if to < 0 || from < 2 || to >= from {
		return
	}
	i := fhir.Issue{Code: fhir.BusinessRule, Rule: "profile-binding", Message: "The binding of the base is stronger: a profile cannot relax it.",
		Expected: anyOf(strengths[from:], 4), Found: own.Binding.Strength}
	if base.Binding.Strength != "required" {
		i.Severity = fhir.Warning // it leaves valid what the base lets pass with a reason
	}
	w.addAt(e, binding.Get("strength"), i)
}

// valueType asks that a fixed or pattern value is of a type that the element has.
func (w *walk) valueType(e fhir.Node, base, own *definition.Element) {
	types := own.Types
	if len(types) == 0 {
		types = base.Types
	}
	for _, v := range [...]*definition.Value{own.Fixed, own.Pattern} {
		if v == nil || len(types) == 0 || slices.ContainsFunc(types, func(t definition.Type) bool {
			return strings.EqualFold(t.Code, v.Type) || strings.Contains(t.Code, ":")
		}) {
			continue
		}
		w.addAt(e, v.Node, fhir.Issue{Code: fhir.BusinessRule, Rule: "profile-value", Message: "The value is of a type that the element does not have, so that no resource can meet it.",
			Expected: "a value of " + anyOf(typeCodes(types), 8), Found: v.Node.Name()})
	}
}

// constraints asks that the invariants of an element can be judged: that their
// expressions can be read and name what the type has.
func (w *walk) constraints(e fhir.Node, base, own *definition.Element) {
	types := own.Types
	if len(types) == 0 {
		types = base.Types
	}
	focus := "" // unknown
	if len(types) == 1 && base.ContentReference == "" {
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
		expr, err := fhirpath.Compile(text.Text())
		if err != nil {
			w.addAt(c, text, expressionIssue(err))
			continue
		}
		if focus == "" {
			continue
		}
		if issue, wrong := unfitting(expr, focus); wrong {
			w.addAt(c, text, fhir.Issue{Code: fhir.Invalid, Rule: "expression", Message: "The expression does not fit " + own.Path + ", a " + focus + ": " + issue.Text(),
				Found: short(text.Text())})
		}
	}
}
