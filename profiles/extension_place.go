package profiles

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// extensionPlace holds the extension to the contexts of its definition.
func (w *walk) extensionPlace(n, holder fhir.Node, x *r4.Extension) {
	for _, rule := range x.When {
		w.extensionWhen(n, holder, x, rule)
	}
	if len(x.Contexts) == 0 {
		return
	}
	way := trail(holder)
	if slices.ContainsFunc(x.Contexts, func(c r4.ExtensionContext) bool { return w.mayStand(way, c) }) ||
		slices.ContainsFunc(usedByR4[x.URL], func(c r4.ExtensionContext) bool { return w.mayStand(way, c) }) {
		return
	}
	var places []string
	for _, c := range x.Contexts {
		places = append(places, c.Expression)
	}
	last := way[len(way)-1]
	found := "an element of no known type"
	if last.prop != nil {
		found = last.prop.Element.Path()
	} else if last.typ != nil {
		found = last.typ.Name
	}
	w.addAt(holder, n, fhir.Issue{Code: fhir.Structure, Rule: "extension-context", Message: "The extension " + short(x.URL) + " may not be used here.",
		Expected: "it in " + anyOf(places, 8), Found: "it in " + found})
}

// usedByR4 are contexts in which R4's own definitions use extensions, beyond those
// that the definitions of the extensions list.
var usedByR4 = map[string][]r4.ExtensionContext{
	coreExtension + "structuredefinition-normative-version": {{Type: "element", Expression: "DomainResource"}, {Type: "element", Expression: "ElementDefinition"}},
	coreExtension + "valueset-concept-comments":             {{Type: "element", Expression: "CodeSystem.concept"}},
	coreExtension + "regex":                                 {{Type: "element", Expression: "ElementDefinition.type.code"}},
}

// mayStand reports whether the element at the end of the way is a context: by its
// path, its type or one of the types that is derived from.
func (w *walk) mayStand(way []stop, c r4.ExtensionContext) bool {
	last := way[len(way)-1]
	switch c.Type {
	case "extension":
		if last.name == "value" && len(way) > 1 {
			last = way[len(way)-2]
		}
		return last.node.Get("url").Text() == c.Expression
	case "fhirpath":
		return w.selects(c.Expression, last.node)
	}
	want := strings.TrimSuffix(c.Expression, "[x]")
	if want == "Element" || last.typ == nil || last.typ.Is(want) || last.prop != nil && last.prop.Of.Is(want) {
		return true
	}
	if last.prop == nil {
		return false
	}
	// The path may start at any type on the way, or at one that is derived
	// from: Patient.contact.name, HumanName.given, DomainResource.text.
	path := last.prop.Element.Name
	for i := len(way) - 2; i >= 0; i-- {
		if root, rest, ok := strings.Cut(want, "."); ok && rest == path && way[i].typ != nil && way[i].typ.Is(root) {
			return true
		}
		path = way[i].name + "." + path
	}
	return want == last.prop.Element.Path()
}

// selects reports whether an expression on the resource gives the node.
func (w *walk) selects(expression string, n fhir.Node) bool {
	expr, err := fhirpath.Cached(expression)
	if err != nil {
		return true // the definition is at fault, not the resource
	}
	items, err := expr.Eval(w.ctx, w.env().Resource, w.env())
	return err != nil || slices.ContainsFunc(items, func(i fhirpath.Item) bool { return i.Node() == n })
}

// extensionWhen holds the element that has the extension to an invariant of
// the extension's definition.
func (w *walk) extensionWhen(n, holder fhir.Node, x *r4.Extension, rule string) {
	expr, err := fhirpath.Cached(rule)
	if err != nil {
		return // the definition is at fault, not the resource
	}
	env := *w.env()
	env.Vars = map[string]fhirpath.Collection{"extension": {fhirpath.NodeItem(n, "Extension")}}
	way := trail(holder)
	holds, err := expr.Test(w.ctx, fhirpath.TypedItem(holder, way[len(way)-1].typ), &env)
	if err == nil && !holds {
		w.add(n, fhir.Issue{Code: fhir.Invariant, Rule: "extension-context", Message: "The extension " + short(x.URL) + " may only be used where its condition holds.",
			Expected: rule, Found: "an element for which it does not hold"})
	}
}
