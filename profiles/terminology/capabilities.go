package terminology

import (
	"cmp"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
)

// Capabilities are the members of a TerminologyCapabilities that say what is
// loaded now and what the operations do with it:
// https://hl7.org/fhir/R4/terminologycapabilities.html
func (s *Service) Capabilities() []any {
	return []any{
		"codeSystem", s.loaded(),
		"expansion", fhir.Obj("hierarchical", false, "paging", true, "incomplete", false, "parameter", expansionParameters(),
			"textFilter", "Every word of the filter is somewhere in the code, its display or another name of it."),
		"codeSearch", "explicit",
		"validateCode", fhir.Obj("translations", true),
		"translation", fhir.Obj("needsMap", false),
		"closure", fhir.Obj("translation", false),
	}
}

// loaded lists the code systems whose codes are known, by url, each with its
// versions.
func (s *Service) loaded() []fhir.Value {
	s.mu.RLock()
	defer s.mu.RUnlock()
	versions := map[string][]string{}
	for _, sys := range s.systems {
		if !hollow(sys) && !slices.Contains(versions[sys.URL()], sys.Version()) {
			versions[sys.URL()] = append(versions[sys.URL()], sys.Version())
		}
	}
	var list []fhir.Value
	for _, url := range sortedKeys(versions) {
		standing := s.systems[url]
		if standing == nil || hollow(standing) { // there in other versions only
			continue
		}
		var named []fhir.Value
		sorting.By(versions[url], cmp.Compare[string])
		for _, version := range versions[url] {
			if version != "" {
				named = append(named, fhir.Obj("code", version, "isDefault", version == standing.Version()))
			}
		}
		list = append(list, fhir.Obj("uri", url, "version", named, "subsumption", hierarchical(standing)))
	}
	return list
}

// hierarchical reports whether codes of a system can subsume others.
func hierarchical(sys System) bool {
	switch sys := sys.(type) {
	case grammar:
		return false
	case *listed:
		return sys.def.Hierarchy != "part-of" && sys.def.Hierarchy != "grouped-by"
	}
	return true
}

// expansionParameters are those of $expand that are supported.
func expansionParameters() []fhir.Value {
	var list []fhir.Value
	for _, p := range inputsOn(false, whichSet, expandInputs) {
		if p.Unsupported == "" {
			list = append(list, fhir.Obj("name", p.Name, "documentation", p.Doc))
		}
	}
	return list
}
