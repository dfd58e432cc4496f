package terminology

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Lookup finds a code in its system. The error is a [*fhir.Error]: NotFound for
// a code that does not exist, NotSupported for a system that is not loaded.
func (s *Service) Lookup(system, version, code string) (Concept, System, error) {
	sys := s.system(system, version)
	if sys == nil {
		return Concept{}, nil, fhir.E("lookup", fhir.NotSupported, fhir.Issue{Message: "The code cannot be looked up: " + missing(system) + "."})
	}
	c, ok := sys.Lookup(code)
	if !ok {
		return Concept{}, nil, fhir.E("lookup", fhir.NotFound, fhir.Issue{Code: fhir.CodeInvalid, Message: "The code does not exist in its system.", Found: describe(system, code)})
	}
	return c, sys, nil
}

// Relation is the answer to $subsumes, by
// http://hl7.org/fhir/concept-subsumption-outcome.
type Relation string

// The relations of code A to code B.
const (
	Equivalent  Relation = "equivalent"
	Subsumes    Relation = "subsumes"
	SubsumedBy  Relation = "subsumed-by"
	NotSubsumed Relation = "not-subsumed"
)

// Subsumption relates two codes of a system.
func (s *Service) Subsumption(system, version, a, b string) (Relation, error) {
	ca, sys, err := s.Lookup(system, version, a)
	if err != nil {
		return "", err
	}
	cb, _, err := s.Lookup(system, version, b)
	if err != nil {
		return "", err
	}
	switch {
	case ca.Code == cb.Code:
		return Equivalent, nil
	case sys.Subsumes(ca.Code, cb.Code):
		return Subsumes, nil
	case sys.Subsumes(cb.Code, ca.Code):
		return SubsumedBy, nil
	}
	return NotSubsumed, nil
}

// Match is one target of a translation.
type Match struct {
	Equivalence           string
	System, Code, Display string
	Map                   string // canonical of the concept map
}

// Translate maps a code by one concept map, or by all that map its system
// (towards target, when that is given).
func (s *Service) Translate(mapURL, system, code, target string) ([]Match, error) {
	s.mu.RLock()
	maps := s.set.ConceptMaps
	s.mu.RUnlock()
	var use []*definition.ConceptMap
	if mapURL != "" {
		m, ok := maps[mapURL]
		if !ok {
			return nil, fhir.E("translate", fhir.NotFound, fhir.Issue{Message: "The concept map is not known.", Found: mapURL})
		}
		use = append(use, m)
	} else {
		for key, m := range maps {
			if key == m.URL {
				use = append(use, m)
			}
		}
		slices.SortFunc(use, func(a, b *definition.ConceptMap) int { return strings.Compare(a.URL, b.URL) })
	}
	var out []Match
	for _, m := range use {
		for _, g := range m.Groups {
			if g.Source == system && (target == "" || g.Target == target || m.Target == target) {
				out = append(out, matches(g, m.URL, code)...)
			}
		}
	}
	return out, nil
}

func matches(g definition.MapGroup, url, code string) (out []Match) {
	for _, e := range g.Elements {
		if e.Code != code {
			continue
		}
		for _, t := range e.Targets {
			out = append(out, Match{t.Equivalence, g.Target, t.Code, t.Display, url})
		}
		return out
	}
	switch g.UnmappedMode {
	case "provided":
		return []Match{{"equal", g.Target, code, "", url}}
	case "fixed":
		return []Match{{"equivalent", g.Target, g.UnmappedCode, "", url}}
	}
	return nil
}
