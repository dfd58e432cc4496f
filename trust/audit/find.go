package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// Query selects events: those that meet every condition that is set.
type Query struct {
	Patients []string // logical ids, any of them
	Agents   []string // references, or systems and values of identifiers ("a|b"): any of them
	Entities []string // "Patient/1", any of them
	// Organisations are the ODS codes of who asked, in capitals, any of them.
	Organisations []string
	Actions       string // letters, any of them
	From          time.Time
	Until         time.Time // not at or after
	Newest        bool      // newest first

	After uint64 // begin behind this number, in the order that is asked for; 0 for the begin
	Head  uint64 // none after this number; 0 for all
}

// Hit is an event that meets a query.
type Hit struct {
	Number uint64
	Time   time.Time
	Parts  int // how many AuditEvents it is

	offset uint32
	read   func(number uint64, offset uint32) (*Event, error)
}

// Event reads the event; within the visit of [Log.Find] only.
func (h *Hit) Event() (*Event, error) { return h.read(h.Number, h.offset) }

// Find calls visit for the events that meet a query, in the order of their
// numbers, until it returns false or an error.
func (l *Log) Find(ctx context.Context, q Query, visit func(*Hit) (bool, error)) error {
	list, done := l.pin()
	defer done()
	if q.Newest {
		slices.Reverse(list)
	}
	for _, s := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err := l.findIn(ctx, s.segment, &q, visit); err != nil || !more {
			return err
		}
	}
	return nil
}

// ErrNoEvent says that there is no event of a number.
var ErrNoEvent = errors.New("audit: there is no event of this number")

// Event returns the event of a number.
func (l *Log) Event(number uint64) (e *Event, err error) {
	err = ErrNoEvent
	find := l.Find(context.Background(), Query{After: number - 1, Head: number}, func(h *Hit) (bool, error) {
		e, err = h.Event()
		return false, nil
	})
	if number == 0 {
		return nil, ErrNoEvent
	}
	return e, errors.Join(find, err)
}

// source is the index of a segment.
type source interface {
	len() int
	entry(i int) (entry, error)
	span(block, length int) (low, high int64, err error)
	find(term uint64) ([]uint32, error)
}

// selection is a query within a segment.
type selection struct {
	q        *Query
	src      source
	lo, hi   int // places of the events between which it looks, [lo, hi)
	from, to int64
}

func (l *Log) findIn(ctx context.Context, s *segment, q *Query, visit func(*Hit) (bool, error)) (more bool, err error) {
	length := s.length()
	in := selection{q: q, lo: 0, hi: length, from: -1 << 62, to: 1 << 62}
	if q.Head != 0 && q.Head < s.first+uint64(length) { //nolint:gosec // not negative
		in.hi = int(max(q.Head+1, s.first) - s.first) //nolint:gosec // within the segment
	}
	if q.After != 0 && q.Newest && q.After < s.first+uint64(in.hi) { //nolint:gosec // not negative
		in.hi = int(max(q.After, s.first) - s.first) //nolint:gosec // within the segment
	}
	if q.After >= s.first && !q.Newest {
		in.lo = int(min(q.After+1-s.first, uint64(length))) //nolint:gosec // within the segment
	}
	if in.lo >= in.hi {
		return true, nil
	}
	if !q.From.IsZero() {
		in.from = q.From.UnixMilli()
	}
	if !q.Until.IsZero() {
		in.to = q.Until.Add(time.Millisecond - 1).UnixMilli()
	}
	src, done, err := l.source(s)
	if err != nil {
		return false, err
	}
	defer done()
	in.src = src
	f, err := os.Open(l.path(s.first))
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	read := func(number uint64, offset uint32) (*Event, error) {
		e, err := l.readAt(f, number, int64(offset))
		return e, l.located(s.first, err)
	}
	return in.each(ctx, func(place int, e entry) (bool, error) {
		return visit(&Hit{Number: s.first + uint64(place), Time: instant(e.millis), Parts: int(e.parts), offset: e.offset, read: read}) //nolint:gosec // not negative
	}, l.candidates)
}

// candidates are the places of the events that have the terms of a query; all
// reports that it has none.
func (l *Log) candidates(src source, q *Query) (places []uint32, all bool, err error) {
	all = true
	patients := slices.Clone(q.Patients) // nil stays nil
	for i := range patients {
		patients[i] = "Patient/" + patients[i]
	}
	for _, c := range []struct {
		kind byte
		any  []string
	}{{'e', patients}, {'a', q.Agents}, {'e', q.Entities}, {'o', q.Organisations}} {
		if c.any == nil {
			continue
		}
		var found []uint32
		for _, text := range c.any {
			list, err := src.find(l.term(c.kind, text))
			if err != nil {
				return nil, false, err
			}
			found = append(found, list...)
		}
		slices.Sort(found)
		found = slices.Compact(found)
		if !all {
			found = common(places, found)
		}
		places, all = found, false
	}
	return places, all, nil
}

// common are what two ascending lists both have.
func common(a, b []uint32) (out []uint32) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return out
}

// each visits the events of a selection.
func (in *selection) each(ctx context.Context, visit func(int, entry) (bool, error), candidates func(source, *Query) ([]uint32, bool, error)) (bool, error) {
	places, all, err := candidates(in.src, in.q)
	if err != nil {
		return false, err
	}
	one := func(i int) (bool, error) {
		e, err := in.src.entry(i)
		if err != nil || e.millis < in.from || e.millis >= in.to || in.q.Actions != "" && !slices.Contains([]byte(in.q.Actions), e.action) {
			return true, err
		}
		return visit(i, e)
	}
	if !all {
		if in.q.Newest {
			slices.Reverse(places)
		}
		for _, p := range places {
			if i := int(p); i >= in.lo && i < in.hi {
				if more, err := one(i); err != nil || !more {
					return false, err
				}
			}
		}
		return true, nil
	}
	first, last := in.lo/blockEvents, (in.hi-1)/blockEvents
	for k := range last - first + 1 {
		block := first + k
		if in.q.Newest {
			block = last - k
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		low, high, err := in.src.span(block, in.hi)
		if err != nil {
			return false, err
		}
		if high < in.from || low >= in.to {
			continue
		}
		begin, end := max(in.lo, block*blockEvents), min(in.hi, (block+1)*blockEvents)
		for j := range end - begin {
			i := begin + j
			if in.q.Newest {
				i = end - 1 - j
			}
			if more, err := one(i); err != nil || !more {
				return false, err
			}
		}
	}
	return true, nil
}

// readAt reads the event whose frame is at an offset.
func (l *Log) readAt(f *os.File, number uint64, offset int64) (*Event, error) {
	frame := make([]byte, 1024)
	n, err := f.ReadAt(frame, offset)
	if n < frameHead {
		return nil, err
	}
	frame = frame[:n]
	size := int64(frameHead) + int64(binary.BigEndian.Uint32(frame))
	if size > frameHead+maxFrame {
		return nil, errTorn
	}
	if int64(n) < size {
		frame = make([]byte, size)
		if _, err := f.ReadAt(frame, offset); err != nil {
			return nil, err
		}
	}
	content, _, err := frameAt(frame, 0)
	if err != nil {
		return nil, err
	}
	return l.open(number, content)
}

// located says of which file what is wrong with a frame is.
func (l *Log) located(first uint64, err error) error {
	if err == nil || errors.As(err, new(*DamageError)) || !errors.Is(err, errTorn) && !errors.Is(err, errEnd) && !errors.Is(err, errRecord) {
		return err
	}
	return &DamageError{File: l.path(first), Why: fmt.Sprintf("an event cannot be read: %v", err)}
}
