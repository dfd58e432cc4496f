package xml

import (
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// element is one element of the document, in document order.
type element struct {
	name     string
	typ      *r4.Type     // nil where the tables do not know it
	prop     *r4.Property // nil of a resource and of what the tables do not know
	resource bool
	full     bool  // it holds a resource, which has been read
	mixed    bool  // its children are not in order
	rank     int16 // the place of its property in the order of its parent's type
	depth    int16 // levels of JSON that it opens or is within
	parent   int32
	next     int32 // the element behind its content
	at       int32 // its < in the document
	value    attribute
	id       attribute
	div      string // the narrative, where it is one
}

// attribute is id, value or url, undecoded.
type attribute struct {
	raw string
	at  int32
	set bool
}

func (e *element) primitive() bool {
	if e.typ == nil {
		return e.value.set
	}
	return e.typ.Kind == r4.Primitive
}

func (e *element) is(name string) bool { return e.typ != nil && e.typ.Name == name }
