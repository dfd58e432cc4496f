package fhir

// First is the first member of an object or item of an array, absent when
// there is none. With [Node.Next] it walks without a function call per step,
// for code that visits every node:
//
//	for m := n.First(); m.Exists(); m = m.Next() { … }
func (n Node) First() Node {
	if n.r == nil {
		return Node{}
	}
	if d := n.at(); (d.kind == Object || d.kind == Array) && d.next > n.i+1 {
		return Node{n.r, n.i + 1}
	}
	return Node{}
}

// Next is the member or item behind this one in the same container, absent
// behind the last.
func (n Node) Next() Node {
	if n.r == nil {
		return Node{}
	}
	d := n.at()
	if d.parent < 0 || d.next >= n.r.nodes[d.parent].next {
		return Node{}
	}
	return Node{n.r, d.next}
}
