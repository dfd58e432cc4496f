package audit

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Options are how a log is kept. The zero value is usable.
type Options struct {
	// Key is that of the database, 32 bytes, nil for none: the key of the records
	// is encrypted under one that is derived from it.
	Key []byte
	// SegmentSize is how many bytes a file reserves on the disk; 16 MB if it is 0.
	// The segment that is written and the next one are reserved ahead: they are
	// what is left for audited reads when the disk is full.
	SegmentSize int64
	// ReadOnly opens a log to read it: nothing in the folder is changed.
	ReadOnly bool
	// Sync makes what was written to a file durable; nil for the system's.
	Sync func(*os.File) error
	// SyncFolder makes the names of a folder durable; nil for the system's.
	SyncFolder func(dir string) error
	fault      func(step string, done bool) error // of a test: what a step fails with, before or after it is done

	// Leaf is called for each record that is durable, in the order of the numbers
	// and before who appended it goes on; nil for nobody. [Log.Records] has those
	// from before.
	Leaf func(number uint64, record []byte)
}

// Log is the files of a folder. Its methods may be called by many at once.
type Log struct {
	dir  string
	aead cipher.AEAD
	salt [saltSize]byte
	seed [sha256.Size]byte // of the terms of the index
	opts Options

	mu     sync.Mutex
	queue  []*pending
	wake   chan struct{}
	closed bool
	state  error // why the last append failed

	segmentsMu sync.RWMutex
	segments   []*segment // in the order of their numbers
	sealing    sync.WaitGroup

	ended  chan struct{} // the writer is done
	locked *os.File

	// Of the writer alone.
	file   *os.File
	at     int64  // where the next frame goes; all before it is durable
	next   uint64 // number of the next event
	ending bool   // a roll began: the file takes nothing more
	failed error  // after a failed sync nothing more is acknowledged
	buffer []byte
}

// pending is an event that waits for its sync. One without a record asks whether
// the log takes anything.
type pending struct {
	record []byte
	number uint64
	terms  []uint64
	entry  entry
	done   chan error
}

var (
	// ErrClosed says that the log was closed.
	ErrClosed = errors.New("audit: the log is closed")
	// ErrFull says that the disk has no room for another segment. It lifts by
	// itself.
	ErrFull = errors.New("audit: the disk is full, and the reserve of the audit log is used up")
)

const defaultSegment = 16 << 20

