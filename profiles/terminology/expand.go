package terminology

import (
	"errors"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Expansion is a page of the codes of a value set.
type Expansion struct {
	ValueSet *definition.ValueSet
	Total    int // on all pages
	Offset   int
	Contains []definition.Coding
	// Systems are the code systems that the codes came from, url|version.
	Systems []string
	// Fragments are those of them that are known in part only.
	Fragments []string
}

// Query asks for an expansion. The zero value asks for all codes.
type Query struct {
	Text   string // every word of it stands in the code, its display or another name of it
	Offset int    // codes to pass over
	Count  int    // most codes to give; 0 for all
	// Only counts, and gives no codes.
	Only bool
	// ActiveOnly leaves out codes that are out of use, Selectable those that
	// only group others.
	ActiveOnly, Selectable bool
	Language               string   // of the displays: a BCP 47 tag, or a list as in Accept-Language
	Without                []string // urls of code systems to leave out
}

// errTooMany ends an expansion that was to be small.
var errTooMany = errors.New("too many codes")

// MaxExpansion bounds how many codes an expansion gives at once.
const MaxExpansion = 100_000

// Expand lists the codes of a value set, in the order of its definition: those
// whose code or display has the text in it, from offset on, at most count
// (count < 0: all). The error is a [*fhir.Error].
func (s *Service) Expand(canonical, text string, offset, count int) (*Expansion, error) {
	v := s.ValueSet(canonical)
	if v == nil {
		return nil, unknownValueSet("expand", canonical)
	}
	return s.ExpandDefinition(v, Query{Text: text, Offset: offset, Count: max(count, 0), Only: count == 0})
}

func unknownValueSet(op, canonical string) error {
	return fhir.E(op, fhir.NotFound, fhir.Issue{Message: "The value set is not known.", Found: canonical, Details: txIssue("not-found"),
		Fix: "Store it on the server, or load the package that defines it."})
}

// ExpandDefinition expands a value set that need not be stored. The error is a
// [*fhir.Error].
func (s *Service) ExpandDefinition(v *definition.ValueSet, q Query) (*Expansion, error) {
	e := &Expansion{ValueSet: v, Offset: q.Offset}
	words := strings.Fields(strings.ToLower(q.Text))
	languages := tags(q.Language)
	err := s.each(v, 0, func(c definition.Coding) error {
		if q.ActiveOnly && c.Inactive || q.Selectable && c.Abstract || slices.Contains(q.Without, c.System) || !s.says(c, words) {
			return nil
		}
		e.Total++
		if sys := strings.TrimSuffix(c.System+"|"+c.Version, "|"); !slices.Contains(e.Systems, sys) {
			e.Systems = append(e.Systems, sys)
			if known, _ := s.system(c.System, c.Version); partial(known) {
				e.Fragments = append(e.Fragments, sys)
			}
		}
		if q.Only || e.Total <= q.Offset || q.Count > 0 && len(e.Contains) >= q.Count {
			return nil
		}
		if len(e.Contains) == MaxExpansion {
			return errTooMany
		}
		if languages != nil {
			c.Display = s.displayed(c, languages, exclusive(q.Language))
		}
		e.Contains = append(e.Contains, c)
		return nil
	})
	if err != nil {
		return nil, unexpanded(err)
	}
	return e, nil
}

// partial reports whether a system says of itself that it is only a part.
func partial(sys System) bool {
	if s, ok := sys.(*supplemented); ok {
		return partial(s.System)
	}
	l, ok := sys.(*listed)
	return ok && (l.def.Content == "fragment" || l.def.Content == "example")
}

// says reports whether every word stands in a name of the code.
func (s *Service) says(c definition.Coding, words []string) bool {
	if len(words) == 0 || containsAll(c.Code+" "+c.Display, words) {
		return true
	}
	sys, _ := s.system(c.System, c.Version)
	if sys == nil {
		return false
	}
	found, _ := sys.Lookup(c.Code)
	return slices.ContainsFunc(found.Designations, func(d definition.Designation) bool { return containsAll(d.Value, words) })
}

func containsAll(text string, words []string) bool {
	text = strings.ToLower(text)
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// enumerate lists all codes, at most limit.
func (s *Service) enumerate(v *definition.ValueSet, limit int) ([]definition.Coding, error) {
	var out []definition.Coding
	err := s.each(v, 0, func(c definition.Coding) error {
		if len(out) >= limit {
			return errTooMany
		}
		out = append(out, c)
		return nil
	})
	return out, err
}

// each gives all codes of a value set, each once.
func (s *Service) each(v *definition.ValueSet, depth int, yield func(definition.Coding) error) error {
	if !s.effort.step() {
		return errComplex
	}
	if depth > maxNesting {
		return selfIncluding(v)
	}
	if len(v.Include) == 0 && v.Expansion != nil {
		return published(v, yield)
	}
	if v.Expansion != nil && s.unlistable(v, depth) != nil {
		return published(v, yield)
	}
	once := func(c definition.Coding) error { return yield(c) }
	if len(v.Include) > 1 || len(v.Include) == 1 && len(v.Include[0].Concepts) > 0 {
		seen := map[[2]string]bool{}
		once = func(c definition.Coding) error {
			key := [2]string{c.System, c.Code}
			if seen[key] {
				return nil
			}
			seen[key] = true
			return yield(c)
		}
	}
	for _, sel := range v.Include {
		err := s.list(sel, depth, func(c definition.Coding) error {
			if v.Inactive != nil && !*v.Inactive && c.Inactive {
				return nil
			}
			for _, x := range v.Exclude {
				switch a := s.selected(x, c.System, c.Version, c.Code, depth); a.Verdict {
				case In:
					return nil
				case Unknown:
					return errors.New(a.Reason)
				}
			}
			return once(c)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func published(v *definition.ValueSet, yield func(definition.Coding) error) error {
	for _, c := range v.Expansion.Contains {
		if err := yield(c); err != nil {
			return err
		}
	}
	return nil
}

// errFirst ends a listing at its first code.
var errFirst = errors.New("first")

// unlistable says why a value set cannot be worked out here, nil where it can.
func (s *Service) unlistable(v *definition.ValueSet, depth int) error {
	for _, sel := range v.Include {
		if err := s.list(sel, depth, func(definition.Coding) error { return errFirst }); err != nil && !errors.Is(err, errFirst) {
			return err
		}
	}
	return nil
}

// list gives the codes of one include.
func (s *Service) list(sel definition.Selection, depth int, yield func(definition.Coding) error) error {
	if sel.System == "" || len(sel.ValueSets) > 0 {
		return s.listImported(sel, depth, yield)
	}
	sys, exact := s.system(sel.System, sel.Version)
	if len(sel.Concepts) > 0 {
		if sys != nil {
			if must := s.wanted.barred(sel.System, sys.Version()); must != "" {
				return barredVersion(sel.System, sys.Version(), must)
			}
		}
		return listConcepts(sel, sys, yield)
	}
	if sys == nil {
		return errors.New(missing(sel.System))
	}
	if !exact {
		return lacking{otherVersion(sys, sel.Version)}
	}
	if must := s.wanted.barred(sel.System, sys.Version()); must != "" {
		return barredVersion(sel.System, sys.Version(), must)
	}
	p, err := sys.Select(sel.Filters)
	if err != nil {
		return err
	}
	if p.All == nil {
		return errors.New("the codes of " + sys.Name() + " follow a rule and cannot be listed")
	}
	if p.Partial != "" {
		return errors.New(p.Partial)
	}
	for c := range p.All {
		if !s.effort.step() {
			return errComplex
		}
		coding := definition.Coding{System: sel.System, Version: sys.Version(), Code: c.Code, Display: c.Display, Abstract: c.Abstract, Inactive: c.Inactive}
		if err := yield(coding); err != nil {
			return err
		}
	}
	return nil
}

func listConcepts(sel definition.Selection, sys System, yield func(definition.Coding) error) error {
	for _, c := range sel.Concepts {
		coding := definition.Coding{System: sel.System, Version: sel.Version, Code: c.Code, Display: c.Display}
		if sys != nil {
			if found, ok := sys.Lookup(c.Code); ok {
				coding.Version, coding.Inactive, coding.Abstract = sys.Version(), found.Inactive, found.Abstract
				if coding.Display == "" {
					coding.Display = found.Display
				}
			} else if sys.Complete(c.Code) && sel.Version == "" {
				continue // it does not exist
			}
		}
		if err := yield(coding); err != nil {
			return err
		}
	}
	return nil
}

// listImported gives the codes that are in all imported value sets and, where
// the include names a system, selected from it.
func (s *Service) listImported(sel definition.Selection, depth int, yield func(definition.Coding) error) error {
	if len(sel.ValueSets) == 0 {
		return errors.New("an include names neither a system nor a value set")
	}
	first := s.imported(sel, sel.ValueSets[0])
	if first == nil {
		return lacking{"the value set " + sel.ValueSets[0] + " is not known"}
	}
	rest := sel
	rest.ValueSets = sel.ValueSets[1:]
	return s.each(first, depth+1, func(c definition.Coding) error {
		if rest.System == "" && len(rest.ValueSets) == 0 {
			return yield(c)
		}
		switch a := s.selected(rest, c.System, c.Version, c.Code, depth+1); a.Verdict {
		case Unknown:
			return errors.New(a.Reason)
		case In:
			return yield(c)
		}
		return nil
	})
}
