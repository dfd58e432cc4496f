package server

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// trialUse are the members of rest and of rest.resource that are for trial use
// in R4, by the standards status in its definition of CapabilityStatement. The
// other members that the server writes are normative.
var trialUse = []string{
	"security", "supportedProfile", "versioning", "readHistory", "updateCreate", "conditionalCreate", "conditionalRead", "conditionalUpdate",
	"conditionalDelete", "referencePolicy", "searchInclude", "searchRevInclude",
}

// normative is the normative part of a CapabilityStatement.
func normative(statement fhir.Value) fhir.Value {
	var rests []fhir.Value
	root := statement.Resource().Root()
	for rest := range root.Get("rest").Items() {
		var resources []fhir.Value
		for r := range rest.Get("resource").Items() {
			resources = append(resources, without(r, trialUse))
		}
		rests = append(rests, without(rest, trialUse, "resource", resources))
	}
	return without(root, nil, "rest", rests)
}

// without copies an object, leaving out members by their names, with other
// values for some.
func without(object fhir.Node, names []string, replaced ...any) fhir.Value {
	var pairs []any
	for m := range object.Members() {
		var value any = m
		if i := slices.Index(replaced, any(m.Name())); i >= 0 {
			value = replaced[i+1]
		}
		if !slices.Contains(names, m.Name()) {
			pairs = append(pairs, m.Name(), value)
		}
	}
	return fhir.Obj(pairs...)
}
