package terminology

import (
	"slices"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Service answers terminology questions over a set of definitions. It is safe
// for concurrent use; Add, Define and SetStored may run beside questions.
type Service struct {
	mu          sync.RWMutex
	own, stored *definition.Set // the layers; of stored, urls that are built in are left out
	set         *definition.Set // both
	added       []System        // in the order of their arrival
	grammars    []System
	systems     map[string]System // by url, and by url|version

	below  *Service // of a view: what it is a view of
	wanted *pins    // of a view
	effort *effort  // of a view
	// imports are the value sets that an expansion used, of a view that is to tell.
	imports *[]string
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
	s := &Service{own: definition.NewSet(), stored: definition.NewSet(), grammars: grammars(c.UCUM)}
	s.own.Merge(base())
	if c.Definitions != nil {
		s.own.Merge(c.Definitions)
	}
	s.rebuild()
	return s
}

// Add puts a code system whose content comes from elsewhere (SNOMED CT, dm+d)
// in the place of what was known of it. Of several versions the one added last
// answers where nobody asks for a version.
func (s *Service) Add(system System) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.added = append(s.added, system)
	s.rebuild()
}

// Define adds definitions.
func (s *Service) Define(set *definition.Set) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := definition.NewSet()
	own.Merge(s.own)
	own.Merge(set)
	s.own = own
	s.rebuild()
}

// Replace puts definitions in the place of those that the service has of R4 and
// that were added. They are not to be changed.
func (s *Service) Replace(by *definition.Set) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = by
	s.rebuild()
}

// ChangeStored replaces some of the definitions that are stored on the server. One
// of a url that is built in has no effect.
func (s *Service) ChangeStored(was, now *definition.Set) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored.Change(was, now, definition.NewSet())
	s.set.Change(was, now.Without(s.builtIn), s.own)
	if s.supplements(was) || s.supplements(now) || s.supplements(s.stored) && len(was.CodeSystems)+len(now.CodeSystems) > 0 {
		s.index() // a supplement is part of the system that it names
		return
	}
	for _, set := range [...]*definition.Set{was, now} {
		for key := range set.CodeSystems {
			s.put(key)
		}
	}
}

// supplements reports whether a set adds to code systems.
func (s *Service) supplements(set *definition.Set) bool {
	for _, def := range set.CodeSystems {
		if def.Supplements != "" {
			return true
		}
	}
	return false
}

// put has a code system answer as it is defined now, unless its content comes
// from elsewhere.
func (s *Service) put(key string) {
	url, _ := definition.SplitCanonical(key)
	if slices.ContainsFunc(s.grammars, func(g System) bool { return g.URL() == key }) ||
		slices.ContainsFunc(s.added, func(a System) bool { return a.URL() == url }) {
		return
	}
	if def, ok := s.set.CodeSystems[key]; ok {
		s.systems[key] = newListed(def)
	} else {
		delete(s.systems, key)
	}
}

// Definitions are those of R4 and those that were added, without the stored
// ones. They are not to be changed.
func (s *Service) Definitions() *definition.Set {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.own
}

// BuiltIn reports whether a url is of a definition of R4 or one that was added, or
// of a code system whose content comes from elsewhere, by grammar or added.
func (s *Service) BuiltIn(typ, url string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.builtIn(typ, url)
}

func (s *Service) builtIn(typ, url string) bool {
	return s.own.Has(typ, url) || typ == "CodeSystem" && s.supplied(url)
}

func (s *Service) supplied(url string) bool {
	is := func(system System) bool { return system.URL() == url }
	return slices.ContainsFunc(s.grammars, is) || slices.ContainsFunc(s.added, is)
}

// rebuild puts the layers together.
func (s *Service) rebuild() {
	s.set = definition.NewSet()
	s.set.Merge(s.own)
	s.set.Merge(s.stored.Without(s.builtIn))
	s.index()
}

// index lists the systems. Those whose definition is the same keep their index.
func (s *Service) index() {
	old := s.systems
	s.systems = make(map[string]System, len(s.set.CodeSystems)+2*len(s.added)+len(s.grammars))
	for key, def := range s.set.CodeSystems {
		if l, ok := old[key].(*listed); ok && l.def == def {
			s.systems[key] = l
		} else {
			s.systems[key] = newListed(def)
		}
	}
	for _, g := range s.grammars {
		s.systems[g.URL()] = g
	}
	for _, a := range s.added {
		s.systems[a.URL()] = a
		if v := a.Version(); v != "" {
			s.systems[a.URL()+"|"+v] = a
		}
	}
	s.supplement()
}

// supplement adds what CodeSystem supplements say to the systems they name.
func (s *Service) supplement() {
	for _, key := range sortedKeys(s.set.CodeSystems) {
		def := s.set.CodeSystems[key]
		if def.Supplements == "" || key != def.URL {
			continue
		}
		url, _ := definition.SplitCanonical(def.Supplements)
		base, ok := s.systems[url]
		if !ok {
			continue
		}
		for _, key := range []string{url, url + "|" + base.Version()} {
			if one := s.systems[key]; one != nil && one.Version() == base.Version() {
				s.systems[key] = newSupplemented(one, def)
			}
		}
	}
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// system finds a code system by url and, when given, version. Where that
// version is not at hand, it gives the one that is, and exact is false.
func (s *Service) system(url, version string) (sys System, exact bool) {
	version = s.wanted.wanted(url, version)
	if isPattern(version) {
		if v := s.pick(url, version); v != "" {
			version = v
		}
	}
	if sys, exact = s.find(url, version); !exact && s.wanted != nil {
		if other := s.wanted.wanted(url, ""); other != "" && other != version {
			if instead, ok := s.system(url, ""); ok {
				return instead, false
			}
		}
	}
	return sys, exact
}

func (s *Service) find(url, version string) (sys System, exact bool) {
	s.mu.RLock()
	sys = s.systems[url]
	if version != "" {
		if one := s.systems[url+"|"+version]; one != nil && !hollow(one) {
			sys = one
		}
	}
	s.mu.RUnlock()
	if sys == nil || hollow(sys) {
		if s.below != nil {
			return s.below.find(url, version)
		}
		return nil, false
	}
	// An edition without its date stands for any release of that edition.
	exact = version == "" || sys.Version() == "" || sys.Version() == version || strings.HasPrefix(sys.Version(), version+"/version/")
	if !exact && s.below != nil {
		if other, ok := s.below.find(url, version); ok {
			return other, true
		}
	}
	return sys, exact
}

// hollow reports whether a system is a declaration without content, which
// knows nothing.
func hollow(sys System) bool {
	l, ok := sys.(*listed)
	return ok && len(l.def.Concepts) == 0
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

// otherVersion says that a system is at hand in another version only.
func otherVersion(sys System, version string) string {
	return "version " + version + " of " + sys.Name() + " is not loaded, only " + sys.Version()
}
