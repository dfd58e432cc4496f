package file

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/store/log"
)

const segmentExt = ".log"

// segment is one file of the log. Only the newest one grows.
type segment struct {
	path string
	header

	mu      sync.RWMutex // held for reading while the file is read, for writing while it is read for the first time or removed
	file    *os.File
	offsets []int64 // of the frames, once known
	known   bool
	end     int64 // of the frames
	last    sum   // the chain with all of them
}

func segmentName(first log.Place) string { return fmt.Sprintf("%020d%s", first, segmentExt) }

// DamageError says that a file of the log is not what was written: it is no longer read.
type DamageError struct {
	Path  string
	Place log.Place // the first that cannot be read
	Cause string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("log: %s is damaged at the record at place %d: %s", e.Path, e.Place, e.Cause)
}

// openSegment opens a file and reads its header.
func openSegment(path string) (*segment, error) {
	first, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(path), segmentExt), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("log: %s is no file of a log", path)
	}
	s := &segment{path: path}
	if s.file, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return nil, err
	}
	b := make([]byte, headerLen)
	n, err := s.file.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, s.file.Close())
	}
	if s.header, err = decodeHeader(b[:n]); err == nil && s.first != log.Place(first) {
		err = fmt.Errorf("it begins with place %d and not with that of its name", s.first)
	}
	if err != nil {
		return nil, errors.Join(&DamageError{path, log.Place(first), err.Error()}, s.file.Close())
	}
	return s, nil
}

// makeSegment makes the file of a segment that is whole when it has its name.
func makeSegment(dir string, h header) (*segment, error) {
	path := filepath.Join(dir, segmentName(h.first))
	fresh := path + ".new"
	f, err := os.OpenFile(fresh, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(h.encode())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(fresh, path)
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		_ = os.Remove(fresh)
		return nil, err
	}
	s, err := openSegment(path)
	if err == nil {
		s.known, s.end, s.last = true, headerLen, h.chain
	}
	return s, err
}

// scan reads all frames, once: the place and the chain of each must follow from the one
// before. cut takes off what the last write has left incomplete, and says how many bytes.
func (s *segment) scan(cut bool) (dropped int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.file == nil:
		return 0, log.ErrTrimmed
	case s.known:
		return 0, nil
	}
	size, err := s.file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	at, chain, place := int64(headerLen), s.chain, s.first
	offsets := []int64{}
	r := bufio.NewReaderSize(io.NewSectionReader(s.file, at, math.MaxInt64-at), 1<<16)
	for at < size {
		f, n, err := readFrame(r, s.seed(), size-at)
		if err == nil && f.place != place {
			return 0, s.damage(place, fmt.Sprintf("the record at place %d stands there", f.place))
		}
		if err == nil && f.chain != link(chain, f.body) {
			return 0, s.damage(place, "it does not continue the record before it")
		}
		if err != nil && !errors.Is(err, errFrame) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, err
		}
		if err != nil {
			if err := s.torn(at, size, place, cut, err); err != nil {
				return 0, err
			}
			dropped = size - at
			break
		}
		offsets, chain = append(offsets, at), f.chain
		at += n
		place++
	}
	s.offsets, s.end, s.last, s.known = offsets, at, chain, true
	return dropped, nil
}

// torn cuts the end of the newest file where it is what a write that was not
// acknowledged has left, and fails where it is damage.
func (s *segment) torn(at, size int64, place log.Place, cut bool, cause error) error {
	rest := make([]byte, size-at)
	if _, err := s.file.ReadAt(rest, at); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !cut || later(rest[1:], s.seed(), place) {
		return s.damage(place, cause.Error())
	}
	if err := s.file.Truncate(at); err != nil {
		return err
	}
	return s.file.Sync()
}

func (s *segment) damage(place log.Place, cause string) error {
	return &DamageError{s.path, place, cause}
}

// next is the place after the newest record, once the segment was scanned.
func (s *segment) next() log.Place { return s.first + log.Place(len(s.offsets)) }

// read reads the body at a place.
func (s *segment) read(place log.Place) ([]byte, error) {
	if _, err := s.scan(false); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.file == nil {
		return nil, log.ErrTrimmed
	}
	if place >= s.next() {
		return nil, s.damage(place, "the file ends before it")
	}
	at := s.offsets[place-s.first]
	f, _, err := readFrame(io.NewSectionReader(s.file, at, s.end-at), s.seed(), s.end-at)
	if err == nil && f.place != place {
		err = fmt.Errorf("the record at place %d stands there", f.place)
	}
	if err != nil {
		return nil, s.damage(place, err.Error())
	}
	return f.body, nil
}

// remove removes the file, when nobody reads it.
func (s *segment) remove() error {
	if err := s.close(); err != nil {
		return err
	}
	return os.Remove(s.path)
}

func (s *segment) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
