package xml

import (
	"math"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// rank is the place of an element within its type, looked for from a place
// where it is likely.
func rank(t *r4.Type, e *r4.Element, from int16) int16 {
	for i := max(int(from), 0); i < len(t.Elements); i++ {
		if &t.Elements[i] == e {
			return int16(i)
		}
	}
	for i := range t.Elements {
		if &t.Elements[i] == e {
			return int16(i)
		}
	}
	return math.MaxInt16
}

// last is the child of an element that was read last, nil before the first.
func (d *decoder) last(parent int32) *element {
	if int(parent) == len(d.elements)-1 {
		return nil
	}
	i := int32(len(d.elements) - 1)
	for d.elements[i].parent != parent {
		i = d.elements[i].parent
	}
	return &d.elements[i]
}

func (d *decoder) lastRank(parent int32) int16 {
	if e := d.last(parent); e != nil {
		return e.rank
	}
	return 0
}

// order checks the place of a child among those before it.
func (d *decoder) order(t *Token, parent int32, e *element) {
	before := d.last(parent)
	if before == nil {
		return
	}
	p := &d.elements[parent]
	switch {
	case e.prop == nil:
		p.mixed = true
	case e.rank < before.rank:
		p.mixed = true
		if before.prop != nil && d.ordered {
			d.reportAs("xml-order", parent, t.Start, "The elements of "+p.typ.Name+" are out of order.", "<"+t.Local+"> before <"+before.name+">",
				"<"+t.Local+"> behind <"+before.name+">", "XML wants them in the order of the definition; JSON does not.")
		}
	case before.prop == e.prop && !e.prop.Element.Repeats():
		d.report(parent, t.Start, "The element is there twice.", "<"+t.Local+"> at most once", "<"+t.Local+"> again", "")
	}
}
