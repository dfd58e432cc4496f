package fhir

import (
	"cmp"
	"slices"
)

// SameContent reports whether two resources say the same, besides what the
// server assigns: id, meta.versionId and meta.lastUpdated. White space, the
// order of members and the spelling of escapes mean nothing in JSON (RFC 8259
// section 4) and do not count. The order of a list does, and so do the digits of
// a number: 1.0 and 1.00 are different decimals in FHIR.
func SameContent(a, b *Resource) bool {
	return sameMembers(a.Root(), b.Root(), "id", "meta") && sameMembers(a.Get("meta"), b.Get("meta"), "versionId", "lastUpdated")
}

// sameMembers reports whether two objects have the same members, without some. They are
// mostly in the same order; what follows the first that is not is compared by name.
func sameMembers(a, b Node, without ...string) bool {
	x, y := member(a, without), member(b, without)
	for x.Exists() && y.Exists() && x.Name() == y.Name() {
		if !same(x, y) {
			return false
		}
		x, y = counting(x.Next(), without), counting(y.Next(), without)
	}
	if !x.Exists() || !y.Exists() {
		return x.Exists() == y.Exists()
	}
	return slices.EqualFunc(named(x, without), named(y, without), func(a, b Node) bool { return a.Name() == b.Name() && same(a, b) })
}

// member is the first member of an object that is not one of some.
func member(object Node, without []string) Node {
	if object.Kind() != Object {
		return Node{}
	}
	return counting(object.First(), without)
}

// counting is a member, or the first after it, that is not one of some.
func counting(m Node, without []string) Node {
	for m.Exists() && slices.Contains(without, m.Name()) {
		m = m.Next()
	}
	return m
}

// named lists a member and those after it by their names, without some.
func named(m Node, without []string) (list []Node) {
	for ; m.Exists(); m = counting(m.Next(), without) {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b Node) int { return cmp.Compare(a.Name(), b.Name()) })
	return list
}

// SameAs reports whether two elements say the same, as [SameContent] does for
// resources; two that are absent are the same.
func (n Node) SameAs(other Node) bool { return same(n, other) }

func same(a, b Node) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case Object:
		return sameMembers(a, b)
	case Array:
		x, y := a.First(), b.First()
		for x.Exists() && y.Exists() && same(x, y) {
			x, y = x.Next(), y.Next()
		}
		return !x.Exists() && !y.Exists()
	}
	return a.Text() == b.Text()
}
