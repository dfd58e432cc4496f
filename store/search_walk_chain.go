package store

import (
	"bytes"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// walkStart is where a walk of a chained order begins: behind a spot, at the first value
// that sorts as a key of values does or beyond the last of these, or at the beginning.
type walkStart struct {
	behind *spot
	key    []byte
	beyond bool
}

// chained walks a chained order: the values at the end of the chain in their order, of
// each what refers to it; then the resources that lead to no value.
func (s *selection) chained(o order, behind *spot) walk {
	if behind != nil && behind.key == nil {
		return s.withoutChained(o, behind.rid)
	}
	return s.chainedFrom(o, walkStart{behind: behind})
}

func (s *selection) chainedFrom(o order, from walkStart) walk {
	return &inTurn{walk: s.chainWalk(o, from), then: func() (walk, error) { return s.withoutChained(o, 0), nil }}
}

// chainWalk goes through what leads to a value, by a reference and by what is contained.
type chainWalk struct {
	o    order
	legs []walk
	at   []spot // where each is
	over []bool
	of   int // the leg of the last row; -1 before the first
	now  spot
}

func (s *selection) chainWalk(o order, from walkStart) *chainWalk {
	w := &chainWalk{o: o, of: -1, legs: []walk{s.throughWalk(o, from)}}
	if in, ok := o.within(); ok {
		w.legs = append(w.legs, &withinWalk{s.ordered(in, from.inner())})
	}
	w.at, w.over = make([]spot, len(w.legs)), make([]bool, len(w.legs))
	for i := range w.legs {
		w.onward(i)
	}
	return w
}

func (w *chainWalk) onward(i int) {
	at, ok := w.legs[i].next()
	w.at[i], w.over[i] = at, !ok
}

func (w *chainWalk) next() (spot, bool) {
	if w.of >= 0 {
		w.onward(w.of)
	}
	w.of = -1
	for i := range w.legs {
		if !w.over[i] && (w.of < 0 || w.o.compare(w.at[i], w.at[w.of]) < 0) {
			w.of = i
		}
	}
	if w.of < 0 {
		return spot{}, false
	}
	w.now = w.at[w.of]
	return w.now, true
}

// counts reports whether the row is the one by which its resource is sorted. What has one
// reference is sorted by what that leads to, which was found to be sorted by this.
func (w *chainWalk) counts(s *selection, ver *fhir.Version) (bool, error) {
	if w.of == 0 && search.Single(w.o.typ, w.o.by.Param) {
		return true, nil
	}
	key, err := s.best(w.o, ver, w.now.rid)
	return bytes.Equal(key, w.now.key), err
}

func (w *chainWalk) close() (err error) {
	for _, leg := range w.legs {
		if e := leg.close(); err == nil {
			err = e
		}
	}
	return err
}

// inner is where the walk that another one rests on begins: a spot of the other one says in
// its key where that was.
func (from walkStart) inner() walkStart {
	if from.behind == nil {
		return from
	}
	in := spotOf(from.behind.key, 1)
	return walkStart{behind: &in}
}

// ordered is the walk of an order without the resources that have no value.
func (s *selection) ordered(o order, from walkStart) walk {
	if o.by.Chain != nil {
		return s.chainWalk(o, from)
	}
	in := search.SortRanges(o.typ, o.by)
	switch {
	case o.by.Param == search.ID:
		return s.v.idsFrom(o, from)
	case from.behind != nil || from.key == nil:
		return s.v.ranges(o, in, from.behind)
	}
	at := spot{key: from.key}
	return s.v.rangesFrom(o, in, from.key, func(row spot) bool {
		c := o.compareValues(row, at)
		return c > 0 || c == 0 && !from.beyond
	})
}

// idsFrom is the order of ids from a start.
func (v view) idsFrom(o order, from walkStart) walk {
	if from.behind != nil || from.key == nil {
		return v.ids(o, from.behind)
	}
	w := v.ids(o, &spot{key: from.key})
	if !from.beyond {
		w.begin = func() bool { return w.it.Seek(keyIdentity(o.typ, string(from.key))) }
	}
	return w
}

// withinWalk is a walk by what the resources contain.
type withinWalk struct{ walk }

func (w *withinWalk) next() (spot, bool) {
	at, ok := w.walk.next()
	if !ok {
		return spot{}, false
	}
	return spot{appendRid(bytes.Clone(at.key), at.rid), at.rid}, true
}

// throughWalk goes through what refers to the resources of another order. Between them it
// returns rows without a number, so that who walks may end.
type throughWalk struct {
	s     *selection
	o     order
	inner walk
	at    spot   // of the inner walk
	outer stream // what refers to it, nil for nothing more
	last  rid    // of these
	err   error
}

func (s *selection) throughWalk(o order, from walkStart) *throughWalk {
	w := &throughWalk{s: s, o: o}
	start := from.inner()
	w.inner = s.ordered(o.through(), start)
	if start.behind != nil {
		w.at = *start.behind
		w.enter()
		w.last = from.behind.rid
	}
	return w
}

// enter goes to what refers to the resource on which the inner walk is, where that is
// sorted by this row of it.
func (w *throughWalk) enter() {
	if w.last = 0; w.at.rid == 0 {
		return
	}
	next := w.o.through()
	in, err := w.s.target(next.typ)
	if w.err = err; err != nil {
		return
	}
	key, err := in.bestOf(next, w.at.rid)
	if w.err = err; err != nil || !bytes.Equal(key, w.at.key) || key == nil {
		return
	}
	ver, err := in.get(w.at.rid)
	if err == nil {
		w.outer, err = w.s.v.referrersOf(w.o.typ, w.o.by.Param, ver)
	}
	w.err = err
}

func (w *throughWalk) next() (spot, bool) {
	r := w.following()
	if r == 0 && w.err == nil {
		var ok bool
		if w.at, ok = w.inner.next(); !ok {
			return spot{}, false
		}
		w.enter()
		r = w.following()
	}
	return spot{appendRid(bytes.Clone(w.at.key), w.at.rid), r}, w.err == nil
}

// following is the next of what refers to where the inner walk is, 0 for none.
func (w *throughWalk) following() rid {
	if w.outer == nil || w.err != nil {
		return 0
	}
	if w.last, w.err = w.outer.seek(w.last + 1); w.last == 0 {
		w.leave()
	}
	return w.last
}

func (w *throughWalk) leave() {
	if w.outer != nil {
		w.err = closeAll([]stream{w.outer}, w.err)
	}
	w.outer = nil
}

func (w *throughWalk) counts(*selection, *fhir.Version) (bool, error) { return true, nil }

func (w *throughWalk) close() error {
	w.leave()
	if err := w.inner.close(); w.err == nil {
		w.err = err
	}
	return w.err
}

// chainless is the resources that lead to no value of a chained order.
type chainless struct {
	s   *selection
	o   order
	all stream
	at  rid
	err error
}

func (s *selection) withoutChained(o order, behind rid) walk {
	return &chainless{s: s, o: o, all: s.v.keyStream(o.typ, search.Every, search.EveryKey), at: behind}
}

func (w *chainless) next() (spot, bool) {
	if w.at, w.err = w.all.seek(w.at + 1); w.at == 0 {
		return spot{}, false
	}
	return spot{rid: w.at}, w.err == nil
}

func (w *chainless) counts(s *selection, ver *fhir.Version) (bool, error) {
	key, err := s.best(w.o, ver, w.at)
	return key == nil, err
}

func (w *chainless) close() error { return closeAll([]stream{w.all}, w.err) }
