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
	first uint64

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

// list are the segments as they are now.
func (l *Log) list() []*segment {
	l.segmentsMu.RLock()
	defer l.segmentsMu.RUnlock()
	return slices.Clone(l.segments)
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

// removed reports whether a file is missing because it was kept as long as it must
// be, and was removed since its segment was listed.
func (l *Log) removed(s *segment, err error) bool {
	return errors.Is(err, fs.ErrNotExist) && s.first < l.Begin()
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
		m, _, err := l.index(s.first, false)
		if err != nil {
			return nil, nil, err
		}
		if !l.opts.ReadOnly {
			_ = writeSidecar(l.sidecar(s.first), s.first, m) // or the next time
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

// index makes the index of a segment of its records, and returns where they end.
// What is torn at the end of the newest one was never acknowledged.
func (l *Log) index(first uint64, newest bool) (m *memory, end int, err error) {
	text, err := l.readSegment(first)
	if err != nil {
		return nil, 0, err
	}
	m = &memory{}
	at := headerSize
	end, next, err := scan(text, headerSize, first, func(number uint64, content []byte) error {
		e, err := l.open(number, content)
		if err != nil {
			return err
		}
		p := l.pend(e)
		p.entry.offset = uint32(at) //nolint:gosec // within a segment
		m.add(p.entry, p.terms)
		at += frameHead + len(content)
		return nil
	})
	if errors.Is(err, errTorn) && newest && !acknowledged(text, end) {
		err = nil
	}
	if err != nil {
		return nil, 0, &DamageError{File: l.path(first), Why: fmt.Sprintf("event %d cannot be read: %v", next, err)}
	}
	return m, end, nil
}

// sealed gives a segment that is written no more its index in a file, beside
// everything else.
func (l *Log) sealed(s *segment) {
	l.sealing.Go(func() {
		m := s.memory()
		if err := writeSidecar(l.sidecar(s.first), s.first, m); err != nil {
			return // it stays in memory, and is made again by the next opening
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events, s.mem, s.checked = m.len(), nil, true
	})
}
