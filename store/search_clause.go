package store

import (
	"bytes"
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// onKeys reports whether a clause is about few keys, so that its stream costs
// little.
func onKeys(c *search.Clause) bool {
	for _, all := range c.Any {
		if slices.ContainsFunc(all, func(inner search.Clause) bool { return inner.Chained() || !onKeys(&inner) }) {
			return false
		}
	}
	for i := range c.Ranges {
		if !c.Ranges[i].Exact && !c.Ranges[i].Few {
			return false
		}
	}
	return true
}

// streamOf gives the resources that have what a clause names, whatever its
// Not; nil when that is broad.
func (v view) streamOf(ctx context.Context, typ string, c *search.Clause) (stream, error) {
	switch {
	case c.Any != nil:
		return v.meetsAny(ctx, typ, c.Any)
	case c.Param == search.ID:
		return v.identified(typ, c.IDs)
	case len(c.Chain) > 0:
		return v.chained(ctx, typ, c, limits.chained)
	case len(c.Has) > 0:
		return v.referredTo(ctx, typ, c, limits.chained)
	}
	if len(c.Ranges) > limits.keys { // too many to keep a stream open for each
		return v.scan(ctx, typ, c)
	}
	var in []stream
	for i := range c.Ranges {
		s, broad, err := v.narrow(typ, c.Param, &c.Ranges[i])
		in = append(in, s...)
		if err != nil || broad {
			return nil, closeAll(in, err)
		}
	}
	return unionOf(in), nil
}

func closeAll(in []stream, err error) error {
	for _, s := range in {
		if e := s.close(); err == nil {
			err = e
		}
	}
	return err
}

// narrow gives the streams of a range, or that it is broad.
func (v view) narrow(typ, param string, in *search.Range) (out []stream, broad bool, err error) {
	if in.Exact {
		return []stream{v.posted(typ, param, in.Lo)}, false, nil
	}
	w := v.rows(typ, param, *in, false)
	defer func() {
		if e := w.close(); err == nil {
			err = e
		}
	}()
	most := limits.rows
	if in.Few { // most references and identifiers are those of some resources
		most = limits.some
	}
	rids, more := sample(w, in, w.next(), most)
	if !more {
		return []stream{listOf(rids)}, false, nil
	}
	keys, all := keysOf(w, in, w.seek(in.Lo, 0))
	if !all {
		return nil, true, nil
	}
	for _, key := range keys {
		out = append(out, v.posted(typ, param, key))
	}
	return out, false, nil
}

// sample collects the resources of a range from the row on which the walk
// stands if it does. more says that there are more rows than most.
func sample(w *rows, in *search.Range, ok bool, most int) (rids []rid, more bool) {
	for seen := 0; ok; seen++ {
		if seen == most {
			return nil, true
		}
		if in.Match == nil || in.Match(w.key) {
			rids = append(rids, w.rid)
		}
		ok = w.next()
	}
	return rids, false
}

// keysOf collects the keys of a range, leaping from one to the next, from the
// row on which the walk stands if it does. all is false when there are more
// than limits.keys.
func keysOf(w *rows, in *search.Range, ok bool) (keys [][]byte, all bool) {
	for looked := 0; ok; looked++ {
		key := bytes.Clone(w.key)
		if in.Match == nil || in.Match(key) {
			keys = append(keys, key)
		}
		if len(keys) > limits.keys || looked > limits.rows {
			return nil, false
		}
		ok = w.seek(key, maxRid)
		if ok && bytes.Equal(w.key, key) {
			ok = w.next()
		}
	}
	return keys, true
}

// scan gives all resources that have what a clause names, however many.
func (v view) scan(ctx context.Context, typ string, c *search.Clause) (stream, error) {
	switch {
	case len(c.Chain) > 0:
		return v.chained(ctx, typ, c, all)
	case len(c.Has) > 0:
		return v.referredTo(ctx, typ, c, all)
	}
	out := &bitset{}
	for i := range c.Ranges {
		in := &c.Ranges[i]
		w := v.rows(typ, c.Param, *in, false)
		n := 0
		for w.next() {
			if in.Match == nil || in.Match(w.key) {
				out.add(w.rid)
			}
			if n++; n%1024 == 0 && ctx.Err() != nil {
				break
			}
		}
		if err := w.close(); err != nil {
			return nil, err
		}
		if err := stopped(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// stopped is the error of a search that was given up.
func stopped(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		e := fhir.E("search", fhir.Timeout, fhir.Issue{Message: "The search was stopped before it was done.",
			Fix: "Narrow the search with further parameters."})
		e.Err = err
		return e
	}
	return nil
}

// identified gives the resources of ids that stand.
func (v view) identified(typ string, ids []string) (stream, error) {
	var out []rid
	for _, id := range ids {
		i, ok, err := v.identity(typ, id)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, i.rid)
		}
	}
	return listOf(out), nil
}
