package terminology

import (
	"iter"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Concept is a code as a system knows it.
type Concept struct {
	Code, Display, Definition string
	Abstract, Inactive        bool
	Properties                []definition.Property
	Designations              []definition.Designation
	Parents                   []string
}

// System is a code system whose content is at hand.
type System interface {
	URL() string
	Version() string
	// Complete says that a code that is not found does not exist; a fragment
	// cannot say that.
	Complete() bool
	Lookup(code string) (Concept, bool)
	// Subsumes reports whether descendant stands below ancestor, at any depth; a
	// code does not stand below itself.
	Subsumes(ancestor, descendant string) bool
	// Select gives the codes that pass all filters; ok is false where the
	// system does not know a filter.
	Select(filters []definition.Filter) (s Selected, ok bool)
}

// Selected is what filters select of a system: a test, and all codes in order
// for systems that can list them (nil for grammars).
type Selected struct {
	Has func(code string) bool
	All iter.Seq[Concept]
}
