package patch

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// value is a JSON value that can be changed. It begins as a node of a resource
// and is taken apart, level by level, only where a change goes.
type value struct {
	node    fhir.Node // what it is as long as it has not been opened
	kind    fhir.Kind
	opened  bool
	members []member // of an opened object
	items   []*value // of an opened array
}

type member struct {
	raw  string // the name as it stands in JSON, escapes and all
	name string
	*value
}

func valueOf(n fhir.Node) *value { return &value{node: n, kind: n.Kind()} }

func newObject() *value { return &value{kind: fhir.Object, opened: true} }

func newArray(items []*value) *value { return &value{kind: fhir.Array, opened: true, items: items} }

func newNull() *value { return &value{kind: fhir.Null} }

// open takes a container apart.
func (v *value) open() {
	if v.opened {
		return
	}
	v.opened = true
	switch v.kind {
	case fhir.Object:
		for m := range v.node.Members() {
			v.members = append(v.members, newMember(m))
		}
	case fhir.Array:
		for item := range v.node.Items() {
			v.items = append(v.items, valueOf(item))
		}
	}
}

func newMember(n fhir.Node) member {
	start, end := n.NameSpan()
	return member{string(n.Resource().JSON()[start:end]), n.Name(), valueOf(n)}
}

// get is the member of an object, nil when it has none of that name.
func (v *value) get(name string) *value {
	if v.kind != fhir.Object {
		return nil
	}
	v.open()
	for _, m := range v.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// set replaces a member, or adds it behind the others.
func (v *value) set(name string, to *value) {
	v.open()
	for i := range v.members {
		if v.members[i].name == name {
			v.members[i].value = to
			return
		}
	}
	quoted := fhir.AppendString(nil, name)
	v.members = append(v.members, member{string(quoted[1 : len(quoted)-1]), name, to})
}

func (v *value) remove(name string) {
	v.open()
	v.members = slices.DeleteFunc(v.members, func(m member) bool { return m.name == name })
}

// clone is a copy that can be changed on its own.
func (v *value) clone() *value {
	c := *v
	if v.opened {
		c.members, c.items = slices.Clone(v.members), slices.Clone(v.items)
		for i := range c.members {
			c.members[i].value = c.members[i].clone()
		}
		for i := range c.items {
			c.items[i] = c.items[i].clone()
		}
	}
	return &c
}

// find is the value that began as a node of the tree under v.
func (v *value) find(n fhir.Node) *value {
	if n == v.node {
		return v
	}
	parent := v.find(n.Parent())
	parent.open()
	for _, m := range parent.members {
		if m.node == n {
			return m.value
		}
	}
	for _, item := range parent.items {
		if item.node == n {
			return item
		}
	}
	return nil
}

// prune drops the containers that a deletion has left empty, which FHIR has
// none of, and reports whether v is one. Only what was opened is looked at.
func (v *value) prune() bool {
	if !v.opened {
		return false
	}
	switch v.kind {
	case fhir.Object:
		v.members = slices.DeleteFunc(v.members, func(m member) bool { return m.prune() })
		return len(v.members) == 0
	case fhir.Array:
		v.items = slices.DeleteFunc(v.items, (*value).prune)
		return len(v.items) == 0
	}
	return false
}

// size is about how long the value is as JSON.
func (v *value) size() int {
	if !v.opened {
		return len(v.node.Raw()) + len("null")
	}
	n := 2
	for _, m := range v.members {
		n += len(m.raw) + len(`"":,`) + m.size()
	}
	for _, item := range v.items {
		n += item.size() + 1
	}
	return n
}

func (v *value) append(b []byte) []byte {
	switch {
	case !v.opened && v.node.Exists():
		return append(b, v.node.Raw()...)
	case v.kind == fhir.Object:
		b = append(b, '{')
		for i, m := range v.members {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(append(b, '"'), m.raw...), `":`...)
			b = m.append(b)
		}
		return append(b, '}')
	case v.kind == fhir.Array:
		b = append(b, '[')
		for i, item := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.append(b)
		}
		return append(b, ']')
	case v.node.Exists():
		return append(b, v.node.Raw()...)
	}
	return append(b, "null"...)
}

// resource is the tree as a resource of its own.
func (v *value) resource() (*fhir.Resource, error) {
	return fhir.Parse(v.append(make([]byte, 0, v.size())))
}
