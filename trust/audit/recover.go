package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// reserveName is the file that is kept for the next segment.
const reserveName = "next"

// recover finds the end of the newest segment.
func (l *Log) recover() error {
	firsts, err := l.segments()
	if err != nil {
		return err
	}
	l.next = 1
	for i, first := range firsts {
		if first != l.next {
			return &DamageError{File: l.path(l.next), Why: fmt.Sprintf("it is missing, and event %d is in the next file", first)}
		}
		text, err := readSegment(l.path(first), first, l.aead != nil)
		if err != nil {
			return err
		}
		at, next, err := scan(text, headerSize, first, l.authentic)
		last := i == len(firsts)-1
		if errors.Is(err, errTorn) && last && !acknowledged(text, at) {
			err = nil
		}
		if err != nil {
			return &DamageError{File: l.path(first), Why: fmt.Sprintf("event %d cannot be read: %v", next, err)}
		}
		l.next = next
		if last {
			if err := l.resume(first, at, len(text)); err != nil {
				return err
			}
		}
	}
	return nil
}

// authentic opens a frame, where it is encrypted: another key cannot.
func (l *Log) authentic(number uint64, content []byte) error {
	_, err := l.open(number, content)
	return err
}

// resume opens the newest segment for writing after its last whole frame.
func (l *Log) resume(first uint64, at, size int) (err error) {
	if l.file, err = os.OpenFile(l.path(first), os.O_RDWR, 0o600); err != nil {
		return err
	}
	l.at = int64(at)
	if _, err := l.file.WriteAt(make([]byte, size-at), l.at); err != nil {
		return err
	}
	return l.opts.Sync(l.file)
}

// roll ends the segment and begins the next one, which has room for an event of
// a size. The reserve that was kept becomes the new file, and another is made if
// there is room on the disk.
func (l *Log) roll(size int64) error {
	next := filepath.Join(l.dir, reserveName)
	if _, err := os.Stat(next); err != nil || size > l.opts.SegmentSize {
		if err := l.reserve(next, max(size, l.opts.SegmentSize)); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(next, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(header(l.next, l.aead != nil), 0)
	if err == nil {
		err = l.opts.Sync(f)
	}
	if err == nil {
		err = os.Rename(next, l.path(l.next))
	}
	if err == nil {
		err = syncFolder(l.dir)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if l.file != nil {
		_ = l.file.Truncate(l.at) // what it had reserved
		_ = l.file.Close()
	}
	l.file, l.at = f, headerSize
	_ = l.reserve(next, l.opts.SegmentSize) // or when it is needed
	return nil
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

// full makes the error of a full disk ErrFull.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
