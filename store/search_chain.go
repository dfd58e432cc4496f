package store

import (
	"context"
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// inner runs f on the resources that meet a chained condition. complete is
// false where they are more than limit, or where finding them or f costs too
// much for that; then it stops.
func (v view) inner(ctx context.Context, typ string, c *search.Clause, limit int, f func(*fhir.Version) error) (complete bool, err error) {
	s, err := v.selection(ctx, typ, []search.Clause{*c})
	if err != nil {
		return false, err
	}
	defer func() {
		if e := s.close(); err == nil {
			err = e
		}
	}()
	if limit != all {
		s.patience, s.budget = all, 2*limit+1
	}
	r := rid(0)
	for found := 0; ; found++ {
		if r, err = s.seek(r + 1); errors.Is(err, errDear) {
			return false, nil
		} else if err != nil || r == 0 {
			return true, err
		}
		if found == limit {
			return false, nil
		}
		ver, err := s.get(r)
		if err != nil {
			return false, err
		}
		if err := f(ver); errors.Is(err, errDear) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
}

// referringUpTo adds what refers to a resource; errDear where that is more than
// a forward search with the limit is worth.
func (v view) referringUpTo(limit int, typ, param string, to *fhir.Version, out *bitset) error {
	if limit == all {
		return v.referring(typ, param, to, out.add)
	}
	from, err := v.referrersOf(typ, param, to)
	if err != nil {
		return err
	}
	r, err := from.seek(1)
	for ; r != 0 && err == nil; r, err = from.seek(r + 1) {
		if out.add(r); out.added > 16*limit {
			err = errDear
			break
		}
	}
	return closeAll([]stream{from}, err)
}

// chained gives the resources whose reference parameter leads to one that
// meets the chained condition; nil where more than limit do.
func (v view) chained(ctx context.Context, typ string, c *search.Clause, limit int) (stream, error) {
	out := &bitset{}
	for i := range c.Chain {
		chain := &c.Chain[i]
		complete, err := v.inner(ctx, chain.Type, &chain.Clause, limit, func(ver *fhir.Version) error {
			return v.referringUpTo(limit, typ, c.Param, ver, out)
		})
		if err == nil && complete {
			complete, err = v.containing(ctx, typ, c.Param, chain, limit, out.add)
		}
		if err != nil || !complete {
			return nil, err
		}
	}
	return out, nil
}

// referredTo gives the resources that one meeting a reverse chain refers to;
// nil where more than limit meet it.
func (v view) referredTo(ctx context.Context, typ string, c *search.Clause, limit int) (stream, error) {
	out := &bitset{}
	for i := range c.Has {
		has := &c.Has[i]
		complete, err := v.inner(ctx, has.Type, &has.Clause, limit, func(ver *fhir.Version) error {
			entries, err := valuesOf(ver, has.Ref)
			if err != nil {
				return err
			}
			return v.targets(ctx, has.Type, entries, has.Ref, typ, out.add)
		})
		if err != nil || !complete {
			return nil, err
		}
	}
	return out, nil
}
