package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const (
	reserveName = "next"  // the file that is kept for the next segment
	beginName   = "begin" // the number of the oldest event that is kept, where that is not 1
)

// recover lists the segments and finds the end of the newest one.
func (l *Log) recover() error {
	firsts, begin, err := l.files()
	if err != nil {
		return err
	}
	if err := l.useKey(len(firsts) == 0); err != nil {
		return err
	}
	l.next, l.tree.base = begin, begin
	durable := uint64(math.MaxUint64) // number of the first event whose hash may not be on the disk
	var fresh []indexed
	for i, first := range firsts {
		if first != l.next {
			return &DamageError{File: l.path(l.next), Why: fmt.Sprintf("it is missing, and event %d is in the next file", first)}
		}
		s := &segment{first: first}
		if err := l.behead(s); err != nil {
			return err
		}
		if i < len(firsts)-1 {
			s.events = int(firsts[i+1] - first) //nolint:gosec // ascending
			var m *memory
			if m, err = l.adopt(s); m != nil {
				durable, fresh = min(durable, first), append(fresh, indexed{s, m})
			}
		} else {
			durable = min(durable, first)
			err = l.resume(s)
		}
		if err != nil {
			return err
		}
		l.segments = append(l.segments, s)
		l.next = first + uint64(s.length()) //nolint:gosec // not negative
	}
	if err := l.tree.start(l.tree.Index(min(durable, l.next))); err != nil {
		return err
	}
	if err := l.keepIndexes(fresh); err != nil {
		return err
	}
	if path := filepath.Join(l.dir, reserveName); !l.opts.ReadOnly {
		if _, err := os.Stat(path); err != nil {
			_ = l.reserve(path, l.opts.SegmentSize) // or when it is needed
		}
		return errors.Join(l.opts.SyncFolder(l.dir), l.opts.SyncFolder(filepath.Dir(l.dir))) // names that a killed process made
	}
	return nil
}

// files are the numbers of the first events of the files, ascending, from the
// oldest event that is kept on.
func (l *Log) files() (firsts []uint64, begin uint64, err error) {
	entries, err := os.ReadDir(l.dir)
	if errors.Is(err, fs.ErrNotExist) && l.opts.ReadOnly {
		return nil, 1, nil
	}
	if err != nil {
		return nil, 0, err
	}
	begin = 1
	if text, err := os.ReadFile(filepath.Join(l.dir, beginName)); err == nil {
		if begin, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err != nil {
			return nil, 0, &DamageError{File: filepath.Join(l.dir, beginName), Why: "it does not hold a number"}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, err
	}
	for _, e := range entries {
		first, ok := firstOf(e.Name())
		switch {
		case ok && first >= begin:
			firsts = append(firsts, first)
		case ok && !l.opts.ReadOnly: // a removal that was interrupted
			if err := l.remove(first); err != nil {
				return nil, 0, err
			}
		}
	}
	slices.Sort(firsts)
	return firsts, begin, nil
}

// behead reads the header of a segment.
func (l *Log) behead(s *segment) error {
	f, err := os.Open(l.path(s.first))
	if err != nil {
		return err
	}
	text := make([]byte, headerSize)
	n, _ := f.ReadAt(text, 0)
	_ = f.Close()
	if err := l.checkHeader(l.path(s.first), s.first, text[:n]); err != nil {
		return err
	}
	h, _ := l.headOf(text)
	if len(l.segments) > 0 && h.base != l.tree.base {
		return &DamageError{File: l.path(s.first), Why: "it is of another log"}
	}
	s.secret, l.tree.base = h.secret, h.base
	return nil
}

// indexed is a sealed segment whose index is in no file.
type indexed struct {
	*segment
	index *memory
}

// keepIndexes writes indexes, once the hashes of their segments are durable.
func (l *Log) keepIndexes(list []indexed) error {
	if len(list) == 0 {
		return nil
	}
	if l.opts.ReadOnly {
		for _, s := range list {
			s.mem = s.index
		}
		return nil
	}
	if err := l.tree.settle(); err != nil {
		return err
	}
	for _, s := range list {
		if err := l.writeIndex(s.segment, s.index); err != nil {
			return err
		}
	}
	return nil
}

// adopt takes a sealed segment over, and makes its index where there is none.
func (l *Log) adopt(s *segment) (*memory, error) {
	side, err := os.Open(l.sidecar(s.first))
	if err == nil {
		var found *sidecarFile
		if found, _, err = readSidecarHead(side, s.first); err == nil && found.events != s.events {
			err = errSidecar
		}
		_ = side.Close()
	}
	if err == nil {
		return nil, nil
	}
	m, _, _, err := l.index(s.first, s.first+uint64(s.events)) //nolint:gosec // not negative
	if err != nil {
		return nil, err
	}
	if m.len() != s.events {
		after := s.first + uint64(m.len())                                                                                                           //nolint:gosec // not negative
		return nil, &DamageError{File: l.path(after), Why: fmt.Sprintf("it is missing, and event %d is in the next file", s.first+uint64(s.events))} //nolint:gosec // not negative
	}
	return m, nil
}

// resume opens the newest segment for writing after its last whole frame.
func (l *Log) resume(s *segment) error {
	m, end, torn, err := l.index(s.first, 0)
	if err != nil {
		return err
	}
	s.mem = m
	if l.opts.ReadOnly {
		return nil
	}
	if l.file, err = os.OpenFile(l.path(s.first), os.O_RDWR, 0o600); err != nil {
		return err
	}
	l.at = int64(end)
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	if torn {
		if _, err := l.file.WriteAt(make([]byte, info.Size()-l.at), l.at); err != nil {
			return err
		}
	}
	return l.opts.Sync(l.file)
}

// reserve makes a file of zeros that takes its room on the disk at once.
func (l *Log) reserve(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return full(err)
	}
	if err = allocate(f, size); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path)
	}
	return full(err)
}

// remove removes the files of a segment.
func (l *Log) remove(first uint64) error {
	if err := os.Remove(l.sidecar(first)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Remove(l.path(first))
}

// full makes the error of a full disk ErrFull.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
