package definition

import (
	"fmt"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// Set is a collection of definitions by canonical. Later additions of the same
// url and version replace earlier ones; of several versions the one added last
// answers to the bare url.
type Set struct {
	Structures  map[string]*Structure
	ValueSets   map[string]*ValueSet
	CodeSystems map[string]*CodeSystem
	ConceptMaps map[string]*ConceptMap
	// Forms are the Questionnaires and Measures that answers and reports are validated against.
	Forms map[Form]*fhir.Resource
}

// Form names a Questionnaire or Measure.
type Form struct{ Type, Canonical string }

// NewSet gives an empty set.
func NewSet() *Set {
	return &Set{map[string]*Structure{}, map[string]*ValueSet{}, map[string]*CodeSystem{}, map[string]*ConceptMap{}, map[Form]*fhir.Resource{}}
}

// Add reads a conformance resource into the set. It reports false for resource
// types that define nothing here.
func (s *Set) Add(r *fhir.Resource, source string) (bool, error) {
	if r.Get("url").Text() == "" && slices.Contains([]string{"StructureDefinition", "ValueSet", "CodeSystem"}, r.Type()) {
		return false, fmt.Errorf("%s: a %s without a url cannot be referred to", source, r.Type())
	}
	switch r.Type() {
	case "StructureDefinition":
		d := ReadStructure(r)
		d.Source = source
		s.AddStructure(d)
	case "ValueSet":
		d := ReadValueSet(r)
		d.Source = source
		s.AddValueSet(d)
	case "CodeSystem":
		d := ReadCodeSystem(r)
		d.Source = source
		s.AddCodeSystem(d)
	case "ConceptMap":
		d := ReadConceptMap(r)
		if d.URL == "" {
			return false, nil // it translates by its id alone
		}
		d.Origin = source
		s.AddConceptMap(d)
	case "Questionnaire", "Measure":
		url := r.Get("url").Text()
		if url == "" {
			return false, nil // none refers to it by a canonical
		}
		s.Forms[Form{r.Type(), url}] = r
		s.Forms[Form{r.Type(), canonical(url, r.Get("version").Text())}] = r
	default:
		return false, nil
	}
	return true, nil
}

// AddStructure puts a structure into the set.
func (s *Set) AddStructure(d *Structure) { put(s.Structures, d.URL, d.Version, d) }

// AddValueSet puts a value set into the set.
func (s *Set) AddValueSet(d *ValueSet) { put(s.ValueSets, d.URL, d.Version, d) }

// AddCodeSystem puts a code system into the set. A supplement never answers to
// the url of another system: it has its own.
func (s *Set) AddCodeSystem(d *CodeSystem) { put(s.CodeSystems, d.URL, d.Version, d) }

func put[T any](m map[string]T, url, version string, d T) {
	m[url] = d
	if version != "" {
		m[canonical(url, version)] = d
	}
}

// Merge adds all of another set.
func (s *Set) Merge(o *Set) {
	for k, v := range o.Structures {
		s.Structures[k] = v
	}
	for k, v := range o.ValueSets {
		s.ValueSets[k] = v
	}
	for k, v := range o.CodeSystems {
		s.CodeSystems[k] = v
	}
	for k, v := range o.ConceptMaps {
		s.ConceptMaps[k] = v
	}
	for k, v := range o.Forms {
		s.Forms[k] = v
	}
}

// Without returns the definitions of the set whose url, without its version, is not
// of one that hidden says yes to; of a type such as "ValueSet".
func (s *Set) Without(hidden func(typ, url string) bool) *Set {
	out := NewSet()
	keep(out.Structures, s.Structures, "StructureDefinition", hidden)
	keep(out.ValueSets, s.ValueSets, "ValueSet", hidden)
	keep(out.CodeSystems, s.CodeSystems, "CodeSystem", hidden)
	keep(out.ConceptMaps, s.ConceptMaps, "ConceptMap", hidden)
	for k, r := range s.Forms {
		if url, _ := SplitCanonical(k.Canonical); !hidden(k.Type, url) {
			out.Forms[k] = r
		}
	}
	return out
}

func keep[T any](out, from map[string]T, typ string, hidden func(typ, url string) bool) {
	for key, d := range from {
		if url, _ := SplitCanonical(key); !hidden(typ, url) {
			out[key] = d
		}
	}
}

// Has reports whether there is a definition of a type and url.
func (s *Set) Has(typ, url string) (there bool) {
	switch typ {
	case "StructureDefinition":
		_, there = s.Structures[url]
	case "ValueSet":
		_, there = s.ValueSets[url]
	case "CodeSystem":
		_, there = s.CodeSystems[url]
	case "ConceptMap":
		_, there = s.ConceptMaps[url]
	}
	return there
}

// AddConceptMap puts a concept map into the set.
func (s *Set) AddConceptMap(d *ConceptMap) { put(s.ConceptMaps, d.URL, d.Version, d) }

// Change takes definitions out and puts others in. What lies below shows again
// where nothing is put in its place. It costs what was and now are, not the set.
func (s *Set) Change(was, now, below *Set) {
	change(s.Structures, was.Structures, now.Structures, below.Structures)
	change(s.ValueSets, was.ValueSets, now.ValueSets, below.ValueSets)
	change(s.CodeSystems, was.CodeSystems, now.CodeSystems, below.CodeSystems)
	change(s.ConceptMaps, was.ConceptMaps, now.ConceptMaps, below.ConceptMaps)
}

func change[T any](in, was, now, below map[string]T) {
	for key := range was {
		if d, ok := below[key]; ok {
			in[key] = d
		} else {
			delete(in, key)
		}
	}
	for key, d := range now {
		in[key] = d
	}
}
