package fhir

import (
	"iter"
	"strconv"
	"strings"
)

// Kind is the JSON kind of a [Node].
type Kind uint8

// The kinds of JSON value. Absent is the kind of the zero Node.
const (
	Absent Kind = iota
	Null
	False
	True
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"nothing", "null", "false", "true", "a number", "a string", "an array", "an object"}

// String names the kind as it reads in a message: "an object".
func (k Kind) String() string { return kindNames[k] }

// node is one JSON value. Nodes stand in document order, so the first child of
// a container is the node after it and next is where its subtree ends.
type node struct {
	kind    Kind
	escapes uint8  // where backslashes stand: inValue, inName
	nameLen uint16 // bytes of the property name, 0 for array items and the root
	name    uint32 // offset of the first byte of the property name
	start   uint32 // offset of the value's first byte (the quote of a string)
	end     uint32 // offset after its last byte
	next    int32  // index of the first node behind the subtree
	parent  int32  // index of the container, -1 for the root
}

// Where backslashes stand.
const (
	inValue uint8 = 1 << iota // in a string
	inName                    // in the property name
)

// nameOf is the name of a node's property, unescaped.
func (r *Resource) nameOf(d *node) string {
	s := r.text[d.name : d.name+uint32(d.nameLen)]
	if d.escapes&inName != 0 {
		return unescape(s)
	}
	return s
}

// Node is a handle on one JSON value of a [Resource]; copy it freely. The zero
// Node is absent: every method answers on it, so lookups chain without checks.
type Node struct {
	r *Resource
	i int32
}

func (n Node) at() *node { return &n.r.nodes[n.i] }

// Exists reports whether the node is there at all.
func (n Node) Exists() bool { return n.r != nil }

// Resource is the resource whose tree the node belongs to, nil when absent.
func (n Node) Resource() *Resource { return n.r }

// Kind is the JSON kind of the value.
func (n Node) Kind() Kind {
	if n.r == nil {
		return Absent
	}
	return n.at().kind
}

// Name is the JSON property name under which the value stands, unescaped; an
// array item and the root have none.
func (n Node) Name() string {
	if n.r == nil {
		return ""
	}
	return n.r.nameOf(n.at())
}

// Raw is the value's JSON exactly as it was received. The caller must not
// change it.
func (n Node) Raw() []byte {
	if n.r == nil {
		return nil
	}
	d := n.at()
	return n.r.data[d.start:d.end:d.end]
}

// Text is the value of a string unescaped, or the literal of a number or
// boolean as written; "" for anything else.
func (n Node) Text() string {
	if n.r == nil {
		return ""
	}
	d := n.at()
	switch d.kind {
	case String:
		s := n.r.text[d.start+1 : d.end-1]
		if d.escapes&inValue != 0 {
			return unescape(s)
		}
		return s
	case Number, True, False:
		return n.r.text[d.start:d.end]
	}
	return ""
}

// Bool reports whether the value is the JSON true.
func (n Node) Bool() bool { return n.Kind() == True }

// Get is the member of an object with that property name. On an array it looks
// in the items in turn and gives the first hit, which is what a reader of
// FHIR data wants nearly always: r.Get("identifier").Get("value").
func (n Node) Get(name string) Node {
	if n.r == nil {
		return Node{}
	}
	d := n.at()
	switch d.kind {
	case Object:
		nodes := n.r.nodes
		for i := n.i + 1; i < d.next; i = nodes[i].next {
			c := &nodes[i]
			if int(c.nameLen) == len(name) && n.r.text[c.name:c.name+uint32(c.nameLen)] == name ||
				c.escapes&inName != 0 && n.r.nameOf(c) == name {
				return Node{n.r, i}
			}
		}
	case Array:
		for item := n.First(); item.Exists(); item = item.Next() {
			if m := item.Get(name); m.Exists() {
				return m
			}
		}
	}
	return Node{}
}

// Path follows property names downwards: Path("subject", "reference").
func (n Node) Path(names ...string) Node {
	for _, name := range names {
		n = n.Get(name)
	}
	return n
}

// Members walks an object's members in the order received.
func (n Node) Members() iter.Seq[Node] {
	return func(yield func(Node) bool) { n.walk(Object, yield) }
}

// Items walks an array's items. On anything that exists and is no array it
// walks the one value, so that 0..1 and 0..* elements read alike.
func (n Node) Items() iter.Seq[Node] {
	return func(yield func(Node) bool) { n.items(yield) }
}

// array is Items of an array alone.
func (n Node) array() iter.Seq[Node] {
	return func(yield func(Node) bool) { n.walk(Array, yield) }
}

// items and walk are functions of their own so that Items and Members are compiled into
// who ranges over them, and a loop takes no memory.
func (n Node) items(yield func(Node) bool) {
	if n.r != nil && n.at().kind != Array {
		yield(n)
		return
	}
	n.walk(Array, yield)
}

func (n Node) walk(kind Kind, yield func(Node) bool) {
	if n.Kind() != kind {
		return
	}
	nodes, end := n.r.nodes, n.at().next
	for i := n.i + 1; i < end; i = nodes[i].next {
		if !yield(Node{n.r, i}) {
			return
		}
	}
}

// Len counts the members of an object or the items of an array.
func (n Node) Len() int {
	count := 0
	switch n.Kind() {
	case Object, Array:
		nodes, end := n.r.nodes, n.at().next
		for i := n.i + 1; i < end; i = nodes[i].next {
			count++
		}
	}
	return count
}

// Item is the i-th item of an array, absent when there is none.
func (n Node) Item(i int) Node {
	for item := range n.array() {
		if i == 0 {
			return item
		}
		i--
	}
	return Node{}
}

// Parent is the object or array that holds the value.
func (n Node) Parent() Node {
	if n.r == nil || n.at().parent < 0 {
		return Node{}
	}
	return Node{n.r, n.at().parent}
}

// Index is the node's place in document order within its resource, a key for
// side tables that annotate the tree. The root has 0.
func (n Node) Index() int { return int(n.i) }

// Span is the half-open range of bytes that the value takes in [Resource.JSON].
func (n Node) Span() (start, end int) {
	if n.r == nil {
		return 0, 0
	}
	d := n.at()
	return int(d.start), int(d.end)
}

// NameSpan is the half-open range of bytes of the property name, without the
// quotes; empty for array items and the root.
func (n Node) NameSpan() (start, end int) {
	if n.r == nil {
		return 0, 0
	}
	d := n.at()
	return int(d.name), int(d.name) + int(d.nameLen)
}

// Position is where the value stands in the source that the client sent; for a
// member, where its property name stands.
func (n Node) Position() Position {
	if n.r == nil {
		return Position{}
	}
	d := n.at()
	if d.nameLen > 0 {
		return n.r.Position(int(d.name) - 1)
	}
	return n.r.Position(int(d.start))
}

// Expression is the way from the root to the node, in FHIRPath over JSON
// property names: Patient.contact[0].name.given[1].
func (n Node) Expression() string {
	if n.r == nil {
		return ""
	}
	var steps []string
	for i := n.i; i > 0; i = n.r.nodes[i].parent {
		d := &n.r.nodes[i]
		if d.nameLen > 0 {
			steps = append(steps, "."+n.r.nameOf(d))
			continue
		}
		steps = append(steps, "["+strconv.Itoa(Node{n.r, i}.Place())+"]")
	}
	var b strings.Builder
	b.WriteString(n.r.Type())
	for i := len(steps) - 1; i >= 0; i-- {
		b.WriteString(steps[i])
	}
	return b.String()
}
