package server

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// subset is the part of a resource that _summary or _elements ask for:
// https://hl7.org/fhir/R4/search.html#summary
type subset struct {
	summary  search.Summary
	elements []string
}

// subsetted marks a resource that is not whole.
const subsetted = `{"system":"` + fhir.SubsetSystem + `","code":"` + fhir.SubsetCode + `"}`

func (p subset) whole() bool {
	return len(p.elements) == 0 && (p.summary == "" || p.summary == search.SummaryFalse)
}

// shorten cuts a resource down to what the query of a read or history asks for.
func (s *Server) shorten(c *gin.Context, text []byte) ([]byte, error) {
	x := exchangeOf(c)
	if len(x.query) == 0 || len(text) == 0 {
		return text, nil
	}
	p, issues := subsetOf(x.query, x.resourceType)
	if issues != nil {
		return nil, &fhir.Error{Op: "summary", Kind: fhir.Invalid, Issues: issues}
	}
	return p.of(text)
}

var summaries = []search.Summary{"", search.SummaryTrue, search.SummaryText, search.SummaryData, search.SummaryCount, search.SummaryFalse}

// subsetOf reads _summary and _elements. The names of elements are checked
// where the type of the resources is known.
func subsetOf(query url.Values, resourceType string) (p subset, issues []fhir.Issue) {
	p.summary = search.Summary(query.Get("_summary"))
	if !slices.Contains(summaries, p.summary) {
		issues = append(issues, fhir.Issue{
			Severity: fhir.Err, Code: fhir.ValueCode, Expression: "_summary", Message: "The summary is not known.",
			Expected: "true, text, data, count or false", Found: string(p.summary),
		})
	}
	typ := r4.TypeOf(resourceType)
	for _, name := range strings.Split(strings.Join(query["_elements"], ","), ",") {
		name = strings.TrimPrefix(strings.TrimSpace(name), resourceType+".")
		switch {
		case name == "":
		case name == "resourceType":
			p.elements = append(p.elements, "id") // no element of R4, and in every answer, as the id is
		case typ != nil && typ.Element(name) == nil:
			issues = append(issues, unknownElement(typ, name))
		default:
			p.elements = append(p.elements, name)
		}
	}
	return p, issues
}

func unknownElement(typ *r4.Type, name string) fhir.Issue {
	var known []string
	for i := range typ.Elements {
		known = append(known, typ.Elements[i].Name)
	}
	issue := fhir.Issue{
		Severity: fhir.Err, Code: fhir.ValueCode, Expression: "_elements", Message: "The element is none of " + typ.Name + ".",
		Expected: "one of " + strings.Join(known, ", "), Found: name,
	}
	if near := spelling.One(name, known); near != "" {
		issue.Fix = "Did you mean " + near + "?"
	}
	return issue
}

// of cuts stored JSON down. What R4 requires of the type stays, so that the
// part is readable as a resource.
func (p subset) of(text []byte) ([]byte, error) {
	if p.whole() {
		return text, nil
	}
	r, err := fhir.Parse(text)
	if err != nil {
		return nil, err
	}
	typ := r4.TypeOf(r.Type())
	var members []any
	for m := range r.Root().Members() {
		name := strings.TrimPrefix(m.Name(), "_")
		switch {
		case name == "meta":
			members = append(members, "meta", tagged(m))
		case name == "resourceType" || name == "id" || p.keeps(typ, name):
			members = append(members, m.Name(), p.value(m, typ.Property(name)))
		}
	}
	if !r.Get("meta").Exists() {
		members = append(members, "meta", fhir.Obj("tag", fhir.List(fhir.Raw(subsetted))))
	}
	return fhir.Obj(members...).JSON(), nil
}

// keeps decides on a top-level element.
func (p subset) keeps(typ *r4.Type, name string) bool {
	property := typ.Property(name)
	if property == nil {
		return false
	}
	e := property.Element
	if e.Min > 0 || e.Modifier {
		return p.summary != search.SummaryText || e.Min > 0
	}
	if len(p.elements) > 0 {
		return slices.ContainsFunc(p.elements, func(asked string) bool {
			asked = strings.TrimPrefix(asked, typ.Name+".")
			return asked == e.Name || asked == name
		})
	}
	switch p.summary {
	case search.SummaryText:
		return name == "text"
	case search.SummaryData:
		return name != "text"
	case search.SummaryTrue:
		return e.Summary
	}
	return true
}

// value gives an element; with _summary=true only what of it is summary.
func (p subset) value(n fhir.Node, property *r4.Property) any {
	if p.summary != search.SummaryTrue || len(p.elements) > 0 || property == nil || property.Of == nil {
		return n
	}
	switch n.Kind() {
	case fhir.Array:
		var items []any
		for item := range n.Items() {
			items = append(items, p.value(item, property))
		}
		return fhir.List(items...)
	case fhir.Object:
		var members []any
		for m := range n.Members() {
			inner := property.Of.Property(strings.TrimPrefix(m.Name(), "_"))
			if inner == nil || inner.Element.Summary || inner.Element.Min > 0 || property.Of.Kind != r4.Backbone {
				members = append(members, m.Name(), p.value(m, inner))
			}
		}
		return fhir.Obj(members...)
	}
	return n
}

// tagged is meta with the mark that the resource is not whole.
func tagged(meta fhir.Node) fhir.Value {
	var members []any
	for m := range meta.Members() {
		if m.Name() != "tag" {
			members = append(members, m.Name(), m)
		}
	}
	tags := []any{}
	for tag := range meta.Get("tag").Items() {
		tags = append(tags, tag)
	}
	return fhir.Obj(append(members, "tag", fhir.List(append(tags, fhir.Raw(subsetted))...))...)
}
