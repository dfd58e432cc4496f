package terminology

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// supplemented is a code system with what a CodeSystem of content supplement
// adds to it: designations and properties, never codes.
type supplemented struct {
	System
	def  *definition.CodeSystem
	more map[string]definition.Concept
}

func newSupplemented(base System, supplement *definition.CodeSystem) *supplemented {
	s := &supplemented{base, supplement, map[string]definition.Concept{}}
	s.take(supplement.Concepts, supplement.Language, strings.TrimSuffix(supplement.URL+"|"+supplement.Version, "|"))
	return s
}

func (s *supplemented) take(list []definition.Concept, language, source string) {
	for _, c := range list {
		s.take(c.Children, language, source)
		if c.Display != "" && language != "" {
			c.Designations = append([]definition.Designation{{Language: language, Value: c.Display}}, c.Designations...)
		}
		c.Designations = slices.Clone(c.Designations)
		for i := range c.Designations {
			c.Designations[i].Source = source
		}
		s.more[c.Code] = c
	}
}

// Lookup gives the concept with what the supplement says of it.
func (s *supplemented) Lookup(code string) (Concept, bool) {
	c, ok := s.System.Lookup(code)
	if !ok {
		return c, false
	}
	m, ok := s.more[c.Code]
	if !ok {
		return c, true
	}
	c.Designations = append(append([]definition.Designation(nil), c.Designations...), m.Designations...)
	c.Properties = append(append([]definition.Property(nil), c.Properties...), m.Properties...)
	if c.Display == "" {
		c.Display = m.Display
	}
	return c, true
}
