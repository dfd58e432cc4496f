package store

import (
	"context"
	"encoding/binary"

	"github.com/pestle-fhir/pestle/fhir/search"
)

// Search answers a query as of the sequence of its page, or now. The answer to
// a next page is of the same state as the first one, whatever was committed
// meanwhile.
func (db *DB) Search(ctx context.Context, q *search.Query) (out *search.Result, err error) {
	err = db.look("search", q.Page.AsOf, func(v view) error {
		out, err = v.search(ctx, q)
		return err
	})
	return out, err
}

func (v view) search(ctx context.Context, q *search.Query) (*search.Result, error) {
	s, err := v.selection(ctx, q.Type, q.Clauses)
	if err != nil {
		return nil, err
	}
	out := &search.Result{Total: -1, AsOf: v.at}
	if err := closeAll([]stream{s}, v.fill(ctx, q, s, out)); err != nil {
		return nil, err
	}
	out.Included, err = v.included(ctx, q, out.Matches)
	return out, err
}

// fill gives the matches of a page, the total and the next page.
func (v view) fill(ctx context.Context, q *search.Query, s *selection, out *search.Result) error {
	at := decodeMark(q.Page.After)
	out.Total = at.total
	if q.Count == 0 || q.Summary == search.SummaryCount {
		return s.count(q, out, all)
	}
	var after []byte
	var err error
	if len(q.Sort) == 0 {
		after, err = s.byCreation(q, at.behind, out)
	} else {
		after, err = v.inOrder(ctx, q, s, at.behind, out)
	}
	if err != nil {
		return err
	}
	if out.Total < 0 && q.Page.After == nil {
		if err := s.count(q, out, enough); err != nil {
			return err
		}
	}
	if after != nil {
		out.Next = &search.Page{AsOf: v.at, After: mark{out.Total, after}.encode()}
	}
	return nil
}

// byCreation is the order of resource numbers. It gives the place behind the
// page, nil on the last one.
func (s *selection) byCreation(q *search.Query, behind []byte, out *search.Result) ([]byte, error) {
	last := rid(getUint(behind))
	for {
		r, err := s.seek(last + 1)
		if err != nil || r == 0 {
			return nil, err
		}
		if len(out.Matches) == q.Count {
			return appendRid(nil, last), nil
		}
		ver, err := s.get(r)
		if err != nil {
			return nil, err
		}
		out.Matches = append(out.Matches, ver)
		last = r
	}
}

// inOrder is any other order. Where the matches are few they are sorted in
// memory, and the place is how many came before; otherwise the database is
// walked in that order if it can be.
func (v view) inOrder(ctx context.Context, q *search.Query, s *selection, behind []byte, out *search.Result) ([]byte, error) {
	if len(behind) == 0 || behind[0] == inMemory {
		list, complete, err := v.sortedMatches(ctx, q, s)
		if err != nil {
			return nil, err
		}
		if complete {
			return slice(q, list, behind, out), nil
		}
		behind = nil
	} else {
		behind = behind[1:]
	}
	w := v.ordering(q, behind)
	if w == nil {
		return nil, tooManyToSort(q)
	}
	after, err := s.walk(q, w, out)
	if e := w.close(); err == nil {
		err = e
	}
	return after, err
}

// The first byte of a place in a sort order.
const (
	inMemory = 'm'
	walked   = 'w'
)

func slice(q *search.Query, list []ranked, behind []byte, out *search.Result) []byte {
	from := 0
	if len(behind) > 0 {
		from = int(getUint(behind[1:]))
	}
	from = min(from, len(list))
	to := min(from+q.Count, len(list))
	for _, m := range list[from:to] {
		out.Matches = append(out.Matches, m.ver)
	}
	out.Total = len(list)
	if to == len(list) {
		return nil
	}
	return appendRid([]byte{inMemory}, rid(to))
}

func (s *selection) walk(q *search.Query, w ordering, out *search.Result) ([]byte, error) {
	var last []byte
	for {
		r, at, ok := w.next()
		if !ok {
			return nil, nil
		}
		if found, err := s.seek(r); err != nil {
			return nil, err
		} else if found != r {
			continue
		}
		if len(out.Matches) == q.Count {
			return append([]byte{walked}, last...), nil
		}
		ver, err := s.get(r)
		if err != nil {
			return nil, err
		}
		out.Matches, last = append(out.Matches, ver), at
	}
}

// mark is where a page begins, and the total that the first page found.
type mark struct {
	total  int // -1 where it is not known
	behind []byte
}

func (m mark) encode() []byte {
	return append(binary.AppendVarint(nil, int64(m.total)), m.behind...)
}

func decodeMark(b []byte) mark {
	total, n := binary.Varint(b)
	if n <= 0 {
		return mark{total: -1}
	}
	return mark{int(total), b[n:]}
}

// How far to count: enough is cheap in every search.
const (
	all    = int(^uint(0) >> 1)
	enough = 1000
)

// count counts the matches as carefully as the query asks for; where that is
// for no number, it counts to the limit and gives the total if that was enough.
func (s *selection) count(q *search.Query, out *search.Result, limit int) error {
	switch q.Total {
	case search.TotalNone:
		return nil
	case search.TotalAccurate:
		limit = all
	}
	n := 0
	for r := rid(0); ; n++ {
		var err error
		if r, err = s.seek(r + 1); err != nil {
			return err
		}
		if r == 0 {
			out.Total = n
			return nil
		}
		if n == limit || limit == enough && len(s.checks) > 0 && s.checked >= s.patience/2 {
			return nil
		}
	}
}
