// Package badger is the durable key-value engine: a log-structured tree in a
// folder, by github.com/dgraph-io/badger.
package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	badger "github.com/dgraph-io/badger/v4"
	compression "github.com/dgraph-io/badger/v4/options"

	"github.com/pestle-fhir/pestle/store/kv"
)

// What the engine holds in memory while it writes: up to four write buffers and
// what a dozen tables take while they are compressed, each of which is there
// uncompressed and in room for the worst that compression may make of it.
const (
	// memTable is the size of the write buffer. It is read back after a crash, so
	// it decides how long a start takes then too. One transaction of the engine
	// may have 15 % of it; see journal.go for bigger batches.
	memTable = 8 << 20
	// tableSize is the size of a table of the upper level. Tables of the next one
	// are twice as large.
	tableSize = 512 << 10
	// levelSize is what the level has into which buffers are merged: the larger
	// it is, the more often are its tables written, and the less often those of
	// the levels below.
	levelSize = 32 << 20
)

// How many flushed buffers there are before they are merged, and before writes
// wait for that.
const (
	mergeAt = 8
	stallAt = 20
)

// valuesInLog is how many values a value log has: to erase one, a log is ended and
// written anew.
const valuesInLog = 32

// Limits of a batch.
const (
	maxOps  = 4 << 20
	maxSize = 128 << 20
)

// Engine is an open database folder.
type Engine struct {
	db       *badger.DB
	dir      string
	identity os.FileInfo // of the record of the folder, when it was opened
	recorded recorded    // under writing
	logs     logs        // under writing
	syncs    syncs
	sealed   sealed // under writing
	held     held
	damage   atomic.Pointer[[]kv.Damage]
	resident *resident
	gate     *gate
	fresh    bool    // there was no database in the folder
	reserve  int64   // bytes of the disk that are left to others
	release  func()  // of what a reader holds besides; nil where the folder is open for writing
	unlock   func()  // of the folder, for a reader
	pending  []kv.Op // of the journal, for a reader
	log      *slog.Logger

	writing  sync.Mutex   // one batch at a time
	rotating sync.Mutex   // one rotation of the key at a time
	whole    sync.RWMutex // held while a batch is applied that is not durable yet
	torn     error        // why a batch may be there in part: nothing is read or written
}

var _ kv.Engine = (*Engine)(nil)

// Exists reports whether a folder holds a database. The error says what is
// missing or damaged where it holds part of one: a [*Damage].
func Exists(dir string, list ...Option) (bool, error) {
	f, err := locked(dir, optionsOf(list))
	return err == nil && !f.empty(), err
}

// Open opens the database in a folder. Where there is none, it is founded; a
// folder that holds part of one is refused with a [*Damage] and left as it is.
// Only one process can have it open. A nil log drops the engine's messages.
func Open(dir string, log *slog.Logger, list ...Option) (*Engine, error) {
	f, err := locked(dir, optionsOf(list))
	if err != nil {
		return nil, err
	}
	return open(f, log)
}

// open opens a folder that was found to be whole.
func open(f *folder, log *slog.Logger) (_ *Engine, err error) {
	dir := f.dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("badger: make the data folder: %w", err)
	}
	e := &Engine{dir: dir, fresh: f.empty(), recorded: recorded{dir: dir}, logs: logs{dir: dir}, log: log}
	e.logs.flush = e.syncs.flush
	e.logs.release() // of a process that was killed
	if free, err := e.free(); err != nil {
		return nil, err
	} else if need := room(0, 0); free < need {
		return nil, fmt.Errorf("badger: %w: "+spaceMessage, kv.ErrNoSpace, megabytes(free), megabytes(need))
	}
	if len(f.key) > 0 && !f.unwrapped { // nothing is written yet
		if f.key, err = foundKey(dir, f.key); err != nil {
			return nil, fmt.Errorf("badger: the data folder cannot be written: %w", err)
		}
	}
	if !f.empty() {
		if _, err := writeRecord(dir, stateChanging); err != nil {
			return nil, fmt.Errorf("badger: the data folder cannot be written: %w", err)
		}
	}
	e.gate = newGate(e.free)
	if e.db, err = start(f.fitting(f.settings(dir, log)).WithLogger(gatedLogger{logger{log}, e.gate})); err != nil {
		return nil, err
	}
	if err := e.begin(); err != nil {
		e.gate.open()
		return nil, errors.Join(err, e.logs.close(), e.db.Close(), e.sealed.close())
	}
	e.resident = keepResident(e.db, dir)
	return e, nil
}

