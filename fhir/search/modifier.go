package search

import "github.com/pestle-fhir/pestle/fhir/r4"

// byTerminology are modifiers of tokens that need value sets and hierarchies.
var byTerminology = []string{"in", "not-in", "above", "below"}

// modifiers lists the modifiers of a parameter: those that can find something among
// values of its types, and missing, which every parameter has. A reference has the types
// of its targets too. terminology says whether there is one:
// https://hl7.org/fhir/R4/search.html#modifiers
func modifiers(typ string, param *r4.SearchParam, types typeSet, terminology bool) []string {
	out := []string{"missing"}
	add := func(modifier string, ok bool) {
		if ok {
			out = append(out, modifier)
		}
	}
	switch param.Code {
	case ID:
		return append(out, "not")
	case phonetic, Text:
		return out // a sound has no parts, and words are found wherever they are
	}
	switch param.Type {
	case "token":
		add("not", true)
		add("of-type", types["Identifier"])
		add("text", types["Coding"] || types["CodeableConcept"] || types["Identifier"])
		if terminology {
			out = append(out, byTerminology...)
		}
	case "string":
		out = append(out, "contains", "exact")
	case "uri":
		out = append(out, "above", "below")
	case "reference":
		add("identifier", types["Reference"])
		add("below", types.canonical())
		out = append(out, leadsTo(typ, param)...)
	}
	return out
}
