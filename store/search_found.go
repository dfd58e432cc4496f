package store

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// found goes through the resources that meet one clause, in the order in which
// that costs least.
type found struct {
	*selection
	walk walk
}

// found walks behind a spot, from the beginning where it is nil.
func (v view) found(outer *selection, typ string, c search.Clause, behind *spot) (*found, error) {
	s, err := v.selection(outer.ctx, typ, []search.Clause{c})
	if err != nil {
		return nil, err
	}
	return &found{s, s.natural(behind)}, nil
}

// natural is the walk of a selection that has no order to keep to: by creation
// where streams narrow it.
func (s *selection) natural(behind *spot) walk {
	if !s.narrowed {
		if w := s.leaders(behind); w != nil {
			return w
		}
	}
	w := &byNumber{s: s}
	if behind != nil {
		w.last = behind.rid
	}
	return w
}

// leaders is the walk of the check that might lead the selection, which need
// not be tried any more; nil where none might.
func (s *selection) leaders(behind *spot) walk {
	if i := s.leading(); i >= 0 {
		s.lead = s.checks[i]
		return s.v.ranges(order{s.typ, search.Sort{Param: s.lead.Param}}, s.lead.Ranges, behind)
	}
	if i := s.joint(); i >= 0 {
		s.lead = s.checks[i]
		return s.join(s.lead, behind)
	}
	return nil
}

// next is the next resource with its spot; nil at the end.
func (f *found) next() (spot, *fhir.Version, error) {
	for {
		now, ok := f.walk.next()
		if !ok {
			return spot{}, nil, nil // an error is that of close
		}
		if has, err := f.has(now.rid); err != nil {
			return spot{}, nil, err
		} else if !has {
			continue
		}
		ver, err := f.get(now.rid)
		if err != nil {
			return spot{}, nil, err
		}
		if counts, err := f.walk.counts(f.selection, ver); counts || err != nil {
			return now, ver, err
		}
	}
}

func (f *found) close() error {
	err := f.walk.close()
	return closeAll([]stream{f.selection}, err)
}

// byNumber is the order of creation.
type byNumber struct {
	s    *selection
	last rid
	err  error
}

func (w *byNumber) next() (at spot, ok bool) {
	if w.last, w.err = w.s.agree(w.last + 1); w.err != nil {
		return spot{}, false
	}
	return spot{rid: w.last}, w.last != 0
}

func (w *byNumber) counts(*selection, *fhir.Version) (bool, error) { return true, nil }
func (w *byNumber) close() error                                   { return w.err }
