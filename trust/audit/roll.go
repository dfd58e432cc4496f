package audit

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// roll ends the segment and begins the next one, which has room for an event of
// a size. The reserve that was kept becomes the new file, and another is made if
// there is room on the disk. Where a step fails the log goes on with the next
// event, which rolls again.
func (l *Log) roll(size int64) error {
	h := head{first: l.next, base: l.tree.base}
	_, err := rand.Read(h.secret[:])
	if err != nil {
		return err
	}
	f, err := l.fresh(max(size, l.opts.SegmentSize), h)
	if err != nil {
		return fmt.Errorf("audit: the next file of the log could not be made: %w", err)
	}
	if l.file != nil {
		_ = l.file.Truncate(l.at) // what it had reserved; nothing after its last event is read
		_ = l.file.Close()
		l.sealed(l.newest())
	}
	l.file, l.at, l.ending = f, headerSize, false
	l.segmentsMu.Lock()
	l.segments = append(l.segments, &segment{first: l.next, secret: h.secret, mem: &memory{}})
	l.segmentsMu.Unlock()
	_ = l.reserve(filepath.Join(l.dir, reserveName), l.opts.SegmentSize) // or when it is needed
	return nil
}

// fresh makes the file that begins with the next event, durable under its name.
// Once it may have that name, the file before it takes no event: the number would
// be in both. What an attempt that failed has left under the name is the reserve
// again, so that the name is made, and made durable, anew.
func (l *Log) fresh(size int64, h head) (*os.File, error) {
	name, reserve := l.path(h.first), filepath.Join(l.dir, reserveName)
	if hasRoom(name, 0) {
		if err := l.step("rename back", func() error { return os.Rename(name, reserve) }); err != nil {
			return nil, err
		}
	}
	if !hasRoom(reserve, size) {
		if err := l.step("reserve", func() error { return l.reserve(reserve, size) }); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(reserve, os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"header", func() error { _, err := f.WriteAt(l.header(h), 0); return err }},
		{"sync", func() error { return l.opts.Sync(f) }},
		{"rename", func() error { l.ending = true; return os.Rename(reserve, name) }},
		{"folder", func() error { return l.opts.SyncFolder(l.dir) }},
	} {
		if err := l.step(step.name, step.do); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

func hasRoom(path string, size int64) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() >= size
}

// step does a step, which a test may have fail before or after it is done.
func (l *Log) step(name string, do func() error) error {
	if l.opts.fault == nil {
		return do()
	}
	if err := l.opts.fault(name, false); err != nil {
		return err
	}
	return errors.Join(do(), l.opts.fault(name, true))
}