// Open opens the log in a folder, which is made where it is missing, and drops
// what a killed process had not written whole. A file that is missing from the
// middle, or a newest file that is damaged, is a [*DamageError], and nothing is
// changed; [Log.Verify] reads the others.
func Open(dir string, o Options) (*Log, error) {
	if o.SegmentSize == 0 {
		o.SegmentSize = defaultSegment
	}
	if o.Sync == nil {
		o.Sync = syncData
	}
	if o.SyncFolder == nil {
		o.SyncFolder = syncFolder
	}
	l := &Log{dir: dir, opts: o, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	if !o.ReadOnly {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		if err := l.lock(); err != nil {
			return nil, err
		}
	}
	if err := l.recover(); err != nil {
		l.unlock()
		return nil, err
	}
	if o.ReadOnly {
		close(l.ended)
		return l, nil
	}
	go l.write()
	return l, nil
}

// useKey prepares the cipher of the records, and the terms of the index, which
// tell nothing to who does not have the key.
func (l *Log) useKey(empty bool) error {
	key, err := l.dataKey(l.opts.Key, empty)
	if err != nil {
		return err
	}
	l.seed = sha256.Sum256(append([]byte("terms of the index "), key...))
	if key == nil {
		return nil
	}
	if err := l.resalt(); err != nil {
		return err
	}
	l.aead, err = newAEAD(key)
	return err
}

// resalt draws the part of the nonces that keeps one from being used again, with
// the number of an event that was not stored.
func (l *Log) resalt() error {
	_, err := rand.Read(l.salt[:])
	return err
}

// Record stores what was done, all of it or, where the error is not nil, maybe a
// part, and returns when it is durable. What is not recorded must not be
// answered.
func (l *Log) Record(ctx context.Context, list ...*fhir.Access) error {
	events := make([]Event, len(list))
	waiting := make([]*pending, len(list))
	for i, a := range list {
		events[i].Access = *a
		waiting[i] = l.pend(&events[i])
	}
	return l.enqueue(ctx, waiting)
}

// Append stores an event, sets its number, and returns when it is durable.
func (l *Log) Append(ctx context.Context, e *Event) error {
	p := l.pend(e)
	err := l.enqueue(ctx, []*pending{p})
	if err == nil {
		e.Number = p.number
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
	return l.enqueue(context.Background(), []*pending{{done: make(chan error, 1)}})
}

func (l *Log) pend(e *Event) *pending {
	patients := e.Patients()
	return &pending{
		record: e.encode(make([]byte, 0, 256)), terms: l.terms(e, patients), done: make(chan error, 1),
		entry: entry{millis: e.Time.UnixMilli(), parts: uint32(max(1, len(patients))), action: e.Action()}, //nolint:gosec // few
	}
}

func (l *Log) enqueue(ctx context.Context, waiting []*pending) error {
	for _, p := range waiting {
		if len(p.record) > maxFrame-64 {
			return fmt.Errorf("audit: an event of %d bytes", len(p.record))
		}
	}
	l.mu.Lock()
	if l.closed || l.opts.ReadOnly {
		l.mu.Unlock()
		return ErrClosed
	}
	l.queue = append(l.queue, waiting...)
	l.mu.Unlock()
	l.ring()
	var failed error
	for _, p := range waiting {
		select {
		case err := <-p.done:
			failed = errors.Join(failed, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return failed
}

func (l *Log) ring() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// write is the one goroutine that writes: each time what was queued while the
// last sync ran.
func (l *Log) write() {
	defer close(l.ended)
	for range l.wake {
		for {
			l.mu.Lock()
			batch := l.queue
			l.queue = nil
			closed := l.closed
			l.mu.Unlock()
			if len(batch) == 0 {
				if closed {
					return
				}
				break
			}
			l.commit(batch)
		}
	}
}

// commit makes a batch durable and answers who waits, in parts that fit into a
// segment.
func (l *Log) commit(batch []*pending) {
	for len(batch) > 0 {
		n, err := l.append(batch)
		if n == 0 {
			n = len(batch)
		}
		l.mu.Lock()
		l.state = err
		l.mu.Unlock()
		for _, p := range batch[:n] {
			p.done <- err
		}
		batch = batch[n:]
	}
}

// append writes as many events as the segment takes, at least one, and syncs.
func (l *Log) append(batch []*pending) (n int, err error) {
	if l.failed != nil {
		return 0, l.failed
	}
	room := l.opts.SegmentSize - l.at
	if l.file == nil || l.ending || room < frameSize(batch[0]) && l.at > headerSize {
		if err := l.roll(headerSize + frameSize(batch[0])); err != nil {
			return 0, err
		}
		room = l.opts.SegmentSize - l.at
	}
	l.buffer = l.buffer[:0]
	number := l.next
	for n < len(batch) && (n == 0 || int64(len(l.buffer))+frameSize(batch[n]) <= room) {
		if p := batch[n]; p.record != nil {
			p.number, p.entry.offset = number, uint32(l.at)+uint32(len(l.buffer)) //nolint:gosec // within a segment
			l.buffer = l.seal(l.buffer, p.record, number, int(l.at))
			number++
		}
		n++
	}
	if len(l.buffer) == 0 {
		return n, nil
	}
	if _, err := l.file.WriteAt(l.buffer, l.at); err != nil {
		return n, l.undo(err)
	}
	if err := l.opts.Sync(l.file); err != nil {
		l.failed = fmt.Errorf("audit: the log could not be made durable, and takes nothing more until the server is started again: %w", err)
		return n, l.failed
	}
	l.at += int64(len(l.buffer))
	l.next = number
	l.note(batch[:n])
	return n, nil
}

// note adds what is durable to the index of its segment, and to the tree.
func (l *Log) note(batch []*pending) {
	active := l.newest().memory()
	active.mu.Lock()
	for _, p := range batch {
		if p.record != nil {
			active.add(p.entry, p.terms)
		}
	}
	active.mu.Unlock()
	if l.opts.Leaf == nil {
		return
	}
	for _, p := range batch {
		if p.record != nil {
			l.opts.Leaf(p.number, p.record)
		}
	}
}

// frameSize is how many bytes the frame of an event has at most.
func frameSize(p *pending) int64 { return int64(frameHead + len(p.record) + overhead) }

// undo clears what a failed write has left. The numbers of its events are used
// again, their nonces are not: the disk may keep what was written. Where that fails too, nothing more
// is taken: what comes next would follow something torn.
func (l *Log) undo(cause error) error {
	_, err := l.file.WriteAt(make([]byte, len(l.buffer)), l.at)
	if err == nil {
		err = l.resalt()
	}
	if err != nil {
		l.failed = fmt.Errorf("audit: the log could not be written, and takes nothing more until the server is started again: %w", cause)
		return l.failed
	}
	return fmt.Errorf("audit: the log could not be written: %w", cause)
}

// Close stores what is queued and closes the files.
func (l *Log) Close() error {
	l.mu.Lock()
	was := l.closed
	l.closed = true
	l.mu.Unlock()
	if was {
		return nil
	}
	l.ring()
	<-l.ended
	l.sealing.Wait()
	l.unlock()
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

func (l *Log) unlock() {
	if l.locked != nil {
		_ = l.locked.Close()
	}
}

// Head is the number of the newest event, 0 where there is none.
func (l *Log) Head() uint64 {
	s := l.newest()
	if s == nil {
		return 0
	}
	if m := s.memory(); m != nil {
		return s.first + uint64(m.len()) - 1 //nolint:gosec // not negative
	}
	return s.first + uint64(s.events) - 1 //nolint:gosec // not negative
}

// Begin is the number of the oldest event that is kept.
func (l *Log) Begin() uint64 {
	l.segmentsMu.RLock()
	defer l.segmentsMu.RUnlock()
	if len(l.segments) == 0 {
		return 1
	}
	return l.segments[0].first
}

// terms are what an event is found by: its patients, who asked, by what program,
// and what was shown.
func (l *Log) terms(e *Event, patients []string) []uint64 {
	list := make([]uint64, 0, 3+2*len(patients)+len(e.Shown))
	list = append(list, l.term('o', strings.ToUpper(e.By.OnBehalf)))
	for _, p := range patients {
		list = append(list, l.term('p', p), l.term('e', "Patient/"+p))
	}
	if e.By.Agent != "" {
		list = append(list, l.term('a', agentKey(e.By.Agent)))
	}
	if e.By.Client != "" {
		list = append(list, l.term('a', clientSystem+"|"+e.By.Client))
	}
	for i := range e.Shown {
		if s := &e.Shown[i]; s.Type != "Patient" && s.ID != "" && (i == 0 || e.Shown[i-1].Type != s.Type || e.Shown[i-1].ID != s.ID) {
			list = append(list, l.term('e', s.Type+"/"+s.ID))
		}
	}
	return list
}

// term is a text of a kind in the index.
func (l *Log) term(kind byte, text string) uint64 {
	b := make([]byte, 0, 128)
	b = append(append(append(b, l.seed[:]...), kind), text...)
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

// Records calls visit for each record from a number on that was durable when it was
// called, in their order, until visit returns an error.
func (l *Log) Records(from uint64, visit func(number uint64, record []byte) error) error {
	list, done := l.pin()
	defer done()
	for _, s := range list {
		if s.end <= from {
			continue
		}
		text, err := l.readSegment(s.first)
		if err != nil {
			return err
		}
		_, next, err := scan(text, headerSize, s.first, s.end, func(number uint64, content []byte) error {
			if number < from {
				return nil
			}
			record, err := l.plain(number, content)
			if err != nil {
				return &DamageError{File: l.path(s.first), Why: fmt.Sprintf("event %d: %v", number, err)}
			}
			return visit(number, record)
		})
		if err == nil && next < s.end {
			err = errTorn
		}
		if err != nil {
			return l.located(s.first, err)
		}
	}
	return nil
}

// Read calls visit for each durable event from a number on, in their order, until
// it returns an error.
func (l *Log) Read(from uint64, visit func(*Event) error) error {
	return l.Records(from, func(number uint64, record []byte) error {
		e, err := decode(record)
		if err != nil {
			return &DamageError{File: l.dir, Why: fmt.Sprintf("event %d: %v", number, err)}
		}
		e.Number = number
		return visit(e)
	})
}

// Verify reads every record of the log, and the index of every segment against
// its records. An index that is not that of its segment is made again. pace is
// called with the bytes that are read next; nil for as fast as it goes.
func (l *Log) Verify(ctx context.Context, pace func(bytes int) error) (events uint64, err error) {
	list, done := l.pin()
	defer done()
	for i, s := range list {
		if err := ctx.Err(); err != nil {
			return events, err
		}
		if pace != nil {
			if err := pace(int(l.opts.SegmentSize)); err != nil {
				return events, err
			}
		}
		m, _, err := l.index(s.first, s.end)
		if err != nil {
			return events, err
		}
		if found := uint64(m.len()); s.first+found != s.end { //nolint:gosec // not negative
			return events, &DamageError{File: l.path(s.first), Why: fmt.Sprintf("it has %d events, and %d were stored", found, s.end-s.first)}
		}
		events += s.end - s.first
		if !l.opts.ReadOnly && i < len(list)-1 && !s.sound(l.sidecar(s.first), m) {
			if err := l.writeIndex(s.segment, m); err != nil {
				return events, err
			}
		}
	}
	return events, nil
}

// plain is the record in the content of a frame.
func (l *Log) plain(number uint64, content []byte) ([]byte, error) {
	if l.aead == nil {
		return content, nil
	}
	if len(content) < saltSize {
		return nil, errRecord
	}
	return l.aead.Open(nil, nonce(content[:saltSize], number), content[saltSize:], nil)
}

// open reads the content of a frame.
func (l *Log) open(number uint64, content []byte) (*Event, error) {
	record, err := l.plain(number, content)
	if err != nil {
		return nil, err
	}
	e, err := decode(record)
	if err == nil {
		e.Number = number
	}
	return e, err
}

// instant is a time in milliseconds.
func instant(millis int64) time.Time { return time.UnixMilli(millis).UTC() }
