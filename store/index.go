package store

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// rows walks the index rows of one parameter within a range of keys that hold
// at the view's sequence, in the order of key and resource number (or the
// opposite one). Each (key, rid) comes once. It must be closed.
type rows struct {
	it      kv.Iterator
	prefix  []byte
	at      fhir.Seq
	reverse bool
	past    *pastRows // stretches to leap over; nil for none
	learns  bool      // what it passes over is kept there
	run     passing

	key  []byte // of the row it stands on; valid up to the next move
	rid  rid
	held bool // it holds at the sequence; else it was not asked
}

// rows starts a walk over a range; a nil Hi is the end of the parameter.
// Range.Match is for the caller to apply.
func (v view) rows(typ, param string, in search.Range, reverse bool) *rows {
	prefix := keyParam(typ, param)
	low := append(bytes.Clone(prefix), in.Lo...)
	var high []byte
	switch {
	case in.Exact:
		high = after(low)
	case in.Hi == nil:
		high = after(prefix)
	default:
		high = append(bytes.Clone(prefix), in.Hi...)
	}
	return &rows{it: &unopened{r: v.r, low: low, high: high, reverse: reverse}, prefix: prefix, at: v.at, reverse: reverse, past: v.past, learns: v.learns}
}

// unopened is an iterator that is opened when it is first moved: of the streams of a
// search many never are, since one before them has come to its end. It is moved
// before it is asked for its key or value.
type unopened struct {
	r         kv.Reader
	low, high []byte
	reverse   bool
	it        kv.Iterator // nil before it is opened
}

func (u *unopened) opened() kv.Iterator {
	if u.it == nil {
		u.it = u.r.Iterate(u.low, u.high, u.reverse)
	}
	return u.it
}

func (u *unopened) Next() bool           { return u.opened().Next() }
func (u *unopened) Seek(key []byte) bool { return u.opened().Seek(key) }
func (u *unopened) Key() []byte          { return u.it.Key() }
func (u *unopened) Value() []byte        { return u.it.Value() }

func (u *unopened) Close() error {
	if u.it == nil {
		return nil
	}
	return u.it.Close()
}

// next goes to the next row.
func (r *rows) next() bool { return r.settle(r.it.Next(), 0) }

// seek goes to the first row at or behind a key and a resource number.
func (r *rows) seek(key []byte, id rid) bool {
	to := appendRid(append(bytes.Clone(r.prefix), key...), id)
	if r.reverse {
		to = appendDown(to, 0) // the oldest row, which comes last
	}
	r.run.keep(r)
	return r.settle(r.it.Seek(to), 0)
}

// onto goes to the first row at or behind a number among those of a key, whether or not
// it holds: by steps where it is near.
func (r *rows) onto(key []byte, id rid, steps int) (ok, sought bool) {
	r.run.keep(r)
	for range steps {
		if !r.it.Next() {
			return false, false
		}
		if _, r.rid, _ = splitRow(r.it.Key(), len(r.prefix)); r.rid >= id {
			return true, false
		}
	}
	return r.it.Seek(appendRid(append(bytes.Clone(r.prefix), key...), id)), true
}

// patience is how many rows of one (key, rid) that do not hold are stepped
// over before a seek leaps to the one that may.
const patience = 4

// settle passes over rows that do not hold at the sequence: over all of them, or of
// about so many and then it stands on the first of a resource that was not asked.
func (r *rows) settle(ok bool, most int) bool {
	passed, same, last := 0, 0, rid(0)
	for ok {
		row := r.it.Key()
		key, id, from := splitRow(row, len(r.prefix))
		value := r.it.Value()
		if r.held = from <= r.at && heldAt(value, r.at); r.held || most > 0 && passed >= most && id != last {
			if r.key, r.rid = key, id; r.held {
				r.run.keep(r)
			}
			return true
		}
		if passed++; id == last {
			same++
		} else {
			same, last = 1, id
		}
		behind := rid(0)
		if (passed > stretches.look || r.run.rows > 0) && !r.reverse && r.past != nil {
			ended, by := from <= r.at, fhir.Seq(0)
			if ended {
				by = fhir.Seq(getUint(value))
			}
			behind = r.run.pass(r, row[:len(row)-ridLen-seqLen], id, ended, by, passed%stretches.look == 0)
		}
		switch {
		case behind > 0:
			ok = r.it.Seek(appendRid(bytes.Clone(row[:len(row)-ridLen-seqLen]), behind+1))
		case same%patience == 0 && !r.reverse:
			ok = r.it.Seek(r.leap(row, from))
		default:
			ok = r.it.Next()
		}
	}
	r.run.keep(r)
	return false
}

// leap is where to go on from a row that does not hold: of the rows of one
// (key, rid) only the newest that had begun by then can hold.
func (r *rows) leap(row []byte, from fhir.Seq) []byte {
	entry := bytes.Clone(row[:len(row)-seqLen])
	if from > r.at {
		return appendDown(entry, r.at)
	}
	return after(entry)
}

func (r *rows) close() error {
	r.run.keep(r)
	return r.it.Close()
}

// with adds an entry to entries in the order of their rows.
func with(entries []search.Entry, e search.Entry) []search.Entry {
	i, ok := slices.BinarySearchFunc(entries, e, compareEntries)
	if ok {
		return entries
	}
	return slices.Insert(entries, i, e)
}

func compareEntries(a, b search.Entry) int {
	if c := strings.Compare(a.Param, b.Param); c != 0 {
		return c
	}
	return bytes.Compare(a.Key, b.Key)
}

// diff compares the entries of two versions of a resource, each in the order of
// their rows.
func diff(before, now []search.Entry) (gone, come []search.Entry) {
	if len(before) == 0 {
		return nil, slices.Clip(now)
	}
	for len(before) > 0 && len(now) > 0 {
		switch c := compareEntries(before[0], now[0]); {
		case c < 0:
			gone, before = append(gone, before[0]), before[1:]
		case c > 0:
			come, now = append(come, now[0]), now[1:]
		default:
			before, now = before[1:], now[1:]
		}
	}
	return append(gone, before...), append(come, now...)
}

// begun gives, for each entry that stands, the commit its row began with.
func (v view) begun(typ string, r rid, entries []search.Entry) ([]fhir.Seq, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	table := keyTable(tableIndex, typ)
	it := v.r.Iterate(table, after(table), false)
	var own kv.Iterator // of the table of stored SearchParameters
	from := make([]fhir.Seq, len(entries))
	for i, e := range entries {
		entry, it := keyEntry(typ, e.Param, e.Key, r), it
		if entry[0] == tableCustom {
			if own == nil {
				table := keyTable(tableCustom, typ)
				own = v.r.Iterate(table, after(table), false)
			}
			it = own
		}
		if it.Seek(entry) && bytes.HasPrefix(it.Key(), entry) && len(it.Value()) == 0 {
			_, _, from[i] = splitRow(it.Key(), len(keyParam(typ, e.Param)))
		}
	}
	err := it.Close()
	if own != nil {
		err = cmp.Or(own.Close(), err)
	}
	return from, err
}
