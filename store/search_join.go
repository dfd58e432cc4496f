package store

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// leg is one of the ways in which a chained clause may be met: by what refers
// to a resource, by what it refers to, or by what it contains.
type leg struct {
	typ    string        // of the inner resources, that of the outer ones for what they contain
	clause search.Clause // that the inner ones meet
	has    *search.Has
	chain  *search.Chain
}

func legsOf(typ string, c *search.Clause) (out []leg) {
	for i := range c.Has {
		out = append(out, leg{typ: c.Has[i].Type, clause: c.Has[i].Clause, has: &c.Has[i]})
	}
	for i := range c.Chain {
		chain := &c.Chain[i]
		out = append(out, leg{typ: chain.Type, clause: chain.Clause, chain: chain})
		if within, ok := chain.Clause.Within(c.Param, chain.Type); ok {
			out = append(out, leg{typ: typ, clause: within})
		}
	}
	return out
}

// joint is the place among the checks of a chained clause whose inner search is
// walked to drive this one; -1 where there is none.
func (s *selection) joint() int {
	return slices.IndexFunc(s.checks, func(c *search.Clause) bool {
		return len(c.Chain)+len(c.Has) > 0 && !c.Not && !slices.ContainsFunc(c.Chain, func(chain search.Chain) bool { return chain.Clause.Negative() })
	})
}

// joinWalk goes through the resources that meet a chained clause in the order
// of its inner search: for each inner resource those that it leads to. One that
// several lead to counts with the first of them by number, in the first leg.
//
// The key of a spot is the place of the inner search: the leg and the inner
// spot.
type joinWalk struct {
	s     *selection
	c     *search.Clause
	legs  []leg
	leg   int
	in    *found
	trial []*selection // of the inner clause of each leg, nil until it is asked
	at    spot         // of the inner resource
	outer stream       // what it leads to; nil for nothing more
	last  rid          // of these
	given map[rid]bool // by this walk
	err   error
}

func (s *selection) join(c *search.Clause, behind *spot) *joinWalk {
	w := &joinWalk{s: s, c: c, legs: legsOf(s.typ, c), leg: -1, given: map[rid]bool{}}
	w.trial = make([]*selection, len(w.legs))
	if behind != nil && len(behind.key) > 1 {
		w.leg = int(behind.key[0]) - 1
		w.onward(decodeSpot(behind.key[1:]))
		w.last = behind.rid
	}
	return w
}

// onward begins the next leg, behind a spot whose resource is not done with.
func (w *joinWalk) onward(behind *spot) {
	w.leg++
	if w.leg >= len(w.legs) {
		return
	}
	l := &w.legs[w.leg]
	if w.in, w.err = w.s.v.found(w.s, l.typ, l.clause, behind); w.err != nil || behind == nil {
		return
	}
	var ver *fhir.Version
	if ver, w.err = w.in.get(behind.rid); w.err == nil {
		w.enter(*behind, ver)
	}
}

// enter goes to an inner resource.
func (w *joinWalk) enter(at spot, ver *fhir.Version) {
	w.at, w.last = at, 0
	w.outer, w.err = w.leads(&w.legs[w.leg], ver)
}

// leads are the resources to which an inner one leads.
func (w *joinWalk) leads(l *leg, ver *fhir.Version) (stream, error) {
	switch {
	case l.chain != nil:
		return w.s.v.referrersOf(w.s.typ, w.c.Param, ver)
	case l.has == nil:
		return list{w.at.rid}, nil
	}
	entries, err := valuesOf(ver, l.has.Ref)
	if err != nil {
		return nil, err
	}
	var to []rid
	err = w.s.v.targets(w.s.ctx, l.typ, entries, l.has.Ref, w.s.typ, func(r rid) { to = append(to, r) })
	return listOf(to), err
}

func (w *joinWalk) next() (spot, bool) {
	for w.err == nil {
		if r := w.following(); r != 0 && !w.given[r] {
			return spot{append([]byte{byte(w.leg)}, w.at.encode()...), r}, true
		} else if r != 0 || w.err != nil {
			continue
		}
		w.advance()
		if w.leg >= len(w.legs) {
			break
		}
	}
	return spot{}, false
}

// following is the next resource to which the inner one leads, 0 for none.
func (w *joinWalk) following() (r rid) {
	if w.outer == nil {
		return 0
	}
	if r, w.err = w.outer.seek(w.last + 1); r == 0 || w.err != nil {
		w.err = closeAll([]stream{w.outer}, w.err)
		w.outer = nil
		return 0
	}
	w.last = r
	return r
}

// advance goes to the next inner resource, or to the next leg.
func (w *joinWalk) advance() {
	if w.in != nil {
		at, ver, err := w.in.next()
		if w.err = err; err != nil {
			return
		}
		if ver != nil {
			w.enter(at, ver)
			return
		}
		if w.err, w.in = w.in.close(), nil; w.err != nil {
			return
		}
	}
	w.onward(nil)
}

// counts reports whether the inner resource is the first that leads to this one.
func (w *joinWalk) counts(s *selection, ver *fhir.Version) (bool, error) {
	for i := 0; i < w.leg; i++ {
		if met, err := w.met(i, ver, maxRid); met || err != nil {
			return false, err
		}
	}
	met, err := w.met(w.leg, ver, w.at.rid)
	if err != nil || met {
		return false, err
	}
	w.given[w.last] = true
	return true, nil
}

// met reports whether a resource meets the clause by a leg, through an inner
// resource with a number below the limit.
func (w *joinWalk) met(leg int, ver *fhir.Version, limit rid) (bool, error) {
	l := &w.legs[leg]
	if l.has == nil && l.chain == nil {
		if limit != maxRid {
			return false, nil // it is its own inner resource
		}
		entries, err := w.s.entries(ver, l.clause.Param)
		if err != nil {
			return false, err
		}
		return w.s.holds(&l.clause, ver, entries)
	}
	from, err := w.backward(l, ver)
	if err != nil {
		return false, err
	}
	met, err := w.any(leg, from, limit)
	return met, closeAll([]stream{from}, err)
}

// backward are the resources that may lead to one by a leg.
func (w *joinWalk) backward(l *leg, ver *fhir.Version) (stream, error) {
	if l.has != nil {
		return w.s.v.referrersOf(l.typ, l.has.Ref, ver)
	}
	entries, err := w.s.entries(ver, w.c.Param)
	if err != nil {
		return nil, err
	}
	var to []rid
	err = w.s.v.targets(w.s.ctx, ver.Type, entries, w.c.Param, l.typ, func(r rid) { to = append(to, r) })
	return listOf(to), err
}

// any reports whether a number below the limit meets the inner clause of a leg.
func (w *joinWalk) any(leg int, from stream, limit rid) (ok bool, err error) {
	if r, err := from.seek(1); err != nil || r == 0 || r >= limit {
		return false, err
	}
	in := w.trial[leg]
	if in == nil {
		if in, err = w.s.v.selection(w.s.ctx, w.legs[leg].typ, []search.Clause{w.legs[leg].clause}); err != nil {
			return false, err
		}
		in.patience = all
		w.trial[leg] = in
	}
	return in.meets(from, limit)
}

func (w *joinWalk) close() error {
	err := w.err
	if w.outer != nil {
		err = closeAll([]stream{w.outer}, err)
	}
	if w.in != nil {
		if e := w.in.close(); err == nil {
			err = e
		}
	}
	for _, s := range w.trial {
		if s != nil {
			err = closeAll([]stream{s}, err)
		}
	}
	return err
}
