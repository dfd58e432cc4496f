package fhir

import "sync"

// places numbers the children of every array and object of a tree, and finds
// items of arrays. Each part is built by the first question, in one pass.
type places struct {
	once   sync.Once
	number []int32 // by node
	items  itemIndex
}

func (p *places) of(r *Resource, i int32) int {
	p.once.Do(func() {
		p.number = make([]int32, len(r.nodes))
		count := make([]int32, len(r.nodes)) // children met so far
		for i := 1; i < len(r.nodes); i++ {
			parent := r.nodes[i].parent
			p.number[i] = count[parent]
			count[parent]++
		}
	})
	return int(p.number[i])
}

// Place counts the members or items before this one in the same container.
func (n Node) Place() int {
	if n.r == nil || n.i == 0 {
		return 0
	}
	return n.r.places.of(n.r, n.i)
}
