package definition

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// ValueSet is a ValueSet: which codes an element may or should take.
type ValueSet struct {
	URL, Version, Name, Title, Status string
	Include, Exclude                  []Selection
	// Inactive is compose.inactive: whether codes that are out of use belong to
	// it; nil where the value set does not say.
	Inactive     *bool
	Experimental *bool
	Language     string     // of its text, "" where it does not say
	Supplements  []string   // canonicals of the code system supplements that it needs
	Defaults     []Default  // parameters that its author wants of an expansion
	Expansion    *Expansion // as published with it, nil where it has none
	Source       string
}

// Default is a parameter that a value set asks to be expanded with, by the
// extension valueset-expansion-parameter.
type Default struct{ Name, Value string }

// Selection is one include or exclude of a value set: codes of a system that
// stand in the concept list or pass all filters, and are in all the value sets.
type Selection struct {
	System, Version string
	Concepts        []Concept
	Filters         []Filter
	ValueSets       []string
	// Contained are the value sets of the same resource that ValueSets names by
	// fragments, by their ids; nil for none.
	Contained map[string]*ValueSet
}

// Filter selects codes by a property: is-a, descendent-of, =, regex, in, exists …
type Filter struct{ Property, Op, Value string }

// Expansion is a list of codes that somebody worked out.
type Expansion struct {
	Timestamp string
	Contains  []Coding
}

// Coding is a code with its system and display.
type Coding struct {
	System, Version, Code, Display string
	Abstract, Inactive             bool
}

// CodeSystem is a CodeSystem with the concepts that it carries.
type CodeSystem struct {
	URL, Version, Name, Title, Status string
	Content                           string // complete, fragment, not-present, example, supplement
	CaseSensitive                     bool
	Language                          string // of its displays, "" where it does not say
	Hierarchy                         string // is-a, grouped-by, part-of, classified-with; "" means is-a
	ValueSet                          string // the value set of all its codes
	Supplements                       string
	Declared                          []Declaration
	Concepts                          []Concept
	Source                            string
}

// Declaration is a property that a code system says its concepts may have.
type Declaration struct{ Code, URI, Type string }

// Concept is one code of a system, with the codes below it.
type Concept struct {
	Code, Display, Definition string
	Children                  []Concept
	Properties                []Property
	Designations              []Designation
	// Deprecated says, by an extension, that the code is not to be used any more.
	Deprecated bool
}

// Property is a property of a concept: its value as text, with the type that
// the property name gives (code, string, boolean, Coding …).
type Property struct {
	Code, Type, Value string
	System            string // of a Coding
}

// Designation is another name of a concept, with what it is for: a synonym, a
// fully specified name.
type Designation struct {
	Language string
	Use      Coding
	Value    string
	// Withdrawn says that the name was right once and is not any more.
	Withdrawn bool
	Source    string // the supplement that has it, url|version; "" for the system itself
}

// ConceptMap translates codes between systems.
type ConceptMap struct {
	URL, Version, Name, Title, Status string
	Source, Target                    string // value sets
	Groups                            []MapGroup
	Origin                            string // the file it came from
}

// MapGroup maps the codes of one system to those of another.
type MapGroup struct {
	Source, Target string
	Elements       []MapElement
	UnmappedMode   string // provided, fixed, other-map
	UnmappedCode   string
	UnmappedMap    string // canonical of the other map
}

// MapElement maps one code.
type MapElement struct {
	Code, Display string
	Targets       []MapTarget
}

// MapTarget is what a code maps to. DependsOn are values of other elements
// without which the mapping does not hold, Products are further values that it
// yields.
type MapTarget struct {
	Code, Display, Equivalence, Comment string
	DependsOn, Products                 []MapDependency
}

// MapDependency is the value of an element beside the code that is mapped.
type MapDependency struct{ Property, System, Value, Display string }

// ReadValueSet reads a ValueSet resource.
func ReadValueSet(r *fhir.Resource) *ValueSet {
	v := &ValueSet{
		URL: r.Get("url").Text(), Version: r.Get("version").Text(), Name: r.Get("name").Text(),
		Title: r.Get("title").Text(), Status: r.Get("status").Text(),
	}
	return readValueSet(v, r.Root())
}

