package profiles

import (
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// check looks at one element whose structure has been walked. Rules of
// whatever origin are checks that hang on a shape or on one of its slots.
type check func(w *walk, n fhir.Node, t *r4.Type)

// shape is a type compiled for the walk: one slot per JSON property. It is
// completed when first used, because types contain each other.
type shape struct {
	typ      *r4.Type
	once     sync.Once
	slots    []slot  // parallel to typ.Properties()
	required uint64  // elements that must be there, by bit
	checks   []check // of form
	rules    []check // beyond form
}

// slot is what may stand in one property.
type slot struct {
	*r4.Property
	shape   *shape // of the value
	format  format // of a primitive
	element uint8  // place of the element among those of the type; a choice is one
	repeats bool
	checks  []check // on each value, beyond those of its type: of form
	rules   []check // and beyond form
}

// most is how many elements a type may have for the walk to count them in bits.
const most = 64

// ready completes the shape.
func (s *shape) ready(v *Validator) *shape {
	s.once.Do(func() { s.compile(v) })
	return s
}

func (s *shape) compile(v *Validator) {
	if len(s.typ.Elements) > most {
		panic("profiles: " + s.typ.Name + " has too many elements")
	}
	props := s.typ.Properties()
	s.slots = make([]slot, len(props))
	place := map[*r4.Element]int{}
	for i := range s.typ.Elements {
		e := &s.typ.Elements[i]
		place[e] = i
		if e.Min > 0 {
			s.required |= 1 << i
		}
	}
	for i := range props {
		p := &props[i]
		s.slots[i] = slot{Property: p, shape: v.shapeOf(p.Of), element: uint8(place[p.Element]), repeats: p.Element.Repeats()}
		if p.Of.Kind == r4.Primitive {
			s.slots[i].format = formatOf(p.Type)
		}
		s.slots[i].checks, s.slots[i].rules = slotChecks(p), slotRules(v, p)
	}
	s.checks, s.rules = typeChecks(s.typ), typeRules(v, s.typ)
}
