package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/pestle-fhir/pestle/store/kv"
)

// The engine writes to its log through a mapping into memory. Where the disk has
// no block for a page of it, because others have filled it in the meantime, the
// process is killed. So each log has its blocks before the engine begins it: the
// current one, and the next one, which is a file without a length in the place
// where the engine will look for it. An empty log says nothing of a database:
// what a killed process leaves is removed.
const (
	preparedName = "NEXT"
	// logSize is what is written to a log at most: the memtable and the
	// transaction that fills it, with the heads of its entries.
	logSize = memTable + memTable/4
	// entryCost is what an entry takes at most in the memtable and in the log,
	// besides its key and value.
	entryCost = 128
)

// begun reports whether the engine has begun a log.
func begun(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// prepare allocates the next log: [kv.ErrNoSpace] where the disk has too little
// room.
func (l *logs) prepare() error {
	if !allocates || l.ready.Load() {
		return nil
	}
	path := filepath.Join(l.dir, preparedName)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return outOfSpace(err)
	}
	if err := errors.Join(allocate(file, logSize), file.Close()); err != nil {
		_ = os.Remove(path) // it may have taken the rest of the disk
		return outOfSpace(err)
	}
	l.ready.Store(true)
	return nil
}

func outOfSpace(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: the next log of writes cannot be allocated (%s)", kv.ErrNoSpace, megabytes(logSize))
	}
	return err
}

// expect puts the next log into its place where a transaction of so many entries
// and bytes may make the engine begin it.
func (l *logs) expect(entries int, bytes int64) error {
	l.last = int64(entries)*entryCost + bytes
	l.used += l.last
	if !allocates || l.used < memTable {
		return nil
	}
	if err := l.prepare(); err != nil {
		return err
	}
	err := os.Rename(filepath.Join(l.dir, preparedName), l.path(l.number+1))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it is there
	}
	return err
}

// release releases the blocks of the next log.
func (l *logs) release() {
	if !allocates {
		return
	}
	l.ready.Store(false)
	_ = os.Remove(filepath.Join(l.dir, preparedName))
	removePrepared(l.dir)
}

// removePrepared removes logs that were not begun: the engine refuses them.
func removePrepared(dir string) {
	names, _ := filepath.Glob(filepath.Join(dir, "*"+memtableExt))
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.Size() == 0 {
			_ = os.Remove(name)
		}
	}
}
