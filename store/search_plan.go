package store

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir/search"
)

// limits say how a clause is answered. A range of few keys is the union of
// their rows; one of few rows is the list of their resources. Any other is
// broad: it is tried on the candidates that the rest of the query leaves, until
// too many resources have been read for nothing; then it is looked up in the
// index as a whole. Variables, so that tests can make them small.
var limits = struct{ keys, rows, chained, alone, beside int }{
	keys: 64, rows: 2048,
	chained: 256,  // resources that the inner part of a chain finds
	alone:   1000, // resources read for nothing where no other clause narrows the search
	beside:  100,  // and where one does
}

func (v view) selection(ctx context.Context, typ string, clauses []search.Clause) (*selection, error) {
	s := &selection{ctx: ctx, v: v, typ: typ, patience: limits.beside}
	var ranges []*search.Clause
	for i := range clauses {
		c := &clauses[i]
		if !onKeys(c) {
			ranges = append(ranges, c)
		} else if err := s.add(c, false); err != nil {
			return nil, closeAll([]stream{s}, err)
		}
	}
	if len(s.must) > 0 {
		s.checks = append(s.checks, ranges...)
	} else {
		s.patience = limits.alone
		for _, c := range ranges {
			if err := s.add(c, false); err != nil {
				return nil, closeAll([]stream{s}, err)
			}
		}
	}
	s.narrowed = len(s.must) > 0
	countLeaps(s.must, &s.leaps)
	countLeaps(s.not, &s.leaps)
	if !s.standing {
		s.must = append(s.must, v.keyStream(typ, search.Every, search.EveryKey))
	}
	return s, nil
}

func countLeaps(in []stream, leaps *int) {
	for _, s := range in {
		switch s := s.(type) {
		case *keyStream:
			s.leap = leaps
		case *union:
			countLeaps(s.in, leaps)
		}
	}
}

// add makes streams of a clause. One that is broad becomes a check, unless it
// must be a stream.
func (s *selection) add(c *search.Clause, must bool) error {
	in, err := s.v.streamOf(s.ctx, s.typ, c)
	if err == nil && in == nil {
		if !must {
			s.checks = append(s.checks, c)
			return nil
		}
		in, err = s.v.scan(s.ctx, s.typ, c)
	}
	switch {
	case err != nil:
		return err
	case c.Not:
		s.not = append(s.not, in)
	default:
		s.must = append(s.must, in)
		s.standing = s.standing || c.Param != search.ID && len(c.Has) == 0
	}
	return nil
}

// widen makes streams of the checks.
func (s *selection) widen() error {
	for _, c := range s.checks {
		if err := s.add(c, true); err != nil {
			return err
		}
	}
	s.checks = nil
	return nil
}
