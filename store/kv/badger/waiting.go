package badger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"github.com/pestle-fhir/pestle/store/kv"
)

// Waiting is the database in a folder for a server. It is open for writing, or
// as long as the disk is too full to open it so, for reading: then [Waiting.Room]
// and [Waiting.Write] are [kv.ErrNoSpace]. When there is room, it is opened for
// writing by itself, with the same content.
type Waiting struct {
	dir     string
	log     *slog.Logger
	options []Option
	reserve int64

	mu     sync.RWMutex // held for writing while now is replaced
	now    *Engine
	users  *sync.WaitGroup // of now, where it is for reading
	closed bool

	stop  context.CancelFunc
	ended chan struct{} // closed when nothing waits for room any more
}

var _ kv.Engine = (*Waiting)(nil)

// roomEvery is how often a database that is open for reading looks for room.
const roomEvery = time.Second

// OpenWaiting is [Open] with so many bytes left to others, as [Engine.Reserve],
// for a server: where the disk is too full, the database in the folder is opened
// for reading until there is room. A folder without a database is refused then.
func OpenWaiting(dir string, log *slog.Logger, reserve int64, list ...Option) (*Waiting, error) {
	w := &Waiting{dir: dir, log: log, options: list, reserve: reserve, ended: make(chan struct{})}
	var ctx context.Context
	ctx, w.stop = context.WithCancel(context.Background())
	e, err := Open(dir, log, list...)
	if err == nil {
		e.Reserve(reserve)
		w.now = e
		close(w.ended)
		return w, nil
	}
	if !full(err) {
		return nil, err
	}
	if found, e := Exists(dir, list...); e != nil || !found {
		return nil, errors.Join(err, e)
	}
	if w.now, err = OpenReadOnly(dir, log, list...); err != nil {
		return nil, err
	}
	w.users = &sync.WaitGroup{}
	if log != nil {
		free, _ := w.now.free() // 0 where it cannot be asked
		log.Warn("the disk of the data folder is too full for writes: only reads are served until it has room", "data", dir, "free_bytes", free, "needed_bytes", w.need(w.now))
	}
	go w.wait(ctx)
	return w, nil
}

// full reports whether the disk was too full for something.
func full(err error) bool { return errors.Is(err, kv.ErrNoSpace) || errors.Is(err, syscall.ENOSPC) }

// need is how many bytes must be free before a database that is open for reading
// is opened for writing: what is in its journal is then written again.
func (w *Waiting) need(e *Engine) int64 {
	pending := int64(0)
	for _, op := range e.pending {
		pending += kv.Cost(op.Key, op.Value)
	}
	return max(room(pending, e.tables()), w.reserve)
}

// wait opens the database for writing when there is room.
func (w *Waiting) wait(ctx context.Context) {
	defer close(w.ended)
	said := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(roomEvery):
		}
		free, err := w.now.free()
		if err == nil && free < w.need(w.now) {
			continue
		}
		if err == nil {
			err = w.reopen()
		}
		if err == nil || errors.Is(err, kv.ErrClosed) {
			return
		}
		if text := err.Error(); text != said && w.log != nil {
			said = text
			w.log.Error("the database cannot be opened for writing, and only reads are served", "error", err)
		}
	}
}

// reopen replaces the database that is open for reading by the one for writing.
// Whoever reads goes on with the first: the files that it has open stay as they
// are, also when the second removes them.
func (w *Waiting) reopen() error {
	before := w.now
	seal, err := storedSeal(before.db)
	if err != nil {
		return err
	}
	before.unlock()
	e, err := Open(w.dir, w.log, w.options...)
	if err != nil {
		return errors.Join(err, before.relock())
	}
	if e.sealed.found != seal {
		return errors.Join(errors.New("badger: another process has written to the data folder meanwhile: start the server anew"), e.Close(), before.relock())
	}
	e.Reserve(w.reserve)
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return errors.Join(e.Close(), kv.ErrClosed)
	}
	users := w.users
	w.now, w.users = e, nil
	w.mu.Unlock()
	if w.log != nil {
		w.log.Info("the disk of the data folder has room again: writes are taken", "data", w.dir)
	}
	users.Wait()
	return before.Close()
}

