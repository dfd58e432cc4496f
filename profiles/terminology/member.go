package terminology

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Verdict is whether a code is in a value set.
type Verdict uint8

// The verdicts. Unknown is no error: something that the answer needs is not
// loaded.
const (
	Unknown Verdict = iota
	In
	Out
)

// Answer is a verdict with what goes with it.
type Answer struct {
	Verdict Verdict
	Reason  string   // why Unknown or Out, in words
	System  string   // in which the code was found
	Version string   // of the code system that answered
	Display string   // what the code is called, where that is known
	Nearest []string // codes that look like a wrong one
	// Inactive and Abstract say that the code is out of use, or there to group
	// others only.
	Inactive, Abstract bool
	// InSystem says that the code itself exists in its system.
	InSystem Verdict
	// Lacks is the value set, Circular the inclusion, for which it is Unknown.
	Lacks    string
	Circular bool
	// Fragment says that the code is only not in the part of its system that is loaded.
	Fragment bool
}

// ValueSet finds a value set by canonical; nil if it is not known. Of a value
// set in another version than the one that is asked for it gives what there is.
func (s *Service) ValueSet(canonical string) *definition.ValueSet {
	url, version := definition.SplitCanonical(canonical)
	if s.below != nil {
		return s.viewed(url, version)
	}
	s.mu.RLock()
	v, ok := s.set.ValueSets[canonical]
	if !ok {
		v = s.set.ValueSets[url]
	}
	added := s.added
	s.mu.RUnlock()
	if v != nil {
		return v
	}
	for i := len(added) - 1; i >= 0; i-- {
		if sys, ok := added[i].(Implied); ok && strings.HasPrefix(url, sys.URL()) {
			if v := sys.ValueSet(url); v != nil {
				return v
			}
		}
	}
	return s.whole(url, version)
}

// viewed is a value set of those that came with the call, else of the service.
func (s *Service) viewed(url, version string) *definition.ValueSet {
	if version == "" && s.wanted != nil {
		version = s.wanted.sets[url]
	}
	canonical := strings.TrimSuffix(url+"|"+version, "|")
	if v := s.set.ValueSets[canonical]; v != nil {
		return v
	}
	if v := s.whole(url, version); v != nil {
		return v
	}
	if v := s.below.ValueSet(canonical); v != nil && (version == "" || v.Version == version) {
		return v
	} else if own := s.set.ValueSets[url]; own == nil {
		return v
	}
	return s.set.ValueSets[url]
}

// imported is a value set that an include names.
func (s *Service) imported(sel definition.Selection, canonical string) *definition.ValueSet {
	if id, ok := strings.CutPrefix(canonical, "#"); ok {
		return sel.Contained[id]
	}
	v := s.ValueSet(canonical)
	if v != nil && s.imports != nil {
		if name := strings.TrimSuffix(v.URL+"|"+v.Version, "|"); !slices.Contains(*s.imports, name) {
			*s.imports = append(*s.imports, name)
		}
	}
	return v
}

// whole is the value set of all codes of a system, which its CodeSystem names
// without anybody having defined it.
func (s *Service) whole(url, version string) *definition.ValueSet {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for key, c := range s.set.CodeSystems {
		if c.ValueSet == url && key == c.URL && url != "" && (version == "" || c.Version == version) {
			return &definition.ValueSet{URL: url, Version: c.Version, Name: c.Name, Title: c.Title, Status: c.Status,
				Include: []definition.Selection{{System: c.URL}}}
		}
	}
	return nil
}

// Member decides whether a code is in a value set. An empty system asks for
// the code in whatever system the value set has it in, which is what an element
// of type code means.
func (s *Service) Member(valueSetURL, system, version, code string) Answer {
	v := s.ValueSet(valueSetURL)
	if v == nil {
		return Answer{Verdict: Unknown, Reason: "the value set " + valueSetURL + " is not known"}
	}
	return s.MemberOf(v, system, version, code)
}

// MemberOf is Member for a value set that need not be stored.
func (s *Service) MemberOf(v *definition.ValueSet, system, version, code string) Answer {
	a := s.member(v, system, version, code, 0)
	if a.System == "" {
		a.System = system
	}
	if a.System != "" {
		a.InSystem = s.inSystem(a.System, version, code, &a)
	}
	if a.Verdict == Out && a.Nearest == nil {
		a.Nearest = s.suggest(v, system, code)
	}
	return a
}

func (s *Service) inSystem(system, version, code string, a *Answer) Verdict {
	sys, exact := s.system(system, version)
	if sys == nil {
		return Unknown
	}
	c, ok := sys.Lookup(code)
	switch {
	case ok:
		if a.Display == "" {
			a.Display = c.Display
		}
		a.Version, a.Inactive, a.Abstract = sys.Version(), c.Inactive, c.Abstract
		return In
	case exact && sys.Complete(code):
		return Out
	}
	return Unknown
}

func (s *Service) suggest(v *definition.ValueSet, system, code string) []string {
	list, err := s.enumerate(v, maxSearched)
	if err != nil {
		return nil
	}
	return nearest(code, func(yield func(Concept) bool) {
		for _, c := range list {
			if (system == "" || c.System == system) && !yield(Concept{Code: c.Code, Display: c.Display}) {
				return
			}
		}
	})
}

const maxNesting = 16

