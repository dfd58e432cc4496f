package store

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// groupSize is how many matches that are equal by a sort parameter are sorted by the
// others in memory; more are walked by the next one. It is a variable, so that tests can
// make it small.
var groupSize = 500

// sorts are the sort parameters of a query.
type sorts struct {
	orders []order
	ranges [][]search.Range // all of each; nil of a chained one
	params []string
}

func sortsOf(typ string, by []search.Sort) sorts {
	var s sorts
	for _, one := range by {
		s.orders = append(s.orders, order{typ, one})
		if one.Chain != nil {
			s.ranges = append(s.ranges, nil)
			continue
		}
		s.ranges = append(s.ranges, search.SortRanges(typ, one))
		s.params = append(s.params, one.Param)
	}
	return s
}

// match is a selected resource with its places.
func (s *sorts) match(in *selection, ver *fhir.Version, r rid) (match, error) {
	entries, err := in.entries(ver, s.params...)
	if err != nil {
		return match{}, err
	}
	m := match{ver, make([]spot, len(s.orders))}
	for i, o := range s.orders {
		key := []byte(nil)
		if o.by.Chain == nil {
			key = o.first(ver, entries, s.ranges[i])
		} else if key, err = in.best(o, ver, r); err != nil {
			return match{}, err
		}
		m.spots[i] = spot{key, r}
	}
	return m, nil
}

// bySorts fills the first page of several sort parameters and says which way it chose:
// in memory where there are few matches, else by groups, unless that finds too little.
func (p *page) bySorts() (way byte, after []byte, err error) {
	few, err := p.fewMatches()
	if err != nil {
		return 0, nil, err
	}
	if !few && p.limited { // what others have must not decide
		after, err = p.grouped(nil)
		return byGroups, after, err
	}
	if !few {
		skip, g := p.skip, p.groups(nil)
		g.left = maxWalked
		full, err := g.fill(p, 0)
		switch {
		case err != nil:
			return 0, nil, err
		case full:
			return byGroups, g.at(), nil
		case g.left > 0:
			return byGroups, nil, nil
		}
		p.restart(skip)
	}
	list, complete, err := p.all()
	if err != nil {
		return 0, nil, err
	}
	if complete {
		return byOffset, p.part(list, 0), nil
	}
	after, err = p.grouped(nil)
	return byGroups, after, err
}

// offset fills the page with the matches from a number on.
func (p *page) offset(from int) ([]byte, error) {
	list, complete, err := p.all()
	if err != nil {
		return nil, err
	}
	if !complete {
		return nil, lost()
	}
	return p.part(list, from), nil
}

// part fills the page from a list, and returns the number of the first that is behind it.
func (p *page) part(list []match, from int) []byte {
	for i, m := range list[min(from, len(list)):] {
		if !p.add(m.ver) {
			return appendRid(nil, rid(from+i))
		}
	}
	return nil
}

// grouped fills the page behind a match.
func (p *page) grouped(behind []byte) ([]byte, error) {
	g := p.groups(behind)
	full, err := g.fill(p, 0)
	if err != nil || !full {
		return nil, err
	}
	return g.at(), nil
}

// groups sorts by several parameters: it walks the values of the first, and sorts what
// is equal by it by the others. Where that is much, it walks the values of the second
// within it, and so on; what is equal by all is in the order of creation.
type groups struct {
	sorts
	behind *match // the last match of the page before
	depth  int    // in how many large groups that is
	last   match  // that is on the page
	inside int    // in how many large groups this one is
	left   int    // rows that may be walked, and candidates that may be tried; negative for all
}

func (p *page) groups(behind []byte) *groups {
	g := &groups{sorts: sortsOf(p.typ, p.q.Sort), left: -1}
	if len(behind) > 0 {
		g.depth = int(behind[0])
		g.behind = &match{spots: decodeSpots(behind[1:], len(g.orders))}
	}
	return g
}

// at is the place of the last match.
func (g *groups) at() []byte {
	b := []byte{byte(g.inside)}
	for _, s := range g.last.spots {
		one := s.encode()
		b = append(binary.AppendUvarint(b, uint64(len(one))), one...)
	}
	return b
}

func decodeSpots(b []byte, n int) []spot {
	spots := make([]spot, n)
	for i := range spots {
		size, k := binary.Uvarint(b)
		if k <= 0 || uint64(len(b)-k) < size {
			break
		}
		if one := decodeSpot(b[k : k+int(size)]); one != nil {
			spots[i] = *one
		}
		b = b[k+int(size):]
	}
	return spots
}

// fill puts what a page selects on it, in the order of the parameters from a level on.
// All of it is equal by those before, by which the match behind which it begins is equal
// too, where there is one. full is false where there is no more, or no rows are left.
func (g *groups) fill(p *page, level int) (full bool, err error) {
	if level == len(g.orders) {
		return g.byNumber(p)
	}
	o := g.orders[level]
	var from *groupStart
	switch {
	case g.behind == nil:
	case level < g.depth:
		at := g.behind.spots[level]
		if full, err := g.within(p, level, at); err != nil || full || g.left == 0 {
			return full, err
		}
		g.behind, from = nil, &groupStart{at.key, true}
	default:
		from = &groupStart{key: g.behind.spots[level].key}
	}
	for {
		equal, full, err := g.walk(p, level, from)
		if err != nil || full || equal == nil || g.left == 0 {
			return full, err
		}
		if g.behind != nil && o.compareValues(*equal, g.behind.spots[level]) != 0 {
			g.behind = nil
		}
		if full, err := g.within(p, level, *equal); err != nil || full || g.left == 0 {
			return full, err
		}
		g.behind, from = nil, &groupStart{equal.key, true}
	}
}

