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
	return sameMembers(content(a.Root(), "id", "meta"), content(b.Root(), "id", "meta")) &&
		sameMembers(content(a.Get("meta"), "versionId", "lastUpdated"), content(b.Get("meta"), "versionId", "lastUpdated"))
}

// content lists the members of an object by their names, without some.
func content(object Node, without ...string) []Node {
	var list []Node
	for m := range object.Members() {
		if !slices.Contains(without, m.Name()) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b Node) int { return cmp.Compare(a.Name(), b.Name()) })
	return list
}

func sameMembers(a, b []Node) bool {
	return slices.EqualFunc(a, b, func(a, b Node) bool { return a.Name() == b.Name() && same(a, b) })
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
		return a.Len() == b.Len() && sameMembers(content(a), content(b))
	case Array:
		x, y := a.First(), b.First()
		for x.Exists() && y.Exists() && same(x, y) {
			x, y = x.Next(), y.Next()
		}
		return !x.Exists() && !y.Exists()
	}
	return a.Text() == b.Text()
}
