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
	if modifier == "missing" {
		return p.missing(param, shown, value)
	}
	c := condition{p, typ, param, kindsOf(typ, param.Code), modifier, shown}
	return c.read(value)
}

// find looks a parameter up; nil with an issue where it cannot be searched by.
func (p *parser) find(typ, code, shown string) *r4.SearchParam {
	param := p.param(typ, code)
	if param == nil {
		known := p.knownParams(typ)
		p.unknown(shown, "There is no such search parameter on "+typ+".", "one of "+listed(known), nearest(code, known))
		return nil
	}
	if IsCustom(param.Code) {
		return param
	}
	if programFor(typ).kinds[code] == nil && !unindexed[code] {
		p.unknown(shown, "R4 has this parameter, this server does not search by it.", "one of "+listed(p.knownParams(typ)), "")
		return nil
	}
	return param
}

// param finds a parameter of R4, or of those that are stored; nil if there is none.
func (p *parser) param(typ, code string) *r4.SearchParam {
	if IsCustom(code) {
		return nil // it is no name of queries
	}
	if param := r4.SearchParameter(typ, code); param != nil {
		return param
	}
	return p.stored(typ, code)
}

// stored finds a parameter of those that are stored, and notes that the query rests on
// its definition.
func (p *parser) stored(typ, name string) *r4.SearchParam {
	param := p.Custom.param(typ, name)
	if param != nil {
		p.query.stored = append(p.query.stored, param.Code)
	}
	return param
}

// customParams are the names of the parameters that are stored.
func (p *parser) customParams(typ string) (names []string) {
	for _, d := range p.Custom.Params(typ) {
		names = append(names, d.Name)
	}
	return names
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
func (p *parser) knownParams(typ string) []string {
	out := p.customParams(typ)
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
	if unindexed[param.Code] { // every resource has it
		return Clause{Param: Every, Ranges: []Range{exactly(EveryKey)}, Not: value == "true"}, true
	}
	c := Clause{Param: param.Code, Ranges: []Range{everything()}, Not: value == "true"}
	return c, true
}
