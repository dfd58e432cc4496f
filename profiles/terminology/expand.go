package terminology

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Expansion is a page of the codes of a value set.
type Expansion struct {
	ValueSet *definition.ValueSet
	Total    int
	Offset   int
	Contains []definition.Coding
}

// errTooMany ends an expansion that was to be small.
var errTooMany = errors.New("too many codes")

// MaxExpansion bounds what Expand works out.
const MaxExpansion = 100_000

// Expand lists the codes of a value set, in the order of its definition: those
// whose code or display has the text in it, from offset on, at most count
// (count < 0: all). The error is a [*fhir.Error].
func (s *Service) Expand(canonical, text string, offset, count int) (*Expansion, error) {
	v := s.ValueSet(canonical)
	if v == nil {
		return nil, fhir.E("expand", fhir.NotFound, fhir.Issue{Message: "The value set is not known.", Found: canonical,
			Fix: "Store it on the server, or load the package that defines it."})
	}
	return s.ExpandDefinition(v, text, offset, count)
}

// ExpandDefinition is Expand for a value set that need not be stored.
func (s *Service) ExpandDefinition(v *definition.ValueSet, text string, offset, count int) (*Expansion, error) {
	list, err := s.enumerate(v, MaxExpansion)
	if errors.Is(err, errTooMany) {
		return nil, fhir.E("expand", fhir.TooCostly, fhir.Issue{Message: "The value set has too many codes to list.",
			Expected: fmt.Sprintf("at most %d codes", MaxExpansion), Fix: "Ask $validate-code about single codes instead."})
	}
	if err != nil {
		return nil, fhir.E("expand", fhir.NotSupported, fhir.Issue{Message: "The value set cannot be expanded here: " + err.Error() + "."})
	}
	if text != "" {
		text = strings.ToLower(text)
		var hits []definition.Coding
		for _, c := range list {
			if strings.Contains(strings.ToLower(c.Display), text) || strings.Contains(strings.ToLower(c.Code), text) {
				hits = append(hits, c)
			}
		}
		list = hits
	}
	e := &Expansion{ValueSet: v, Total: len(list), Offset: offset}
	list = list[min(max(offset, 0), len(list)):]
	if count >= 0 && count < len(list) {
		list = list[:count]
	}
	e.Contains = list
	return e, nil
}

// enumerate lists all codes, at most limit.
func (s *Service) enumerate(v *definition.ValueSet, limit int) ([]definition.Coding, error) {
	if len(v.Include) == 0 && v.Expansion != nil {
		return v.Expansion.Contains, nil
	}
	seen := map[[2]string]bool{}
	var out []definition.Coding
	for _, sel := range v.Include {
		err := s.list(sel, limit, 0, func(c definition.Coding) error {
			key := [2]string{c.System, c.Code}
			if seen[key] {
				return nil
			}
			seen[key] = true
			for _, x := range v.Exclude {
				switch a := s.selected(x, c.System, c.Version, c.Code, 0); a.Verdict {
				case In:
					return nil
				case Unknown:
					return errors.New(a.Reason)
				}
			}
			if len(out) >= limit {
				return errTooMany
			}
			out = append(out, c)
			return nil
		})
		if err != nil && v.Expansion != nil && !errors.Is(err, errTooMany) {
			return v.Expansion.Contains, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// list gives the codes of one include.
func (s *Service) list(sel definition.Selection, limit, depth int, yield func(definition.Coding) error) error {
	if sel.System == "" || len(sel.ValueSets) > 0 {
		return s.listImported(sel, limit, depth, yield)
	}
	sys := s.system(sel.System, sel.Version)
	if len(sel.Concepts) > 0 {
		for _, c := range sel.Concepts {
			coding := definition.Coding{System: sel.System, Code: c.Code, Display: c.Display}
			if sys != nil {
				if found, ok := sys.Lookup(c.Code); ok {
					coding.Version, coding.Inactive = sys.Version(), found.Inactive
					if coding.Display == "" {
						coding.Display = found.Display
					}
				}
			}
			if err := yield(coding); err != nil {
				return err
			}
		}
		return nil
	}
	if sys == nil {
		return errors.New(missing(sel.System))
	}
	picked, ok := sys.Select(sel.Filters)
	if !ok || picked.All == nil {
		return errors.New("the codes of " + sel.System + " cannot be listed")
	}
	for c := range picked.All {
		coding := definition.Coding{System: sel.System, Version: sys.Version(), Code: c.Code, Display: c.Display, Abstract: c.Abstract, Inactive: c.Inactive}
		if err := yield(coding); err != nil {
			return err
		}
	}
	return nil
}

// listImported gives the codes that are in all imported value sets and, where
// the include names a system, selected from it.
func (s *Service) listImported(sel definition.Selection, limit, depth int, yield func(definition.Coding) error) error {
	if depth > maxNesting {
		return errors.New("a value set includes itself")
	}
	if len(sel.ValueSets) == 0 {
		return errors.New("an include names neither a system nor a value set")
	}
	first := s.ValueSet(sel.ValueSets[0])
	if first == nil {
		return errors.New("the value set " + sel.ValueSets[0] + " is not known")
	}
	list, err := s.enumerate(first, limit)
	if err != nil {
		return err
	}
	rest := sel
	rest.ValueSets = sel.ValueSets[1:]
	for _, c := range list {
		switch a := s.selected(rest, c.System, c.Version, c.Code, depth+1); a.Verdict {
		case Unknown:
			return errors.New(a.Reason)
		case In:
			if err := yield(c); err != nil {
				return err
			}
		}
	}
	return nil
}
