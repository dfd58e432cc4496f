package store

import (
	"bytes"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// walk goes through resources in an order that the database has by itself.
type walk interface {
	// next goes to the next row. One without a number is of no resource.
	next() (spot, bool)
	// counts reports whether the row it stands on is the one by which its
	// resource is sorted: one with several values has several rows.
	counts(s *selection, ver *fhir.Version) (bool, error)
	close() error
}

// rangeWalk goes through the rows of a parameter's ranges, merged into the
// order of the values.
type rangeWalk struct {
	order
	in   []search.Range
	rows []*rows // of each range
	over []bool  // which of them are at their end
	now  spot
}

// ranges walks the ranges of a parameter behind a spot, from their beginning
// where it is nil.
func (v view) ranges(o order, in []search.Range, behind *spot) *rangeWalk {
	if behind == nil {
		return v.rangesFrom(o, in, nil, nil)
	}
	return v.rangesFrom(o, in, behind.key, func(at spot) bool { return o.compare(at, *behind) > 0 })
}

// rangesFrom walks the ranges of a parameter from the first row on that is behind, near
// a key; from their beginning where that is nil.
func (v view) rangesFrom(o order, in []search.Range, near []byte, behind func(spot) bool) *rangeWalk {
	w := &rangeWalk{order: o, in: in, rows: make([]*rows, len(in)), over: make([]bool, len(in))}
	for i := range in {
		w.rows[i] = v.rows(o.typ, o.by.Param, in[i], o.by.Descending)
		w.settle(i, w.begin(i, near), behind)
	}
	return w
}

// begin goes to the first row of a range that may be near a key.
func (w *rangeWalk) begin(i int, near []byte) bool {
	if near == nil {
		return w.rows[i].next()
	}
	key := search.SortPlace(w.typ, w.by, near, w.in[i].Lo)
	switch {
	case !w.by.Descending && bytes.Compare(key, w.in[i].Lo) <= 0:
		return w.rows[i].next()
	case w.by.Descending:
		return w.rows[i].seek(append(key, bytes.Repeat([]byte{0xFF}, 32)...), maxRid)
	}
	return w.rows[i].seek(key, 0)
}

// settle passes over rows that do not match or are not behind.
func (w *rangeWalk) settle(i int, ok bool, behind func(spot) bool) {
	r := w.rows[i]
	for ; ok; ok = r.next() {
		if w.in[i].Match != nil && !w.in[i].Match(r.key) {
			continue
		}
		if behind == nil || behind(spot{r.key, r.rid}) {
			return
		}
	}
	w.over[i] = true
}

func (w *rangeWalk) next() (spot, bool) {
	best := -1
	for i, r := range w.rows {
		if !w.over[i] && (best < 0 || w.compare(spot{r.key, r.rid}, spot{w.rows[best].key, w.rows[best].rid}) < 0) {
			best = i
		}
	}
	if best < 0 {
		return spot{}, false
	}
	r := w.rows[best]
	before := w.now
	w.now = spot{bytes.Clone(r.key), r.rid}
	w.settle(best, r.next(), nil)
	if before.rid == w.now.rid && bytes.Equal(before.key, w.now.key) { // ranges may overlap
		return w.next()
	}
	return w.now, true
}

func (w *rangeWalk) counts(s *selection, ver *fhir.Version) (bool, error) {
	if search.Single(w.typ, w.by.Param) {
		return true, nil
	}
	entries, err := s.entries(ver, w.by.Param)
	return bytes.Equal(w.first(ver, entries, w.in), w.now.key), err
}

func (w *rangeWalk) close() (err error) {
	for _, r := range w.rows {
		if e := r.close(); err == nil {
			err = e
		}
	}
	return err
}

// without is the rest of a sort order: the resources that have no value.
type without struct {
	all, with stream
	last      rid
}

// without walks the resources of a type that have no entry under the parameter.
func (s *selection) without(o order, in []search.Range, behind rid) (*without, error) {
	with, err := s.v.scan(s.ctx, o.typ, &search.Clause{Param: o.by.Param, Ranges: in})
	if err != nil {
		return nil, err
	}
	return &without{s.v.keyStream(o.typ, search.Every, search.EveryKey), with, behind}, nil
}

func (w *without) next() (spot, bool) {
	for {
		r, err := w.all.seek(w.last + 1)
		if err != nil || r == 0 {
			return spot{}, false
		}
		w.last = r
		if at, _ := w.with.seek(r); at != r {
			return spot{rid: r}, true
		}
	}
}

func (w *without) counts(*selection, *fhir.Version) (bool, error) { return true, nil }

func (w *without) close() error { return w.all.close() }

// inTurn is one walk and, when that is through, another.
type inTurn struct {
	walk
	then func() (walk, error)
	err  error
}

func (w *inTurn) next() (spot, bool) {
	if at, ok := w.walk.next(); ok || w.then == nil {
		return at, ok
	}
	if w.err = w.walk.close(); w.err == nil {
		w.walk, w.err = w.then()
	}
	if w.then = nil; w.err != nil {
		w.walk = nowhere{}
	}
	return w.walk.next()
}

func (w *inTurn) close() error {
	err := w.walk.close()
	if w.err != nil {
		return w.err
	}
	return err
}

// nowhere is a walk that has come to its end.
type nowhere struct{}

func (nowhere) next() (spot, bool)                             { return spot{}, false }
func (nowhere) counts(*selection, *fhir.Version) (bool, error) { return false, nil }
func (nowhere) close() error                                   { return nil }
