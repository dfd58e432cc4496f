package store

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// targets gives the resources of a type that entries of a resource under a
// reference parameter lead to.
func (v view) targets(ctx context.Context, from string, entries []search.Entry, param, typ string, f func(rid)) error {
	for _, e := range entries {
		if e.Param != param {
			continue
		}
		if err := v.target(ctx, from, e, typ, f); err != nil {
			return err
		}
	}
	return nil
}

// target gives the resources of a type that one entry leads to: that of its
// type and id, and those that have the url of a canonical.
func (v view) target(ctx context.Context, from string, e search.Entry, typ string, f func(rid)) error {
	if to, id, ok := search.LocalReference(e.Key, v.own); ok && to == typ {
		i, ok, err := v.identity(typ, id)
		if err != nil {
			return err
		}
		if ok {
			f(i.rid)
		}
	}
	clauses := search.Canonicals(from, e.Param, e.Key, typ)
	if clauses == nil {
		return nil
	}
	s, err := v.selection(ctx, typ, clauses)
	if err != nil {
		return err
	}
	r, err := s.seek(1)
	for ; r != 0 && err == nil; r, err = s.seek(r + 1) {
		f(r)
	}
	return closeAll([]stream{s}, err)
}

// referring gives the resources of a type that refer to another one, by its
// address or, where the parameter has canonicals, by its url.
func (v view) referring(typ, param string, to *fhir.Version, f func(rid)) error {
	ranges := []search.Range{search.ReferenceTo(to.Type, to.ID, v.own)}
	if search.HasCanonicals(typ, param, to.Type) {
		res, err := contentOf(to)
		if err != nil {
			return err
		}
		if byURL, ok := search.CanonicalsTo(res); ok {
			ranges = append(ranges, byURL)
		}
	}
	for i := range ranges {
		w := v.rows(typ, param, ranges[i], false)
		for w.next() {
			if ranges[i].Match(w.key) {
				f(w.rid)
			}
		}
		if err := w.close(); err != nil {
			return err
		}
	}
	return nil
}