func (s *Service) member(v *definition.ValueSet, system, version, code string, depth int) Answer {
	if !s.effort.step() {
		return Answer{Verdict: Unknown, Reason: tooComplex}
	}
	if depth > maxNesting {
		return Answer{Verdict: Unknown, Reason: "the value set " + v.URL + " includes itself", Circular: true}
	}
	if len(v.Include) == 0 && v.Expansion != nil {
		return s.published(v, system, code)
	}
	answer := Answer{Verdict: Out, Reason: fmt.Sprintf("%s is not in the value set %s", describe(system, code), v.URL)}
	for _, sel := range v.Include {
		a := s.selected(sel, system, version, code, depth)
		if a.Verdict == In {
			answer = a
			break
		}
		if a.Verdict == Unknown {
			answer = a
		}
	}
	if answer.Verdict == Unknown && v.Expansion != nil {
		if p := s.published(v, system, code); p.Verdict == In {
			answer = p
		}
	}
	if answer.Verdict == Out {
		return answer
	}
	return s.excluded(v, answer, system, version, code, depth)
}

// excluded takes back an answer for what the value set excludes.
func (s *Service) excluded(v *definition.ValueSet, answer Answer, system, version, code string, depth int) Answer {
	if v.Inactive != nil && !*v.Inactive && answer.Inactive {
		return Answer{Verdict: Out, Inactive: true, Reason: fmt.Sprintf("%s is out of use, and the value set %s leaves such codes out", describe(system, code), v.URL)}
	}
	for _, sel := range v.Exclude {
		switch a := s.selected(sel, system, version, code, depth); a.Verdict {
		case In:
			return Answer{Verdict: Out, Reason: fmt.Sprintf("%s is excluded from the value set %s", describe(system, code), v.URL)}
		case Unknown:
			answer.Verdict, answer.Reason = Unknown, a.Reason
		}
	}
	return answer
}

// published answers from the expansion that came with the value set.
func (s *Service) published(v *definition.ValueSet, system, code string) Answer {
	for _, c := range v.Expansion.Contains {
		if c.Code == code && (system == "" || c.System == system) {
			return Answer{Verdict: In, System: c.System, Display: c.Display, Inactive: c.Inactive, Abstract: c.Abstract}
		}
	}
	return Answer{Verdict: Out, Reason: fmt.Sprintf("%s is not in the published expansion of %s", describe(system, code), v.URL)}
}

// selected decides on one include or exclude.
func (s *Service) selected(sel definition.Selection, system, version, code string, depth int) Answer {
	if sel.System != "" && system != "" && sel.System != system {
		return Answer{Verdict: Out}
	}
	answer := Answer{Verdict: Out}
	for _, url := range sel.ValueSets { // the code has to be in all of them
		imported := s.imported(sel, url)
		if imported == nil {
			return Answer{Verdict: Unknown, Reason: "the value set " + url + " is not known", Lacks: url}
		}
		if answer = s.member(imported, system, version, code, depth+1); answer.Verdict != In {
			return answer
		}
	}
	if sel.System == "" {
		return answer
	}
	if sel.Version != "" {
		version = sel.Version
	}
	sys, exact := s.system(sel.System, version)
	if len(sel.Concepts) > 0 {
		return enumerated(sel, sys, code)
	}
	if sys == nil {
		return Answer{Verdict: Unknown, Reason: missing(sel.System)}
	}
	return picked(sel, sys, exact, version, code)
}

// picked decides on an include by filters, or of a whole system.
func picked(sel definition.Selection, sys System, exact bool, version, code string) Answer {
	p, err := sys.Select(sel.Filters)
	if err != nil {
		return Answer{Verdict: Unknown, Reason: err.Error()}
	}
	c, known := sys.Lookup(code)
	switch {
	case p.Has(code):
		return Answer{Verdict: In, System: sel.System, Display: c.Display, Version: sys.Version(), Inactive: c.Inactive, Abstract: c.Abstract}
	case !exact:
		return Answer{Verdict: Unknown, Reason: otherVersion(sys, version)}
	case p.Partial != "":
		return Answer{Verdict: Unknown, Reason: p.Partial}
	case !known && !sys.Complete(code):
		return Answer{Verdict: Unknown, Reason: "only a part of " + sys.Name() + " is loaded", Fragment: true}
	}
	return Answer{Verdict: Out}
}

// enumerated decides on an include that lists codes. The system, which may be
// nil, adds what it knows of the code.
func enumerated(sel definition.Selection, sys System, code string) Answer {
	fold := folds(sys)
	for _, c := range sel.Concepts {
		if c.Code != code && !(fold && strings.EqualFold(c.Code, code)) {
			continue
		}
		a := Answer{Verdict: In, System: sel.System, Display: c.Display}
		if sys != nil {
			found, _ := sys.Lookup(code)
			a.Inactive, a.Abstract = found.Inactive, found.Abstract
			if a.Display == "" {
				a.Display = found.Display
			}
		}
		return a
	}
	return Answer{Verdict: Out}
}

// folds reports whether the case of a system's codes does not count.
func folds(sys System) bool {
	if s, ok := sys.(*supplemented); ok {
		return folds(s.System)
	}
	l, ok := sys.(*listed)
	return ok && !l.def.CaseSensitive
}

func describe(system, code string) string {
	if system == "" {
		return "the code " + code
	}
	return system + "#" + code
}
