package r4

import (
	"slices"
	"sort"
)

// Kind is what sort of type a [Type] is.
type Kind uint8

// The kinds of type. A Backbone is defined in the place where it is used and
// named by its path: Patient.contact, Timing.repeat.
const (
	Primitive Kind = iota
	Complex
	Backbone
	Resource
)

// Type is one R4 type: a primitive, a data type, a resource or the content of a
// backbone element.
type Type struct {
	Name        string
	Kind        Kind
	Base        string // the type it is derived from: DomainResource, Quantity, uri
	Abstract    bool
	Elements    []Element     // with those inherited, in the order of the definition
	Constraints []*Constraint // with those inherited; of a backbone only ele-1

	seed  uint32
	index []byte // 1 + the place in props of the name with that hash
	props []Property
}

// Property is one JSON member that a type may have. Each type of a choice is a
// property of its own: valueQuantity, valueString.
type Property struct {
	JSON    string
	Type    string // Quantity, Patient.contact; Resource where any resource may stand
	Of      *Type  // the type of that name
	Element *Element
}

// Element is one element of a type.
type Element struct {
	Owner       *Type    // whose element it is, inherited or not
	Name        string   // as FHIRPath names it: value for value[x]
	Min, Max    int      // cardinality; Max -1 is *
	Types       []string // the types its value may have
	Targets     []string // resource types that a Reference or canonical may point to; Resource is any
	Binding     *Binding
	Constraints []*Constraint // beyond those that go with the type
	Choice      bool          // it is an [x] element
	Simple      bool          // the quantity must have no comparator (SimpleQuantity)
	Summary     bool          // part of _summary=true
	Modifier    bool          // may change the meaning of what holds it
	Attribute   bool          // an attribute in XML
}

// Path is the path of the element: Patient.contact.name, Observation.value.
func (e *Element) Path() string { return e.Owner.Name + "." + e.Name }

// Repeats reports whether the element is an array in JSON.
func (e *Element) Repeats() bool { return e.Max != 1 }

// Binding says from which value set a coded element takes its codes.
type Binding struct {
	Strength    string // required, extensible, preferred, example
	ValueSet    string // canonical URL without version
	MaxValueSet string // the outer limit of a preferred or extensible binding
	Codes       *CodeSet
}

// Constraint is an invariant of the specification.
type Constraint struct {
	Key        string // pat-1
	Severity   string // error or warning
	Human      string // what to change, for the sender
	Expression string // FHIRPath that is true where the invariant holds
}

// TypeOf finds a type by its name, a backbone by its path; nil if there is none.
func TypeOf(name string) *Type {
	i := sort.Search(len(types), func(i int) bool { return types[i].Name >= name })
	if i < len(types) && types[i].Name == name {
		return &types[i]
	}
	return nil
}

// Types lists every type, ordered by name.
func Types() []Type { return types }

// ResourceTypes lists the types of resource that can exist, ordered by name.
func ResourceTypes() []string { return resourceTypes }

// IsResource reports whether a resource can be of that type.
func IsResource(name string) bool {
	_, ok := slices.BinarySearch(resourceTypes, name)
	return ok
}

// Property finds the property that a JSON member name stands for; nil if the
// type has none of that name. Underscore names, which hold the id and
// extensions of a primitive, go by the name of their primitive.
func (t *Type) Property(json string) *Property {
	if i := t.Place(json); i >= 0 {
		return &t.props[i]
	}
	return nil
}

// Place is where the property of that JSON member name stands in
// [Type.Properties], -1 if the type has none.
func (t *Type) Place(json string) int {
	if len(t.index) == 0 {
		return -1
	}
	at := int(t.index[hash(json, t.seed)&uint32(len(t.index)-1)]) - 1
	if at >= 0 && t.props[at].JSON != json {
		return -1
	}
	return at
}

// Properties lists the properties of the type in the order of the definition.
func (t *Type) Properties() []Property { return t.props }

// Element finds an element by its FHIRPath name; nil if there is none.
func (t *Type) Element(name string) *Element {
	if p := t.Property(name); p != nil {
		return p.Element
	}
	for i := range t.Elements {
		if t.Elements[i].Name == name {
			return &t.Elements[i]
		}
	}
	return nil
}

// Is reports whether the type is the named one or derived from it.
func (t *Type) Is(name string) bool {
	for t != nil {
		if t.Name == name {
			return true
		}
		t = TypeOf(t.Base)
	}
	return false
}

// hash spreads property names over the index of a type; the generator picks
// the seed so that no two names of a type meet.
func hash(name string, seed uint32) uint32 {
	h := seed
	for i := 0; i < len(name); i++ {
		h = (h ^ uint32(name[i])) * 0x01000193
	}
	return h ^ h>>15
}

// ConstraintByKey finds an invariant by its key, the first where several share
// it; nil if there is none.
func ConstraintByKey(key string) *Constraint {
	for i := range constraintTable {
		if constraintTable[i].Key == key {
			return &constraintTable[i]
		}
	}
	return nil
}
