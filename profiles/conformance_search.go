package profiles

import (
	"fmt"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// searchParameterRules asks a composite for components, and a parameter that is
// derived from one of R4 for the type and bases of that.
func searchParameterRules(w *walk, n fhir.Node, _ *r4.Type) {
	if n.Get("type").Text() == "composite" && n.Get("component").Len() < 2 {
		w.add(n, fhir.Issue{Code: fhir.BusinessRule, Rule: "search-parameter", Message: "A composite search parameter joins two components or more.",
			Expected: "at least 2 components", Found: fmt.Sprintf("%d", n.Get("component").Len())})
	}
	w.searchExpression(n)
	url, _ := definition.SplitCanonical(n.Get("derivedFrom").Text())
	from := r4.SearchParamByURL(url)
	if from == nil {
		return
	}
	w.searchType(n, from)
	for b := range n.Get("base").Items() {
		if !slices.Contains(from.Base, b.Text()) && !slices.Contains(from.Base, "Resource") && !slices.Contains(from.Base, "DomainResource") {
			w.addAt(n, b, fhir.Issue{Code: fhir.BusinessRule, Rule: "search-parameter", Message: "The parameter that this one is derived from does not have this base.",
				Expected: anyOf(from.Base, 8), Found: short(b.Text())})
		}
	}
}

// searchType holds the type of a parameter to that of the one of R4 which it is
// derived from or stands for.
func (w *walk) searchType(n fhir.Node, of *r4.SearchParam) {
	if typ := n.Get("type"); typ.Text() != "" && typ.Text() != of.Type && !w.blamed(typ) {
		w.addAt(n, typ, fhir.Issue{Code: fhir.BusinessRule, Rule: "search-parameter", Message: "The search parameter " + of.URL + " is of another type.",
			Expected: of.Type, Found: short(typ.Text())})
	}
}

// capabilityRules compares the search parameters that a server offers with the
// definitions that it names for them.
func capabilityRules(w *walk, n fhir.Node, _ *r4.Type) {
	for rest := item(n.Get("rest")); rest.Exists(); rest = rest.Next() {
		w.offered(rest.Get("searchParam"))
		for r := item(rest.Get("resource")); r.Exists(); r = r.Next() {
			w.offered(r.Get("searchParam"))
		}
	}
}

func (w *walk) offered(list fhir.Node) {
	for p := item(list); p.Exists(); p = p.Next() {
		url, _ := definition.SplitCanonical(p.Get("definition").Text())
		if of := r4.SearchParamByURL(url); of != nil {
			w.searchType(p, of)
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
		if issue, wrong := unfitting(expr, b.Text()); wrong {
			w.add(expression, fhir.Issue{Code: fhir.Invalid, Rule: "expression", Message: "The expression does not fit the base " + b.Text() + ": " + issue.Text(),
				Found: short(expression.Text())})
			return
		}
	}
}

// unfitting is a mistake in an expression on a type. One that names the type may have
// branches for other types, of which it selects nothing there: Patient.name |
// Practitioner.name.
func unfitting(expr *fhirpath.Expr, typ string) (fhir.Issue, bool) {
	named := mentionsWord(expr.String(), typ)
	for _, i := range expr.Check(typ) {
		if i.IsError() && !(named && r4.IsResource(i.Found)) {
			return i, true
		}
	}
	return fhir.Issue{}, false
}
