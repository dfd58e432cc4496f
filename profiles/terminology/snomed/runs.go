package snomed

import (
	"slices"
	"sort"
)

// runs maps each concept to a sorted list of others, in one array.
type runs struct {
	from []uint32 // where the list of a concept begins; one more than there are concepts
	to   []uint32
}

func (r runs) of(c uint32) []uint32 { return r.to[r.from[c]:r.from[c+1]] }

func (r runs) has(c, other uint32) bool {
	_, found := slices.BinarySearch(r.of(c), other)
	return found
}

// edge leads from one concept to another.
type edge struct{ from, to uint32 }

// newRuns makes runs of edges, which it sorts; an edge that is there twice
// counts once.
func newRuns(concepts int, edges []edge) runs {
	sort.Slice(edges, func(i, j int) bool {
		if edges[i].from != edges[j].from {
			return edges[i].from < edges[j].from
		}
		return edges[i].to < edges[j].to
	})
	r := runs{from: make([]uint32, concepts+1), to: make([]uint32, 0, len(edges))}
	for i, at := 0, 0; at < concepts; at++ {
		r.from[at] = uint32(len(r.to))
		for ; i < len(edges) && edges[i].from == uint32(at); i++ {
			if i == 0 || edges[i] != edges[i-1] {
				r.to = append(r.to, edges[i].to)
			}
		}
	}
	r.from[concepts] = uint32(len(r.to))
	return r
}

// closed gives every concept all that its parents lead to, at any depth. A
// concept in a circle, which no release has, leads to what was reached before
// the circle closed.
func closed(parents runs) runs {
	n := len(parents.from) - 1
	all := make([][]uint32, n)
	state := make([]uint8, n) // 0 new, 1 under way, 2 done
	var visit func(c uint32)
	visit = func(c uint32) {
		state[c] = 1
		list := slices.Clone(parents.of(c))
		for _, p := range parents.of(c) {
			if state[p] == 0 {
				visit(p)
			}
			list = append(list, all[p]...)
		}
		slices.Sort(list)
		all[c] = slices.Clip(slices.Compact(list))
		state[c] = 2
	}
	size := 0
	for c := range n {
		if state[c] == 0 {
			visit(uint32(c))
		}
		size += len(all[c])
	}
	r := runs{from: make([]uint32, n+1), to: make([]uint32, 0, size)}
	for c := range n {
		r.from[c] = uint32(len(r.to))
		r.to = append(r.to, all[c]...)
	}
	r.from[n] = uint32(len(r.to))
	return r
}
