package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Copy calls write for each segment that has events after a number, in the form
// of one that is not encrypted: a copy is read whatever the key of the log was.
// It has all events up to the one that is returned. A copy of the whole log has the
// hashes of those that are kept no longer.
func (l *Log) Copy(after uint64, write func(name string, content []byte) error) (last uint64, err error) {
	plain := &Log{}
	list, done := l.pin()
	defer done()
	if after == 0 && len(list) > 0 {
		if err := l.tree.copy(l.tree.Index(list[0].first), write); err != nil {
			return 0, err
		}
	}
	for _, s := range list {
		last = s.end - 1
		if s.end <= after+1 {
			continue
		}
		text, err := l.readSegment(s.first)
		if err != nil {
			return 0, err
		}
		out := plain.header(head{first: s.first, base: l.tree.base, secret: s.secret})
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
	return last, nil
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
	l.tree.log = l
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &Restoration{log: l}, l.useKey(true)
}

// File stores a file of a copy.
func (r *Restoration) File(name string, content []byte) error {
	if at, ok := strings.CutSuffix(name, hashesSuffix); ok {
		return r.hashes(at, content)
	}
	return r.segment(name, content)
}

// segment stores the copy of a segment.
func (r *Restoration) segment(name string, segment []byte) error {
	first, ok := firstOf(name)
	h, plain := (&Log{}).headOf(segment)
	if !ok || filepath.Base(name) != name || !plain || h.first != first {
		return &DamageError{File: name, Why: "it is not a copy of a segment"}
	}
	out := r.log.header(h)
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

// hashes stores the hashes of events that are kept no longer, from a place in the
// tree on.
func (r *Restoration) hashes(at string, hashes []byte) error {
	from, err := strconv.ParseInt(at, 10, 58)
	if err != nil || from < 0 || len(hashes)%tlog.HashSize != 0 {
		return &DamageError{File: at + hashesSuffix, Why: "it is not a copy of hashes"}
	}
	f, err := os.OpenFile(r.log.tree.path(0), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(hashes, from*tlog.HashSize)
	return errors.Join(err, f.Sync(), f.Close())
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
// numbers that it did not use, and with a tree of its own. It returns where it is now.
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
