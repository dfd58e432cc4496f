package profiles

import (
	"errors"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/terminology"
	"github.com/pestle-fhir/pestle/profiles/terminology/ecl"
)

// valueSetRules holds what a value set includes and excludes to the code systems
// that it is taken from.
func valueSetRules(w *walk, n fhir.Node, _ *r4.Type) {
	for _, part := range [...]string{"include", "exclude"} {
		for i := item(n.Path("compose", part)); i.Exists(); i = i.Next() {
			w.selection(i)
		}
	}
}

// selection asks for an absolute system that is no value set, for codes and
// properties that the system has, and for filter values of the form that their
// property has.
func (w *walk) selection(n fhir.Node) {
	system, version := n.Get("system"), n.Get("version").Text()
	url := system.Text()
	switch {
	case system.Kind() != fhir.String || url == "":
	case !isAbsolute(url):
		w.addAt(n, system, fhir.Issue{Code: fhir.Invalid, Rule: "system", Message: "The system of an include or exclude is an absolute URI.",
			Expected: "the URL of the code system", Found: short(url)})
	case w.isValueSet(url):
		i := valueSetAsSystem(url)
		i.Fix = "Name a value set in valueSet, without system."
		w.addAt(n, system, i)
	}
	for c := item(n.Get("concept")); c.Exists(); c = c.Next() {
		w.listedCode(c, url, version, fhir.Warning)
	}
	for f := item(n.Get("filter")); f.Exists(); f = f.Next() {
		w.valueSetFilter(f)
		w.systemFilter(f, url, version)
	}
}

// systemFilter asks that a filter can select something of its system: it has the
// property and the code that are named. Of SNOMED CT a constraint is an
// expression of ECL.
func (w *walk) systemFilter(f fhir.Node, system, version string) {
	property, op, value := f.Get("property").Text(), f.Get("op").Text(), f.Get("value")
	if system == snomedSystem && property == "constraint" && op == "=" && value.Text() != "" {
		var e *ecl.Error
		if errors.As(ecl.Check(value.Text()), &e) {
			w.add(f, fhir.Issue{Code: fhir.Invalid, Rule: "ecl", Message: "The expression constraint cannot be read at its character " + strconv.Itoa(e.Offset+1) + ": " + e.Message + ".",
				Expected: "an expression of ECL, such as << 763158003", Found: short(value.Text())})
		}
	}
	if w.v.library == nil || system == "" || property == "" {
		return
	}
	terms := w.v.library.terms
	if terms.HasProperty(system, version, property) == terminology.Out {
		w.rated(f, fhir.Issue{Severity: fhir.Warning, Code: fhir.Invalid, Rule: "filter", Message: "The code system " + short(system) + " has no such property.", Found: short(property)})
		return
	}
	switch op {
	case "is-a", "descendent-of", "is-not-a", "generalizes":
		if _, verdict := terms.Exists(system, version, value.Text()); verdict == terminology.Out {
			w.noSuchCode(f, system, version, value.Text(), fhir.Warning)
		}
	}
}

const snomedSystem = "http://snomed.info/sct"

// valueSetFilter knows the properties that every code system has and that are
// true or false (FHIR concept properties).
func (w *walk) valueSetFilter(f fhir.Node) {
	property, value := f.Get("property").Text(), f.Get("value").Text()
	if (property == "inactive" || property == "notSelectable") && f.Get("op").Text() == "=" && value != "true" && value != "false" && value != "" {
		w.add(f, fhir.Issue{Code: fhir.Invalid, Rule: "filter", Message: "The property " + property + " is true or false.",
			Expected: "true or false", Found: short(value)})
	}
	for e := range f.Get("_value").Get("extension").Items() {
		expression := e.Get("valueExpression")
		if language := expression.Get("language").Text(); e.Get("url").Text() == coreExtension+"cqf-expression" && language != "" && language != "text/fhirpath" {
			w.add(expression, fhir.Issue{Code: fhir.Invalid, Rule: "filter", Message: "The value of a filter is computed by FHIRPath.",
				Expected: "text/fhirpath", Found: short(language)})
		}
	}
}
