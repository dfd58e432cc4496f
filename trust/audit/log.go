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

	"golang.org/x/mod/sumdb/tlog"

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

	fault func(step string, done bool) error // of a test: what a step fails with, before or after it is done
}

// Log is the files of a folder. Its methods may be called by many at once.
type Log struct {
	dir     string
	aead    cipher.AEAD // of the records; nil for a log that is not encrypted
	secrets cipher.AEAD // of the secrets in the headers; nil likewise
	salt    [saltSize]byte
	seed    [sha256.Size]byte // of the terms of the index
	known   knownTerms
	opts    Options
	tree    Tree

	mu     sync.Mutex
	queue  *batch  // what is stored next; nil for nothing
	spare  content // memory for the batch after it
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
	hashes []tlog.Hash
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
	l.tree.log = l
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
		return nil, errors.Join(err, l.tree.close())
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
	if l.aead, err = newAEAD(key); err != nil {
		return err
	}
	l.secrets, err = secretsUnder(key)
	return err
}

// resalt draws the part of the nonces that keeps one from being used again, with
// the number of an event that was not stored.
func (l *Log) resalt() error {
	_, err := rand.Read(l.salt[:])
	return err
}

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
	l.wakeWriter()
	<-l.ended
	l.sealing.Wait()
	l.unlock()
	err := l.tree.close()
	if l.file == nil {
		return err
	}
	return errors.Join(err, l.file.Close())
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

// terms appends what an event is found by: its patients, who asked, by what
// program, and what was shown.
func (l *Log) terms(list []uint64, a *fhir.Access, patients []string) []uint64 {
	list = append(list, l.known.term('o', a.By.OnBehalf, func(text string) uint64 { return l.term('o', strings.ToUpper(text)) }))
	for _, p := range patients {
		list = append(list, l.entity("Patient", p))
	}
	if a.By.Agent != "" {
		list = append(list, l.known.term('a', a.By.Agent, func(text string) uint64 { return l.term('a', agentKey(text)) }))
	}
	if a.By.Client != "" {
		list = append(list, l.known.term('c', a.By.Client, func(text string) uint64 { return l.term('a', clientSystem, "|", text) }))
	}
	for i := range a.Shown {
		if s := &a.Shown[i]; s.Type != "Patient" && s.ID != "" && (i == 0 || a.Shown[i-1].Type != s.Type || a.Shown[i-1].ID != s.ID) {
			list = append(list, l.entity(s.Type, s.ID))
		}
	}
	return list
}

// entity is what was shown, by type and id: a patient too, of whom an event is.
func (l *Log) entity(typ, id string) uint64 { return l.term('e', typ, "/", id) }

// term is a text of a kind in the index.
func (l *Log) term(kind byte, text ...string) uint64 {
	b := make([]byte, 0, 128)
	b = append(append(b, l.seed[:]...), kind)
	for _, part := range text {
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

// Records calls visit for each record from a number on that was durable when it was
// called, in their order, until visit returns an error.
func (l *Log) Records(from uint64, visit func(number uint64, record []byte) error) error {
	return l.salted(from, func(number uint64, _ *secret, record []byte) error { return visit(number, record) })
}

// salted is Records with the secret of the segment of each record.
func (l *Log) salted(from uint64, visit func(number uint64, s *secret, record []byte) error) error {
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
			return visit(number, &s.secret, record)
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

// Verify reads every record of the log, and the index of every segment and the tree
// against the records. An index that is not that of its segment is made again. pace is
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
		m, _, _, err := l.index(s.first, s.end)
		if err != nil {
			return events, err
		}
		if found := uint64(m.len()); s.first+found != s.end { //nolint:gosec // not negative
			return events, &DamageError{File: l.path(s.first), Why: fmt.Sprintf("it has %d events, and %d were stored", found, s.end-s.first)}
		}
		events += s.end - s.first
		if !l.opts.ReadOnly && i < len(list)-1 && !s.sound(l.sidecar(s.first), m) {
			if err := errors.Join(l.tree.settle(), l.writeIndex(s.segment, m)); err != nil {
				return events, err
			}
		}
	}
	return events, l.tree.verify(ctx)
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
