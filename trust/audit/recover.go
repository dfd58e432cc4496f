package audit

import (
	"errors"
	"fmt"
	"io/fs"
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
	l.next = begin
	for i, first := range firsts {
		if first != l.next {
			return &DamageError{File: l.path(l.next), Why: fmt.Sprintf("it is missing, and event %d is in the next file", first)}
		}
		s := &segment{first: first}
		if i < len(firsts)-1 {
			s.events = int(firsts[i+1] - first) //nolint:gosec // ascending
			err = l.adopt(s)
		} else {
			err = l.resume(s)
		}
		if err != nil {
			return err
		}
		l.segments = append(l.segments, s)
		l.next = first + uint64(s.length()) //nolint:gosec // not negative
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

// adopt takes a sealed segment over, and makes its index where there is none.
func (l *Log) adopt(s *segment) error {
	f, err := os.Open(l.path(s.first))
	if err != nil {
		return err
	}
	head := make([]byte, headerSize)
	n, _ := f.ReadAt(head, 0)
	_ = f.Close()
	if err := l.checkHeader(l.path(s.first), s.first, head[:n]); err != nil {
		return err
	}
	side, err := os.Open(l.sidecar(s.first))
	if err == nil {
		var found *sidecarFile
		if found, _, err = readSidecarHead(side, s.first); err == nil && found.events != s.events {
			err = errSidecar
		}
		_ = side.Close()
	}
	if err == nil {
		return nil
	}
	m, _, err := l.index(s.first, s.first+uint64(s.events)) //nolint:gosec // not negative
	if err != nil {
		return err
	}
	if m.len() != s.events {
		after := s.first + uint64(m.len())                                                                                                      //nolint:gosec // not negative
		return &DamageError{File: l.path(after), Why: fmt.Sprintf("it is missing, and event %d is in the next file", s.first+uint64(s.events))} //nolint:gosec // not negative
	}
	if l.opts.ReadOnly {
		s.mem = m
		return nil
	}
	return l.writeIndex(s, m)
}

// resume opens the newest segment for writing after its last whole frame.
func (l *Log) resume(s *segment) error {
	m, end, err := l.index(s.first, 0)
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
	if _, err := l.file.WriteAt(make([]byte, info.Size()-l.at), l.at); err != nil {
		return err
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
