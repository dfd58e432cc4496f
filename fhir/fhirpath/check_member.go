package fhirpath

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// member is the shape of a step, an issue where no type has the element.
func (c *checker) member(n *member) shape {
	input := c.this
	if n.input != nil {
		input = c.of(n.input)
	} else if s, ok := c.typeStep(n, input); ok {
		return s
	}
	if input.any || input.isEmpty() {
		return anything
	}
	out := shape{single: input.single, unordered: input.unordered}
	found := false
	for _, t := range input.types {
		if t.Abstract {
			found, out.any = true, true // more is known of the types derived from it
			continue
		}
		if e := t.Element(n.name); e != nil && e.Name == n.name {
			found = true
			out.add(e)
		}
	}
	for _, k := range input.system {
		if k == typeInfo || k == quantity {
			found, out.any = true, true
		}
	}
	if !found {
		c.noElement(n, input)
		return anything
	}
	return out
}

// add takes the types of an element in.
func (s *shape) add(e *r4.Element) {
	if e.Max != 1 {
		s.single = false
	}
	for _, name := range e.Types {
		t := r4.TypeOf(name)
		switch {
		case name == "*" || t == nil || t.Kind == r4.Resource && t.Abstract:
			s.any = true
		case !slices.Contains(s.types, t):
			s.types = append(s.types, t)
		}
	}
}

// typeStep is the shape of Patient at the beginning of a path.
func (c *checker) typeStep(n *member, input shape) (shape, bool) {
	t := r4.TypeOf(n.name)
	if !isUpper(n.name) || t == nil {
		return shape{}, false
	}
	if input.any {
		return shape{types: []*r4.Type{t}, single: input.single}, true
	}
	for _, own := range input.types {
		if own.Is(n.name) {
			return input, true
		}
		if t.Is(own.Name) {
			return shape{types: []*r4.Type{t}, single: input.single}, true
		}
	}
	return shape{}, false
}

func (c *checker) noElement(n *member, input shape) {
	e := mistake{what: "There is no such element.", expected: "an element of " + input.String(), found: n.name}
	for _, t := range input.types {
		if p := t.Property(n.name); p != nil && p.Element.Choice {
			e.fix = fmt.Sprintf("Write %s.ofType(%s).", p.Element.Name, p.Type)
			break
		}
		for i := range t.Elements {
			if known := t.Elements[i].Name; strings.EqualFold(known, n.name) || spelling.Distance(known, n.name, 1) == 1 {
				e.fix = "Did you mean " + known + "?"
			}
		}
	}
	c.fault(n, fhir.Err, e)
}
