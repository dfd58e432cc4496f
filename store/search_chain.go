package store

import (
	"context"
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// maxChained is how many resources the inner part of a chained search may find.
const maxChained = 10_000

// inner runs f on the resources that meet a chained condition.
func (v view) inner(ctx context.Context, typ string, c search.Clause, f func(*fhir.Version) error) error {
	s, err := v.selection(ctx, typ, []search.Clause{c})
	if err != nil {
		return err
	}
	found := 0
	for r, err := s.seek(1); r != 0 || err != nil; r, err = s.seek(r + 1) {
		if err != nil {
			return closeAll([]stream{s}, err)
		}
		if found++; found > maxChained {
			return closeAll([]stream{s}, fhir.E("search", fhir.TooCostly, fhir.Issue{
				Message: fmt.Sprintf("The chained condition on %s finds more than %d resources.", typ, maxChained), Expected: "a condition that finds fewer",
				Fix: "Narrow what stands behind the dot, or search the other way round."}))
		}
		ver, err := s.get(r)
		if err == nil {
			err = f(ver)
		}
		if err != nil {
			return closeAll([]stream{s}, err)
		}
	}
	return s.close()
}

// chained gives the resources whose reference parameter leads to one that
// meets the chained condition.
func (v view) chained(ctx context.Context, typ string, c *search.Clause) (stream, error) {
	out := &bitset{}
	for _, chain := range c.Chain {
		err := v.inner(ctx, chain.Type, chain.Clause, func(ver *fhir.Version) error {
			return v.referring(typ, c.Param, ver.Type, ver.ID, func(r rid) { out.add(r) })
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// referring gives the resources of a type that refer to another one.
func (v view) referring(typ, param, toType, toID string, f func(rid)) error {
	w := v.rows(typ, param, search.ReferenceTo(toType, toID), false)
	for w.next() {
		f(w.rid)
	}
	return w.close()
}

// referredTo gives the resources that one meeting a reverse chain refers to.
func (v view) referredTo(ctx context.Context, typ string, c *search.Clause) (stream, error) {
	out := &bitset{}
	for _, has := range c.Has {
		err := v.inner(ctx, has.Type, has.Clause, func(ver *fhir.Version) error {
			return v.targets(ctx, ver, has.Ref, func(toType, id string) error {
				if toType != typ {
					return nil
				}
				i, ok, err := v.identity(typ, id)
				if ok {
					out.add(i.rid)
				}
				return err
			})
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// targets gives what a version refers to by a parameter, "*" for by any.
func (v view) targets(ctx context.Context, ver *fhir.Version, param string, f func(typ, id string) error) error {
	entries, err := entriesBefore(ctx, ver)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Param != param && (param != "*" || !search.IsReference(ver.Type, e.Param)) {
			continue
		}
		if typ, id, ok := search.LocalReference(e.Key); ok {
			if err := f(typ, id); err != nil {
				return err
			}
		}
	}
	return nil
}
