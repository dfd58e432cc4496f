package audit

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Options are how a log is kept. The zero value is usable.
type Options struct {
	// Key encrypts the records: 32 bytes, nil for none.
	Key []byte
	// SegmentSize is how many bytes a file reserves on the disk; 64 MB if it is 0.
	// The segment that is written and the next one are reserved ahead: they are
	// what is left for audited reads when the disk is full.
	SegmentSize int64
	// Sync makes what was written to a file durable; nil for the system's.
	Sync func(*os.File) error
}

// Log is the files of a folder. Its methods may be called by many at once.
type Log struct {
	dir  string
	aead cipher.AEAD
	opts Options

	mu     sync.Mutex
	queue  []*pending
	wake   chan struct{}
	closed bool

	ended chan struct{} // the writer is done

	// Of the writer alone.
	file   *os.File
	at     int64  // where the next frame goes; all before it is durable
	next   uint64 // number of the next event
	failed error  // after a failed sync nothing more is acknowledged
	buffer []byte
}

// pending is an event that waits for its sync.
type pending struct {
	record []byte
	number uint64
	done   chan error
}

var (
	// ErrClosed says that the log was closed.
	ErrClosed = errors.New("audit: the log is closed")
	// ErrFull says that the disk has no room for another segment. It lifts by
	// itself.
	ErrFull = errors.New("audit: the disk is full, and the reserve of the audit log is used up")
)

const defaultSegment = 64 << 20

// Open opens the log in a folder, which is made where it is missing, and drops
// what a killed process had not written whole. A file that is missing from the
// middle, or damaged, is a [*DamageError], and nothing is changed.
func Open(dir string, o Options) (*Log, error) {
	if o.SegmentSize == 0 {
		o.SegmentSize = defaultSegment
	}
	if o.Sync == nil {
		o.Sync = syncData
	}
	l := &Log{dir: dir, opts: o, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	if o.Key != nil {
		block, err := aes.NewCipher(o.Key)
		if err != nil {
			return nil, fmt.Errorf("audit: the key: %w", err)
		}
		if l.aead, err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := l.recover(); err != nil {
		return nil, err
	}
	go l.write()
	return l, nil
}

// Append stores an event, sets its number, and returns when it is durable. An
// event that is not stored must not be answered.
func (l *Log) Append(ctx context.Context, e *Event) error {
	record := e.encode(nil)
	if len(record) > maxFrame-64 {
		return fmt.Errorf("audit: an event of %d bytes", len(record))
	}
	p := &pending{record: record, done: make(chan error, 1)}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return ErrClosed
	}
	l.queue = append(l.queue, p)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	select {
	case err := <-p.done:
		e.Number = p.number
		return err
	case <-ctx.Done():
		return ctx.Err()
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
	if l.file == nil || room < int64(frameHead+len(batch[0].record)+overhead) && l.at > headerSize {
		if err := l.roll(int64(headerSize + frameHead + len(batch[0].record) + overhead)); err != nil {
			return 0, err
		}
		room = l.opts.SegmentSize - l.at
	}
	l.buffer = l.buffer[:0]
	for n < len(batch) && (n == 0 || int64(len(l.buffer)+frameHead+len(batch[n].record)+overhead) <= room) {
		p := batch[n]
		p.number = l.next + uint64(n) //nolint:gosec // not negative
		l.buffer = seal(l.buffer, p.record, p.number, int(l.at), l.aead)
		n++
	}
	if _, err := l.file.WriteAt(l.buffer, l.at); err != nil {
		return n, l.undo(err)
	}
	if err := l.opts.Sync(l.file); err != nil {
		l.failed = fmt.Errorf("audit: the log could not be made durable, and takes nothing more until the server is started again: %w", err)
		return n, l.failed
	}
	l.at += int64(len(l.buffer))
	l.next += uint64(n) //nolint:gosec // not negative
	return n, nil
}

// overhead is what encryption adds to a record.
const overhead = 16

// undo clears what a failed write has left. Where that fails too, nothing more
// is taken: what comes next would follow something torn.
func (l *Log) undo(cause error) error {
	if _, err := l.file.WriteAt(make([]byte, len(l.buffer)), l.at); err != nil {
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
	select {
	case l.wake <- struct{}{}:
	default:
	}
	<-l.ended
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// segments are the numbers of the first events of the files, ascending.
func (l *Log) segments() (firsts []uint64, err error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if first, ok := firstOf(e.Name()); ok {
			firsts = append(firsts, first)
		}
	}
	slices.Sort(firsts)
	return firsts, nil
}

func (l *Log) path(first uint64) string { return filepath.Join(l.dir, segmentName(first)) }

// Read calls visit for each durable event from a number on, in their order, until
// it returns an error.
func (l *Log) Read(from uint64, visit func(*Event) error) error {
	firsts, err := l.segments()
	if err != nil {
		return err
	}
	for i, first := range firsts {
		if i+1 < len(firsts) && firsts[i+1] <= from {
			continue
		}
		text, err := readSegment(l.path(first), first, l.aead != nil)
		if err != nil {
			return err
		}
		_, _, err = scan(text, headerSize, first, func(number uint64, content []byte) error {
			if number < from {
				return nil
			}
			e, err := l.open(number, content)
			if err != nil {
				return &DamageError{File: l.path(first), Why: fmt.Sprintf("event %d: %v", number, err)}
			}
			return visit(e)
		})
		if errors.Is(err, errTorn) {
			err = nil // being written
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// open reads the content of a frame.
func (l *Log) open(number uint64, content []byte) (*Event, error) {
	if l.aead != nil {
		var err error
		if content, err = l.aead.Open(nil, nonce(number), content, nil); err != nil {
			return nil, err
		}
	}
	e, err := decode(content)
	if err == nil {
		e.Number = number
	}
	return e, err
}
