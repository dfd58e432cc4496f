package terminology

import (
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Service answers terminology questions over a set of definitions. It is safe
// for concurrent use; Add and Load may run beside questions.
type Service struct {
	mu      sync.RWMutex
	set     *definition.Set
	systems map[string]System // by url, and by url|version
}

// Config is what a service is made of.
type Config struct {
	// Definitions are value sets, code systems and concept maps beyond those of
	// R4, which the service always has.
	Definitions *definition.Set
	// UCUM decides whether a code is a unit of measure.
	UCUM func(code string) bool
}

// New makes a service.
func New(c Config) *Service {
	if c.UCUM == nil {
		c.UCUM = func(string) bool { return true }
	}
	s := &Service{set: definition.NewSet(), systems: map[string]System{}}
	s.set.Merge(base())
	if c.Definitions != nil {
		s.set.Merge(c.Definitions)
	}
	for key, def := range s.set.CodeSystems {
		s.systems[key] = newListed(def)
	}
	for _, g := range grammars(c.UCUM) {
		s.systems[g.URL()] = g
	}
	s.supplement()
	return s
}

// Add puts a code system whose content comes from elsewhere (SNOMED CT, dm+d)
// in the place of what was known of it.
func (s *Service) Add(system System) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.systems[system.URL()] = system
	if v := system.Version(); v != "" {
		s.systems[system.URL()+"|"+v] = system
	}
}

// Define adds definitions, as when a ValueSet is stored on the server.
func (s *Service) Define(set *definition.Set) {
	s.mu.Lock()
	defer s.mu.Unlock()
	merged := definition.NewSet()
	merged.Merge(s.set)
	merged.Merge(set)
	s.set = merged
	for key, def := range set.CodeSystems {
		s.systems[key] = newListed(def)
	}
	s.supplement()
}

// supplement adds what CodeSystem supplements say to the systems they name.
func (s *Service) supplement() {
	for _, def := range s.set.CodeSystems {
		if def.Supplements == "" {
			continue
		}
		url, _ := definition.SplitCanonical(def.Supplements)
		if base, ok := s.systems[url].(*listed); ok {
			s.systems[url] = newListed(merge(base.def, def))
		}
	}
}

func merge(base, supplement *definition.CodeSystem) *definition.CodeSystem {
	more := map[string]definition.Concept{}
	for _, c := range supplement.Concepts {
		more[c.Code] = c
	}
	out := *base
	out.Concepts = enrich(base.Concepts, more)
	return &out
}

func enrich(list []definition.Concept, more map[string]definition.Concept) []definition.Concept {
	out := make([]definition.Concept, len(list))
	for i, c := range list {
		if m, ok := more[c.Code]; ok {
			c.Designations = append(append([]definition.Designation(nil), c.Designations...), m.Designations...)
			c.Properties = append(append([]definition.Property(nil), c.Properties...), m.Properties...)
			if c.Display == "" {
				c.Display = m.Display
			}
		}
		c.Children = enrich(c.Children, more)
		out[i] = c
	}
	return out
}

// system finds a code system by url and, when given, version.
func (s *Service) system(url, version string) System {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if version != "" {
		if sys, ok := s.systems[url+"|"+version]; ok {
			return sys
		}
	}
	sys := s.systems[url]
	if l, ok := sys.(*listed); ok && len(l.def.Concepts) == 0 {
		return nil // a declaration without content knows nothing
	}
	return sys
}

// names of the systems that need a licence and are known under them.
var licensed = map[string]string{
	"http://snomed.info/sct":                      "SNOMED CT",
	"https://dmd.nhs.uk":                          "dm+d",
	"http://loinc.org":                            "LOINC",
	"http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
	"http://www.whocc.no/atc":                     "ATC",
	"http://hl7.org/fhir/sid/icd-10":              "ICD-10",
}

// missing says that a system is not at hand, in words.
func missing(system string) string {
	if name, ok := licensed[system]; ok {
		return name + " is not loaded"
	}
	if system == "" {
		return "the code has no system"
	}
	return "the code system " + strings.TrimSuffix(system, "/") + " is not loaded"
}
