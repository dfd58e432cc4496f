// Package file is a log as files in a folder: what a database leads that others follow
// from afar. A record is durable when Append returns: one write and one flush.
//
// Architecture: frame.go has the bytes, segment.go one file, file.go the log, trim.go what
// is removed of it.
package file

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/pestle-fhir/pestle/store/log"
)

// Options are what a log is opened with. The zero value works.
type Options struct {
	// Segment is how many bytes a file may have before the next one is begun; 64 MiB
	// unless set.
	Segment int64
	// Sealed encrypts what records hold, and authenticates their places; nil for none.
	Sealed cipher.AEAD
	// ID and After are of a log that is begun as the copy of another one: its id, and the
	// place after which the copy begins. Unless set, the log is a new one, from place 1.
	ID    string
	After log.Place
	// Logger is told what is cut off the end; nil for nobody.
	Logger *slog.Logger
}

const defaultSegment = 64 << 20

// Log is a list of records in a folder, which one process has open at a time. It is safe
// for concurrent use.
type Log struct {
	dir  string
	opts Options

	appending sync.Mutex // held while a record is written
	buffer    []byte
	syncFile  func(*os.File) error // a test may fail it

	mu       sync.Mutex
	segments []*segment // without gaps; the last one grows
	last     log.Place
	grown    chan struct{} // closed and replaced when there is another record
	broken   error         // why nothing is appended any more
}

var _ log.Log = (*Log)(nil)

// Open opens the log of a folder, and begins one where there is none. The end of the
// newest file is cut off where a crash has left it incomplete: that was not acknowledged.
// A [DamageError] says that the newest file is damaged, or that one is missing; the others
// are verified when they are read first.
func Open(dir string, o Options) (*Log, error) {
	if o.Segment == 0 {
		o.Segment = defaultSegment
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Log{dir: dir, opts: o, syncFile: flush, grown: make(chan struct{})}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := l.open(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Log) open() error {
	names, err := filepath.Glob(filepath.Join(l.dir, "*"+segmentExt))
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return l.found()
	}
	slices.Sort(names)
	for i, name := range names {
		s, err := openSegment(name)
		if err != nil {
			return err
		}
		l.segments = append(l.segments, s)
		if i == 0 {
			continue
		}
		if before := l.segments[i-1]; s.id != before.id {
			return s.damage(s.first, "it is a file of another log")
		} else if s.before != before.first {
			return s.damage(s.first, fmt.Sprintf("the file before it, %s, is missing", segmentName(s.before)))
		}
	}
	newest := l.newest()
	if newest.sealed() != (l.opts.Sealed != nil) {
		return fmt.Errorf("log: %s is encrypted, or is not, unlike the database: begin a new log", l.dir)
	}
	dropped, err := newest.scan(true)
	if err != nil {
		return err
	}
	if dropped > 0 {
		l.opts.Logger.Warn("the end of the log was cut: a record that was not acknowledged", "file", newest.path, "bytes", dropped, "last", newest.next()-1)
	}
	l.last = newest.next() - 1
	return nil
}

// found begins a log.
func (l *Log) found() error {
	h := header{format: formatPlain, first: l.opts.After + 1}
	if l.opts.Sealed != nil {
		h.format = formatSealed
	}
	if id, err := hex.DecodeString(l.opts.ID); err != nil || len(id) != len(h.id) && l.opts.ID != "" {
		return fmt.Errorf("log: %q is no id of a log", l.opts.ID)
	} else if copy(h.id[:], id) == 0 {
		_, _ = rand.Read(h.id[:]) // it never fails
	}
	l.last = l.opts.After
	s, err := makeSegment(l.dir, h)
	if err == nil {
		l.segments = []*segment{s}
	}
	return err
}

func (h header) sealed() bool { return h.format == formatSealed }

func (l *Log) newest() *segment { return l.segments[len(l.segments)-1] }

// ID tells the log from others.
func (l *Log) ID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := l.newest().id
	return hex.EncodeToString(id[:])
}