// begin finishes what a crash has interrupted, and seals and records the folder.
func (e *Engine) begin() error {
	if err := e.logs.begin(); err != nil {
		return err
	}
	if err := e.beginSeal(); err != nil {
		return err
	}
	if err := e.recover(); err != nil {
		return err
	}
	err := errors.Join(e.sealed.renew(), e.recorded.renew())
	if err == nil {
		e.identity, err = os.Stat(filepath.Join(e.dir, recordName))
	}
	return err
}

// beginSeal goes on with the seal of the database, or creates it.
func (e *Engine) beginSeal() error {
	if err := e.sealed.open(e.dir, e.db); err != nil {
		return err
	}
	if e.sealed.Count == 0 {
		if err := errors.Join(e.transact(nil), e.sync()); err != nil {
			return err
		}
		if e.log != nil && e.fresh {
			e.log.Warn("there was no database in the data folder: a new one was made", "data", e.dir, "id", e.sealed.id())
		}
	}
	err := e.sealed.sync()
	return err
}

// start starts the engine. Where it panics over a file, that is an error.
func start(o badger.Options) (db *badger.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Damage{o.Dir, []string{fmt.Sprintf("the engine cannot open it: %v", p)}}
		}
	}()
	db, err = badger.Open(o)
	if err != nil && strings.Contains(err.Error(), "directory lock") { // badger has no error value for it
		return nil, inUse(o.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("badger: open %s: %w", o.Dir, err)
	}
	return db, nil
}

func inUse(dir string) error {
	return fmt.Errorf("badger: another process has the database in %s open: stop it, or use another folder", dir)
}

// Reserve leaves at least so many bytes of the disk free: [Engine.Room] refuses
// batches below that, and below what the engine itself needs in any case.
func (e *Engine) Reserve(bytes int64) { e.reserve = bytes }

// indexCache is for the indexes of the tables, which the engine keeps in memory
// as they are on the disk where they are encrypted.
const indexCache = 32 << 20

func (f *folder) settings(dir string, log *slog.Logger) badger.Options {
	o := settings(dir, log)
	if len(f.key) > 0 {
		o = o.WithEncryptionKey(f.key).WithIndexCacheSize(indexCache)
	}
	return o
}

func settings(dir string, log *slog.Logger) badger.Options {
	return badger.DefaultOptions(dir).
		WithSyncWrites(!flushes).   // see logs
		WithDetectConflicts(false). // one committer writes
		WithNumVersionsToKeep(1).   // the store keeps history in keys of its own
		WithCompression(compression.ZSTD).WithZSTDCompressionLevel(1).
		WithBlockSize(16 << 10).
		WithBlockCacheSize(64 << 20).
		WithMemTableSize(memTable).
		WithNumMemtables(2).
		WithNumCompactors(2).
		WithBaseTableSize(tableSize).
		WithBaseLevelSize(levelSize).
		WithNumLevelZeroTables(mergeAt).
		WithNumLevelZeroTablesStall(stallAt).
		WithValueLogFileSize(maxSize). // for values over 1 MB only; takes what it holds
		WithValueLogMaxEntries(valuesInLog).
		WithMetricsEnabled(false).
		WithChecksumVerificationMode(compression.OnBlockRead).WithVerifyValueChecksum(true).
		WithLogger(logger{log})
}

// Snapshot gives the state as of now.
func (e *Engine) Snapshot() (kv.Snapshot, error) {
	if e.db.IsClosed() {
		return nil, kv.ErrClosed
	}
	e.whole.RLock()
	defer e.whole.RUnlock()
	if e.torn != nil {
		return nil, e.torn
	}
	s := e.see()
	if e.pending == nil {
		return s, nil
	}
	over := kv.NewOverlay(s)
	for _, op := range e.pending {
		over.Set(op.Key, op.Value)
	}
	return viewed{over, s}, nil
}

