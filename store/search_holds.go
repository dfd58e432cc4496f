package store

import (
	"slices"

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
		if ok, err := s.anyHas(chain.Type, &chain.Clause, to); ok || err != nil {
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
		var from []rid
		if err := s.v.referring(has.Type, has.Ref, ver, func(r rid) { from = append(from, r) }); err != nil {
			return false, err
		}
		if ok, err := s.anyHas(has.Type, &has.Clause, from); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// anyHas reports whether any of the resources meets the inner condition, whose
// selection is kept for the next candidate.
func (s *selection) anyHas(typ string, c *search.Clause, rids []rid) (bool, error) {
	if len(rids) == 0 {
		return false, nil
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
	slices.Sort(rids)
	for _, r := range rids {
		if ok, err := in.has(r); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
