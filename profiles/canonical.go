package profiles

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// canonicalTarget holds a canonical to the types that its element may name, where
// what it names is known here.
func canonicalTarget(targets []string) check {
	return func(w *walk, n fhir.Node, _ *r4.Type) {
		if w.v.library == nil || n.Kind() != fhir.String || w.blamed(n) {
			return
		}
		types := w.definedAsTypes(n.Text())
		if len(types) == 0 || slices.ContainsFunc(types, func(t string) bool { return slices.Contains(targets, t) }) {
			return
		}
		w.add(n, fhir.Issue{Code: fhir.Invalid, Rule: "canonical", Message: "The canonical is that of a definition of another type.",
			Expected: "the canonical of a " + anyOf(targets, 6), Found: anyOf(types, 3) + " (" + short(n.Text()) + ")"})
	}
}

// definedAsTypes are the types of the built-in and configured definitions of a
// canonical; none where nothing is known of it.
func (w *walk) definedAsTypes(canonical string) []string {
	url, _, _ := strings.Cut(canonical, "#")
	url, _ = definition.SplitCanonical(url)
	if url == "" {
		return nil
	}
	types := w.v.library.terms.Defines(url)
	if w.v.library.own.Has("StructureDefinition", url) || r4.ExtensionByURL(url) != nil || r4.TypeOf(strings.TrimPrefix(url, canonicalBase)) != nil && strings.HasPrefix(url, canonicalBase) {
		types = append(types, "StructureDefinition")
	}
	if r4.SearchParamByURL(url) != nil {
		types = append(types, "SearchParameter")
	}
	return types
}
