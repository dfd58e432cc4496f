package store

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// holds tries a clause on one resource.
func (s *selection) holds(c *search.Clause, ver *fhir.Version, entries []search.Entry) (ok bool, err error) {
	switch {
	case len(c.Chain) > 0:
		ok, err = s.leadsTo(c, ver, entries)
	case len(c.Has) > 0:
		ok, err = s.isReferredTo(c, ver)
	default:
		return c.Holds(ver.ID, entries), nil
	}
	return ok != c.Not, err
}

// leadsTo reports whether a reference leads to a resource that meets a chained
// condition.
func (s *selection) leadsTo(c *search.Clause, ver *fhir.Version, entries []search.Entry) (bool, error) {
	for i := range c.Chain {
		chain := &c.Chain[i]
		var to []rid
		if ok, err := s.containedHolds(c.Param, chain, ver, entries); ok || err != nil {
			return ok, err
		}
		if err := s.v.targets(s.ctx, ver.Type, entries, c.Param, chain.Type, func(r rid) { to = append(to, r) }); err != nil {
			return false, err
		}
		if ok, err := s.anyHas(chain.Type, &chain.Clause, listOf(to)); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// isReferredTo reports whether a resource that meets a reverse chain refers to
// this one.
func (s *selection) isReferredTo(c *search.Clause, ver *fhir.Version) (bool, error) {
	for i := range c.Has {
		has := &c.Has[i]
		from, err := s.v.referrersOf(has.Type, has.Ref, ver)
		if err != nil {
			return false, err
		}
		ok, err := s.anyHas(has.Type, &has.Clause, from)
		if err = closeAll([]stream{from}, err); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// anyHas reports whether any of the resources meets the inner condition, whose
// selection is kept for the next candidate.
func (s *selection) anyHas(typ string, c *search.Clause, rids stream) (bool, error) {
	if r, err := rids.seek(1); r == 0 || err != nil {
		return false, err
	}
	in := s.inner[c]
	if in == nil {
		var err error
		if in, err = s.v.trial(s.ctx, typ, c); err != nil {
			return false, err
		}
		if s.inner == nil {
			s.inner = map[*search.Clause]*selection{}
		}
		s.inner[c] = in
	}
	before := in.tried
	met, err := in.meets(rids, maxRid)
	s.tried += in.tried - before
	if !met {
		s.checked += in.tried - before
	}
	return met, err
}

// meets reports whether a number of a stream below a limit is selected. Streams
// leap over each other.
func (s *selection) meets(numbers stream, limit rid) (bool, error) {
	r, err := numbers.seek(1)
	for r != 0 && r < limit && err == nil {
		if err := stopped(s.ctx); err != nil {
			return false, err
		}
		if ok, err := s.has(r); ok || err != nil {
			return ok, err
		}
		onward := r + 1
		if s.narrowed {
			if onward, err = s.agree(onward); err != nil || onward == 0 {
				return false, err
			}
		}
		r, err = numbers.seek(onward)
	}
	return false, err
}
