package store

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// targets returns the resources of a type that entries of a resource under a
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

// target returns the resources of a type that one entry leads to: that of its
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

// referrersOf are the resources that [view.referring] returns, as a stream.
func (v view) referrersOf(typ, param string, to *fhir.Version) (stream, error) {
	ranges, err := v.referencesTo(typ, param, to)
	if err != nil {
		return nil, err
	}
	var in []stream
	for i := range ranges {
		ranges[i].Few = false // most often they are few rows too
		s, broad, err := v.narrow(typ, param, &ranges[i])
		if broad && err == nil {
			s, err = v.listed(typ, param, ranges[i])
		}
		if in = append(in, s...); err != nil {
			return nil, closeAll(in, err)
		}
	}
	return unionOf(in), nil
}

// listed is the resources of a range with many keys.
func (v view) listed(typ, param string, in search.Range) ([]stream, error) {
	var rids []rid
	err := v.inRange(typ, param, in, func(r rid) { rids = append(rids, r) })
	return []stream{listOf(rids)}, err
}

func (v view) inRange(typ, param string, in search.Range, f func(rid)) error {
	w := v.rows(typ, param, in, false)
	for w.next() {
		if in.Match(w.key) {
			f(w.rid)
		}
	}
	return w.close()
}

// referring returns the resources of a type that refer to another one, by its
// address or, where the parameter has canonicals, by its url.
func (v view) referring(typ, param string, to *fhir.Version, f func(rid)) error {
	ranges, err := v.referencesTo(typ, param, to)
	for i := 0; i < len(ranges) && err == nil; i++ {
		err = v.inRange(typ, param, ranges[i], f)
	}
	return err
}

// referencesTo are the ranges of the entries that refer to a resource.
func (v view) referencesTo(typ, param string, to *fhir.Version) ([]search.Range, error) {
	ranges := []search.Range{search.ReferenceTo(to.Type, to.ID, v.own)}
	if search.HasCanonicals(typ, param, to.Type) {
		res, err := contentOf(to)
		if err != nil {
			return nil, err
		}
		if byURL, ok := search.CanonicalsTo(res); ok {
			ranges = append(ranges, byURL)
		}
	}
	return ranges, nil
}
