package terminology

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Translation asks what a code maps to. Maps are tried where neither Map nor
// URL is set: all that map the system of the code.
type Translation struct {
	Map            *definition.ConceptMap // one that need not be stored
	URL            string                 // canonical of a map
	Source, Target string                 // value sets of the map, "" for any
	TargetSystem   string                 // "" for any
	System, Code   string
	Depends        []definition.MapDependency // values of other elements
	Reverse        bool                       // from target to source
}

// Match is one target of a translation.
type Match struct {
	Equivalence           string
	System, Code, Display string
	Map                   string // canonical of the concept map
	Products              []definition.MapDependency
}

// Translate maps a code. The error is a [*fhir.Error] of kind NotFound for a
// map that is not known.
func (s *Service) Translate(t Translation) ([]Match, error) {
	maps, err := s.mapsFor(t)
	if err != nil {
		return nil, err
	}
	var out []Match
	for _, m := range maps {
		out = append(out, s.through(m, t, 0)...)
	}
	return out, nil
}

func (s *Service) mapsFor(t Translation) ([]*definition.ConceptMap, error) {
	if t.Map != nil {
		return []*definition.ConceptMap{t.Map}, nil
	}
	if t.URL != "" {
		m := s.conceptMap(t.URL)
		if m == nil {
			return nil, fhir.E("translate", fhir.NotFound, fhir.Issue{Message: "The concept map is not known.", Found: t.URL,
				Fix: "Store it on the server, or load the package that defines it."})
		}
		return []*definition.ConceptMap{m}, nil
	}
	use := s.mapsOf(t)
	sorting.By(use, func(a, b *definition.ConceptMap) int { return strings.Compare(a.URL, b.URL) })
	return use, nil
}

// mapsOf are the maps between the value sets of a translation.
func (s *Service) mapsOf(t Translation) (use []*definition.ConceptMap) {
	if s.below != nil {
		use = s.below.mapsOf(t)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for key, m := range s.set.ConceptMaps {
		if key == m.URL && (t.Source == "" || m.Source == t.Source) && (t.Target == "" || m.Target == t.Target) {
			use = append(slices.DeleteFunc(use, func(o *definition.ConceptMap) bool { return o.URL == m.URL }), m)
		}
	}
	return use
}

func (s *Service) conceptMap(canonical string) *definition.ConceptMap {
	if m := s.ownMap(canonical); m != nil || s.below == nil {
		return m
	}
	return s.below.conceptMap(canonical)
}

func (s *Service) ownMap(canonical string) *definition.ConceptMap {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if m, ok := s.set.ConceptMaps[canonical]; ok {
		return m
	}
	url, version := definition.SplitCanonical(canonical)
	if m := s.set.ConceptMaps[url]; m != nil && (version == "" || m.Version == "") {
		return m
	}
	return nil
}

// through maps a code by one map.
func (s *Service) through(m *definition.ConceptMap, t Translation, depth int) (out []Match) {
	for _, g := range m.Groups {
		from, to := g.Source, g.Target
		if t.Reverse {
			from, to = to, from
		}
		if t.System != "" && from != "" && from != t.System || t.TargetSystem != "" && to != t.TargetSystem {
			continue
		}
		if t.Reverse {
			out = append(out, backwards(g, m.URL, t.Code)...)
		} else {
			out = append(out, s.forwards(g, m.URL, t, depth)...)
		}
	}
	return out
}

func (s *Service) forwards(g definition.MapGroup, url string, t Translation, depth int) (out []Match) {
	mapped := false
	for _, e := range g.Elements {
		if e.Code != t.Code {
			continue
		}
		mapped = true
		for _, target := range e.Targets {
			if met(target.DependsOn, t.Depends) {
				out = append(out, Match{target.Equivalence, g.Target, target.Code, target.Display, url, target.Products})
			}
		}
	}
	if mapped {
		return out
	}
	switch g.UnmappedMode {
	case "provided":
		return []Match{{Equivalence: "equal", System: g.Target, Code: t.Code, Map: url}}
	case "fixed":
		return []Match{{Equivalence: "equivalent", System: g.Target, Code: g.UnmappedCode, Map: url}}
	case "other-map":
		if other := s.conceptMap(g.UnmappedMap); other != nil && depth < maxNesting {
			return s.through(other, t, depth+1)
		}
	}
	return nil
}

// met reports whether all that a mapping depends on is among the values given.
func met(needs, given []definition.MapDependency) bool {
	for _, n := range needs {
		if !slices.ContainsFunc(given, func(g definition.MapDependency) bool {
			return g.Property == n.Property && g.Value == n.Value && (n.System == "" || g.System == "" || g.System == n.System)
		}) {
			return false
		}
	}
	return true
}

// inverse is the equivalence of a mapping read from its target.
var inverse = map[string]string{"wider": "narrower", "narrower": "wider", "subsumes": "specializes", "specializes": "subsumes"}

func backwards(g definition.MapGroup, url, code string) (out []Match) {
	for _, e := range g.Elements {
		for _, target := range e.Targets {
			if target.Code != code || target.Equivalence == "unmatched" || target.Equivalence == "disjoint" {
				continue
			}
			equivalence := target.Equivalence
			if i, ok := inverse[equivalence]; ok {
				equivalence = i
			}
			out = append(out, Match{Equivalence: equivalence, System: g.Source, Code: e.Code, Display: e.Display, Map: url})
		}
	}
	return out
}
