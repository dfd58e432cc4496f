package search

import (
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// composite indexes a composite parameter: for each element that its
// expression selects, the keys of the components' values one behind the other,
// in every combination.
type composite struct {
	resourceType string
	parts        []part
}

// part is one component of a composite parameter.
type part struct {
	param *r4.SearchParam // how it compares
	paths []path
}

// swapped is the parameter whose two components have each other's definition in
// R4: it compares a code as a reference and the reference as a token.
const swapped = "http://hl7.org/fhir/SearchParameter/DocumentReference-relationship"

// compileComponents is nil when a component is of a kind that is not indexed.
func compileComponents(resourceType string, param *r4.SearchParam) *composite {
	c := &composite{resourceType: resourceType}
	for i, component := range param.Components {
		if param.URL == swapped {
			component.Definition = param.Components[1-i].Definition
		}
		def := r4.SearchParamByURL(component.Definition)
		if def == nil || writers[def.Type] == nil {
			return nil
		}
		paths, ok := parsePaths(component.Expression)
		if !ok {
			return nil
		}
		c.parts = append(c.parts, part{def, paths})
	}
	return c
}

// value finds the values of one component.
type value struct{ focus, resource trie }

// on gives the writer for a focus of an R4 type.
func (c *composite) on(focus string) writer {
	values := make([]value, len(c.parts))
	for i, part := range c.parts {
		n := names{"", "-", "-", "-"} // the entries of modifiers are no part of it
		byType := writers[part.param.Type]
		pl := &planter{names: &n, make: func(t string) writer { return byType[t] }}
		for _, path := range part.paths {
			if path.root == fromResource {
				pl.plant(&values[i].resource, r4.TypeOf(c.resourceType), path.steps)
			} else {
				pl.plant(&values[i].focus, r4.TypeOf(focus), path.steps)
			}
		}
		if len(values[i].focus.edges)+len(values[i].resource.edges) == 0 {
			return nil
		}
	}
	return func(s *sink, p *names, n fhir.Node) { combine(s, p.code, n, values) }
}

func combine(s *sink, param string, n fhir.Node, values []value) {
	found := scratch.Get().(*sink)
	defer scratch.Put(found)
	found.entries, found.buf = found.entries[:0], found.buf[:0]
	ends := make([]int, 0, 4) // where the entries of each component end
	for i := range values {
		before := len(found.entries)
		values[i].focus.walk(found, n)
		values[i].resource.walk(found, n.Resource().Root())
		if len(found.entries) == before {
			return
		}
		ends = append(ends, len(found.entries))
	}
	s.join(param, nil, found.entries, 0, ends)
}

// scratch are sinks for values that live shortly.
var scratch = sync.Pool{New: func() any { return new(sink) }}

// maxJoined bounds the combinations of a resource: they are the product of its
// codes and values, so a small resource can have more than memory holds.
const maxJoined = 100_000

// join makes an entry of each choice of one value for each component.
func (s *sink) join(param string, head []byte, values []Entry, from int, ends []int) {
	if len(ends) == 0 {
		s.joined++
		start := len(s.buf)
		s.buf = append(s.buf, head...)
		s.take(param, start)
		return
	}
	for _, v := range values[from:ends[0]] {
		if s.joined > maxJoined {
			return
		}
		if v.Param == "" {
			s.join(param, append(head[:len(head):len(head)], v.Key...), values, ends[0], ends[1:])
		}
	}
}
