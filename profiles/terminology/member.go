package terminology

import (
	"fmt"
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
	Display string   // what the code is called, where that is known
	Nearest []string // codes that look like a wrong one
	Version string   // of the code system that answered
	// InSystem says that the code itself exists in its system.
	InSystem Verdict
}

// ValueSet finds a value set by canonical; nil if it is not known.
func (s *Service) ValueSet(canonical string) *definition.ValueSet {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if v, ok := s.set.ValueSets[canonical]; ok {
		return v
	}
	url, version := definition.SplitCanonical(canonical)
	if v, ok := s.set.ValueSets[url]; ok && (version == "" || v.Version == "" || v.Version == version) {
		return v
	}
	if v, ok := s.set.ValueSets[url]; ok {
		return v // another version of it is nearer to the truth than nothing
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
	a := s.member(v, system, version, code, 0)
	if system != "" {
		a.InSystem = s.inSystem(system, version, code, &a)
	}
	if a.Verdict == Out && a.Nearest == nil {
		a.Nearest = s.suggest(v, system, code)
	}
	return a
}

func (s *Service) inSystem(system, version, code string, a *Answer) Verdict {
	sys := s.system(system, version)
	if sys == nil {
		return Unknown
	}
	c, ok := sys.Lookup(code)
	switch {
	case ok:
		a.Display, a.Version = c.Display, sys.Version()
		return In
	case sys.Complete():
		return Out
	}
	return Unknown
}

func (s *Service) suggest(v *definition.ValueSet, system, code string) []string {
	list, err := s.enumerate(v, 5000)
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
	if depth > maxNesting {
		return Answer{Verdict: Unknown, Reason: "the value set " + v.URL + " includes itself"}
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
			return Answer{Verdict: In, Display: c.Display}
		}
	}
	return Answer{Verdict: Out, Reason: fmt.Sprintf("%s is not in the published expansion of %s", describe(system, code), v.URL)}
}

// selected decides on one include or exclude.
func (s *Service) selected(sel definition.Selection, system, version, code string, depth int) Answer {
	if sel.System != "" && system != "" && sel.System != system {
		return Answer{Verdict: Out}
	}
	for _, url := range sel.ValueSets {
		imported := s.ValueSet(url)
		if imported == nil {
			return Answer{Verdict: Unknown, Reason: "the value set " + url + " is not known"}
		}
		if a := s.member(imported, system, version, code, depth+1); a.Verdict != In {
			return a
		}
	}
	if sel.System == "" {
		return Answer{Verdict: In}
	}
	if len(sel.Concepts) > 0 {
		return s.enumerated(sel, code)
	}
	sys := s.system(sel.System, sel.Version)
	if sys == nil {
		return Answer{Verdict: Unknown, Reason: missing(sel.System)}
	}
	picked, ok := sys.Select(sel.Filters)
	if !ok {
		return Answer{Verdict: Unknown, Reason: "the code system " + sel.System + " cannot answer the filter of the value set"}
	}
	if picked.Has(code) {
		c, _ := sys.Lookup(code)
		return Answer{Verdict: In, Display: c.Display, Version: sys.Version()}
	}
	if !sys.Complete() {
		if _, known := sys.Lookup(code); !known {
			return Answer{Verdict: Unknown, Reason: "only a part of " + sel.System + " is loaded"}
		}
	}
	return Answer{Verdict: Out}
}

func (s *Service) enumerated(sel definition.Selection, code string) Answer {
	sys := s.system(sel.System, sel.Version)
	fold := false
	if l, ok := sys.(*listed); ok {
		fold = !l.def.CaseSensitive
	}
	for _, c := range sel.Concepts {
		if c.Code == code || fold && strings.EqualFold(c.Code, code) {
			display := c.Display
			if display == "" && sys != nil {
				found, _ := sys.Lookup(code)
				display = found.Display
			}
			return Answer{Verdict: In, Display: display}
		}
	}
	return Answer{Verdict: Out}
}

func describe(system, code string) string {
	if system == "" {
		return "the code " + code
	}
	return system + "#" + code
}
