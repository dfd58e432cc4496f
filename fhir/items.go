package fhir

import (
	"iter"
	"sync"
)

// itemIndex finds items of the arrays of a tree by the text of a member. That of
// an array is built by the first question about it, in one pass.
type itemIndex struct {
	mu    sync.Mutex
	lists map[listMember]map[string][]int32
}

type listMember struct {
	list   int32
	member string
}

// fewItems are looked through without an index.
const fewItems = 8

// ItemsWith walks the items of an array, in their order, of which a member has a
// text: r.Get("contained").ItemsWith("id", "p1"). A search among thousands of
// items costs what one among few does.
func (n Node) ItemsWith(member, text string) iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if n.Kind() != Array {
			return
		}
		if n.at().next-n.i <= fewItems*fewItems { // nodes: there cannot be many items
			for item := range n.Items() {
				if hasMember(item, member, text) && !yield(item) {
					return
				}
			}
			return
		}
		for _, i := range n.r.places.items.of(n, member)[text] {
			if !yield(Node{n.r, i}) {
				return
			}
		}
	}
}

func hasMember(item Node, member, text string) bool {
	m := item.Get(member)
	return m.Exists() && m.Text() == text
}

// of is the index of an array by a member.
func (x *itemIndex) of(n Node, member string) map[string][]int32 {
	x.mu.Lock()
	defer x.mu.Unlock()
	key := listMember{n.i, member}
	index, ok := x.lists[key]
	if ok {
		return index
	}
	index = map[string][]int32{}
	for item := range n.Items() {
		if m := item.Get(member); m.Exists() {
			index[m.Text()] = append(index[m.Text()], item.i)
		}
	}
	if x.lists == nil {
		x.lists = map[listMember]map[string][]int32{}
	}
	x.lists[key] = index
	return index
}

// Contained is the resource that this one contains under an id, the first where
// several have it; absent for none.
func (n Node) Contained(id string) Node {
	for c := range n.Get("contained").ItemsWith("id", id) {
		return c
	}
	return Node{}
}
