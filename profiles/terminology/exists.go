package terminology

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Exists decides whether a code is one of its system, and returns its concept
// where it is. Unknown means that nobody can tell here: the system, or the
// version that is asked for, is not at hand or not complete.
func (s *Service) Exists(system, version, code string) (Concept, Verdict) {
	sys, exact := s.system(system, version)
	if sys == nil || disputed(sys) {
		return Concept{}, Unknown
	}
	c, ok := sys.Lookup(code)
	switch {
	case ok:
		return c, In
	case exact && sys.Complete(code):
		return c, Out
	}
	return c, Unknown
}

// disputed reports whether a system that needs a licence is known from a stored
// definition only, whose list of codes is never taken for the whole system.
func disputed(sys System) bool {
	if s, ok := sys.(*supplemented); ok {
		return disputed(s.System)
	}
	_, listed := sys.(*listed)
	return listed && licensed[sys.URL()] != ""
}

// HasProperty decides whether a system that is listed here has a property that a
// filter may name. Unknown means that nobody can tell here, as of systems whose
// content comes from elsewhere.
func (s *Service) HasProperty(system, version, property string) Verdict {
	sys, exact := s.system(system, version)
	if more, ok := sys.(*supplemented); ok {
		sys = more.System
	}
	l, ok := sys.(*listed)
	switch {
	case !ok || disputed(l):
		return Unknown
	case l.declares(property):
		return In
	case exact && l.Complete(""):
		return Out
	}
	return Unknown
}

// declares reports whether a property is one that every system has (R4, FHIR
// concept properties), one that the system declares, or one of a concept.
func (l *listed) declares(property string) bool {
	switch property {
	case "concept", "code", "display", "definition", "designation", "parent", "child", "inactive", "deprecated", "notSelectable", "status":
		return true
	}
	return slices.ContainsFunc(l.def.Declared, func(d definition.Declaration) bool { return d.Code == property }) || used(l.def.Concepts, property)
}

func used(list []definition.Concept, property string) bool {
	return slices.ContainsFunc(list, func(c definition.Concept) bool {
		return slices.ContainsFunc(c.Properties, func(p definition.Property) bool { return p.Code == property }) || used(c.Children, property)
	})
}

// Similar returns the codes of a system that look most like a wrong one; none
// where the system cannot be listed or is too large.
func (s *Service) Similar(system, code string) []string {
	sys, _ := s.system(system, "")
	if sys == nil {
		return nil
	}
	p, err := sys.Select(nil)
	if err != nil || p.All == nil {
		return nil
	}
	return nearestFew(code, p.All)
}

// Codes returns the codes of a system that has no more than so many; none of a
// larger one, and where the system cannot be listed.
func (s *Service) Codes(system string, most int) (out []string) {
	sys, _ := s.system(system, "")
	if sys == nil {
		return nil
	}
	p, err := sys.Select(nil)
	if err != nil || p.All == nil {
		return nil
	}
	for c := range p.All {
		if len(out) == most {
			return nil
		}
		out = append(out, c.Code)
	}
	return out
}

// Named returns the code of a system that is called so; "" for none, and for
// systems that cannot be listed by name.
func (s *Service) Named(system, display string) string {
	sys, _ := s.system(system, "")
	if more, ok := sys.(*supplemented); ok {
		sys = more.System
	}
	if l, ok := sys.(*listed); ok {
		return l.named(display)
	}
	return ""
}

// Called reports whether a concept has that name among its display and its
// designations, whatever the case and the white space.
func (c Concept) Called(name string) bool {
	if sameName(c.Display, name) {
		return true
	}
	for i := range c.Designations {
		if sameName(c.Designations[i].Value, name) {
			return true
		}
	}
	return false
}

// sameName compares names without their case, white space, and the kind of their
// dashes and quotation marks.
func sameName(a, b string) bool { return a == b || strings.EqualFold(plain(a), plain(b)) }

// plain is a name with single spaces between its words, and dashes and quotation
// marks of ASCII.
func plain(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r > '~' || r < ' ' }) && !strings.Contains(name, "  ") && strings.TrimSpace(name) == name {
		return name
	}
	return typewriter.Replace(strings.Join(strings.Fields(name), " "))
}

var typewriter = strings.NewReplacer("\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-",
	"\u2018", "'", "\u2019", "'", "\u201c", `"`, "\u201d", `"`)

// Defines returns the types of the definitions of a url that are built in or were
// added.
func (s *Service) Defines(url string) (types []string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, typ := range [...]string{"CodeSystem", "ConceptMap", "ValueSet"} {
		if s.own.Has(typ, url) || typ == "CodeSystem" && s.systems[url] != nil {
			types = append(types, typ)
		}
	}
	return types
}

// Supplements returns the code system that a url only supplements; "" where the url
// is of a code system of its own, or not known.
func (s *Service) Supplements(url string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if def := s.set.CodeSystems[url]; def != nil && licensed[url] == "" {
		return def.Supplements
	}
	return ""
}

// IsValueSet reports whether a url is that of a value set that is built in or
// was added, and not also of a code system. Stored ones do not count: anybody who
// may store one could otherwise take a system from others.
func (s *Service) IsValueSet(url string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, set := s.own.ValueSets[url]
	_, system := s.systems[url]
	return set && !system
}
