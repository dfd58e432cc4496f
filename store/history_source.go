package store

import "github.com/pestle-fhir/pestle/fhir"

// source is one of the three histories.
type source interface {
	// exists gives an error when there is nothing that could have a history.
	exists(v view) error
	// count gives how many versions there are up to a commit.
	count(v view, at fhir.Seq) (int, error)
	// walk calls take from newest to oldest until it wants no more.
	walk(v view, s span, take func(place, fhir.LogPlace) (bool, error)) error
}

func (v view) source(q fhir.HistoryQuery) source {
	switch {
	case q.ID != "":
		return &ofResource{typ: q.Type, id: q.ID}
	case q.Type != "":
		return ofType(q.Type)
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
	n, err := o.newest(v, s.end().Seq-1)
	for more := true; n > 0 && more && err == nil; n-- {
		var seq fhir.Seq
		if seq, err = v.seqOf(o.typ, o.now.rid, n); seq == 0 && err == nil {
			err = errCorrupt
		}
		if err != nil || seq < s.first {
			break
		}
		more, err = take(place{o.typ, o.now.rid, n}, fhir.LogPlace{Seq: seq})
		more = more && seq > s.standing // no older one stood then
	}
	return err
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
	low := keyHistory(string(o), fhir.LogPlace{Seq: s.first})
	it := v.r.Iterate(low, keyHistory(string(o), s.end()), true)
	var err error
	for more := true; more && err == nil && it.Next(); {
		var h historyRecord
		if h, err = decodeHistory(it.Value()); err != nil {
			break
		}
		at := it.Key()[len(low)-seqLen-placeLen:]
		more, err = take(place{string(o), h.rid, h.vno},
			fhir.LogPlace{Seq: fhir.Seq(getUint(at[:seqLen])), Place: int(getUint(at[seqLen:]))})
	}
	return ended(it, err)
}

// end is the place behind the span.
func (s span) end() fhir.LogPlace {
	if s.before != (fhir.LogPlace{}) && s.before.Seq <= s.last {
		return s.before
	}
	return fhir.LogPlace{Seq: s.last + 1}
}

// ofAll is the history of everything: the log.
type ofAll struct{}

func (ofAll) exists(view) error { return nil }

func (ofAll) count(v view, at fhir.Seq) (int, error) {
	n, err := countAll(v.r, at)
	return int(n), err
}

func (ofAll) walk(v view, s span, take func(place, fhir.LogPlace) (bool, error)) error {
	end := s.end()
	if end.Place > 0 {
		end.Seq++ // a part of that commit is left
	}
	for seq := end.Seq - 1; seq >= s.first; seq-- {
		c, err := v.record(seq)
		if err != nil {
			return err
		}
		for i := len(c.versions) - 1; i >= 0; i-- {
			more, err := take(c.versions[i], fhir.LogPlace{Seq: seq, Place: i})
			if err != nil || !more {
				return err
			}
		}
	}
	return nil
}
