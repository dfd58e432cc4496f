package snomed

import (
	"cmp"
	"slices"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

// attributes are the relationships of concepts besides is-a, by concept and group.
type attributes struct {
	from   []uint32 // where those of a concept begin; one more than there are concepts
	typ    []uint32
	to     []uint32
	groups []uint16
}

// of are those of a concept.
func (a attributes) of(n uint32) (first, end uint32) {
	if len(a.from) == 0 {
		return 0, 0
	}
	return a.from[n], a.from[n+1]
}

// relate puts the relationships in order, and what became of concepts out of use.
func (b *Builder) relate(e *Edition) {
	sorting.Stably(b.attributes, func(x, y attributeRow) int { return cmp.Or(cmp.Compare(x.id, y.id), cmp.Compare(x.date, y.date)) })
	type row struct {
		from, typ, to uint32
		group         uint16
	}
	rows := make([]row, 0, len(b.attributes))
	for i, r := range b.attributes {
		if r.id != 0 && i+1 < len(b.attributes) && b.attributes[i+1].id == r.id || !r.active {
			continue
		}
		from, ok := e.find(r.from)
		typ, known := e.find(r.typ)
		to, there := e.find(r.to)
		if ok && known && there {
			rows = append(rows, row{from, typ, to, r.group})
		}
	}
	b.attributes = nil
	sorting.By(rows, func(x, y row) int {
		return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(x.group, y.group), cmp.Compare(x.typ, y.typ), cmp.Compare(x.to, y.to))
	})
	rows = slices.Compact(rows)
	a := &e.attributes
	a.from, a.typ, a.to, a.groups = make([]uint32, len(e.ids)+1), make([]uint32, len(rows)), make([]uint32, len(rows)), make([]uint16, len(rows))
	i := 0
	for n := range e.ids {
		a.from[n] = uint32(i)
		for ; i < len(rows) && rows[i].from == uint32(n); i++ {
			a.typ[i], a.to[i], a.groups[i] = rows[i].typ, rows[i].to, rows[i].group
		}
	}
	a.from[len(e.ids)] = uint32(i)
	e.became = map[ID][]edge{}
	for _, h := range b.history {
		from, ok := e.find(h.from)
		to, known := e.find(h.to)
		if ok && known {
			e.became[h.refset] = append(e.became[h.refset], edge{from, to})
		}
	}
	b.history = nil
}
