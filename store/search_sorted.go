package store

import (
	"cmp"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// sorted walks the one sort parameter, or sorts the matches in memory where
// they are few among many.
func (p *page) sorted(behind *spot) ([]byte, error) {
	o := order{p.typ, p.q.Sort[0]}
	few, err := p.fewMatches()
	if err != nil {
		return nil, err
	}
	if !few {
		skip, limit := p.skip, maxWalked
		if p.limited {
			limit *= 5 // most rows are of others
		}
		at, filled, err := p.walked(o, behind, limit)
		if err != nil || filled {
			return at, err
		}
		p.restart(skip)
	}
	list, complete, err := p.all()
	switch {
	case err != nil:
		return nil, err
	case complete:
		return p.cut(o, list, behind)
	}
	rest := -1
	if o.by.Chain != nil && !p.limited && p.skip == 0 { // where a part is seen, what others have must not end a page
		rest = maxChainWalk
	}
	at, _, err := p.walked(o, behind, rest)
	return at, err
}

// maxChainWalk is how many rows a page that is sorted by a chain looks at before it ends
// short of its count. It is a variable, so that tests can make it small.
var maxChainWalk = 20_000

// fewMatches reports whether streams leave few candidates, which are best
// sorted in memory at once.
func (p *page) fewMatches() (bool, error) {
	if p.limited {
		if few, err := p.ownedFew(); few || err != nil {
			return few, err
		}
	}
	if !p.narrowed {
		return false, nil
	}
	return p.few()
}

// walked fills the page from a walk of the order. See [page.take].
func (p *page) walked(o order, behind *spot, limit int) (at []byte, filled bool, err error) {
	w, err := p.walk(o, behind)
	if err != nil {
		return nil, false, err
	}
	defer func() { p.lead = nil }()
	return p.take(w, limit)
}

// walk goes through the resources that may match in the order of a parameter.
// Where the walk is within the ranges of a clause, that clause leads.
func (p *page) walk(o order, behind *spot) (walk, error) {
	switch {
	case o.by.Chain != nil:
		return p.chained(o, behind), nil
	case o.by.Param == search.ID:
		return p.v.ids(o, behind), nil
	}
	in, limited := search.SortWithin(p.typ, o.by, p.clauses)
	if behind != nil && behind.key == nil {
		return p.without(o, in, behind.rid)
	}
	return p.valued(o, in, limited, p.v.ranges(o, in, behind))
}

// valued is a walk of the values of a parameter, and of the resources without one where
// these may match.
func (p *page) valued(o order, in []search.Range, limited bool, valued walk) (walk, error) {
	if limited && search.Single(p.typ, o.by.Param) {
		p.lead = p.checkOn(o.by.Param)
	}
	if limited || o.by.Param == search.LastUpdated {
		return valued, nil // every match has a value
	}
	return &inTurn{walk: valued, then: func() (walk, error) { return p.without(o, in, 0) }}, nil
}

// checkOn is the one clause on a single parameter, where that is a check.
func (s *selection) checkOn(param string) *search.Clause {
	for _, c := range s.checks {
		if c.Param == param && !c.Not && len(c.Chain)+len(c.Has) == 0 {
			return c
		}
	}
	return nil
}

// match is a selected resource with its place in each sort order.
type match struct {
	ver   *fhir.Version
	spots []spot
}

// all gives the matches in the order of the query; complete is false where they
// are too many for that.
func (p *page) all() (list []match, complete bool, err error) {
	sorts := sortsOf(p.typ, p.q.Sort)
	for r, err := p.seek(1); r != 0 || err != nil; r, err = p.seek(r + 1) {
		if err != nil {
			return nil, false, err
		}
		if len(list) == maxSorted {
			return nil, false, nil
		}
		ver, err := p.get(r)
		if err != nil {
			return nil, false, err
		}
		m, err := sorts.match(p.selection, ver, r)
		if err != nil {
			return nil, false, err
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b match) int { return compareMatches(sorts.orders, a, b) })
	if !p.limited { // else count decides, whatever way led here
		p.out.Total = len(list)
	}
	return list, true, nil
}

// compareMatches goes by the sort parameters in turn. One alone also decides
// between equal values, as a walk of its rows does.
func compareMatches(orders []order, a, b match) int {
	if len(orders) == 1 {
		return orders[0].compare(a.spots[0], b.spots[0])
	}
	for i, o := range orders {
		if c := o.compareValues(a.spots[i], b.spots[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.spots[0].rid, b.spots[0].rid)
}

// cut fills the page with the matches behind a spot.
func (p *page) cut(o order, list []match, behind *spot) ([]byte, error) {
	from := 0
	if behind != nil {
		from, _ = slices.BinarySearchFunc(list, *behind, func(m match, at spot) int {
			return o.compare(m.spots[0], at)*2 - 1 // the first one behind it
		})
	}
	var at []byte
	for _, m := range list[from:] {
		if !p.add(m.ver) {
			return at, nil
		}
		at = m.spots[0].encode()
	}
	return nil, nil
}
