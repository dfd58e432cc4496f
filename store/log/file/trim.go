package file

import (
	"github.com/pestle-fhir/pestle/store/log"
)

// Extent is what of a log is kept: the places of the first and the last record, and how
// many bytes its files have. First is behind Last where none is kept.
type Extent struct {
	First, Last log.Place
	Bytes       int64
}

// Extent says what is kept.
func (l *Log) Extent() Extent {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := Extent{First: l.segments[0].first, Last: l.last}
	for _, s := range l.segments {
		e.Bytes += s.size()
	}
	return e
}

// Trim removes the oldest files: those of which everybody has all records, up to held,
// while the log has more than least bytes; and others while it has more than most. The
// newest one always stays.
func (l *Log) Trim(held log.Place, least, most int64) error {
	for {
		s := l.oldest(held, least, most)
		if s == nil {
			return nil
		}
		if err := s.remove(); err != nil {
			return err
		}
		if err := syncFolder(l.dir); err != nil {
			return err
		}
	}
}

// oldest takes the oldest file out of the list, where it is to go.
func (l *Log) oldest(held log.Place, least, most int64) *segment {
	e := l.Extent()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.segments) < 2 {
		return nil
	}
	s, all := l.segments[0], l.segments[1].first-1
	if e.Bytes <= most && (e.Bytes <= least || all > held) {
		return nil
	}
	l.segments = l.segments[1:]
	return s
}

// size is how many bytes the file has.
func (s *segment) size() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.known || s.file == nil {
		return s.end
	}
	info, err := s.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}
