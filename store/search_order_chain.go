package store

import (
	"bytes"
	"cmp"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// The key of a spot in a chained order is the key of the value, and of each resource on
// the way from it the number: first of the one that has the value, last of the one to
// which the sorted resource refers. Where it is a contained one, that is the number of the
// resource which contains it.

// through is the order of what the reference of a chained order leads to.
func (o order) through() order { return order{o.by.Chain.Type, o.by.Chain.Sort} }

// within is the order by what the resources contain; ok is false where nothing
// contained is sorted by.
func (o order) within() (in order, ok bool) {
	by, ok := o.by.Within()
	return order{o.typ, by}, ok
}

// leaf is the order of the values at the end of a chain, and how many references lead there.
func (o order) leaf() (leaf order, steps int) {
	for ; o.by.Chain != nil; o = o.through() {
		steps++
	}
	return o, steps
}

// leafKey is the key of the value in that of a spot.
func (o order) leafKey(key []byte) []byte {
	_, steps := o.leaf()
	return key[:max(0, len(key)-steps*ridLen)]
}

// sortKey is the part of a spot's key that decides on the order of values.
func (o order) sortKey(key []byte) []byte {
	leaf, _ := o.leaf()
	return search.SortKey(leaf.typ, leaf.by, o.leafKey(key))
}

// compareChained puts keys of a chained order in order: by the value and what has it, in
// the direction of the order, then by what lead there.
func (o order) compareChained(a, b []byte) int {
	leaf, steps := o.leaf()
	x, y := spotOf(a, steps), spotOf(b, steps)
	return cmp.Or(leaf.compare(x, y), bytes.Compare(a[len(x.key)+ridLen:], b[len(y.key)+ridLen:]))
}

// spotOf is the spot of the value in the key of a chained order.
func spotOf(key []byte, steps int) spot {
	at := max(0, len(key)-steps*ridLen)
	return spot{key[:at:at], rid(getUint(key[at : at+ridLen]))}
}

// chainClause asks for what a chained order leads from to values that sort as a key
// does, to none where it is nil; ok is false where no clause can say that.
func (o order) chainClause(key []byte) (c search.Clause, ok bool) {
	leaf, _ := o.leaf()
	if key == nil && leaf.by.Param == search.ID {
		return c, false
	}
	if key != nil {
		key = o.leafKey(key)
	}
	c = o.leading(key)
	c.Not = key == nil
	return c, true
}

func (o order) leading(key []byte) search.Clause {
	switch {
	case o.by.Chain != nil:
		return search.Clause{Param: o.by.Param, Chain: []search.Chain{{Type: o.by.Chain.Type, Clause: o.through().leading(key)}}}
	case o.by.Param == search.ID:
		return search.Clause{Param: search.ID, IDs: []string{string(key)}}
	}
	c := o.clause(key)
	c.Not = false
	return c
}

// bestOf is a resource in an order.
type bestOf struct {
	by search.Sort
	r  rid
}

// maxBests is how many sort keys of referred resources a search keeps.
const maxBests = 20_000

// best is the key by which a selected resource is placed in an order, nil for none. Of a
// chained order these are of all resources that the principal sees and that its
// reference leads to, and of those that it contains.
func (s *selection) best(o order, ver *fhir.Version, r rid) (best []byte, err error) {
	if o.by.Chain == nil {
		entries, err := s.entries(ver, o.by.Param)
		return o.first(ver, entries, search.SortRanges(o.typ, o.by)), err
	}
	keep := func(key []byte, by rid) {
		if key == nil {
			return
		}
		if key = appendRid(bytes.Clone(key), by); best == nil || o.compareChained(key, best) < 0 {
			best = key
		}
	}
	if in, ok := o.within(); ok {
		key, err := s.best(in, ver, r)
		if err != nil {
			return nil, err
		}
		keep(key, r)
	}
	entries, err := s.entries(ver, o.by.Param)
	if err != nil {
		return nil, err
	}
	var to []rid
	next := o.through()
	if err := s.v.targets(s.ctx, ver.Type, entries, o.by.Param, next.typ, func(t rid) { to = append(to, t) }); err != nil || len(to) == 0 {
		return best, err
	}
	in, err := s.target(next.typ)
	if err != nil {
		return nil, err
	}
	for _, t := range to {
		key, err := in.bestOf(next, t)
		if err != nil {
			return nil, err
		}
		keep(key, t)
	}
	return best, nil
}

// bestOf is best of a resource by its number, nil where it is not selected.
func (s *selection) bestOf(o order, r rid) ([]byte, error) {
	at := bestOf{o.by, r}
	if key, ok := s.bests[at]; ok {
		return key, nil
	}
	var key []byte
	ok, err := s.has(r)
	if ok && err == nil {
		var ver *fhir.Version
		if ver, err = s.get(r); err == nil {
			key, err = s.best(o, ver, r)
		}
	}
	if err != nil {
		return nil, err
	}
	if s.bests == nil || len(s.bests) >= maxBests {
		s.bests = map[bestOf][]byte{}
	}
	s.bests[at] = key
	return key, nil
}

// target selects all of a type that the principal sees, for sort keys that lead there.
func (s *selection) target(typ string) (in *selection, err error) {
	if in = s.targets[typ]; in != nil {
		return in, nil
	}
	if in, err = s.v.selection(s.ctx, typ, nil); err != nil {
		return nil, err
	}
	if s.targets == nil {
		s.targets = map[string]*selection{}
	}
	s.targets[typ] = in
	return in, nil
}
