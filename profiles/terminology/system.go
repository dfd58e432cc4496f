package terminology

import (
	"iter"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Concept is a code as a system knows it.
type Concept struct {
	Code, Display, Definition string
	Abstract, Inactive        bool
	Deprecated                bool // still in use, to be left
	Properties                []definition.Property
	Designations              []definition.Designation
	Parents                   []string
}

// System is a code system whose content is at hand. It is safe for concurrent
// use.
type System interface {
	URL() string
	Version() string
	// Name is what people call it.
	Name() string
	// Complete says that the code, where Lookup does not find it, does not
	// exist; a system that is loaded in part cannot say that of every code.
	Complete(code string) bool
	Lookup(code string) (Concept, bool)
	// Subsumes reports whether descendant stands below ancestor, at any depth; a
	// code does not stand below itself.
	Subsumes(ancestor, descendant string) bool
	// Select gives the codes that pass all filters. The error says what the
	// system cannot answer.
	Select(filters []definition.Filter) (Selected, error)
}

// Selected is what filters select of a system: a test, and all codes in order
// for systems that can list them (nil for grammars). The listed concepts need
// hold no more than code, display and whether they are abstract or inactive.
type Selected struct {
	Has func(code string) bool
	All iter.Seq[Concept]
	// Partial, where it is set, says what is missing so that a code which Has
	// denies may be selected all the same.
	Partial string
}

// Implied is a system that has value sets without a definition, known by their
// urls: http://snomed.info/sct?fhir_vs=isa/138875005.
type Implied interface {
	System
	// ValueSet gives the value set of a url, nil where it has none of that url.
	ValueSet(url string) *definition.ValueSet
}
