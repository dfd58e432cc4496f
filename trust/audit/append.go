package audit

import (
	"context"
	"fmt"
	"runtime"

	"github.com/pestle-fhir/pestle/fhir"
)

// batch is what is stored with one sync. Who records something adds it to the batch
// that is stored next, under the lock of the log, and waits until it is done.
type batch struct {
	content
	first uint64        // number of its first event
	grown int           // how many of its events are in the tree
	err   error         // why not all of it was stored
	done  chan struct{} // closed once that is known
}

// content are events, their records and their terms, each list one behind another.
// Its memory is used again once the batch is done.
type content struct {
	events  []queued
	records []byte
	terms   []uint64
}

// queued is an event of a batch.
type queued struct {
	entry  entry
	record int // where its record ends
	terms  int // where its terms end
}

func (c *content) record(i int) []byte {
	start := 0
	if i > 0 {
		start = c.events[i-1].record
	}
	return c.records[start:c.events[i].record]
}

func (c *content) termsOf(i int) []uint64 {
	start := 0
	if i > 0 {
		start = c.events[i-1].terms
	}
	return c.terms[start:c.events[i].terms]
}

// frameSize is how many bytes the frame of an event has at most; 0 for none.
func (c *content) frameSize(i int) int64 {
	if i >= len(c.events) {
		return 0
	}
	return int64(frameHead + len(c.record(i)) + overhead)
}

// mostReused is how many bytes of records are kept for the next batch.
const mostReused = 4 << 20

// Record stores what was done, all of it or, where the error is not nil, maybe a
// part, and returns when it is durable. What is not recorded must not be
// answered.
func (l *Log) Record(ctx context.Context, list ...*fhir.Access) error {
	_, err := l.enqueue(ctx, list...)
	return err
}

// Append stores an event, sets its number, and returns when it is durable.
func (l *Log) Append(ctx context.Context, e *Event) error {
	number, err := l.enqueue(ctx, &e.Access)
	if err == nil {
		e.Number = number
	}
	return err
}

// Takes reports why nothing is recorded at present; nil where it is.
func (l *Log) Takes() error {
	l.mu.Lock()
	err := l.state
	l.mu.Unlock()
	if err == nil {
		return nil
	}
	return l.Record(context.Background()) // nothing, but the log has to be able to
}

// enqueue returns the number of the first of some events once they are durable.
func (l *Log) enqueue(ctx context.Context, list ...*fhir.Access) (uint64, error) {
	b, place, err := l.add(list)
	if err != nil {
		return 0, err
	}
	l.wakeWriter()
	select {
	case <-b.done:
		return b.first + uint64(place), b.err //nolint:gosec // not negative
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (l *Log) wakeWriter() {
	select {
	case l.wake <- struct{}{}:
	default: // it has not gone to sleep since it was woken
	}
}

// add adds events to the batch that is stored next, and returns their place in it.
func (l *Log) add(list []*fhir.Access) (b *batch, place int, err error) {
	var few struct {
		events   [4]queued
		terms    [32]uint64
		patients [8]string
	}
	events, terms := few.events[:0], few.terms[:0]
	for _, a := range list { // what does not need the lock
		patients := patientsOf(few.patients[:0], a)
		terms = l.terms(terms, a, patients)
		events = append(events, queued{terms: len(terms),
			entry: entry{millis: a.Time.UnixMilli(), parts: uint32(max(1, len(patients))), action: actionOf(a)}}) //nolint:gosec // few
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.opts.ReadOnly {
		return nil, 0, ErrClosed
	}
	if b = l.queue; b == nil {
		b = &batch{content: l.spare, done: make(chan struct{})}
		l.queue, l.spare = b, content{}
	}
	place = len(b.events)
	before, known := len(b.records), len(b.terms)
	for i, a := range list {
		start := len(b.records)
		b.records = encode(b.records, a)
		if n := len(b.records) - start; n > maxFrame-64 {
			b.records, b.events = b.records[:before], b.events[:place]
			return nil, 0, fmt.Errorf("audit: an event of %d bytes", n)
		}
		events[i].record = len(b.records)
		events[i].terms += known
		b.events = append(b.events, events[i])
	}
	b.terms = append(b.terms, terms...)
	return b, place, nil
}

// write is the one goroutine that writes: each time what was queued while the
// last sync ran, and by requests that can go on at once: where the processors are
// busy these are most of those under way, and a sync costs as much for one as for all.
func (l *Log) write() {
	defer close(l.ended)
	for range l.wake {
		for {
			runtime.Gosched()
			l.mu.Lock()
			b, closed := l.queue, l.closed
			l.queue = nil
			l.mu.Unlock()
			if b != nil {
				l.commit(b)
				continue
			}
			if closed {
				return
			}
			break
		}
	}
}

// commit makes a batch durable, in parts that fit into a segment, tells who waits,
// and then adds what is durable to the tree.
func (l *Log) commit(b *batch) {
	b.first = l.next
	stored := 0
	for {
		n, err := l.append(b, stored)
		stored += n
		if b.err = err; err != nil || stored == len(b.events) {
			break
		}
	}
	l.mu.Lock()
	l.state = b.err
	l.mu.Unlock()
	close(b.done)
	l.grow(b, stored)
	if cap(b.records) > mostReused {
		return
	}
	l.mu.Lock()
	l.spare = content{b.events[:0], b.records[:0], b.terms[:0]}
	l.mu.Unlock()
}

// append writes as many events of a batch, from one on, as the segment takes, at
// least one, and syncs.
func (l *Log) append(b *batch, from int) (n int, err error) {
	if l.failed != nil {
		return 0, l.failed
	}
	room := l.opts.SegmentSize - l.at
	if size := b.frameSize(from); l.file == nil || l.ending || room < size && l.at > headerSize {
		l.grow(b, from)
		if err := l.roll(headerSize + size); err != nil {
			return 0, err
		}
		room = l.opts.SegmentSize - l.at
	}
	l.buffer = l.buffer[:0]
	for i := from; i < len(b.events) && (n == 0 || int64(len(l.buffer))+b.frameSize(i) <= room); i++ {
		b.events[i].entry.offset = uint32(l.at) + uint32(len(l.buffer))       //nolint:gosec // within a segment
		l.buffer = l.seal(l.buffer, b.record(i), l.next+uint64(n), int(l.at)) //nolint:gosec // not negative
		n++
	}
	if n == 0 {
		return 0, nil
	}
	if _, err := l.file.WriteAt(l.buffer, l.at); err != nil {
		return 0, l.undo(err)
	}
	if err := l.opts.Sync(l.file); err != nil {
		l.failed = fmt.Errorf("audit: the log could not be made durable, and takes nothing more until the server is started again: %w", err)
		return 0, l.failed
	}
	l.at += int64(len(l.buffer))
	l.next += uint64(n) //nolint:gosec // not negative
	active := l.newest().memory()
	active.mu.Lock()
	for i := from; i < from+n; i++ {
		active.add(b.events[i].entry, b.termsOf(i))
	}
	active.mu.Unlock()
	return n, nil
}

// grow adds the first events of a batch, which are durable, to the tree. They are
// all of the newest segment but for those that were added before.
func (l *Log) grow(b *batch, to int) {
	if b.grown == to {
		return
	}
	s := l.newest()
	l.hashes = l.hashes[:0]
	for ; b.grown < to; b.grown++ {
		l.hashes = append(l.hashes, l.tree.hash.leaf(&s.secret, b.first+uint64(b.grown), b.record(b.grown))) //nolint:gosec // not negative
	}
	l.tree.grow(l.hashes)
	_ = l.tree.write() // or the next time
}
