package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/search"
)

// limits say how a clause is answered. A range of few keys is the union of
// their rows; one of few rows is the list of their resources. Any other is
// broad: it is tried on the candidates that the rest of the query leaves, until
// too many resources have been read for nothing; then it is looked up in the
// index as a whole. Variables, so that tests can make them small.
var limits = struct{ keys, rows, some, chained, alone, beside int }{
	keys: 64, rows: 500,
	some:    16,   // rows of a range of few keys that are read before its keys are
	chained: 128,  // resources that the inner part of a chain finds, or candidates to try it on
	alone:   1000, // resources read for nothing where no other clause narrows the search
	beside:  100,  // and where one does
}

// selection plans a query. The cheapest clauses come first: those on few keys,
// and without any those on ranges. A chain is tried on the candidates that they
// leave where these are few; where they are not, it is resolved as far as that
// is cheap.
func (v view) selection(ctx context.Context, typ string, clauses []search.Clause) (*selection, error) {
	return v.planned(ctx, typ, clauses, false)
}

// planned is a selection. Where the order in which it is gone through shows, and it
// is limited to what a principal sees, its plan rests on the query alone.
func (v view) planned(ctx context.Context, typ string, clauses []search.Clause, shows bool) (*selection, error) {
	if err := v.usableIn(typ, clauses); err != nil {
		return nil, err
	}
	s := &selection{ctx: ctx, v: v, typ: typ, patience: limits.beside, clauses: search.Merged(typ, clauses)}
	var keys, ranges, chains, anys []*search.Clause
	for i := range s.clauses {
		switch c := &s.clauses[i]; {
		case c.Any != nil:
			anys = append(anys, c)
		case len(c.Chain)+len(c.Has) > 0:
			chains = append(chains, c)
		case onKeys(c):
			keys = append(keys, c)
		default:
			ranges = append(ranges, c)
		}
	}
	s.keyed = keyed(keys)
	slices.SortStableFunc(keys, func(a, b *search.Clause) int { return cmp.Compare(breadth(typ, a), breadth(typ, b)) })
	err := s.stream(keys)
	if err == nil {
		err = s.stream(anys)
	}
	if err == nil && len(s.must) == 0 && !(shows && v.limited(typ)) {
		err = s.stream(ranges)
	} else {
		s.checks = append(s.checks, ranges...)
	}
	if err == nil && len(chains) > 0 {
		err = s.chain(chains)
	}
	if err != nil {
		return nil, closeAll([]stream{s}, err)
	}
	if s.narrowed = len(s.must) > 0; !s.narrowed {
		s.patience = limits.alone
	}
	return s.ready()
}

// breadth is 0 for a clause about what refers to one resource or identifies it, which few
// have: its stream leads, and where it comes to its end no other is looked at.
func breadth(typ string, c *search.Clause) int {
	if search.IsReference(typ, c.Param) || strings.HasSuffix(c.Param, "identifier") {
		return 0
	}
	return 1
}

// trial is the selection of a clause that is only asked of single resources.
func (v view) trial(ctx context.Context, typ string, c *search.Clause) (*selection, error) {
	s := &selection{ctx: ctx, v: v, typ: typ, patience: all, clauses: []search.Clause{*c}}
	c = &s.clauses[0]
	if len(c.Chain)+len(c.Has) > 0 || !onKeys(c) {
		s.checks = []*search.Clause{c}
	} else if err := s.add(c, false); err != nil {
		return nil, closeAll([]stream{s}, err)
	}
	s.narrowed = len(s.must) > 0
	return s.ready()
}

// ready adds what the streams need beside the clauses.
func (s *selection) ready() (*selection, error) {
	if s.limited = s.v.limited(s.typ); s.v.confined(s.typ) {
		reached, err := s.reachStream()
		if err != nil {
			return nil, closeAll([]stream{s}, err)
		}
		s.must, s.standing = append(s.must, reached), true
	}
	if s.v.owns(s.typ) {
		s.owned = s.v.ownedStream(s.typ)
		s.must, s.standing = append(s.must, s.owned), true
	}
	countLeaps(s.must, &s.leaps)
	countLeaps(s.not, &s.leaps)
	if !s.standing {
		s.must = append(s.must, s.v.keyStream(s.typ, search.Every, search.EveryKey))
	}
	return s, nil
}

// stream makes streams of clauses, and checks of those that are broad.
func (s *selection) stream(clauses []*search.Clause) error {
	for _, c := range clauses {
		if s.empty() {
			return nil
		}
		if err := s.add(c, false); err != nil {
			return err
		}
	}
	return nil
}

// empty reports whether a stream is known to have nothing: no other is needed.
func (s *selection) empty() bool {
	if len(s.must) == 0 {
		return false
	}
	l, ok := s.must[len(s.must)-1].(list)
	return ok && len(l) == 0
}

// chain adds the chained clauses.
func (s *selection) chain(clauses []*search.Clause) error {
	few, err := s.few()
	if err != nil {
		return err
	}
	if few {
		s.checks, s.patience = append(s.checks, clauses...), all
		return nil
	}
	return s.stream(clauses)
}

// few reports whether the streams so far leave few candidates.
func (s *selection) few() (bool, error) {
	if len(s.must) == 0 {
		return false, nil
	}
	r := rid(0)
	for range limits.chained + 1 {
		var err error
		if r, err = s.agree(r + 1); err != nil || r == 0 {
			return err == nil, err
		}
	}
	return false, nil
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
		s.standing = s.standing || c.Param != search.ID && len(c.Has) == 0 // of several lists, each is of what is not deleted
	}
	return nil
}

// widen makes streams of the checks.
func (s *selection) widen() error {
	broad := s.checks
	s.checks = nil
	for _, c := range broad {
		if c == s.lead {
			s.checks = append(s.checks, c)
		} else if err := s.add(c, true); err != nil {
			return err
		}
	}
	return nil
}
