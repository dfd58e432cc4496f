package terminology

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// view is the service as one call sees it: with the resources that came with the
// call before its own, the versions that the caller wants, and the supplements
// that they ask for.
func (s *Service) view(set *definition.Set, wanted *pins, of *effort) *Service {
	v := &Service{below: s, effort: of, own: definition.NewSet(), stored: definition.NewSet(), set: set, systems: map[string]System{}, wanted: wanted}
	for _, def := range set.CodeSystems { // of several versions the newest answers
		if def.Supplements != "" {
			continue
		}
		l := newListed(def)
		v.systems[strings.TrimSuffix(def.URL+"|"+def.Version, "|")] = l
		if first, ok := v.systems[def.URL]; !ok || definition.CompareVersions(def.Version, first.Version()) >= 0 {
			v.systems[def.URL] = l
		}
	}
	for _, def := range set.ValueSets {
		if first := set.ValueSets[def.URL]; first == nil || definition.CompareVersions(def.Version, first.Version) > 0 {
			set.ValueSets[def.URL] = def
		}
	}
	return v
}

// supplementMissing says that an answer needs a supplement that nobody has.
func supplementMissing(op, canonical string) error {
	return fhir.E(op, fhir.NotFound, fhir.Issue{Message: "The code system supplement is not known.", Found: canonical,
		Details: txIssue("not-found"), Fix: "Store it on the server, or send it with the request as tx-resource."})
}

// supplement has the supplements of those canonicals be part of the systems that
// they add to. The names of those that are used are returned, url|version.
func (s *Service) supplemented(op string, canonicals []string) (used []string, err error) {
	for _, canonical := range canonicals {
		def := s.codeSystemDefinition(canonical)
		if def == nil || def.Supplements == "" {
			return nil, supplementMissing(op, canonical)
		}
		url, version := definition.SplitCanonical(def.Supplements)
		for _, v := range append([]string{version}, s.versions(url)...) {
			key := strings.TrimSuffix(url+"|"+v, "|")
			if base, _ := s.find(url, v); base != nil && !s.has(base, def) && (version == "" || base.Version() == version) {
				s.mu.Lock()
				s.systems[key] = newSupplemented(base, def)
				s.mu.Unlock()
			}
		}
		if base, _ := s.find(url, ""); base != nil && !s.has(base, def) {
			s.mu.Lock()
			s.systems[url] = newSupplemented(base, def)
			s.mu.Unlock()
		}
		used = append(used, strings.TrimSuffix(def.URL+"|"+def.Version, "|"))
	}
	return used, nil
}

// has reports whether a system has a supplement already.
func (s *Service) has(sys System, def *definition.CodeSystem) bool {
	for {
		more, ok := sys.(*supplemented)
		if !ok {
			return false
		}
		if more.def == def {
			return true
		}
		sys = more.System
	}
}

// codeSystemDefinition is the CodeSystem of a canonical, nil for none.
func (s *Service) codeSystemDefinition(canonical string) *definition.CodeSystem {
	s.mu.RLock()
	def := s.set.CodeSystems[canonical]
	s.mu.RUnlock()
	if def == nil && s.below != nil {
		return s.below.codeSystemDefinition(canonical)
	}
	return def
}
