package store

import (
	"bytes"
	"slices"

	"github.com/pestle-fhir/pestle/fhir/search"
)

// counted is how many resources a query selects, where it asks for nothing but ranges of a
// parameter that has one entry at most: the rows in them that hold, without a look at the
// resources. ok is false for any other query.
func (s *selection) counted() (n int, ok bool, err error) {
	c := s.ranged()
	if c == nil {
		return 0, false, nil
	}
	for i := range c.Ranges {
		in := &c.Ranges[i]
		w := s.v.rows(s.typ, c.Param, *in, false)
		for w.next() {
			if in.Match == nil || in.Match(w.key) {
				n++
			}
			if n%1024 == 0 && s.ctx.Err() != nil {
				break
			}
		}
		if err := w.close(); err != nil {
			return 0, false, err
		}
		if err := stopped(s.ctx); err != nil {
			return 0, false, err
		}
	}
	return n, true, nil
}

// ranged is the clause of a query that asks for ranges of such a parameter alone, and is
// not limited to what a principal sees; nil for any other.
func (s *selection) ranged() *search.Clause {
	if len(s.clauses) != 1 || s.limited {
		return nil
	}
	c := &s.clauses[0]
	if c.Not || c.Param == search.ID || len(c.Ranges) == 0 || onKeys(c) || c.Chain != nil || c.Has != nil || c.Any != nil || !search.Single(s.typ, c.Param) {
		return nil
	}
	ranges := slices.Clone(c.Ranges) // a row in two of them would count twice
	slices.SortFunc(ranges, func(a, b search.Range) int { return bytes.Compare(a.Lo, b.Lo) })
	for i := range ranges[1:] {
		if hi := ranges[i].Hi; hi == nil || bytes.Compare(hi, ranges[i+1].Lo) > 0 {
			return nil
		}
	}
	return c
}
