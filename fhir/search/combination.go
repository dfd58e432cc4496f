package search

import (
	"fmt"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// composite reads values of the components joined by $.
func (v reading) composite(value string) ([]Range, string) {
	parts := split(value, '$')
	if len(parts) != len(v.param.Components) {
		return nil, fmt.Sprintf("%d values joined by $", len(v.param.Components))
	}
	c := compileComponents(v.typ, v.param)
	if c == nil {
		return nil, "a parameter whose parts can be searched"
	}
	combined := []combination{{}}
	for i, part := range c.parts {
		one := reading{v.parser, v.typ, part.param, anyType, ""}
		ranges, expected := one.ranges(part.param.Type, parts[i])
		if expected != "" {
			return nil, fmt.Sprintf("as its part %d (%s): %s", i+1, part.param.Code, expected)
		}
		var longer []combination
		for _, before := range combined {
			for _, r := range ranges {
				longer = append(longer, before.with(part.param, r))
			}
		}
		combined = longer
	}
	out := make([]Range, len(combined))
	for i := range combined {
		out[i] = combined[i].merged()
	}
	return out, ""
}

// anyType stands for a token of whichever type.
var anyType = typeSet{"code": true, "CodeableConcept": true}

// combination is a choice of one range for each component so far.
type combination struct {
	kinds  []string
	ranges []Range
}

func (c combination) with(param *r4.SearchParam, r Range) combination {
	n := len(c.ranges)
	return combination{append(c.kinds[:n:n], param.Type), append(c.ranges[:n:n], r)}
}

// merged is the range of the keys that have a key of each range in turn. While
// they are exact they make a common prefix; from the first that is not, the
// rest of the key is tested.
func (c combination) merged() Range {
	var prefix []byte
	i := 0
	for i < len(c.ranges)-1 && c.ranges[i].Exact {
		prefix = append(prefix, c.ranges[i].Lo...)
		i++
	}
	head := c.ranges[i]
	out := Range{
		Lo: append(prefix[:len(prefix):len(prefix)], head.Lo...), Hi: append(prefix[:len(prefix):len(prefix)], head.Hi...),
		Exact: head.Exact && i == len(c.ranges)-1,
	}
	if !out.Exact {
		out.Match = func(key []byte) bool { return c.holds(key[len(prefix):], i) }
	}
	return out
}

func (c combination) holds(key []byte, from int) bool {
	for i := from; i < len(c.ranges); i++ {
		end := keyEnd(c.kinds[i], key)
		if end < 0 || end > len(key) || !c.ranges[i].Holds(key[:end]) {
			return false
		}
		key = key[end:]
	}
	return true
}

// keyEnd is the offset behind the key of that kind at the head of b.
func keyEnd(kind string, b []byte) int {
	switch kind {
	case "token":
		return tokenEnd(b)
	case "string":
		if end := termEnd(b); end >= 0 {
			return end + digestLen
		}
	case "date":
		return spanKeyLen
	case "uri":
		return termEnd(b)
	case "number":
		return quantityEnd(b, false)
	case "quantity":
		return quantityEnd(b, true)
	case "reference":
		return referenceEnd(b)
	}
	return -1
}

func referenceEnd(b []byte) int {
	terms := 2
	switch {
	case len(b) > 0 && b[0] == literal:
		terms = 4
	case len(b) > 0 && b[0] == unaddressed:
		terms = 0
	}
	at := 1
	for ; terms > 0; terms-- {
		if at > len(b) {
			return -1
		}
		end := termEnd(b[at:])
		if end < 0 {
			return -1
		}
		at += end
	}
	return at
}