// Write commits the batch: in one transaction with one flush of the log when it
// is of a common size, and else through the journal.
func (e *Engine) Write(batch []kv.Op) error {
	if e.db.IsClosed() {
		return kv.ErrClosed
	}
	size, large := int64(0), false
	for _, op := range batch {
		size += kv.Cost(op.Key, op.Value)
		large = large || len(op.Value) >= lent
	}
	if size > maxSize || len(batch) > maxOps {
		return kv.ErrTooBig
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	err := e.commit(batch, large)
	if err == nil {
		e.renewRecord()
		_ = e.logs.prepare() // Room tries it again
	}
	return err
}

// commit writes a batch, which nobody sees before it is durable.
func (e *Engine) commit(batch []kv.Op, large bool) error {
	e.whole.Lock()
	defer e.whole.Unlock()
	if e.torn != nil {
		return e.torn
	}
	if !large {
		err := e.transact(batch)
		if err == nil {
			return e.sync()
		}
		if !errors.Is(err, kv.ErrTooBig) {
			return err
		}
	}
	return e.writeBig(batch)
}

// sync makes durable what was written. Where that fails, nobody knows what is on
// the disk.
func (e *Engine) sync() error {
	if err := e.logs.sync(); err != nil {
		e.torn = fmt.Errorf("badger: the log of writes cannot be flushed: %w", err)
	}
	return e.torn
}

// renewRecord brings the seal and the record of the folder up to date. Where
// they cannot be written, older ones are still true of the files that they name.
func (e *Engine) renewRecord() {
	if err := errors.Join(e.sealed.renew(), e.recorded.renew()); err != nil && e.log != nil {
		e.log.Warn("the record of the data folder cannot be written", "error", err)
	}
}

// transact commits operations in one transaction with its seal, which is not
// durable before the logs are flushed.
func (e *Engine) transact(ops []kv.Op) error {
	txn := e.db.NewTransaction(true)
	defer txn.Discard()
	size := int64(0)
	for _, op := range ops {
		size += int64(len(op.Key) + len(op.Value))
		var err error
		if op.Value == nil {
			err = txn.Delete(op.Key)
		} else {
			err = txn.SetEntry(entry(op.Key, op.Value))
		}
		if err != nil {
			return failure(err)
		}
	}
	next := e.sealed.next()
	if err := txn.SetEntry(entry(sealKey, next.value())); err != nil {
		return failure(err)
	}
	if err := e.logs.expect(len(ops)+2, size+int64(len(sealKey)+len(next.value()))); err != nil {
		return err
	}
	if err := failure(txn.Commit()); err != nil {
		return err
	}
	if err := e.logs.advance(); err != nil { // it is written, and whether it is durable nobody knows
		e.torn = fmt.Errorf("badger: the next log of writes cannot be begun: %w", err)
		return e.torn
	}
	e.sealed.seal = next
	return nil
}

func failure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, badger.ErrTxnTooBig):
		return kv.ErrTooBig
	case errors.Is(err, badger.ErrDBClosed), errors.Is(err, badger.ErrBlockedWrites):
		return kv.ErrClosed
	}
	return fmt.Errorf("badger: %w", err)
}

// Limits bound what a batch takes in memory.
func (e *Engine) Limits() (ops int, size int64) { return maxOps, maxSize }

// Size is what the folder takes on disk, without the holes of sparse files
// where the system tells them.
func (e *Engine) Size() (int64, error) {
	var sum int64
	err := filepath.WalkDir(e.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return ignoreMissing(err)
		}
		info, err := d.Info()
		if err != nil {
			return ignoreMissing(err)
		}
		sum += allocated(info)
		return nil
	})
	return sum, err
}

// ignoreMissing: compaction removes files while we walk.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Close writes the buffer out and closes the folder. Where the folder is gone,
// or its disk too full for the buffer, the error says so and the engine is left
// as it is, for the process to end: the log of writes has what was acknowledged.
func (e *Engine) Close() error {
	if e.release != nil { // for reading
		err := e.db.Close()
		e.release()
		e.unlock()
		return err
	}
	if e.db.IsClosed() {
		return nil
	}
	if err := e.present(); err != nil {
		return err // there is nothing to write to
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	e.logs.release()
	if err := e.flushable(); err != nil {
		return err
	}
	if err := e.sealed.sync(); err != nil {
		return fmt.Errorf("badger: the data folder cannot be written: %w", err)
	}
	if _, err := writeRecord(e.dir, stateChanging); err != nil {
		return fmt.Errorf("badger: the data folder cannot be written: %w", err)
	}
	e.resident.close()
	e.gate.open()
	if err := errors.Join(e.db.Close(), e.logs.close(), e.sealed.close()); err != nil {
		return err
	}
	_, err := writeRecord(e.dir, stateClosed)
	return err
}
