package snomed

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// Select knows the filters that FHIR defines for SNOMED CT: concept is-a,
// descendent-of, in and =, and constraint (or expressions) with an expression
// of the Expression Constraint Language; parent, child, inactive and
// sufficientlyDefined by =.
func (e *Edition) Select(filters []definition.Filter) (terminology.Selected, error) {
	var sets []*answerSet
	var tests []func(n uint32) bool
	for _, f := range filters {
		if test := e.test(f); test != nil {
			tests = append(tests, test)
			continue
		}
		src := expression(f)
		if src == "" {
			return terminology.Selected{}, fmt.Errorf("SNOMED CT cannot be asked for %s %s %s", f.Property, f.Op, f.Value)
		}
		a, err := e.compile(src)
		if err != nil {
			return terminology.Selected{}, err
		}
		sets = append(sets, a)
	}
	holds := func(n uint32) bool {
		for _, s := range sets {
			if !s.has(n) {
				return false
			}
		}
		for _, t := range tests {
			if !t(n) {
				return false
			}
		}
		return true
	}
	out := terminology.Selected{
		Has: func(code string) bool { n, ok := e.number(code); return ok && holds(n) },
		All: func(yield func(terminology.Concept) bool) {
			for n := range uint32(len(e.ids)) {
				if holds(n) && !yield(e.brief(n)) {
					return
				}
			}
		},
	}
	for _, s := range sets {
		if s.lack != "" {
			out.Partial = s.lack + " is not in the part of SNOMED CT that is loaded"
		}
	}
	return out, nil
}

// expression writes a filter as an expression, "" where it is none.
func expression(f definition.Filter) string {
	switch {
	case f.Op == "=" && (f.Property == "constraint" || f.Property == "expressions" || f.Property == "expression"):
		return f.Value
	case f.Property != "concept" && f.Property != "code":
		return ""
	case f.Op == "is-a":
		return "<< " + f.Value
	case f.Op == "descendent-of":
		return "< " + f.Value
	case f.Op == "generalizes":
		return ">> " + f.Value
	case f.Op == "in": // a reference set
		return "^ " + f.Value
	case f.Op == "=":
		return f.Value
	}
	return ""
}

func (e *Edition) test(f definition.Filter) func(n uint32) bool {
	if f.Op != "=" {
		return nil
	}
	other, known := e.number(f.Value)
	switch f.Property {
	case "inactive":
		return func(n uint32) bool { return (e.flags[n]&active == 0) == (f.Value == "true") }
	case "sufficientlyDefined":
		return func(n uint32) bool { return (e.flags[n]&defined != 0) == (f.Value == "true") }
	case "parent":
		return func(n uint32) bool { return known && e.parents.has(n, other) }
	case "child":
		return func(n uint32) bool { return known && e.children.has(n, other) }
	}
	typ, ok := e.number(f.Property)
	if !ok {
		return nil
	}
	return func(n uint32) bool { // an attribute of its definition
		first, end := e.attributes.of(n)
		for i := first; i < end; i++ {
			if known && e.attributes.typ[i] == typ && e.attributes.to[i] == other {
				return true
			}
		}
		return false
	}
}

// ValueSet gives the value sets that SNOMED CT has in FHIR without a
// definition: ?fhir_vs, ?fhir_vs=isa/ID, =refset, =refset/ID and =ecl/EXPRESSION.
func (e *Edition) ValueSet(canonical string) *definition.ValueSet {
	edition, query, ok := strings.Cut(canonical, "?fhir_vs")
	if !ok || edition != System && !strings.HasPrefix(e.version+"/", edition+"/") {
		return nil
	}
	sel := definition.Selection{System: System}
	kind, rest, _ := strings.Cut(strings.TrimPrefix(query, "="), "/")
	rest, err := url.QueryUnescape(strings.ReplaceAll(rest, "+", "%2B"))
	if err != nil {
		return nil
	}
	switch kind {
	case "":
	case "isa":
		sel.Filters = []definition.Filter{{Property: "concept", Op: "is-a", Value: rest}}
	case "ecl":
		sel.Filters = []definition.Filter{{Property: "constraint", Op: "=", Value: rest}}
	case "refset":
		if rest != "" {
			sel.Filters = []definition.Filter{{Property: "concept", Op: "in", Value: rest}}
			break
		}
		for id := range e.refsets {
			sel.Concepts = append(sel.Concepts, definition.Concept{Code: id.String()})
		}
	default:
		return nil
	}
	return &definition.ValueSet{URL: canonical, Status: "active", Include: []definition.Selection{sel}}
}
