package store

import (
	"context"
	"errors"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// History lists versions, newest first or oldest first, of a resource (NotFound when
// there has never been one), of its compartment, of types, or of everything. Pages are read as of one
// sequence, so that they fit together whatever is written meanwhile.
func (db *DB) History(ctx context.Context, q fhir.HistoryQuery) (h *fhir.History, err error) {
	letter := byte(toSearch)
	if q.ID != "" && q.Members == nil {
		letter = toRead
	}
	err = db.show(ctx, "history", letter, q.AsOf, func(v view) error {
		h, err = v.history(ctx, q)
		return err
	})
	if err == nil {
		db.countDamaged(h.Versions)
	}
	return h, err
}

// span is the part of a history that a query asks for.
type span struct {
	first, last fhir.Seq      // of the commits, both included
	before      fhir.LogPlace // versions before this place only, when not zero; after it where the oldest are first
	standing    fhir.Seq      // only versions that stand at this sequence or come after it, when not zero
	oldest      bool          // the oldest are first
}

func (v view) history(ctx context.Context, q fhir.HistoryQuery) (*fhir.History, error) {
	h := &fhir.History{AsOf: v.at}
	s, ok, err := v.span(q)
	if err != nil {
		return nil, err
	}
	list := v.source(ctx, q)
	if !ok {
		return h, list.exists(v)
	}
	if h.Total, err = v.total(list, s); err != nil {
		return nil, err
	}
	w := walker{ctx: ctx, v: v, s: s, h: h, count: q.Count, salvage: salvage{v: v}}
	if q.Before == (fhir.LogPlace{}) {
		w.skip = q.Shown
	}
	return h, list.walk(v, s, w.take)
}

// span finds the commits that a query is about; false for none.
func (v view) span(q fhir.HistoryQuery) (span, bool, error) {
	s := span{first: 1, last: v.at, before: q.Before, oldest: q.Oldest}
	var err error
	if !q.Since.IsZero() {
		if s.first, err = v.firstAt(q.Since, false); err != nil {
			return s, false, err
		}
	}
	if !q.At.IsZero() {
		next, err := v.firstAt(q.At, true)
		if err != nil {
			return s, false, err
		}
		s.last = next - 1
		s.standing = s.last
		if !q.Until.IsZero() {
			end, err := v.firstAt(q.Until, false)
			if err != nil {
				return s, false, err
			}
			s.last = end - 1
		}
	}
	return s, s.first <= s.last, nil
}

// firstAt bisects the log for the first commit at or after an instant (after
// it, when later is set); one behind the view's sequence when there is none.
func (v view) firstAt(t time.Time, later bool) (fhir.Seq, error) {
	low, high := fhir.Seq(1), v.at+1
	for low < high {
		middle := low + (high-low)/2
		c, err := v.record(middle)
		if err != nil {
			return 0, err
		}
		when := instant(c.millis)
		if when.Before(t) || later && !when.After(t) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// walker fills a page.
type walker struct {
	ctx   context.Context
	v     view
	s     span
	h     *fhir.History
	count int
	skip  int // versions to pass over first
	size  int // bytes of the versions on the page
	last  fhir.LogPlace

	salvage salvage
}

// take adds a version to the page; false when the page is full and there is
// another one behind it.
func (w *walker) take(p place, at fhir.LogPlace) (more bool, err error) {
	if err := w.ctx.Err(); err != nil {
		return false, err
	}
	if w.s.passed(at) {
		return true, nil
	}
	if w.s.standing != 0 {
		if ok, err := w.v.stands(p, w.s.standing); err != nil || !ok {
			return true, err
		}
	}
	if ok, err := w.v.seesPlace(p); err != nil || !ok {
		return true, err
	}
	if w.skip > 0 {
		w.skip--
		return true, nil
	}
	if len(w.h.Versions) >= w.count || w.size >= maxPage {
		if len(w.h.Versions) > 0 {
			w.h.Next = w.last
		}
		return false, nil
	}
	ver, err := w.v.version(p.typ, p.rid, p.vno)
	if errors.Is(err, kv.ErrDamaged) {
		ver, err = w.salvage.version(p.typ, p.rid, p.vno, err), nil
	}
	if err != nil {
		return false, err
	}
	w.h.Versions = append(w.h.Versions, ver)
	w.size += len(ver.JSON)
	w.last = at
	return true, nil
}

func earlier(a, b fhir.LogPlace) bool {
	return a.Seq < b.Seq || a.Seq == b.Seq && a.Place < b.Place
}

// stands reports whether a version is the newest of its resource at a sequence.
func (v view) stands(p place, at fhir.Seq) (bool, error) {
	if _, ok, err := v.r.Get(keyVersion(p.typ, p.rid, p.vno+1)); !ok && !errors.Is(err, kv.ErrDamaged) {
		return err == nil, err
	}
	seq, err := v.seqOf(p.typ, p.rid, p.vno+1)
	return err == nil && (seq == 0 || seq > at), err
}
