package terminology

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Members lists the codes of a value set, at most one more than most: [search.Codes].
func (s *Service) Members(valueSet string, most int) ([]search.Coding, error) {
	v := s.ValueSet(valueSet)
	if v == nil {
		return nil, unknownValueSet("search", valueSet)
	}
	return s.searched(v, most)
}

// Related lists a code and those below it, or above it, at most one more than most:
// [search.Codes].
func (s *Service) Related(system, code string, above bool, most int) ([]search.Coding, error) {
	if _, known := s.Find(system, code); !known {
		return nil, fhir.E("search", fhir.NotFound, fhir.Issue{Message: "The code, or its system, is not known here.", Found: system + "|" + code})
	}
	filter := definition.Filter{Property: "concept", Op: "is-a", Value: code}
	if above {
		filter.Op = "generalizes"
	}
	return s.searched(&definition.ValueSet{Include: []definition.Selection{{System: system, Filters: []definition.Filter{filter}}}}, most)
}

func (s *Service) searched(v *definition.ValueSet, most int) ([]search.Coding, error) {
	e, err := s.ExpandDefinition(v, Query{Count: most + 1})
	if err != nil {
		return nil, err
	}
	out := make([]search.Coding, 0, len(e.Contains))
	for _, c := range e.Contains {
		out = append(out, search.Coding{System: c.System, Code: c.Code})
	}
	return out, nil
}
