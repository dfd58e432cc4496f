package search

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// clause reads one condition on a resource type. name is the parameter with
// its modifier or chain, shown is how the whole of it stands in the query.
func (p *parser) clause(typ, name, shown, value string) (Clause, bool) {
	if rest, ok := strings.CutPrefix(name, "_has:"); ok {
		return p.has(rest, shown, value)
	}
	if name == listParam {
		return p.listed(shown, value)
	}
	if head, rest, ok := strings.Cut(name, "."); ok {
		return p.chain(typ, head, rest, shown, value)
	}
	code, modifier, _ := strings.Cut(name, ":")
	param := p.find(typ, code, shown)
	if param == nil {
		return Clause{}, false
	}
	if value == "" {
		p.refuse(shown, "The parameter has no value.", describe(param), value, "")
		return Clause{}, false
	}
	if modifier == "missing" && code != ID {
		return p.missing(param, shown, value)
	}
	c := condition{p, typ, param, programFor(typ).kinds[code], modifier, shown}
	return c.read(value)
}

// find looks a parameter up; nil with an issue where it cannot be searched by.
func (p *parser) find(typ, code, shown string) *r4.SearchParam {
	param := r4.SearchParameter(typ, code)
	if param == nil {
		p.unknown(shown, "There is no such search parameter on "+typ+".",
			"one of "+listed(knownParams(typ)), nearest(code, knownParams(typ)))
		return nil
	}
	if programFor(typ).kinds[code] == nil && !unindexed[code] {
		p.unknown(shown, "R4 has this parameter, this server does not search by it.", "one of "+listed(knownParams(typ)), "")
		return nil
	}
	return param
}

// Params lists the search parameters that a query on a resource type may use,
// ordered by code.
func Params(resourceType string) []*r4.SearchParam {
	var out []*r4.SearchParam
	p := programFor(resourceType)
	if p == nil {
		return nil
	}
	for _, param := range r4.SearchParams(resourceType) {
		if p.kinds[param.Code] != nil || unindexed[param.Code] {
			out = append(out, param)
		}
	}
	return out
}

// knownParams lists the search parameters of a type, and what shapes a result.
func knownParams(typ string) []string {
	var out []string
	for _, param := range Params(typ) {
		out = append(out, param.Code)
	}
	return append(out, resultNames...)
}

func (p *parser) missing(param *r4.SearchParam, shown, value string) (Clause, bool) {
	if value != "true" && value != "false" {
		p.refuse(shown, "The value of :missing is no boolean.", "true or false", value, "")
		return Clause{}, false
	}
	if param.Code == LastUpdated {
		return Clause{Param: Every, Ranges: []Range{exactly(EveryKey)}, Not: value == "true"}, true
	}
	c := Clause{Param: param.Code, Ranges: []Range{everything()}, Not: value == "true"}
	return c, true
}