const (
	supplementExtension = "http://hl7.org/fhir/StructureDefinition/valueset-supplement"
	parameterExtension  = "http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter"
	deprecatedExtension = "http://hl7.org/fhir/StructureDefinition/valueset-deprecated"
	standingExtension   = "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status"
)

// readValueSet reads what a value set selects from the resource, which may be a
// contained one.
func readValueSet(v *ValueSet, r fhir.Node) *ValueSet {
	v.Inactive, v.Experimental, v.Language = flag(r.Path("compose", "inactive")), flag(r.Get("experimental")), r.Get("language").Text()
	for n := range extended(r, supplementExtension) {
		v.Supplements = append(v.Supplements, n.Get("valueCanonical").Text())
	}
	for n := range extended(r.Get("compose"), parameterExtension) {
		var d Default
		for part := range n.Get("extension").Items() {
			for m := range part.Members() {
				switch {
				case m.Name() == "url":
				case part.Get("url").Text() == "name":
					d.Name = m.Text()
				case part.Get("url").Text() == "value":
					d.Value = m.Text()
				}
			}
		}
		v.Defaults = append(v.Defaults, d)
	}
	contained := readContained(r)
	for n := range r.Path("compose", "include").Items() {
		v.Include = append(v.Include, readSelection(n, contained))
	}
	for n := range r.Path("compose", "exclude").Items() {
		v.Exclude = append(v.Exclude, readSelection(n, contained))
	}
	if x := r.Get("expansion"); x.Get("contains").Exists() {
		v.Expansion = &Expansion{Timestamp: x.Get("timestamp").Text()}
		readContains(x.Get("contains"), v.Expansion)
	}
	return v
}

// readContained reads the value sets that a value set contains, by their ids.
func readContained(r fhir.Node) map[string]*ValueSet {
	var list map[string]*ValueSet
	for n := range r.Get("contained").Items() {
		if id := n.Get("id").Text(); n.Get("resourceType").Text() == "ValueSet" && id != "" {
			if list == nil {
				list = map[string]*ValueSet{}
			}
			list[id] = readValueSet(&ValueSet{URL: n.Get("url").Text(), Version: n.Get("version").Text(), Name: n.Get("name").Text(),
				Title: n.Get("title").Text(), Status: n.Get("status").Text()}, n)
		}
	}
	return list
}

// extended yields the extensions of a node that have a url.
func extended(n fhir.Node, url string) func(func(fhir.Node) bool) {
	return func(yield func(fhir.Node) bool) {
		for x := range n.Get("extension").Items() {
			if x.Get("url").Text() == url && !yield(x) {
				return
			}
		}
	}
}

func readContains(list fhir.Node, into *Expansion) {
	for n := range list.Items() {
		c := Coding{System: n.Get("system").Text(), Version: n.Get("version").Text(), Code: n.Get("code").Text(),
			Display: n.Get("display").Text(), Abstract: n.Get("abstract").Bool(), Inactive: n.Get("inactive").Bool()}
		if c.Code != "" {
			into.Contains = append(into.Contains, c)
		}
		readContains(n.Get("contains"), into)
	}
}

func readSelection(n fhir.Node, contained map[string]*ValueSet) Selection {
	s := Selection{System: n.Get("system").Text(), Version: n.Get("version").Text(), ValueSets: texts(n.Get("valueSet")),
		Concepts: readConcepts(n.Get("concept"))}
	for f := range n.Get("filter").Items() {
		s.Filters = append(s.Filters, Filter{f.Get("property").Text(), f.Get("op").Text(), f.Get("value").Text()})
	}
	if slices.ContainsFunc(s.ValueSets, func(url string) bool { return strings.HasPrefix(url, "#") }) {
		s.Contained = contained
	}
	return s
}