// Append adds a record.
func (l *Log) Append(ctx context.Context, after log.Place, record []byte) error {
	l.appending.Lock()
	defer l.appending.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	last, broken := l.last, l.broken
	l.mu.Unlock()
	switch {
	case broken != nil:
		return fmt.Errorf("log: nothing is appended until the log is opened anew: %w", broken)
	case after < last:
		return log.ErrOvertaken
	case after > last:
		return fmt.Errorf("log: a record after place %d, but the newest is at %d", after, last)
	}
	if err := l.turn(l.opts.Segment); err != nil {
		return err
	}
	return l.write(last+1, record)
}

// Turn begins the next file, so that [Log.Trim] may remove all records that there are.
func (l *Log) Turn() error {
	l.appending.Lock()
	defer l.appending.Unlock()
	if err := l.Err(); err != nil {
		return err
	}
	return l.turn(0)
}

// turn begins the next file when the newest one has so many bytes.
func (l *Log) turn(size int64) error {
	old := l.newest()
	if old.end < size || len(old.offsets) == 0 {
		return nil
	}
	h := old.header
	h.before, h.first, h.chain = old.first, old.next(), old.last
	s, err := makeSegment(l.dir, h)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.segments = append(l.segments, s)
	}
	return err
}

// write writes a record to the newest file. Where the write fails, the file is as it was
// before; where its flush does, nobody can say what is on the disk.
func (l *Log) write(place log.Place, record []byte) error {
	s := l.newest()
	body := l.seal(place, record)
	f := frame{place, link(s.last, body), body}
	l.buffer = appendFrame(l.buffer[:0], s.seed(), f)
	if cap(l.buffer) > 8<<20 {
		defer func() { l.buffer = nil }()
	}
	if _, err := s.file.WriteAt(l.buffer, s.end); err != nil {
		if undone := s.file.Truncate(s.end); undone != nil {
			l.breaks(errors.Join(err, undone))
		}
		return err
	}
	if err := l.syncFile(s.file); err != nil {
		l.breaks(err)
		return err
	}
	s.mu.Lock()
	s.offsets, s.end, s.last = append(s.offsets, s.end), s.end+int64(len(l.buffer)), f.chain
	s.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = place
	close(l.grown)
	l.grown = make(chan struct{})
	return nil
}

// breaks ends all appending.
func (l *Log) breaks(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = err
}

// Err is why nothing is appended any more; nil where records are.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

func (l *Log) seal(place log.Place, record []byte) []byte {
	if l.opts.Sealed == nil {
		return record
	}
	return l.opts.Sealed.Seal(nil, nil, record, binary.BigEndian.AppendUint64(nil, uint64(place)))
}

// Next returns a record, or waits for it.
func (l *Log) Next(ctx context.Context, after log.Place) ([]byte, error) {
	for {
		l.mu.Lock()
		grown, s := l.grown, l.holds(after+1)
		first, last := l.segments[0].first, l.last
		l.mu.Unlock()
		switch {
		case after+1 < first:
			return nil, fmt.Errorf("%w: place %d of a log that begins with %d", log.ErrTrimmed, after+1, first)
		case after < last:
			return l.read(s, after+1)
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// holds is the file in which a place is; nil before the first one.
func (l *Log) holds(place log.Place) *segment {
	for _, s := range slices.Backward(l.segments) {
		if s.first <= place {
			return s
		}
	}
	return nil
}

func (l *Log) read(s *segment, place log.Place) ([]byte, error) {
	body, err := s.read(place)
	if err != nil || l.opts.Sealed == nil {
		return body, err
	}
	record, err := l.opts.Sealed.Open(nil, nil, body, binary.BigEndian.AppendUint64(nil, uint64(place)))
	if err != nil {
		return nil, s.damage(place, "it cannot be decrypted with the key of the database")
	}
	return record, nil
}

// Last is the place of the newest record.
func (l *Log) Last(ctx context.Context) (log.Place, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, ctx.Err()
}

// Close closes the files.
func (l *Log) Close() error {
	l.appending.Lock()
	defer l.appending.Unlock()
	l.breaks(os.ErrClosed)
	var errs []error
	for _, s := range l.segments {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}
