package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// segment is a file of the log, with its index.
type segment struct {
	first  uint64
	secret secret

	// Under segmentsMu of the log.
	readers int
	dropped bool // retention is over: the last reader removes the files

	writing sync.Mutex // one writer of the index's file at a time

	mu      sync.Mutex
	events  int     // of a sealed one
	mem     *memory // the index, as long as it is in no file
	checked bool    // the file of the index was read whole
}

// length is how many durable events a segment has.
func (s *segment) length() int {
	if m := s.memory(); m != nil {
		return m.len()
	}
	return s.events
}

func (s *segment) memory() *memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mem
}

// extent is a segment up to the end of what was durable when it was listed.
type extent struct {
	*segment
	end uint64 // number after its last event
}

// pin lists the segments as they are now, and keeps their files until done is
// called.
func (l *Log) pin() (list []extent, done func()) {
	l.segmentsMu.Lock()
	defer l.segmentsMu.Unlock()
	for _, s := range l.segments {
		s.readers++
		list = append(list, extent{s, s.first + uint64(s.length())}) //nolint:gosec // not negative
	}
	return list, func() {
		for _, s := range list {
			l.unpin(s.segment)
		}
	}
}

func (l *Log) unpin(s *segment) {
	l.segmentsMu.Lock()
	s.readers--
	last := s.readers == 0 && s.dropped
	l.segmentsMu.Unlock()
	if last {
		_ = l.remove(s.first) // or the next opening does
	}
}

// drop takes the oldest segment off the list. Its files are removed once nobody
// reads them.
func (l *Log) drop() error {
	l.segmentsMu.Lock()
	s := l.segments[0]
	l.segments = slices.Delete(l.segments, 0, 1)
	s.dropped = true
	now := s.readers == 0
	l.segmentsMu.Unlock()
	if now {
		return l.remove(s.first)
	}
	return nil
}

// newest is the segment that is written, nil where there is none.
func (l *Log) newest() *segment {
	l.segmentsMu.RLock()
	defer l.segmentsMu.RUnlock()
	if len(l.segments) == 0 {
		return nil
	}
	return l.segments[len(l.segments)-1]
}

func (l *Log) path(first uint64) string    { return filepath.Join(l.dir, segmentName(first)) }
func (l *Log) sidecar(first uint64) string { return filepath.Join(l.dir, sidecarName(first)) }

// source opens the index of a segment; done closes it.
func (l *Log) source(s *segment) (src source, done func(), err error) {
	if m := s.memory(); m != nil {
		return m, func() {}, nil
	}
	f, err := s.open(l.sidecar(s.first))
	if errors.Is(err, errSidecar) || errors.Is(err, fs.ErrNotExist) {
		m, _, _, err := l.index(s.first, s.first+uint64(s.length())) //nolint:gosec // not negative
		if err != nil {
			return nil, nil, err
		}
		if !l.opts.ReadOnly {
			_ = l.writeIndex(s, m) // or the next time
		}
		return m, func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return f, func() { _ = f.f.Close() }, nil
}

// open opens the file of the index, and reads it whole the first time.
func (s *segment) open(path string) (*sidecarFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	side, body, err := readSidecarHead(f, s.first)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && side.events != s.events {
		err = errSidecar
	}
	if err == nil && !s.checked {
		err = side.checkBody(body)
		s.checked = err == nil
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return side, nil
}

// sound reports whether a file is the index m.
func (s *segment) sound(path string, m *memory) bool {
	text, err := os.ReadFile(path)
	return err == nil && string(text) == string(encodeSidecar(s.first, m))
}

// writeIndex writes the index of a segment to its file.
func (l *Log) writeIndex(s *segment, m *memory) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return l.step("index", func() error { return writeSidecar(l.sidecar(s.first), s.first, m) })
}

// index makes the index of a segment of its records up to a number, and returns
// where they end, and whether anything but zeros follows. Of the newest one, where
// limit is 0, what is torn at the end was never acknowledged; what follows the last
// event of another one was not either.
func (l *Log) index(first, limit uint64) (m *memory, end int, torn bool, err error) {
	text, err := l.readSegment(first)
	if err != nil {
		return nil, 0, false, err
	}
	m = &memory{}
	at := headerSize
	var terms []uint64
	end, next, err := scan(text, headerSize, first, limit, func(number uint64, content []byte) error {
		e, err := l.open(number, content)
		if err != nil {
			return err
		}
		patients := e.Patients()
		terms = l.terms(terms[:0], &e.Access, patients)
		m.add(entry{millis: e.Time.UnixMilli(), parts: uint32(max(1, len(patients))), action: e.Action(), offset: uint32(at)}, terms) //nolint:gosec // within a segment
		at += frameHead + len(content)
		return nil
	})
	if torn = errors.Is(err, errTorn); torn && limit == 0 {
		whole, failed := os.ReadFile(l.path(first))
		if failed != nil {
			return nil, 0, false, failed
		}
		if !acknowledged(whole, end) {
			err = nil
		}
	}
	if err != nil {
		return nil, 0, false, &DamageError{File: l.path(first), Why: fmt.Sprintf("event %d cannot be read: %v", next, err)}
	}
	return m, end, torn, nil
}

// sealed gives a segment that is written no more its index in a file, beside
// everything else.
func (l *Log) sealed(s *segment) {
	l.sealing.Go(func() {
		m := s.memory()
		if l.tree.settle() != nil || l.writeIndex(s, m) != nil {
			return // it stays in memory, and is made again by the next opening
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events, s.mem, s.checked = m.len(), nil, true
	})
}
