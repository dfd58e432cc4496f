package server

import (
	"encoding/binary"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// cursor is how far the matches of one query were shown.
type cursor struct {
	query int
	after []byte // nil at the start
}

// typesPage is where a page begins: of which state, with the total of the first page,
// -1 where it is not known, and which queries have matches left. Of a search without
// an order, the queries behind the last cursor were not begun.
type typesPage struct {
	asOf    fhir.Seq
	total   int
	cursors []cursor
	fresh   int // the first query that was not begun
	shown   int // matches on the pages before it
	skip    int // matches to pass over to come to where it begins
}

func (p typesPage) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(p.asOf))
	b = binary.AppendVarint(b, int64(p.total))
	b = binary.AppendUvarint(b, uint64(p.fresh))
	b = binary.AppendUvarint(b, uint64(p.shown))
	b = binary.AppendUvarint(b, uint64(p.skip))
	for _, at := range p.cursors {
		b = binary.AppendUvarint(b, uint64(at.query))
		b = binary.AppendUvarint(b, uint64(len(at.after)))
		b = append(b, at.after...)
	}
	return b
}

// decodeTypesPage reads a page of a search of n queries.
func decodeTypesPage(b []byte, n int) (p typesPage, ok bool) {
	number := func() (v int) {
		u, k := binary.Uvarint(b)
		if ok = ok && k > 0 && u < 1<<48; ok {
			v, b = int(u), b[k:]
		}
		return v
	}
	ok = true
	p.asOf = fhir.Seq(number())
	total, k := binary.Varint(b)
	if !ok || k <= 0 {
		return p, false
	}
	p.total, b = int(total), b[k:]
	p.fresh, p.shown, p.skip = number(), number(), number()
	for ok && len(b) > 0 {
		at, length := number(), number()
		if !ok || at >= n || length > len(b) {
			return p, false
		}
		p.cursors, b = append(p.cursors, cursor{at, slices.Clone(b[:length])}), b[length:]
	}
	return p, ok && p.fresh <= n
}

// left are the queries that may have matches on a page and behind it.
func (t *typesSearch) left(p typesPage) []cursor {
	left := slices.Clone(p.cursors)
	for i := p.fresh; i < len(t.queries); i++ {
		left = append(left, cursor{query: i})
	}
	return left
}
