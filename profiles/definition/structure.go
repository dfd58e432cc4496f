// Package definition models the conformance resources that say what a FHIR
// resource looks like - StructureDefinition, ValueSet, CodeSystem, ConceptMap -
// as far as validation and terminology need them, and reads them from resources
// and FHIR packages.
package definition

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Structure is a StructureDefinition.
type Structure struct {
	URL, Version, Name, Title, Status string
	Kind                              string // primitive-type, complex-type, resource, logical
	Type                              string // the type it describes: Patient, Extension
	Base                              string // canonical of the definition it constrains, "" for a root
	Derivation                        string // constraint, specialization
	Abstract                          bool
	Contexts                          []Context
	ContextInvariants                 []string
	Differential, Snapshot            []*Element
	Source                            string // the file it came from
}

// Canonical is the url with the version, where it has one.
func (s *Structure) Canonical() string { return canonical(s.URL, s.Version) }

// IsExtension reports whether the structure defines an extension.
func (s *Structure) IsExtension() bool { return s.Type == "Extension" }

// Context is where an extension may stand.
type Context struct {
	Type       string // element, extension, fhirpath
	Expression string
}

// Element is one ElementDefinition. In a differential a nil or empty field
// says "as the base has it".
type Element struct {
	ID, Path, SliceName string
	Slicing             *Slicing
	Min                 *int
	Max                 string // "" unset, "*" unbounded
	BasePath            string // snapshot: where the element comes from
	BaseMin             int
	BaseMax             string
	ContentReference    string // "#Bundle.link"
	Types               []Type
	Fixed, Pattern      *Value
	MinValue, MaxValue  *Value
	MaxLength           int // 0 unset
	Demands             *Demands
	Binding             *Binding
	Constraints         []Constraint
	MustSupport         *bool
	Modifier, Summary   *bool
	Short               string
}

// Slicing says how the slices of an element are told apart.
type Slicing struct {
	Discriminators []Discriminator
	Rules          string // open, closed, openAtEnd
	Ordered        bool
}

// Discriminator is one way to tell slices apart.
type Discriminator struct {
	Type string // value, exists, pattern, type, profile
	Path string // FHIRPath subset: system, $this, resolve().code, extension('url').value
}

// Type is a type that an element may have.
type Type struct {
	Code           string
	Profiles       []string // the value must conform to one of these
	TargetProfiles []string // a reference must point to one of these
	Aggregation    []string // contained, referenced, bundled
	Versioning     string
}

// Value is a fixed, pattern, minimum or maximum value with the type that its
// property name gives.
type Value struct {
	Type string // Coding, uri
	Node fhir.Node
}

// Binding ties an element to a value set.
type Binding struct {
	Strength string // required, extensible, preferred, example
	ValueSet string // canonical, may carry |version
	Max      string // maxValueSet: no value outside it
	More     []Additional
}

// Constraint is an invariant.
type Constraint struct {
	Key, Severity, Human, Expression string
	Source                           string
}

// Last is the last step of the path without a slice name: "value[x]".
func (e *Element) Last() string { return e.Path[strings.LastIndexByte(e.Path, '.')+1:] }

// Bounds gives min and max with max -1 for unbounded; unset bounds are 0 and
// unbounded.
func (e *Element) Bounds() (low, high int) {
	if e.Min != nil {
		low = *e.Min
	}
	return low, maximum(e.Max)
}

func maximum(s string) int {
	if s == "" || s == "*" {
		return -1
	}
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// Clone copies the element; the slices and pointers in it are copied too,
// except for values, which never change.
func (e *Element) Clone() *Element {
	c := *e
	if e.Slicing != nil {
		s := *e.Slicing
		s.Discriminators = append([]Discriminator(nil), s.Discriminators...)
		c.Slicing = &s
	}
	c.Types = append([]Type(nil), e.Types...)
	c.Constraints = append([]Constraint(nil), e.Constraints...)
	if e.Binding != nil {
		b := *e.Binding
		c.Binding = &b
	}
	return &c
}

func canonical(url, version string) string {
	if version == "" {
		return url
	}
	return url + "|" + version
}

// SplitCanonical takes a canonical apart into url and version.
func SplitCanonical(c string) (url, version string) {
	url, version, _ = strings.Cut(c, "|")
	return url, version
}
