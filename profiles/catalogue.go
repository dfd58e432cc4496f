package profiles

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/snapshot"
)

// Entry is one definition of a library as it is listed and read by.
type Entry struct {
	Type, ID                          string // of the resource: StructureDefinition, UKCore-Patient
	URL, Version, Name, Title, Status string
	Kind                              string         // profile, extension, type, value set, code system, concept map
	Source                            string         // the file it came from, "" for R4 itself
	Head                              *fhir.Resource // url, name, status … without content, for a search
}

// Canonical is the url with the version, where it has one.
func (e *Entry) Canonical() string { return strings.TrimSuffix(e.URL+"|"+e.Version, "|") }

type catalogue struct {
	list []Entry // by type and url
	byID map[[2]string]*Entry
}

// Entries lists the definitions of R4 and those built in or configured, by
// type and url; those stored on the server are read there. The list is not to
// be changed.
func (l *Library) Entries() []Entry { return l.catalogue().list }

// Entry finds a definition by the id that it is read by; nil if there is none.
func (l *Library) Entry(typ, id string) *Entry { return l.catalogue().byID[[2]string{typ, id}] }

// Resource gives the whole definition of an entry as a resource; a profile with
// its snapshot.
func (l *Library) Resource(e *Entry) (*fhir.Resource, error) {
	var r *fhir.Resource
	terms := l.terms.Definitions()
	switch e.Type {
	case "StructureDefinition":
		s, err := l.Structure(e.URL)
		if err != nil { // what cannot be unfolded is read as it was written
			l.mu.RLock()
			s = l.set.Structures[e.URL]
			l.mu.RUnlock()
		}
		r = s.Resource()
	case "ValueSet":
		r = terms.ValueSets[e.URL].Resource()
	case "CodeSystem":
		r = terms.CodeSystems[e.URL].Resource()
	case "ConceptMap":
		r = terms.ConceptMaps[e.URL].Resource()
	}
	if r.ID() == e.ID {
		return r, nil
	}
	edit := fhir.NewEdit(r)
	edit.ReplaceString(r.Get("id"), e.ID)
	return edit.Apply()
}

func (l *Library) catalogue() *catalogue {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listing != nil {
		return l.listing
	}
	c := &catalogue{byID: map[[2]string]*Entry{}}
	for _, t := range r4.Types() {
		if t.Kind != r4.Backbone {
			c.structure(snapshot.Base(t.Name), "type")
		}
	}
	for key, s := range l.own.Structures {
		if key == s.URL {
			c.structure(s, entryKind(s))
		}
	}
	terms := l.terms.Definitions()
	for key, v := range terms.ValueSets {
		if key == v.URL {
			c.add(Entry{Type: "ValueSet", URL: v.URL, Version: v.Version, Name: v.Name, Title: v.Title, Status: v.Status, Kind: "value set", Source: v.Source})
		}
	}
	for key, s := range terms.CodeSystems {
		if key == s.URL {
			c.add(Entry{Type: "CodeSystem", URL: s.URL, Version: s.Version, Name: s.Name, Title: s.Title, Status: s.Status, Kind: "code system", Source: s.Source})
		}
	}
	for key, m := range terms.ConceptMaps {
		if key == m.URL {
			c.add(Entry{Type: "ConceptMap", URL: m.URL, Version: m.Version, Name: m.Name, Title: m.Title, Status: m.Status, Kind: "concept map", Source: m.Origin})
		}
	}
	c.number()
	l.listing = c
	return c
}

func entryKind(s *definition.Structure) string {
	switch {
	case s.IsExtension():
		return "extension"
	case s.Derivation == "constraint":
		return "profile"
	}
	return "type"
}

func (c *catalogue) structure(s *definition.Structure, kind string) {
	e := Entry{Type: "StructureDefinition", URL: s.URL, Version: s.Version, Name: s.Name, Title: s.Title, Status: s.Status, Kind: kind, Source: s.Source}
	head := *s
	head.Snapshot, head.Differential = nil, nil
	e.Head = head.Resource()
	c.add(e)
}

func (c *catalogue) add(e Entry) {
	if e.Status == "" {
		e.Status = "active"
	}
	if e.Head == nil {
		e.Head = fhir.Obj("resourceType", e.Type, "url", e.URL, "version", e.Version, "name", e.Name, "title", e.Title, "status", e.Status).Resource()
	}
	c.list = append(c.list, e)
}

// number gives the ids. Two urls that end alike are told apart by a number.
func (c *catalogue) number() {
	sorting.By(c.list, func(a, b Entry) int {
		if a.Type != b.Type {
			return strings.Compare(a.Type, b.Type)
		}
		return strings.Compare(a.URL, b.URL)
	})
	for i := range c.list {
		e := &c.list[i]
		e.ID = definition.ResourceID(e.URL)
		for n := 2; c.byID[[2]string{e.Type, e.ID}] != nil; n++ {
			suffix := fmt.Sprint("-", n)
			id := definition.ResourceID(e.URL)
			e.ID = id[:min(len(id), 64-len(suffix))] + suffix
		}
		c.byID[[2]string{e.Type, e.ID}] = e
	}
}
