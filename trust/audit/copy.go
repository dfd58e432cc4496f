package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Copy calls write for each segment that has events after a number, in the form
// of one that is not encrypted: a copy is read whatever the key of the log was.
// It has all events up to the one that is returned.
func (l *Log) Copy(after uint64, write func(name string, segment []byte) error) (head uint64, err error) {
	plain := &Log{}
	list, done := l.pin()
	defer done()
	for _, s := range list {
		head = s.end - 1
		if s.end <= after+1 {
			continue
		}
		text, err := l.readSegment(s.first)
		if err != nil {
			return 0, err
		}
		out := header(s.first, false)
		_, next, err := scan(text, headerSize, s.first, s.end, func(number uint64, content []byte) error {
			record, err := l.plain(number, content)
			if err == nil {
				out = plain.seal(out, record, number, len(out))
			}
			return err
		})
		if err == nil && next < s.end {
			err = errTorn
		}
		if err != nil {
			return 0, &DamageError{File: l.path(s.first), Why: fmt.Sprintf("it cannot be read: %v", err)}
		}
		if err := write(segmentName(s.first), out); err != nil {
			return 0, err
		}
	}
	return head, nil
}

// A Restoration makes the log of a folder of the copies of its segments. One that
// comes twice is as it was the last time.
type Restoration struct {
	log   *Log
	first uint64 // of the oldest segment; 0 for none
}

// Restore begins a log in a folder that has none, under the key of a database.
func Restore(dir string, o Options) (*Restoration, error) {
	l := &Log{dir: dir, opts: o}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &Restoration{log: l}, l.useKey(true)
}

// Segment stores the copy of a segment.
func (r *Restoration) Segment(name string, segment []byte) error {
	first, ok := firstOf(name)
	if !ok || filepath.Base(name) != name || len(segment) < headerSize || string(segment[:headerSize]) != string(header(first, false)) {
		return &DamageError{File: name, Why: "it is not a copy of a segment"}
	}
	out := header(first, r.log.aead != nil)
	_, _, err := scan(segment, headerSize, first, 0, func(number uint64, record []byte) error {
		if _, err := decode(record); err != nil {
			return err
		}
		out = r.log.seal(out, record, number, len(out))
		return nil
	})
	if err != nil {
		return &DamageError{File: name, Why: fmt.Sprintf("it cannot be read: %v", err)}
	}
	if r.first == 0 || first < r.first {
		r.first = first
	}
	return replaceFile(r.log.path(first), out)
}

// Close notes where the log begins.
func (r *Restoration) Close() error {
	if r.first <= 1 {
		return nil
	}
	return r.log.begin(r.first)
}

// begin stores the number of the oldest event that is kept.
func (l *Log) begin(first uint64) error {
	return replaceFile(filepath.Join(l.dir, beginName), []byte(strconv.FormatUint(first, 10)+"\n"))
}

// Abandon moves a log that cannot be read aside, and has the next one begin with
// numbers that it did not use. It returns where it is now.
func Abandon(dir string) (moved string, err error) {
	l := &Log{dir: dir}
	firsts, _, err := l.files()
	if err != nil && !errors.As(err, new(*DamageError)) {
		return "", err
	}
	moved = dir + ".damaged"
	if err := os.Rename(dir, moved); err != nil {
		return "", err
	}
	if len(firsts) == 0 {
		return moved, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return moved, err
	}
	return moved, l.begin(firsts[len(firsts)-1] + mostEvents)
}

// mostEvents is more than a segment can have.
const mostEvents = 1 << 24
