package badger

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	badger "github.com/dgraph-io/badger/v4"

	"github.com/pestle-fhir/pestle/store/kv"
)

// OpenReadOnly opens the database in a folder for reading and changes nothing
// there; the folder may be a copy that nobody may write to. Only processes that
// read can have it open at the same time.
//
// The engine refuses to read a database whose process was killed: it wants to
// cut the log of the newest writes first. So it is given a temporary folder with
// links to the tables and value logs, and copies of the small files and of the
// complete part of those logs: at most two memtables, whatever the size of the
// database. What a journal holds is applied in memory.
func OpenReadOnly(dir string, log *slog.Logger, list ...Option) (*Engine, error) {
	release, err := lock(dir)
	if err != nil {
		return nil, err
	}
	e, err := view(dir, log, optionsOf(list))
	if err != nil {
		release()
		return nil, err
	}
	e.unlock = release
	return e, nil
}

func view(dir string, log *slog.Logger, o options) (e *Engine, err error) {
	f, err := inspect(dir, o)
	if err != nil {
		return nil, err
	}
	e, err = f.viewIn(os.TempDir(), log)
	if errors.Is(err, syscall.ENOSPC) { // it may be on the disk that is full
		if inMemory, e := f.viewIn("/dev/shm", log); e == nil {
			return inMemory, nil
		}
	}
	return e, err
}

// viewIn opens a folder by a temporary one in another.
func (f *folder) viewIn(parent string, log *slog.Logger) (e *Engine, err error) {
	temporary, err := os.MkdirTemp(parent, "pestle-read-")
	if err != nil {
		return nil, err
	}
	remove := func() { _ = os.RemoveAll(temporary) } // what stays is for the system to clean up
	defer func() {
		if err != nil {
			remove()
		}
	}()
	for name := range f.files {
		if err := f.show(name, temporary); err != nil {
			return nil, fmt.Errorf("badger: %s cannot be read: %w", name, err)
		}
	}
	db, err := start(f.fitting(f.settings(temporary, log)).WithReadOnly(true))
	if err != nil {
		return nil, err
	}
	e = &Engine{db: db, dir: f.dir, log: log, release: remove}
	if e.pending, err = e.journaled(); err != nil {
		_ = db.Close() // the first error counts
		return nil, err
	}
	return e, nil
}

// show puts a file into another folder: logs of writes as far as they are
// complete, small files as copies, the others as links.
func (f *folder) show(name, into string) error {
	path, err := filepath.Abs(filepath.Join(f.dir, name))
	if err != nil {
		return err
	}
	target := filepath.Join(into, name)
	switch {
	case filepath.Ext(name) == memtableExt:
		b, err := f.validLog(path)
		if err != nil || len(b) <= logHeader {
			return err // nothing was written
		}
		return os.WriteFile(target, b, 0o600)
	case name == badger.ManifestFilename || name == badger.KeyRegistryFileName:
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, b, 0o600)
	case name == recordName || name == sealName:
		return nil
	case filepath.Ext(name) == tableExt:
		id, _ := numberOf(name, tableExt)
		if _, named := f.tables[id]; !named {
			return nil
		}
	}
	return os.Symlink(path, target)
}

// journaled are the operations of a batch that a crash has left in the journal
// with its mark: the next opening for writing applies them.
func (e *Engine) journaled() (ops []kv.Op, err error) {
	marked, err := e.marked()
	if err != nil || !marked {
		return nil, err
	}
	err = e.eachOp(func(more []kv.Op) error {
		ops = append(ops, more...)
		return nil
	})
	return ops, err
}

// viewed is a snapshot with a journal on top.
type viewed struct {
	*kv.Overlay
	snapshot *snapshot
}

func (v viewed) Close() { v.snapshot.Close() }
