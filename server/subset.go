package server

import (
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// subset is the part of a resource that _summary or _elements ask for:
// https://hl7.org/fhir/R4/search.html#summary
type subset struct {
	summary  search.Summary
	elements []string
}

// subsetted marks a resource that is not whole.
const subsetted = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`

func (p subset) whole() bool {
	return len(p.elements) == 0 && (p.summary == "" || p.summary == search.SummaryFalse)
}

// shorten cuts a resource down to what the query of a read or history asks for.
func (s *Server) shorten(c *gin.Context, text []byte) ([]byte, error) {
	query := exchangeOf(c).query
	if len(query) == 0 || len(text) == 0 {
		return text, nil
	}
	p := subset{summary: search.Summary(query.Get("_summary"))}
	for _, list := range query["_elements"] {
		for _, name := range strings.Split(list, ",") {
			p.elements = append(p.elements, strings.TrimSpace(name))
		}
	}
	return p.of(text)
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