// walk fills the page from a walk of a level, as far as groups are small; equal is of
// the first that is not.
func (g *groups) walk(p *page, level int, from *groupStart) (equal *spot, full bool, err error) {
	o := g.orders[level]
	w, err := p.walkFrom(o, from)
	if err != nil {
		return nil, false, err
	}
	defer func() {
		p.lead = nil
		if e := w.close(); err == nil {
			err = e
		}
	}()
	var list []match
	for g.left != 0 {
		now, ok := w.next()
		if !ok {
			return nil, g.flush(p, list), nil
		}
		if g.left--; now.rid == 0 {
			continue
		}
		if err := stopped(p.ctx); err != nil {
			return nil, false, err
		}
		if has, err := p.has(now.rid); err != nil {
			return nil, false, err
		} else if !has {
			continue
		}
		ver, err := p.get(now.rid)
		if err != nil {
			return nil, false, err
		}
		if counts, err := w.counts(p.selection, ver); err != nil {
			return nil, false, err
		} else if !counts {
			continue
		}
		m, err := g.match(p.selection, ver, now.rid)
		if err != nil {
			return nil, false, err
		}
		if !p.equal(g, m) {
			continue
		}
		if len(list) > 0 && o.compareValues(m.spots[level], list[0].spots[level]) != 0 {
			if g.flush(p, list) {
				return nil, true, nil
			}
			list = list[:0]
		}
		if list = append(list, m); len(list) > groupSize {
			return &list[0].spots[level], false, nil
		}
	}
	return nil, false, nil
}

// flush puts a group on the page; full is true where it has no room for all of it.
func (g *groups) flush(p *page, list []match) (full bool) {
	slices.SortFunc(list, func(a, b match) int { return compareMatches(g.orders, a, b) })
	for _, m := range list {
		if g.behind != nil && compareMatches(g.orders, m, *g.behind) <= 0 {
			continue
		}
		if !p.add(m.ver) {
			return true
		}
		g.last, g.inside = m, len(p.group)
	}
	return false
}

// within fills the page with what is equal by a level.
func (g *groups) within(p *page, level int, at spot) (full bool, err error) {
	o := g.orders[level]
	clauses := slices.Clone(p.clauses)
	if o.by.Chain == nil {
		clauses = append(clauses, o.clause(at.key))
	} else if c, ok := o.chainClause(at.key); ok {
		clauses = append(clauses, c)
	}
	s, err := p.v.planned(p.ctx, p.typ, clauses, true)
	if err != nil {
		return false, err
	}
	inner := &page{selection: s, q: p.q, most: p.most, out: p.out, size: p.size, skip: p.skip, group: append(slices.Clone(p.group), at)}
	full, err = g.fill(inner, level+1)
	p.size, p.skip = inner.size, inner.skip
	return full, closeAll([]stream{s}, err)
}

// clause asks for what has an entry that sorts as a key does; for what has none where it
// is nil.
func (o order) clause(key []byte) search.Clause {
	clause := search.Clause{Param: o.by.Param, Not: key == nil}
	for _, r := range search.SortRanges(o.typ, o.by) {
		if key != nil {
			r = search.Range{Lo: search.SortPlace(o.typ, o.by, key, r.Lo), Few: true,
				Match: func(k []byte) bool { return o.compareValues(spot{key: k}, spot{key: key}) == 0 }}
			r.Hi = after(r.Lo)
		}
		clause.Ranges = append(clause.Ranges, r)
	}
	return clause
}

// equal reports whether a match is equal to the group of a page by each level. One with
// several values has entries that others are sorted by.
func (p *page) equal(g *groups, m match) bool {
	for i, at := range p.group {
		if g.orders[i].compareValues(m.spots[i], at) != 0 {
			return false
		}
	}
	return true
}

// byNumber fills the page with what is equal by all parameters.
func (g *groups) byNumber(p *page) (full bool, err error) {
	last := rid(0)
	if g.behind != nil {
		last = g.behind.spots[0].rid
	}
	for g.left != 0 {
		if last, err = p.seek(last + 1); err != nil || last == 0 {
			return false, err
		}
		g.left--
		ver, err := p.get(last)
		if err != nil {
			return false, err
		}
		m, err := g.match(p.selection, ver, last)
		if err != nil {
			return false, err
		}
		if !p.equal(g, m) {
			continue
		}
		if !p.add(ver) {
			return true, nil
		}
		g.last, g.inside = m, len(p.group)
	}
	return false, nil
}

// groupStart is where a walk begins: at the first row of a group, or beyond its last. Of
// resources without a value the key is nil.
type groupStart struct {
	key    []byte
	beyond bool
}

// walkFrom is [page.walk] from a group on; from the beginning where it is nil.
func (p *page) walkFrom(o order, from *groupStart) (walk, error) {
	switch {
	case from == nil:
		return p.walk(o, nil)
	case o.by.Chain != nil && from.key == nil && from.beyond:
		return nowhere{}, nil
	case o.by.Chain != nil && from.key == nil:
		return p.withoutChained(o, 0), nil
	case o.by.Chain != nil:
		return p.chainedFrom(o, walkStart{key: o.leafKey(from.key), beyond: from.beyond}), nil
	case o.by.Param == search.ID:
		return p.v.ids(o, &spot{key: from.key}), nil // each is a group of its own
	}
	in, limited := search.SortWithin(p.typ, o.by, p.clauses)
	if from.key == nil {
		if from.beyond {
			return nowhere{}, nil
		}
		return p.without(o, in, 0)
	}
	at := spot{key: bytes.Clone(from.key)}
	return p.valued(o, in, limited, p.v.rangesFrom(o, in, at.key, func(row spot) bool {
		c := o.compareValues(row, at)
		return c > 0 || c == 0 && !from.beyond
	}))
}
