package search

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Compartment is what belongs to a resource, as R4 defines it for five types:
// https://hl7.org/fhir/R4/compartmentdefinition.html
type Compartment struct{ Type, ID string }

// Compartments are the types of resources that have one.
func Compartments() []string {
	var types []string
	for _, c := range r4.Compartments() {
		types = append(types, c.Code)
	}
	return types
}

// Members are the types of resources that are in compartments of a type, in the order
// of their names; none for a type without a compartment.
func Members(compartment string) []string {
	var types []string
	for _, typ := range r4.ResourceTypes() {
		if typ == compartment && slices.Contains(Compartments(), typ) || len(r4.CompartmentParams(compartment, typ)) > 0 {
			types = append(types, typ)
		}
	}
	return types
}

// within is the clause by which a resource of the query's type is in a compartment:
// one of the parameters of the compartment leads to its resource, which is in its own.
func (p *parser) within(in Compartment) Clause {
	typ := p.query.Type
	c := Clause{Any: [][]Clause{}}
	if typ == in.Type {
		c.Any = append(c.Any, []Clause{{Param: ID, IDs: []string{in.ID}}})
	}
	for _, code := range r4.CompartmentParams(in.Type, typ) {
		if r4.SearchParameter(typ, code) == nil {
			continue // {def}: the resource itself
		}
		if one, ok := p.clause(typ, code, code, in.Type+"/"+in.ID); ok {
			c.Any = append(c.Any, []Clause{one})
		}
	}
	return c
}
