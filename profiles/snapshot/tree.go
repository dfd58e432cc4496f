package snapshot

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// node is an element with what stands below it. A sliced element is followed,
// among its parent's kids, by its slices.
type node struct {
	el    *definition.Element
	name  string // last step of the path: identifier, value[x]
	slice string // slice name, "a/b" for a slice b of the slice a
	kids  []*node
}

func (n *node) clone() *node {
	c := &node{el: n.el.Clone(), name: n.name, slice: n.slice, kids: make([]*node, len(n.kids))}
	for i, k := range n.kids {
		c.kids[i] = k.clone()
	}
	return c
}

// size counts the nodes of the tree.
func (n *node) size() int {
	size := 1
	for _, k := range n.kids {
		size += k.size()
	}
	return size
}

// kid finds a child by name and slice.
func (n *node) kid(name, slice string) *node {
	i := slices.IndexFunc(n.kids, func(k *node) bool { return k.name == name && k.slice == slice })
	if i < 0 {
		return nil
	}
	return n.kids[i]
}

// insertSlice puts a slice behind its sliced element and the slices it has; a
// slice of a slice behind that one and its own.
func (n *node) insertSlice(s *node, of string) {
	at := 0
	for i, k := range n.kids {
		if k.name != s.name {
			continue
		}
		if of == "" || k.slice == of || strings.HasPrefix(k.slice, of+"/") {
			at = i + 1
		}
	}
	n.kids = slices.Insert(n.kids, at, s)
}

// tree hangs a flat element list together. Elements that nothing above them
// declares get a bare parent.
func tree(list []*definition.Element) *node {
	if len(list) == 0 {
		return nil
	}
	named := identify(list)
	root := &node{el: list[0], name: list[0].Path}
	if strings.Contains(root.name, ".") {
		root = &node{el: &definition.Element{Path: root.name[:strings.IndexByte(root.name, '.')]}}
		root.name = root.el.Path
	} else {
		list, named = list[1:], named[1:]
	}
	for i, el := range list {
		steps := strings.Split(named[i], ".")[1:]
		at := root
		for d, step := range steps {
			name, slice, _ := strings.Cut(step, ":")
			next := at.kid(name, slice)
			if next == nil {
				path := root.name
				for _, s := range steps[:d+1] {
					bare, _, _ := strings.Cut(s, ":")
					path += "." + bare
				}
				next = &node{el: &definition.Element{Path: path, SliceName: slice}, name: name, slice: slice}
				at.kids = append(at.kids, next)
			}
			at = next
		}
		at.el = el
	}
	return root
}

// identify gives each element of a list its id. Lists without ids get theirs
// from the paths and slice names: a slice stays open until its path comes
// again.
func identify(list []*definition.Element) []string {
	ids := make([]string, len(list))
	open := map[string]string{} // path -> slice
	for i, el := range list {
		if el.ID != "" {
			ids[i] = el.ID
			continue
		}
		for p := range open {
			if p == el.Path || !strings.HasPrefix(el.Path, p+".") {
				delete(open, p)
			}
		}
		if el.SliceName != "" {
			open[el.Path] = el.SliceName
		}
		var id, path []string
		for _, step := range strings.Split(el.Path, ".") {
			path = append(path, step)
			if s := open[strings.Join(path, ".")]; s != "" {
				step += ":" + s
			}
			id = append(id, step)
		}
		ids[i] = strings.Join(id, ".")
	}
	return ids
}

// flatten lists the tree in order, with ids and paths as they now are.
func (n *node) flatten(id, path string, into *[]*definition.Element) {
	n.el.ID, n.el.Path, n.el.SliceName = id, path, n.slice
	*into = append(*into, n.el)
	for _, k := range n.kids {
		kid := id + "." + k.name
		if k.slice != "" {
			kid += ":" + k.slice
		}
		k.flatten(kid, path+"."+k.name, into)
	}
}
