package patch

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir/xml"
)

// A selector is the part of XPath 1.0 that RFC 5261 section 4.1 asks for, and
// what FHIR's users write besides:
//
//	/f:Patient/f:name[2]/f:given[last()]/@value
//	f:Patient/f:identifier[f:system/@value='http://a']
//	f:doc/text()[1]   f:doc/comment()   f:doc/namespace::p   id('x')/f:a
type selector []step

type step struct {
	axis  axis
	space string // of an element or attribute
	local string // "*" is any; of namespace:: the prefix; of id() the id
	tests []test
}

type axis uint8

const (
	children axis = iota
	attributes
	namespaces
	texts
	comments
	self
	ids
)

// test is a predicate: a position, or a path that must lead somewhere, to the
// value where there is one.
type test struct {
	position int // from 1; -1 is last()
	path     selector
	value    string
	compares bool
}

// hit is what a selector finds: a node, or an attribute or namespace of one.
type hit struct {
	node *node
	axis axis
	name string // of an attribute, the name as written; of a namespace, the prefix
}

// selection evaluates a selector from the document.
func (s selector) find(from *node) []hit {
	hits := []hit{{node: from, axis: self}}
	for _, st := range s {
		var next []hit
		for _, h := range hits {
			next = append(next, st.find(h.node)...)
		}
		hits = next
	}
	return hits
}

func (st *step) find(n *node) []hit {
	var hits []hit
	switch st.axis {
	case self:
		hits = []hit{{node: n, axis: self}}
	case ids:
		hits = byID(n, st.local)
	case attributes:
		for _, a := range n.attrs {
			if (st.local == "*" || st.local == a.local) && st.space == a.space {
				hits = append(hits, hit{n, attributes, a.name})
			}
		}
	case namespaces:
		for _, d := range n.decls {
			if d.local == st.local {
				hits = append(hits, hit{n, namespaces, d.local})
			}
		}
	default:
		for _, c := range n.children {
			if st.matches(c) {
				hits = append(hits, hit{node: c, axis: st.axis})
			}
		}
	}
	for _, t := range st.tests {
		hits = t.filter(hits)
	}
	return hits
}

func (st *step) matches(n *node) bool {
	switch st.axis {
	case texts:
		return n.isText()
	case comments:
		return n.kind == xml.Comment
	}
	return n.kind == xml.Start && (st.local == "*" || st.local == n.local && st.space == n.space)
}

// byID finds the element with an attribute id of that value.
func byID(n *node, id string) []hit {
	var hits []hit
	for _, c := range n.children {
		if i := c.attr("", "id"); i >= 0 && c.attrs[i].value == id {
			hits = append(hits, hit{node: c, axis: children})
		}
		hits = append(hits, byID(c, id)...)
	}
	return hits
}

func (t *test) filter(hits []hit) []hit {
	switch {
	case t.position < 0:
		return hits[max(len(hits)-1, 0):]
	case t.position > 0:
		if t.position > len(hits) {
			return nil
		}
		return hits[t.position-1 : t.position]
	}
	return slices.DeleteFunc(hits, func(h hit) bool {
		found := t.path.find(h.node)
		if !t.compares {
			return len(found) == 0
		}
		return !slices.ContainsFunc(found, func(f hit) bool { return f.value() == t.value })
	})
}

func (h hit) value() string {
	switch h.axis {
	case attributes:
		for _, a := range h.node.attrs {
			if a.name == h.name {
				return a.value
			}
		}
		return ""
	case namespaces:
		uri, _ := h.node.namespace(h.name)
		return uri
	}
	return h.node.content()
}
