package badger

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	badger "github.com/dgraph-io/badger/v4"

	"github.com/pestle-fhir/pestle/store/kv"
)

// The engine keeps what was overwritten or deleted: in the log and the buffer of
// writes, in tables until they are merged with what hides it, in value logs, and as
// long as a snapshot may read it. To erase it,
//
//   - the buffer is filled up, so that it is written out and its log is removed;
//   - all levels are merged into one, which drops what no snapshot sees;
//   - what an earlier merge has left, since a snapshot saw it then, is written again
//     and merged once more;
//   - value logs are written anew without the values that are not used any more.
//
// Reads and writes go on meanwhile. Each step leaves a database that is whole, so
// whatever interrupts it, it is only to be begun again.

// fillerKey is what fills the buffer up.
var fillerKey = []byte("\xff\xffpestle/filler")

const fillerSize = 512 << 10

// eraseTries bounds how often all is merged.
const eraseTries = 4

// held counts the snapshots that are open by what they see.
type held struct {
	mu   sync.Mutex
	open map[uint64]int
}

func (h *held) add(ts uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open == nil {
		h.open = map[uint64]int{}
	}
	h.open[ts]++
}

func (h *held) remove(ts uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open[ts]--; h.open[ts] == 0 {
		delete(h.open, ts)
	}
}

// upTo reports whether a snapshot is open that sees nothing later.
func (h *held) upTo(ts uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for at := range h.open {
		if at <= ts {
			return true
		}
	}
	return false
}

// Erase is that of [kv.Engine].
func (e *Engine) Erase(ctx context.Context, renew func() error) error {
	if e.db.IsClosed() {
		return kv.ErrClosed
	}
	all := e.db.MaxVersion() // what is hidden by it goes
	if err := e.fill(ctx, 1); err != nil {
		return err
	}
	if err := renew(); err != nil {
		return err
	}
	if err := e.released(ctx, all); err != nil {
		return err
	}
	for range eraseTries {
		if err := e.merge(ctx); err != nil {
			return err
		}
		left, err := e.hidden(ctx, all)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return errors.Join(e.eraseValues(ctx), e.settled(ctx))
		}
		if err := e.retouch(left); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: tables still hold it", kv.ErrHeld)
}

// merge writes the buffer out and merges all tables into one level.
func (e *Engine) merge(ctx context.Context) error {
	if e.unmerged() {
		return e.mergeFirst(ctx)
	}
	err := e.fill(ctx, memTable/fillerSize+1)
	if err == nil {
		err = e.flushed(ctx)
	}
	if err == nil {
		err = failure(e.db.Flatten(1))
	}
	return err
}

// unmerged reports whether no buffer that was written out has been merged yet.
func (e *Engine) unmerged() bool {
	for _, l := range e.db.Levels() {
		if l.Level > 0 && l.NumTables > 0 {
			return false
		}
	}
	return true
}

