package store

import (
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// source is one of the histories.
type source interface {
	// exists gives an error when there is nothing that could have a history.
	exists(v view) error
	// count gives how many versions there are up to a commit.
	count(v view, at fhir.Seq) (int, error)
	// walk calls take in the order of the span until it wants no more.
	walk(v view, s span, take func(place, fhir.LogPlace) (bool, error)) error
}

func (v view) source(ctx context.Context, q fhir.HistoryQuery) source {
	switch {
	case q.Members != nil:
		return &ofCompartment{ofResource: ofResource{typ: q.Type, id: q.ID}, ctx: ctx, members: q.Members}
	case q.ID != "":
		return &ofResource{typ: q.Type, id: q.ID}
	case q.Type != "":
		return ofType(q.Type)
	case q.Types != nil:
		return ofTypes(q.Types)
	}
	return ofAll{}
}

// total counts the versions of a span on all pages; -1 where each of them
// would have to be looked at.
func (v view) total(list source, s span) (int, error) {
	if err := list.exists(v); err != nil {
		return 0, err
	}
	if s.standing != 0 {
		return -1, nil
	}
	if v.sight != nil {
		return v.totalSeen(list, s)
	}
	upTo, err := list.count(v, s.last)
	if err != nil {
		return 0, err
	}
	before, err := list.count(v, s.first-1)
	return upTo - before, err
}

// ofResource is the history of one resource: its versions.
type ofResource struct {
	typ, id string
	now     identity
}

func (o *ofResource) exists(v view) error {
	now, ok, err := v.identity(o.typ, o.id)
	if err != nil {
		return about(err, o.typ, o.id)
	}
	if ok {
		o.now = now
		now.vno, err = o.newest(v, v.at)
	}
	if err == nil && ok && now.vno > 0 && v.limited(o.typ) {
		ok, err = v.seesAny(o.typ, o.now.rid, now.vno)
	}
	if err == nil && (!ok || now.vno == 0) {
		err = unknown("history", o.typ, o.id)
	}
	return err
}

// newest is the number of the version that stands at a sequence, 0 for none.
func (o *ofResource) newest(v view, at fhir.Seq) (vno, error) {
	if o.now.seq <= at {
		return o.now.vno, nil
	}
	return view{r: v.r, at: at}.lastBefore(o.typ, o.now.rid, o.now.vno)
}

func (o *ofResource) count(v view, at fhir.Seq) (int, error) {
	n, err := o.newest(v, at)
	return int(n), err
}

func (o *ofResource) walk(v view, s span, take func(place, fhir.LogPlace) (bool, error)) error {
	if s.oldest {
		return o.climb(v, s, take)
	}
	n, err := o.newest(v, s.end().Seq-1)
	for more := true; n > 0 && more && err == nil; n-- {
		var seq fhir.Seq
		if seq, err = o.seqOf(v, n); err != nil || seq < s.first {
			break
		}
		more, err = take(place{o.typ, o.now.rid, n}, fhir.LogPlace{Seq: seq})
		more = more && seq > s.standing // no older one stood then
	}
	return err
}

// climb walks from the oldest version of a span to the newest.
func (o *ofResource) climb(v view, s span, take func(place, fhir.LogPlace) (bool, error)) error {
	before, err := o.newest(v, s.begin().Seq-1)
	if err != nil {
		return err
	}
	n := before + 1
	if s.standing != 0 { // no older one stood then
		stood, err := o.newest(v, s.standing)
		if err != nil {
			return err
		}
		n = max(n, stood)
	}
	last, err := o.newest(v, s.last)
	for more := true; n <= last && more && err == nil; n++ {
		var seq fhir.Seq
		if seq, err = o.seqOf(v, n); err == nil {
			more, err = take(place{o.typ, o.now.rid, n}, fhir.LogPlace{Seq: seq})
		}
	}
	return err
}

// seqOf is the sequence of a version that there is.
func (o *ofResource) seqOf(v view, n vno) (fhir.Seq, error) {
	seq, err := v.seqOf(o.typ, o.now.rid, n)
	if seq == 0 && err == nil {
		err = errCorrupt
	}
	return seq, err
}

// ofType is the history of all resources of a type.
type ofType string

func (ofType) exists(view) error { return nil }

func (o ofType) count(v view, at fhir.Seq) (int, error) {
	it := v.r.Iterate(keyTable(tableHistory, string(o)), keyHistory(string(o), fhir.LogPlace{Seq: at + 1}), true)
	var h historyRecord
	var err error
	if it.Next() {
		h, err = decodeHistory(it.Value())
	}
	return int(h.total), ended(it, err)
}

func (o ofType) walk(v view, s span, take func(place, fhir.LogPlace) (bool, error)) error {
	r := o.rows(v, s)
	for more := true; more && r.next(); {
		var err error
		if more, err = take(r.place, r.at); err != nil {
			return ended(r.it, err)
		}
	}
	return ended(r.it, r.err)
}

// historyRows are the rows of a type's history, in the order of a span.
type historyRows struct {
	typ   string
	it    kv.Iterator
	place place
	at    fhir.LogPlace
	err   error
}

func (o ofType) rows(v view, s span) *historyRows {
	return &historyRows{typ: string(o), it: v.r.Iterate(keyHistory(string(o), s.begin()), keyHistory(string(o), s.end()), !s.oldest)}
}

// next goes to the next row; false at the end or where it cannot be read.
func (r *historyRows) next() bool {
	if r.err != nil || !r.it.Next() {
		return false
	}
	var h historyRecord
	if h, r.err = decodeHistory(r.it.Value()); r.err != nil {
		return false
	}
	key := r.it.Key()
	at := key[len(key)-seqLen-placeLen:]
	r.place = place{r.typ, h.rid, h.vno}
	r.at = fhir.LogPlace{Seq: fhir.Seq(getUint(at[:seqLen])), Place: int(getUint(at[seqLen:]))}
	return true
}

// ofTypes is the history of the resources of some types.
type ofTypes []string

func (ofTypes) exists(view) error { return nil }

func (o ofTypes) count(v view, at fhir.Seq) (sum int, err error) {
	for _, typ := range o {
		n, err := ofType(typ).count(v, at)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// walk merges the histories of the types.
func (o ofTypes) walk(v view, s span, take func(place, fhir.LogPlace) (bool, error)) (err error) {
	var open []*historyRows
	defer func() {
		for _, r := range open {
			if e := ended(r.it, r.err); err == nil {
				err = e
			}
		}
	}()
	var rest []*historyRows
	for _, typ := range o {
		r := ofType(typ).rows(v, s)
		open = append(open, r)
		if r.next() {
			rest = append(rest, r)
		}
	}
	for more := true; more && err == nil && len(rest) > 0; {
		first := 0
		for i, r := range rest {
			if earlier(r.at, rest[first].at) == s.oldest && i != first {
				first = i
			}
		}
		more, err = take(rest[first].place, rest[first].at)
		if more && err == nil && !rest[first].next() {
			rest = slices.Delete(rest, first, first+1)
		}
	}
	return err
}

// begin is the first place of the span.
func (s span) begin() fhir.LogPlace {
	if s.oldest && s.before.Seq >= s.first {
		return fhir.LogPlace{Seq: s.before.Seq, Place: s.before.Place + 1}
	}
	return fhir.LogPlace{Seq: s.first}
}

// end is the place behind the span.
func (s span) end() fhir.LogPlace {
	if !s.oldest && s.before != (fhir.LogPlace{}) && s.before.Seq <= s.last {
		return s.before
	}
	return fhir.LogPlace{Seq: s.last + 1}
}

// commits are the first and the last commit of the span, both included. Those of the places
// at its ends are whole: [span.passed] passes over what was on an earlier page.
func (s span) commits() (low, high fhir.Seq) {
	high = s.end().Seq
	if s.end().Place == 0 {
		high--
	}
	return s.begin().Seq, high
}

// passed reports whether a place was on an earlier page.
func (s span) passed(at fhir.LogPlace) bool {
	switch {
	case s.before == (fhir.LogPlace{}):
		return false
	case s.oldest:
		return !earlier(s.before, at)
	}
	return !earlier(at, s.before)
}

// ofAll is the history of everything: the log.
type ofAll struct{}

func (ofAll) exists(view) error { return nil }

func (ofAll) count(v view, at fhir.Seq) (int, error) {
	n, err := countAll(v.r, at)
	return int(n), err
}

func (ofAll) walk(v view, s span, take func(place, fhir.LogPlace) (bool, error)) error {
	low, high := s.commits()
	seq, step := low, fhir.Seq(1)
	if !s.oldest {
		seq, step = high, ^fhir.Seq(0) // one down
	}
	for ; seq >= low && seq <= high; seq += step {
		c, err := v.record(seq)
		if err != nil {
			return err
		}
		for i := range c.versions {
			if !s.oldest {
				i = len(c.versions) - 1 - i
			}
			more, err := take(c.versions[i], fhir.LogPlace{Seq: seq, Place: i})
			if err != nil || !more {
				return err
			}
		}
	}
	return nil
}
