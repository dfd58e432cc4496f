package badger

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pestle-fhir/pestle/store/kv"
)

// The engine writes to files that are mapped into memory. Where the disk has no
// block for one of them, it does not get an error: the process is killed. So a
// batch is let in only while there is room for all that may follow from it.
//
// A batch is written to the log of the memtable, and a large one to its journal
// before that; the memtables are then flushed to tables, and compaction writes
// tables anew before it deletes those that they replace.
const (
	perByte       = 3            // of a batch: its log or value log, its journal, and the rest of a block for each
	memtableRoom  = 4 * memTable // the next log, and the flush of three memtables
	compactionMax = 512 << 20    // of the tables that compaction may write at one time
	spaceMessage  = "the disk of the data folder has %s free and the database needs %s for a write"
)

// room is what a batch of so many bytes needs on the disk, with tables of so
// many bytes in the folder.
func room(batch, tables int64) int64 {
	return perByte*batch + memtableRoom + min(tables, compactionMax)
}

// Room reports whether a batch of so many bytes, by [kv.Cost], can be written:
// [kv.ErrNoSpace] where the disk has too little room, and another error where
// the data folder is gone or cannot be written.
func (e *Engine) Room(batch int64) error {
	if e.db.IsClosed() {
		return kv.ErrClosed
	}
	if err := e.present(); err != nil {
		return err
	}
	free, err := e.free()
	if err != nil {
		return err
	}
	if err := e.prepared(); err != nil {
		return err
	}
	if need := max(room(batch, e.tables()), e.reserve); free < need {
		return fmt.Errorf("%w: "+spaceMessage, kv.ErrNoSpace, megabytes(free), megabytes(need))
	}
	return nil
}

// prepared allocates the next log of writes where that was not possible before.
func (e *Engine) prepared() error {
	if e.release != nil || !e.writing.TryLock() { // for reading, or a write is under way, which does it
		return nil
	}
	defer e.writing.Unlock()
	return e.logs.prepare()
}

// tables is how many bytes all tables take. The engine's own figure is up to a
// minute old.
func (e *Engine) tables() (sum int64) {
	for _, level := range e.db.Levels() {
		sum += level.Size
	}
	return sum
}

// Free is how many bytes the disk of the folder has for the database.
func (e *Engine) Free() int64 {
	free, err := e.free()
	if err != nil {
		return 0
	}
	return free
}

func (e *Engine) free() (int64, error) {
	free, readOnly, err := diskOf(e.dir)
	if err != nil {
		return 0, fmt.Errorf("badger: the disk of the data folder %s cannot be asked: %w", e.dir, err)
	}
	if readOnly {
		return 0, fmt.Errorf("badger: the disk of the data folder %s is mounted for reading only", e.dir)
	}
	return free, nil
}

// flushable reports whether the disk has room for a table of what a log of
// writes holds: they are flushed one after the other, and each is then deleted.
func (e *Engine) flushable() error {
	free, err := e.free()
	if err != nil {
		return err
	}
	logs, err := filepath.Glob(filepath.Join(e.dir, "*"+memtableExt))
	if err != nil {
		return err
	}
	const beside = 1 << 20 // manifest, rounding
	need := int64(beside)
	for _, name := range logs {
		if info, err := os.Stat(name); err == nil {
			need = max(need, min(allocated(info), memTable)+beside)
		}
	}
	if need += e.gate.need(); free < need {
		return fmt.Errorf("%w: the disk of the data folder has %s free, and %s are needed to write the newest writes into tables; they stay in the log", kv.ErrNoSpace, megabytes(free), megabytes(need))
	}
	return nil
}

// present reports whether the folder is still the one that was opened: what is
// written to files that were removed is lost when the process ends.
func (e *Engine) present() error {
	info, err := os.Stat(filepath.Join(e.dir, recordName))
	if err != nil || !os.SameFile(info, e.identity) {
		return fmt.Errorf("badger: the data folder %s was removed or replaced while the database is open", e.dir)
	}
	return nil
}

func megabytes(n int64) string { return fmt.Sprintf("%d MB", n>>20) }
