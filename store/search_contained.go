package store

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// containing returns the resources that contain one which meets a chained
// condition, and refer to it by the parameter. complete is false where the
// condition is broad, or must be tried on more than limit resources.
func (v view) containing(ctx context.Context, typ, param string, chain *search.Chain, limit int, f func(rid)) (complete bool, err error) {
	c, ok := chain.Clause.Within(param, chain.Type)
	if !ok {
		return true, nil
	}
	if chain.Clause.Negative() {
		return v.containingWithout(ctx, typ, param, chain, limit, f)
	}
	in, err := v.streamOf(ctx, typ, &c)
	if err == nil && in == nil && limit == all {
		in, err = v.scan(ctx, typ, &c)
	}
	if err != nil || in == nil {
		return false, err
	}
	return true, closeAll([]stream{in}, eachOf(in, f))
}

func eachOf(in stream, f func(rid)) error {
	r, err := in.seek(1)
	for ; r != 0 && err == nil; r, err = in.seek(r + 1) {
		f(r)
	}
	return err
}

// containingWithout reads each resource that contains one of the type.
func (v view) containingWithout(ctx context.Context, typ, param string, chain *search.Chain, limit int, f func(rid)) (complete bool, err error) {
	s, err := v.selection(ctx, typ, nil)
	if err != nil {
		return false, err
	}
	having := v.keyStream(typ, search.Inside(param, chain.Type)+search.Every, search.EveryKey)
	s.must = append(s.must, having)
	defer func() { err = closeAll([]stream{s}, err) }()
	r, err := s.seek(1)
	for n := 0; r != 0 && err == nil; n++ {
		if n == limit {
			return false, nil
		}
		ver, err := s.get(r)
		if err != nil {
			return false, err
		}
		ok, err := s.contains(param, chain, ver)
		if err != nil {
			return false, err
		}
		if ok {
			f(r)
		}
		if r, err = s.seek(r + 1); err != nil {
			return false, err
		}
	}
	return true, err
}

// contains tries a chained condition on each resource of the type that another
// one contains and refers to by the parameter.
func (s *selection) contains(param string, chain *search.Chain, ver *fhir.Version) (bool, error) {
	res, err := s.content(ver)
	if err != nil {
		return false, err
	}
	for _, entries := range search.Contained(res, param, chain.Type) {
		inside := &fhir.Version{Type: chain.Type} // it has no id of this server
		if ok, err := s.holds(&chain.Clause, inside, entries); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// containedHolds tries a chained condition on what a resource contains.
func (s *selection) containedHolds(param string, chain *search.Chain, ver *fhir.Version, entries []search.Entry) (bool, error) {
	c, ok := chain.Clause.Within(param, chain.Type)
	switch {
	case !ok || !hasParam(entries, search.Inside(param, chain.Type)+search.Every):
		return false, nil
	case !chain.Clause.Negative():
		return s.holds(&c, ver, entries)
	case len(ver.JSON) == 0: // contained itself: its entries are all there is
		return s.holds(&c, ver, entries)
	}
	return s.contains(param, chain, ver)
}

func hasParam(entries []search.Entry, param string) bool {
	for i := range entries {
		if entries[i].Param == param {
			return true
		}
	}
	return false
}