// mergeFirst merges the buffers of a small database, of which the engine merges none
// before there are some more, unless it is to drop a prefix: for that it writes the
// buffer out and merges. There are less than mergeAt buffers, for which all others wait.
func (e *Engine) mergeFirst(ctx context.Context) error {
	if err := errors.Join(ctx.Err(), e.Room(mergeAt*memTable)); err != nil {
		return err
	}
	if err := e.Write([]kv.Op{{Key: fillerKey, Value: []byte{1}}}); err != nil { // or there is nothing to drop
		return err
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	err := failure(e.db.DropPrefix(fillerKey))
	if flushes && err == nil {
		if err = e.logs.advance(); err == nil {
			err = e.sync()
		}
		if err != nil {
			e.torn = fmt.Errorf("badger: the next log of writes cannot be begun: %w", err)
		}
	}
	return err
}

// fill writes to the buffer.
func (e *Engine) fill(ctx context.Context, times int) error {
	noise := make([]byte, fillerSize)
	for range times {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, _ = rand.Read(noise) // it never fails
		if err := e.Room(int64(len(noise))); err != nil {
			return err
		}
		if err := e.Write([]kv.Op{{Key: fillerKey, Value: noise}}); err != nil {
			return err
		}
	}
	return e.Write([]kv.Op{{Key: fillerKey}})
}

// How long Erase waits for what ends by itself, and how often it looks. Variables
// for tests.
var (
	eraseWait  = 10 * time.Second
	eraseEvery = 20 * time.Millisecond
)

// until waits for something that ends by itself.
func until(ctx context.Context, what string, done func() (bool, error)) error {
	for end := time.Now().Add(eraseWait); ; {
		ok, err := done()
		switch {
		case ok || err != nil:
			return err
		case time.Now().After(end):
			return fmt.Errorf("%w: %s", kv.ErrHeld, what)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(eraseEvery):
		}
	}
}

// released waits for the snapshots that see nothing later.
func (e *Engine) released(ctx context.Context, ts uint64) error {
	return until(ctx, "a reader has a snapshot from before it open", func() (bool, error) { return !e.held.upTo(ts), nil })
}

// flushed waits for the buffers of before to be written out.
func (e *Engine) flushed(ctx context.Context) error {
	e.writing.Lock()
	now, err := newest(e.dir, memtableExt)
	e.writing.Unlock()
	if err != nil {
		return err
	}
	return until(ctx, "a buffer of writes is not written out", func() (bool, error) {
		entries, err := os.ReadDir(e.dir)
		for _, entry := range entries {
			if n, ok := numberOf(entry.Name(), memtableExt); ok && int(n) < now {
				return false, err
			}
		}
		return true, err
	})
}

// settled waits for the files to go that are not used any more: a reader may have
// them open.
func (e *Engine) settled(ctx context.Context) error {
	return until(ctx, "a reader has a file from before it open", func() (bool, error) {
		entries, err := os.ReadDir(e.dir)
		if err != nil {
			return false, err
		}
		used, err := tablesOf(filepath.Join(e.dir, badger.ManifestFilename))
		if err != nil {
			return false, err
		}
		for _, entry := range entries {
			n, ok := numberOf(entry.Name(), tableExt)
			if _, there := used[n]; ok && !there {
				if later, err := tablesOf(filepath.Join(e.dir, badger.ManifestFilename)); err != nil || !has(later, n) {
					return false, err
				}
			}
		}
		return true, nil
	})
}

func has(tables map[uint64]badger.TableManifest, n uint64) bool {
	_, ok := tables[n]
	return ok
}

// hidden lists the keys of which the engine still has something that was overwritten
// or deleted up to a version, with the value that is hidden by nothing; nil where the
// key was deleted.
func (e *Engine) hidden(ctx context.Context, ts uint64) (left []kv.Op, err error) {
	err = e.db.View(func(txn *badger.Txn) error {
		opts := badger.DefaultIteratorOptions
		opts.PrefetchValues, opts.AllVersions = false, true
		it := txn.NewIterator(opts)
		defer it.Close()
		var last []byte
		hides, listed := false, false // of the last key: a version up to ts came, and it is listed
		for it.Rewind(); it.Valid(); it.Next() {
			item := it.Item()
			if !bytes.Equal(item.Key(), last) {
				if err := ctx.Err(); err != nil {
					return err
				}
				last, hides, listed = item.KeyCopy(last[:0]), false, false
			}
			if item.Version() > ts || bytes.HasPrefix(last, fillerKey) {
				continue
			}
			if (hides || item.IsDeletedOrExpired()) && !listed {
				left, listed = append(left, kv.Op{Key: bytes.Clone(last)}), true
			}
			hides = true
		}
		return nil
	})
	return left, failure(err)
}

// retouch writes keys as they are, so that the next merge meets what they hide.
func (e *Engine) retouch(keys []kv.Op) error {
	const most = 64 // at once: others write in between
	for len(keys) > 0 {
		n := min(most, len(keys))
		if err := e.again(keys[:n]); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

func (e *Engine) again(keys []kv.Op) error {
	if err := e.Room(0); err != nil {
		return err
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	ops, large := make([]kv.Op, 0, len(keys)), false
	err := e.db.View(func(txn *badger.Txn) error {
		for _, op := range keys {
			if bytes.Equal(op.Key, sealKey) {
				continue // each transaction writes it
			}
			item, err := txn.Get(op.Key)
			if err == nil {
				var v []byte
				if v, _, err = value(item); err == nil {
					op.Value = append([]byte{}, v...)
					large = large || len(v) >= lent
				}
			}
			if err != nil && !errors.Is(err, badger.ErrKeyNotFound) {
				return err
			}
			ops = append(ops, op)
		}
		return nil
	})
	if err != nil {
		return failure(err)
	}
	return e.commit(ops, large)
}

// eraseValues writes the value logs anew that have values which are not used.
func (e *Engine) eraseValues(ctx context.Context) error {
	err := e.endValues(ctx)
	for more := true; more && err == nil; {
		if err = ctx.Err(); err == nil {
			more, err = e.eraseLog()
		}
	}
	return err
}

// eraseLog writes one value log anew, false where none has values that are not used.
// The engine would remove the old log at once, but for iterators that may read it: so
// the new one is durable, and the record of the folder does without the old one, before.
func (e *Engine) eraseLog() (more bool, err error) {
	e.writing.Lock()
	defer e.writing.Unlock()
	e.whole.Lock()
	defer e.whole.Unlock()
	if e.torn != nil {
		return false, e.torn
	}
	before, err := unused(e.dir)
	if err != nil {
		return false, err
	}
	txn := e.db.NewTransaction(false)
	it := txn.NewIterator(badger.DefaultIteratorOptions)
	end := func() { it.Close(); txn.Discard() }
	if err := e.db.RunValueLogGC(1e-12); err != nil {
		end()
		if errors.Is(err, badger.ErrNoRewrite) {
			return false, nil
		}
		return false, failure(err)
	}
	if flushes {
		if err := errors.Join(e.logs.advance(), e.logs.syncValues(), e.logs.sync()); err != nil {
			e.torn = fmt.Errorf("badger: a value log that was written anew cannot be flushed: %w", err)
			return false, e.torn // the iterator stays, and with it the old log
		}
	}
	defer end()
	after, err := unused(e.dir)
	if err != nil {
		return false, err
	}
	var gone []string
	for n := range before {
		if after[n] == 0 {
			gone = append(gone, fmt.Sprintf("%06d%s", n, valueExt))
		}
	}
	r, err := writeRecord(e.dir, stateOpen, gone...)
	if err == nil {
		e.recorded.last = r
	}
	return true, err
}

// endValues begins a new value log where the newest one has values that are not used.
func (e *Engine) endValues(ctx context.Context) error {
	last, err := newestValues(e.dir)
	if err != nil {
		return err
	}
	bytes, err := unused(e.dir)
	if err != nil || bytes[uint64(last)] == 0 { //nolint:gosec // of a file name
		return err
	}
	const batch = 8
	var some, none []kv.Op
	for i := range byte(batch) {
		noise, key := make([]byte, lent), append(fillerKey[:len(fillerKey):len(fillerKey)], i)
		_, _ = rand.Read(noise) // it never fails
		some, none = append(some, kv.Op{Key: key, Value: noise}), append(none, kv.Op{Key: key})
	}
	for range valuesInLog/batch + 1 {
		if err := errors.Join(ctx.Err(), e.Room(batch*lent)); err != nil {
			return err
		}
		if err := e.Write(some); err != nil {
			return err
		}
		if now, err := newestValues(e.dir); err != nil || now != last {
			return errors.Join(err, e.Write(none))
		}
	}
	return fmt.Errorf("%w: no new value log was begun", kv.ErrHeld)
}

// discardName is the file in which the engine counts the bytes of value logs that are
// not used: pairs of a number of a log and of bytes.
const discardName = "DISCARD"

// unused is how many bytes of value logs are not used, by the number of the log.
func unused(dir string) (map[uint64]uint64, error) {
	b, err := os.ReadFile(filepath.Join(dir, discardName))
	counts := map[uint64]uint64{}
	for ; len(b) >= 16; b = b[16:] {
		if n := binary.BigEndian.Uint64(b[8:]); n > 0 {
			counts[binary.BigEndian.Uint64(b)] = n
		}
	}
	return counts, err
}

func newestValues(dir string) (int, error) { return newest(dir, valueExt) }
