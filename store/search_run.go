package store

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/pestle-fhir/pestle/fhir/search"
)

// Search answers a query as of the sequence of its page, or now. The answer to
// a next page is of the same state as the first one, whatever was committed
// meanwhile.
func (db *DB) Search(ctx context.Context, q *search.Query) (out *search.Result, err error) {
	err = db.show(ctx, "search", toSearch, q.Page.AsOf, func(v view) error {
		v = v.traced(q, db.opts.Clock)
		out, err = v.search(ctx, q)
		return err
	})
	if err == nil {
		db.countDamaged(out.Matches, out.Included)
	}
	return out, err
}

func (v view) search(ctx context.Context, q *search.Query) (*search.Result, error) {
	if q.Own != nil {
		v.own = q.Own
	}
	if err := v.usableQuery(q); err != nil {
		return nil, err
	}
	if q.Page.AsOf == 0 && !q.Before.IsZero() {
		next, err := v.firstAt(q.Before, false)
		if err != nil {
			return nil, err
		}
		v.at = next - 1 // 0, where nothing holds, before the first commit
	}
	for most := q.Count; ; {
		out, err := v.paged(ctx, q, most)
		if err != nil {
			return nil, err
		}
		var room int
		if out.Included, room, err = v.included(ctx, q, out.Matches); err == nil || room == 0 {
			endStep(v.r, "included")
			// Chains and includes go through other types too, so who is shown a part of anything
			// is told nothing of what was gone through.
			out.Steps, out.Limited = stepsOf(v.r), v.sight != nil
			return out, err
		}
		most = room // the page ends before the match that brings too much
	}
}

// paged is a page of at most so many matches.
func (v view) paged(ctx context.Context, q *search.Query, most int) (*search.Result, error) {
	s, err := v.planned(ctx, q.Type, q.Clauses, true)
	if err != nil {
		return nil, err
	}
	endStep(v.r, "plan")
	out := &search.Result{Total: -1, AsOf: v.at, Explain: s.explain}
	return out, closeAll([]stream{s}, v.fill(q, most, s, out))
}

// fill gives the matches of a page, the total and the next page.
func (v view) fill(q *search.Query, most int, s *selection, out *search.Result) error {
	at := decodeMark(q.Page.After)
	out.Total = at.total
	if q.Count == 0 || q.Summary == search.SummaryCount {
		defer endStep(v.r, "total")
		return s.count(q, out, all)
	}
	p := &page{selection: s, q: q, most: most, out: out}
	if len(at.behind) == 0 {
		p.skip = at.before
	}
	behind, err := p.fill(at.behind)
	endStep(v.r, "matches")
	if err != nil {
		return err
	}
	if out.Total < 0 && q.Page.After == nil {
		err := p.total(behind == nil)
		endStep(v.r, "total")
		if err != nil {
			return err
		}
	}
	if q.Total == search.TotalNone {
		out.Total = -1
	}
	v.turn(q, out, at.before, behind)
	return nil
}

// turn returns the pages around one that has some matches before it. Those that
// are not the next one are found by their number, by walking to it.
func (v view) turn(q *search.Query, out *search.Result, before int, behind []byte) {
	numbered := func(from int) *search.Page {
		if from <= 0 {
			return &search.Page{AsOf: v.at}
		}
		return &search.Page{AsOf: v.at, After: mark{total: out.Total, before: from}.encode()}
	}
	if behind != nil {
		out.Next = &search.Page{AsOf: v.at, After: mark{out.Total, before + len(out.Matches), behind}.encode()}
	}
	if before > 0 {
		out.Previous = numbered(before - q.Count)
	}
	cut := behind != nil && len(out.Matches) < q.Count
	if paged := behind != nil || before > 0; paged && out.Total >= 0 && !cut {
		out.Last = numbered((out.Total - 1) / q.Count * q.Count)
	}
}

// total finds the total on the first page, where that is asked for or cheap.
func (p *page) total(last bool) error {
	switch {
	case last:
		p.out.Total = len(p.out.Matches)
		return nil
	case p.limited: // by the query alone, since data that is not shown must not decide
		if p.q.Total != search.TotalAccurate && slices.ContainsFunc(p.clauses, func(c search.Clause) bool { return len(c.Chain)+len(c.Has) > 0 || !onKeys(&c) }) {
			return nil
		}
		return p.count(p.q, p.out, enoughSeen)
	case !p.narrowed && p.leader() != byCreation && p.q.Total != search.TotalAccurate:
		return nil
	}
	return p.count(p.q, p.out, enough)
}

// mark is where a page begins, and the total that the first page found.
type mark struct {
	total  int    // -1 where it is not known
	before int    // how many matches there are on the pages before
	behind []byte // the place where the last one ended; empty where only their number is known
}

func (m mark) encode() []byte {
	return append(binary.AppendUvarint(binary.AppendVarint(nil, int64(m.total)), uint64(m.before)), m.behind...)
}

func decodeMark(b []byte) mark {
	total, n := binary.Varint(b)
	if n <= 0 {
		return mark{total: -1}
	}
	before, k := binary.Uvarint(b[n:])
	if k <= 0 {
		return mark{total: -1}
	}
	return mark{int(total), int(before), b[n+k:]}
}

// How far to count, and for how many leaps through the index or resources read
// for nothing when nobody asked for care.
const (
	all        = int(^uint(0) >> 1)
	enough     = 1000
	enoughSeen = 300 // of a principal who sees a part, whatever that costs
	enoughCost = 200
)

// errDear ends what a selection was given a budget for.
var errDear = errors.New("store: the search costs more than its budget")

// count counts the matches as carefully as the query asks for; where that is
// for no number, it counts to the limit and gives the total if that was enough.
func (s *selection) count(q *search.Query, out *search.Result, limit int) error {
	switch q.Total {
	case search.TotalNone:
		return nil
	case search.TotalAccurate:
		limit = all
	}
	s.leaps, s.tried = 0, 0
	if limit == all {
		if n, ok, err := s.counted(); ok || err != nil {
			out.Total = n
			return err
		}
	}
	if limit == enough { // no clause is worth looking up as a whole
		defer func(patience int) { s.patience, s.budget = patience, 0 }(s.patience)
		s.patience, s.budget = all, enoughCost
	}
	n := 0
	for r := rid(0); ; n++ {
		var err error
		if r, err = s.seek(r + 1); errors.Is(err, errDear) {
			return nil
		} else if err != nil {
			return err
		}
		if r == 0 {
			out.Total = n
			return nil
		}
		if n == limit {
			return nil
		}
	}
}
