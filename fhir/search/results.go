package search

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// resultParams read the parameters that shape a result:
// https://hl7.org/fhir/R4/search.html#Summary and what stands around it.
var resultParams = map[string]func(p *parser, name, modifier, value string){
	"_count": (*parser).count, "_sort": (*parser).sort, "_summary": (*parser).summary, "_elements": (*parser).elements, "_total": (*parser).total,
	"_include": (*parser).include, "_revinclude": (*parser).revInclude, "_at": (*parser).asOf, "_contained": (*parser).contained, "_filter": (*parser).filtered, "_explain": (*parser).explain,
	"_format": (*parser).passed, "_pretty": (*parser).passed, pageParam: (*parser).passed,
}

// resultNames are those to be named in messages.
var resultNames = []string{"_at", "_count", "_elements", "_explain", "_filter", "_has", "_include", "_list", "_revinclude", "_sort", "_summary", "_total"}

func (p *parser) plain(name, modifier string) bool {
	if modifier == "" {
		return true
	}
	base, _, _ := strings.Cut(name, ":")
	p.unknown(name, "The parameter has no modifiers.", base, "")
	return false
}

func (p *parser) count(name, modifier, value string) {
	n, err := strconv.Atoi(value)
	if !p.plain(name, modifier) {
		return
	}
	if err != nil || n < 0 {
		p.refuse(name, "The page size is malformed.", "a whole number, 0 for the total only", value, "")
		return
	}
	p.query.Count = min(n, p.MaxCount)
}

func (p *parser) sort(name, modifier, value string) {
	if !p.plain(name, modifier) {
		return
	}
	for _, key := range split(value, ',') {
		param, descending := strings.CutPrefix(key, "-")
		if by, ok := p.sortKey(p.query.Type, param, key); ok {
			p.query.Sort = append(p.query.Sort, by.directed(descending))
		}
	}
}

// sortable gives the name of the entries by which a parameter sorts.
func (p *parser) sortable(typ, name string) (code string, ok bool) {
	if slices.Contains(sortParams(typ), name) {
		return name, true
	}
	param := p.stored(typ, name)
	if param == nil || param.Type == "composite" {
		return "", false
	}
	return param.Code, true
}

// sortParams lists the parameters whose keys are in an order that means
// something: no composites, and no words.
func sortParams(typ string) []string {
	out := []string{ID, LastUpdated}
	kinds := programFor(typ).kinds
	for _, param := range r4.SearchParams(typ) {
		if kinds[param.Code] != nil && param.Type != "composite" && param.Code != Text && param.Code != near {
			out = append(out, param.Code)
		}
	}
	return out
}

func (p *parser) include(name, modifier, value string) {
	if i, ok := p.readInclude(name, modifier, value); ok {
		p.query.Include = append(p.query.Include, i)
	}
}

func (p *parser) revInclude(name, modifier, value string) {
	if i, ok := p.readInclude(name, modifier, value); ok {
		p.query.RevInclude = append(p.query.RevInclude, i)
	}
}

// readInclude reads Source:parameter, Source:parameter:Target or a wildcard.
func (p *parser) readInclude(name, modifier, value string) (Include, bool) {
	i := Include{Iterate: modifier == "iterate" || modifier == "recurse"}
	if modifier != "" && !i.Iterate {
		p.unknown(name, "The modifier is not known here.", "none or :iterate", "")
		return i, false
	}
	const form = "Type:parameter or Type:parameter:Target, such as MedicationRequest:subject:Patient; * for all references"
	parts := strings.Split(value, ":")
	if value == "*" { // of whatever type
		i.Param = "*"
		return i, true
	}
	if len(parts) < 2 || len(parts) > 3 {
		p.refuse(name, "The include is malformed.", form, value, "")
		return i, false
	}
	i.Source, i.Param = parts[0], parts[1]
	if len(parts) == 3 {
		i.Target = parts[2]
	}
	for _, typ := range []string{i.Source, i.Target} {
		if typ != "" && !r4.IsResource(typ) {
			p.refuse(name, "The include names a type that is none of R4.", "a resource type", typ, nearest(typ, r4.ResourceTypes()))
			return i, false
		}
	}
	if param := p.stored(i.Source, i.Param); param != nil && param.Type == "reference" {
		i.Param = param.Code
	} else if known := referenceParams(i.Source); i.Param != "*" && !slices.Contains(known, i.Param) {
		p.refuse(name, "The include names no reference parameter of "+i.Source+".", "one of "+listed(known), i.Param, nearest(i.Param, known))
		return i, false
	}
	return i, true
}

func (p *parser) summary(name, modifier, value string) {
	switch s := Summary(value); {
	case !p.plain(name, modifier):
	case s == SummaryTrue, s == SummaryText, s == SummaryData, s == SummaryCount, s == SummaryFalse:
		p.query.Summary = s
	default:
		p.refuse(name, "The summary is not known.", "true, text, data, count or false", value, "")
	}
}

func (p *parser) total(name, modifier, value string) {
	switch t := Total(value); {
	case !p.plain(name, modifier):
	case t == TotalNone, t == TotalEstimate, t == TotalAccurate:
		p.query.Total = t
	default:
		p.refuse(name, "The way of counting is not known.", "none, estimate or accurate", value, "")
	}
}

func (p *parser) elements(name, modifier, value string) {
	if !p.plain(name, modifier) {
		return
	}
	typ := r4.TypeOf(p.query.Type)
	for _, element := range split(value, ',') {
		element = strings.TrimPrefix(strings.TrimSpace(element), p.query.Type+".")
		if element == "resourceType" {
			element = ID[1:] // no element of R4, and in every answer, as the id is
		}
		if typ.Element(element) == nil {
			var known []string
			for i := range typ.Elements {
				known = append(known, typ.Elements[i].Name)
			}
			p.refuse(name, "The element is none of "+p.query.Type+".", "one of "+listed(known), element, nearest(element, known))
			continue
		}
		p.query.Elements = append(p.query.Elements, element)
	}
}

// asOf reads _at: the state at the end of a period.
func (p *parser) asOf(name, modifier, value string) {
	if !p.plain(name, modifier) {
		return
	}
	_, end, ok := Period(value)
	switch {
	case !ok:
		p.refuse(name, "The time is malformed.", describePeriod, value, "")
	case !p.query.Before.IsZero():
		p.refuse(name, "A search is of one time.", "_at once", value, "")
	default:
		p.query.Before = end
	}
}

func (p *parser) explain(name, modifier, value string) {
	switch {
	case !p.plain(name, modifier):
	case value != "true" && value != "false":
		p.refuse(name, "The value of _explain is no boolean.", "true or false", value, "")
	default:
		p.query.Explain = value == "true"
	}
}

// passed are parameters of the answer's form, which the server reads itself.
func (p *parser) passed(string, string, string) {}

func (p *parser) contained(name, modifier, value string) {
	if p.plain(name, modifier) && value != "false" {
		p.unknown(name, "Contained resources are not searched.", "false", "")
	}
}