// ReadCodeSystem reads a CodeSystem resource.
func ReadCodeSystem(r *fhir.Resource) *CodeSystem {
	c := &CodeSystem{
		URL: r.Get("url").Text(), Version: r.Get("version").Text(), Name: r.Get("name").Text(),
		Title: r.Get("title").Text(), Status: r.Get("status").Text(), Content: r.Get("content").Text(),
		Language: r.Get("language").Text(), Hierarchy: r.Get("hierarchyMeaning").Text(),
		CaseSensitive: r.Get("caseSensitive").Bool(), ValueSet: r.Get("valueSet").Text(),
		Supplements: r.Get("supplements").Text(), Concepts: readConcepts(r.Get("concept")),
	}
	for p := range r.Get("property").Items() {
		c.Declared = append(c.Declared, Declaration{p.Get("code").Text(), p.Get("uri").Text(), p.Get("type").Text()})
	}
	return c
}

func readConcepts(list fhir.Node) []Concept {
	var out []Concept
	for n := range list.Items() {
		c := Concept{Code: n.Get("code").Text(), Display: n.Get("display").Text(), Definition: n.Get("definition").Text(),
			Children: readConcepts(n.Get("concept"))}
		for p := range n.Get("property").Items() {
			c.Properties = append(c.Properties, readProperty(p))
		}
		for d := range n.Get("designation").Items() {
			name := Designation{Language: d.Get("language").Text(), Use: readCoding(d.Get("use")), Value: d.Get("value").Text()}
			for x := range extended(d, standingExtension) {
				name.Withdrawn = x.Get("valueCode").Text() == "withdrawn"
			}
			c.Designations = append(c.Designations, name)
		}
		for x := range extended(n, deprecatedExtension) {
			c.Deprecated = x.Get("valueBoolean").Bool()
		}
		for x := range extended(n, standingExtension) {
			c.Deprecated = c.Deprecated || x.Get("valueCode").Text() == "deprecated"
		}
		out = append(out, c)
	}
	return out
}

func readCoding(n fhir.Node) Coding {
	return Coding{System: n.Get("system").Text(), Version: n.Get("version").Text(), Code: n.Get("code").Text(), Display: n.Get("display").Text()}
}

func readProperty(n fhir.Node) Property {
	p := Property{Code: n.Get("code").Text()}
	for m := range n.Members() {
		name := m.Name()
		if len(name) > 5 && name[:5] == "value" {
			p.Type, p.Value = name[5:], m.Text()
			if m.Kind() == fhir.Object {
				p.Value, p.System = m.Get("code").Text(), m.Get("system").Text()
			}
		}
	}
	return p
}

// ReadConceptMap reads a ConceptMap resource.
func ReadConceptMap(r *fhir.Resource) *ConceptMap {
	m := &ConceptMap{URL: r.Get("url").Text(), Version: r.Get("version").Text(), Name: r.Get("name").Text(),
		Title: r.Get("title").Text(), Status: r.Get("status").Text(),
		Source: r.Get("sourceUri").Text() + r.Get("sourceCanonical").Text(),
		Target: r.Get("targetUri").Text() + r.Get("targetCanonical").Text()}
	for n := range r.Get("group").Items() {
		g := MapGroup{Source: n.Get("source").Text(), Target: n.Get("target").Text(),
			UnmappedMode: n.Path("unmapped", "mode").Text(), UnmappedCode: n.Path("unmapped", "code").Text(), UnmappedMap: n.Path("unmapped", "url").Text()}
		for e := range n.Get("element").Items() {
			el := MapElement{Code: e.Get("code").Text(), Display: e.Get("display").Text()}
			for t := range e.Get("target").Items() {
				el.Targets = append(el.Targets, MapTarget{t.Get("code").Text(), t.Get("display").Text(), t.Get("equivalence").Text(),
					t.Get("comment").Text(), readDependencies(t.Get("dependsOn")), readDependencies(t.Get("product"))})
			}
			g.Elements = append(g.Elements, el)
		}
		m.Groups = append(m.Groups, g)
	}
	return m
}

func readDependencies(list fhir.Node) []MapDependency {
	var out []MapDependency
	for n := range list.Items() {
		out = append(out, MapDependency{n.Get("property").Text(), n.Get("system").Text(), n.Get("value").Text(), n.Get("display").Text()})
	}
	return out
}
