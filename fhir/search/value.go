package search

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// reading turns one alternative of a value into ranges of keys. Its methods
// give what was expected where the value is malformed.
type reading struct {
	*parser
	typ      string // the resource type that is searched
	param    *r4.SearchParam
	types    typeSet
	modifier string
}

func (v reading) ranges(kind, value string) (ranges []Range, expected string) {
	if value == "" {
		return nil, describe(v.param)
	}
	switch kind {
	case "token":
		return v.token(value)
	case "string":
		return v.text(value)
	case "date":
		return v.date(value)
	case "reference":
		return v.reference(value)
	case "uri":
		return v.uri(unescape(value))
	case "number":
		return v.number(value)
	case "quantity":
		return v.quantity(value)
	case "composite":
		return v.composite(value)
	case "special":
		return v.near(value)
	}
	return nil, "a parameter of a kind that can be searched"
}

func (v reading) text(value string) ([]Range, string) {
	value = unescape(value)
	f := fold(value)
	switch {
	case v.param.Code == phonetic:
		return v.sounding(f)
	case f == "":
		return nil, "a text that is not blank"
	case v.modifier == "exact":
		return []Range{exactly(appendString(nil, value))}, ""
	case len(f) > maxText:
		return nil, "at most 512 bytes of text, or the whole text with :exact"
	case v.modifier == "contains":
		r := everything()
		r.Match = func(key []byte) bool {
			text, _ := readTerm(key)
			return strings.Contains(text, f)
		}
		return []Range{r}, ""
	}
	return []Range{beginning(appendStem(nil, f))}, ""
}

func (v reading) date(value string) ([]Range, string) {
	p, rest, ok := splitPrefix(value)
	if !ok {
		return nil, describeDates
	}
	want, ok := parseSpan(unescape(rest))
	if !ok {
		return nil, describeDates
	}
	if p == ap {
		v.query.Clocked = true
	}
	return dateRanges(p, want, v.Now), ""
}