// use returns the engine of now, and what is to be called when its use is over. An
// engine that is being closed says so itself, and is not waited for.
func (w *Waiting) use() (*Engine, func()) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.users == nil || w.closed {
		return w.now, func() {}
	}
	w.users.Add(1)
	return w.now, w.users.Done
}

// used is a snapshot of a database that is open for reading.
type used struct {
	kv.Snapshot
	done func()
}

func (u used) Close() {
	u.Snapshot.Close()
	u.done()
}

// Snapshot returns the state as of now.
func (w *Waiting) Snapshot() (kv.Snapshot, error) {
	e, done := w.use()
	s, err := e.Snapshot()
	if err != nil || e.release == nil {
		done()
		return s, err
	}
	return used{s, done}, nil
}

// Write is that of [Engine.Write], or [kv.ErrNoSpace].
func (w *Waiting) Write(batch []kv.Op) error {
	e, done := w.use()
	defer done()
	if e.release != nil {
		return w.full(e)
	}
	return e.Write(batch)
}

// Room is that of [Engine.Room], or [kv.ErrNoSpace].
func (w *Waiting) Room(batch int64) error {
	e, done := w.use()
	defer done()
	if e.release != nil {
		return w.full(e)
	}
	return e.Room(batch)
}

func (w *Waiting) full(e *Engine) error {
	free, err := e.free()
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: "+spaceMessage, kv.ErrNoSpace, megabytes(free), megabytes(w.need(e)))
}

// Verify is that of [Engine.Verify]. It begins again where the database was
// opened for writing meanwhile, which may have removed tables.
func (w *Waiting) Verify(ctx context.Context, pace func(bytes int) error) ([]kv.Damage, error) {
	e, done := w.use()
	found, err := e.Verify(ctx, pace)
	done()
	if err == nil || ctx.Err() != nil {
		return found, err
	}
	now, done := w.use()
	defer done()
	if now == e {
		return found, err
	}
	return now.Verify(ctx, pace)
}

// Erase is that of [Engine.Erase], or [kv.ErrNoSpace].
func (w *Waiting) Erase(ctx context.Context, renew func() error) error {
	e, done := w.use()
	defer done()
	if e.release != nil {
		return w.full(e)
	}
	return e.Erase(ctx, renew)
}

// RotateKey is that of [Engine.RotateKey].
func (w *Waiting) RotateKey(from, to []byte) error {
	e, done := w.use()
	defer done()
	if e.release != nil {
		return w.full(e)
	}
	return e.RotateKey(from, to)
}

// Free is how many bytes the disk of the folder has for the database.
func (w *Waiting) Free() int64 {
	e, done := w.use()
	defer done()
	return e.Free()
}

// Limits bound what a batch takes in memory.
func (w *Waiting) Limits() (ops int, size int64) { return maxOps, maxSize }

// Size is what the folder takes on disk.
func (w *Waiting) Size() (int64, error) {
	e, done := w.use()
	defer done()
	return e.Size()
}

// Encrypted reports whether the database is encrypted.
func (w *Waiting) Encrypted() bool {
	e, done := w.use()
	defer done()
	return e.Encrypted()
}

// Secret is [Engine.Secret].
func (w *Waiting) Secret(purpose string) []byte {
	e, done := w.use()
	defer done()
	return e.Secret(purpose)
}

// Close waits for whoever reads and closes the database, see [Engine.Close].
func (w *Waiting) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	e, users := w.now, w.users
	w.mu.Unlock()
	w.stop()
	<-w.ended
	if users != nil {
		users.Wait()
	}
	return e.Close()
}
