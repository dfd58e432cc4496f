package snomed

import (
	"slices"
	"sync"

	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// System is the url of SNOMED CT in FHIR.
const System = "http://snomed.info/sct"

// Edition is a loaded release. It never changes and is safe for concurrent use.
type Edition struct {
	version    string
	ids        []ID // ascending; the place of an id is its concept's number
	flags      []uint8
	names      []name
	namesFrom  []uint32 // where the names of a concept begin in names
	text       []byte
	parents    runs
	children   runs
	ancestors  runs
	attributes attributes
	became     map[ID][]edge // by the reference set of the association
	refsets    map[ID][]uint32
	namespaces map[uint32]bool // of which the release holds all concepts

	mu       sync.Mutex
	compiled map[string]*answerSet // of constraints
}

const (
	active = 1 << iota
	defined
)

// name is one description of a concept. The first of a concept is its display.
type name struct {
	at   uint32
	size uint16
	kind uint8 // fsn, synonym
	lang uint8 // place in languages
	rank uint8 // of the language reference set that prefers it, 0 for none
}

const (
	synonym = iota
	fsn
)

var _ terminology.Implied = (*Edition)(nil)

// URL is that of SNOMED CT.
func (e *Edition) URL() string { return System }

// Version is the URI of the edition with its date, "" where the release does
// not say.
func (e *Edition) Version() string { return e.version }

// Name is SNOMED CT.
func (e *Edition) Name() string { return "SNOMED CT" }

// Language is that of the displays.
func (e *Edition) Language() string { return "en-GB" }

// Len counts the concepts.
func (e *Edition) Len() int { return len(e.ids) }

// Complete says that a code that is not found does not exist: it is no
// identifier of a concept at all, or of a namespace that the release holds.
// Of expressions nothing can be said.
func (e *Edition) Complete(code string) bool {
	id, ok := ParseID(code)
	if ok {
		return e.namespaces[id.namespace()]
	}
	for i := range len(code) {
		if c := code[i]; c < '0' || c > '9' {
			return len(code) < 18 && !containsAny(code, " :=+|<{(")
		}
	}
	return true
}

func containsAny(s, chars string) bool {
	for i := range len(s) {
		for j := range len(chars) {
			if s[i] == chars[j] {
				return true
			}
		}
	}
	return false
}

// number finds a concept.
func (e *Edition) number(code string) (uint32, bool) {
	n, ok := digits([]byte(code))
	if !ok || code[0] == '0' {
		return 0, false
	}
	return e.find(ID(n))
}

func (e *Edition) find(id ID) (uint32, bool) {
	i, found := slices.BinarySearch(e.ids, id)
	return uint32(i), found
}

// Lookup finds a concept with all its names and its place in the hierarchy.
func (e *Edition) Lookup(code string) (terminology.Concept, bool) {
	n, ok := e.number(code)
	if !ok {
		return terminology.Concept{}, false
	}
	c := e.brief(n)
	for _, d := range e.names[e.namesFrom[n]:e.namesFrom[n+1]] {
		c.Designations = append(c.Designations, e.designation(d))
	}
	for _, p := range e.parents.of(n) {
		c.Parents = append(c.Parents, e.ids[p].String())
	}
	c.Properties = []definition.Property{
		{Code: "inactive", Type: "Boolean", Value: boolean(c.Inactive)},
		{Code: "sufficientlyDefined", Type: "Boolean", Value: boolean(e.flags[n]&defined != 0)},
	}
	for _, k := range e.children.of(n) {
		c.Properties = append(c.Properties, definition.Property{Code: "child", Type: "Code", Value: e.ids[k].String()})
	}
	first, end := e.attributes.of(n)
	for i := first; i < end; i++ {
		c.Properties = append(c.Properties, definition.Property{Code: e.ids[e.attributes.typ[i]].String(), Type: "Code", Value: e.ids[e.attributes.to[i]].String()})
	}
	return c, true
}

func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// brief is a concept without its relations.
func (e *Edition) brief(n uint32) terminology.Concept {
	c := terminology.Concept{Code: e.ids[n].String(), Inactive: e.flags[n]&active == 0}
	if from := e.namesFrom[n]; from < e.namesFrom[n+1] {
		c.Display = e.term(e.names[from])
	}
	return c
}

func (e *Edition) term(d name) string { return string(e.text[d.at : d.at+uint32(d.size)]) }

// uses are the description types of SNOMED CT.
var uses = [...]definition.Coding{
	synonym: {System: System, Code: "900000000000013009", Display: "Synonym"},
	fsn:     {System: System, Code: "900000000000003001", Display: "Fully specified name"},
}

func (e *Edition) designation(d name) definition.Designation {
	out := definition.Designation{Language: languages[d.lang], Use: uses[d.kind], Value: e.term(d)}
	if d.kind == synonym && d.rank > 0 {
		r := languageRefsets[len(languageRefsets)-int(d.rank)]
		out.Language = r.language
		out.Use = definition.Coding{System: System, Code: "900000000000548007", Display: "Preferred"}
	}
	return out
}

// Subsumes reports whether one concept is an ancestor of another.
func (e *Edition) Subsumes(ancestor, descendant string) bool {
	a, ok := e.number(ancestor)
	d, known := e.number(descendant)
	return ok && known && e.ancestors.has(d, a)
}
