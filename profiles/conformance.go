package profiles

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// codeSystemRules compares what a code system says of its content with the
// content (CodeSystem.content, CodeSystem.count).
func codeSystemRules(w *walk, n fhir.Node, _ *r4.Type) {
	content, concepts := n.Get("content"), n.Get("concept")
	if n.Get("supplements").Exists() && content.Kind() == fhir.String && content.Text() != "supplement" {
		w.add(content, fhir.Issue{Code: fhir.BusinessRule, Rule: "code-system", Message: "A code system that supplements another is a supplement.",
			Expected: "supplement", Found: short(content.Text())})
	}
	if content.Text() == "not-present" && concepts.Exists() {
		w.add(concepts.Item(0), fhir.Issue{Code: fhir.Invalid, Rule: "code-system", Message: "The code system says that its content is not present, but it has concepts.",
			Expected: "no concept, or content fragment or complete", Found: "concepts"})
	}
	count := n.Get("count")
	stated, err := strconv.Atoi(count.Text())
	if err != nil || !concepts.Exists() {
		return
	}
	actual := countConcepts(concepts)
	if content.Text() == "complete" && stated != actual {
		w.add(count, fhir.Issue{Code: fhir.Invalid, Rule: "code-system", Message: "The code system is complete, but count is not the number of its concepts.",
			Expected: strconv.Itoa(actual), Found: count.Text()})
	}
	if content.Text() != "complete" && content.Text() != "supplement" && stated < actual {
		w.add(count, fhir.Issue{Code: fhir.Invalid, Rule: "code-system", Message: "The code system has more concepts than count says.",
			Expected: fmt.Sprintf("at least %d", actual), Found: count.Text()})
	}
}

func countConcepts(list fhir.Node) int {
	count := 0
	for c := range list.Items() {
		count += 1 + countConcepts(c.Get("concept"))
	}
	return count
}

// valueSetRules asks for absolute systems in what a value set includes and
// excludes, and for filter values of the form that their property has.
func valueSetRules(w *walk, n fhir.Node, _ *r4.Type) {
	for _, part := range [...]string{"include", "exclude"} {
		for i := range n.Path("compose", part).Items() {
			if system := i.Get("system"); system.Kind() == fhir.String && system.Text() != "" && !isAbsolute(system.Text()) {
				w.addAt(i, system, fhir.Issue{Code: fhir.Invalid, Rule: "system", Message: "The system of an include or exclude is an absolute URI.",
					Expected: "the URL of the code system", Found: short(system.Text())})
			}
			for f := range i.Get("filter").Items() {
				w.valueSetFilter(f)
			}
		}
	}
}

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

// searchParameterRules asks a composite for components, and a parameter that is
// derived from one of R4 for bases that this one has.
func searchParameterRules(w *walk, n fhir.Node, _ *r4.Type) {
	if n.Get("type").Text() == "composite" && n.Get("component").Len() < 2 {
		w.add(n, fhir.Issue{Code: fhir.BusinessRule, Rule: "search-parameter", Message: "A composite search parameter joins two components or more.",
			Expected: "at least 2 components", Found: fmt.Sprintf("%d", n.Get("component").Len())})
	}
	w.searchExpression(n)
	from := r4.SearchParamByURL(n.Get("derivedFrom").Text())
	if from == nil {
		return
	}
	for b := range n.Get("base").Items() {
		if !slices.Contains(from.Base, b.Text()) && !slices.Contains(from.Base, "Resource") && !slices.Contains(from.Base, "DomainResource") {
			w.addAt(n, b, fhir.Issue{Code: fhir.BusinessRule, Rule: "search-parameter", Message: "The parameter that this one is derived from does not have this base.",
				Expected: anyOf(from.Base, 8), Found: short(b.Text())})
		}
	}
}

// searchExpression asks that a parameter's expression can be read and makes
// sense on the types it is for.
func (w *walk) searchExpression(n fhir.Node) {
	expression := n.Get("expression")
	if expression.Kind() != fhir.String {
		return
	}
	expr, err := fhirpath.Compile(expression.Text())
	if err != nil {
		w.add(expression, expressionIssue(err))
		return
	}
	for b := range n.Get("base").Items() {
		if t := r4.TypeOf(b.Text()); t == nil || t.Abstract {
			continue
		}
		if issues := expr.Check(b.Text()); fhir.HasErrors(issues) {
			w.add(expression, fhir.Issue{Code: fhir.Invalid, Rule: "expression", Message: "The expression does not fit the base " + b.Text() + ": " + issues[0].Text(),
				Found: short(expression.Text())})
			return
		}
	}
}

func expressionIssue(err error) fhir.Issue {
	i := fhir.Issue{Code: fhir.Invalid, Rule: "expression", Message: "The FHIRPath expression cannot be read: " + err.Error()}
	var e *fhir.Error
	if errors.As(err, &e) && len(e.Issues) > 0 {
		i.Message = "The FHIRPath expression cannot be read. " + e.Issues[0].Message
		i.Expected, i.Found, i.Fix = e.Issues[0].Expected, e.Issues[0].Found, e.Issues[0].Fix
	}
	return i
}

// expressionRules reads expressions that are in FHIRPath.
func expressionRules(w *walk, n fhir.Node, _ *r4.Type) {
	text := n.Get("expression")
	if n.Get("language").Text() != "text/fhirpath" || text.Kind() != fhir.String {
		return
	}
	if _, err := fhirpath.Compile(text.Text()); err != nil {
		w.add(n, expressionIssue(err))
	}
}
