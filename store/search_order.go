package store

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// spot is a place in the order of a sort parameter: the entry's key and the
// resource. Resources without a value have no key and stand last.
type spot struct {
	key []byte
	rid rid
}

func (p spot) encode() []byte {
	if p.key == nil {
		return appendRid([]byte{0}, p.rid)
	}
	return appendRid(append([]byte{1}, p.key...), p.rid)
}

// decodeSpot is nil where there is none: at the beginning.
func decodeSpot(b []byte) *spot {
	if len(b) < 1+ridLen {
		return nil
	}
	at := len(b) - ridLen
	p := &spot{rid: rid(getUint(b[at:]))}
	if b[0] == 1 {
		p.key = append([]byte{}, b[1:at]...)
	}
	return p
}

// order is the order of one sort parameter on a type.
type order struct {
	typ string
	by  search.Sort
}

// compare puts spots in order. Downwards, everything is reversed but what has
// no value, and what refers to the same value.
func (o order) compare(a, b spot) int {
	if a.key == nil || b.key == nil {
		return cmp.Or(o.compareValues(a, b), cmp.Compare(a.rid, b.rid))
	}
	if o.by.Chain != nil {
		return cmp.Or(o.compareChained(a.key, b.key), cmp.Compare(a.rid, b.rid))
	}
	return o.directed(cmp.Or(o.compareKeys(a.key, b.key), cmp.Compare(a.rid, b.rid)))
}

// compareValues looks at what the parameter sorts by alone.
func (o order) compareValues(a, b spot) int {
	switch {
	case a.key == nil && b.key == nil:
		return 0
	case a.key == nil:
		return 1
	case b.key == nil:
		return -1
	}
	return o.directed(bytes.Compare(o.sortKey(a.key), o.sortKey(b.key)))
}

func (o order) directed(c int) int {
	if o.by.Descending {
		return -c
	}
	return c
}

// compareKeys is upwards, whatever the direction.
func (o order) compareKeys(a, b []byte) int {
	return cmp.Or(bytes.Compare(search.SortKey(o.typ, o.by, a), search.SortKey(o.typ, o.by, b)), bytes.Compare(a, b))
}

// first gives the key that counts of a resource's entries within the ranges:
// the least one upwards, the greatest one downwards; nil for none.
func (o order) first(ver *fhir.Version, entries []search.Entry, in []search.Range) []byte {
	if o.by.Param == search.ID {
		return []byte(ver.ID)
	}
	var out []byte
	for i := range entries {
		key := entries[i].Key
		if entries[i].Param != o.by.Param || !slices.ContainsFunc(in, func(r search.Range) bool { return r.Holds(key) }) {
			continue
		}
		if out == nil || o.compareKeys(key, out) < 0 != o.by.Descending {
			out = key
		}
	}
	return out
}
