package badger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
)

// logs makes what the engine has written durable, with one flush of the disk
// for a batch. The engine itself would flush the log of the memtable and the
// value log for each, although nearly no batch has a value for the latter.
//
// A batch whose values go to the value log is written through the journal, so
// that it is durable before a log of writes refers to a value: see journal.go.
type logs struct {
	dir    string
	number int      // of the log of the memtable that is written now
	file   *os.File // that log
	values int      // the newest value log that is durable as a whole, or nothing was written to it
	flush  func(*os.File) error

	used  int64       // of the memtable, at most
	last  int64       // what the last transaction takes of it
	ready atomic.Bool // the next log is allocated
}

// begin opens the log that the engine begins when it is opened, and makes it and
// the value log durable.
func (l *logs) begin() error {
	if !flushes {
		return nil
	}
	var err error
	if l.values, err = newest(l.dir, valueExt); err != nil {
		return err
	}
	if l.number, err = newest(l.dir, memtableExt); err != nil {
		return err
	}
	if l.file, err = os.OpenFile(l.path(l.number), os.O_RDWR, 0); err != nil {
		return err
	}
	return errors.Join(allocate(l.file, logSize), l.prepare(), l.sync(), l.syncValues())
}

// newest is the highest number of the files of a kind that were begun, 0 for none.
func newest(dir, ext string) (most int, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if n, ok := numberOf(e.Name(), ext); ok && begun(filepath.Join(dir, e.Name())) {
			most = max(most, int(n))
		}
	}
	return most, err
}

func (l *logs) path(number int) string {
	return filepath.Join(l.dir, fmt.Sprintf("%05d%s", number, memtableExt))
}

// advance goes on to the next log where the engine has begun one, which it does
// at most once for a transaction.
func (l *logs) advance() error {
	if !flushes {
		return nil
	}
	if !begun(l.path(l.number + 1)) {
		return nil
	}
	next, err := os.OpenFile(l.path(l.number+1), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	l.used = l.last // the transaction that began the log is in it
	l.ready.Store(false)
	err = errors.Join(l.flush(l.file), l.file.Close())
	l.file, l.number = next, l.number+1
	return errors.Join(err, l.syncDir())
}

// sync returns when the transactions so far will survive a crash of the machine.
func (l *logs) sync() error { return l.flush(l.file) }

// syncValues does so for the values in value logs.
func (l *logs) syncValues() error {
	if !flushes {
		return nil
	}
	last, err := newest(l.dir, valueExt)
	if err != nil {
		return err
	}
	for n := l.values; n <= last; n++ {
		file, err := os.OpenFile(filepath.Join(l.dir, fmt.Sprintf("%06d%s", n, valueExt)), os.O_RDWR, 0)
		if err != nil {
			return err
		}
		if err := errors.Join(l.flush(file), file.Close()); err != nil {
			return err
		}
	}
	l.values = last
	return l.syncDir()
}

func (l *logs) syncDir() error {
	dir, err := os.Open(l.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (l *logs) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
