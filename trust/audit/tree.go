package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// The tree of the log has a leaf for each event, in their order. The hashes of each
// level of tiles (https://c2sp.org/tlog-tiles) are a file, "0.hashes" those of the
// leaves, one behind another. A tile is written once it is complete, and those
// leaves that are in none yet when their segment ends, so that the hashes of a
// segment are there once it is deleted. What a killed process has not written is
// computed of the segments again.
const hashesSuffix = ".hashes"

const (
	tileWidth = 256
	tileSize  = tileWidth * tlog.HashSize
)

// Tree is the tree of a log, as it is signed and proved.
type Tree struct {
	log  *Log
	base uint64 // number of the event that is the first leaf
	hash hasher // of the writer

	mu        sync.Mutex
	edge      ledger.Edge       // of what is durable
	grown     chan struct{}     // closed when it grows; nil while nobody waits for that
	unwritten map[string][]byte // complete tiles that are in no file yet
	files     map[int]*os.File  // by level
}

// Tree is the tree of the log's events.
func (l *Log) Tree() *Tree { return &l.tree }

// Index is the place of an event in the tree.
func (t *Tree) Index(number uint64) uint64 { return number - t.base }

// Committed is the tree of what is durable, and its size.
func (t *Tree) Committed() (ledger.Edge, fhir.Seq, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.edge, fhir.Seq(t.edge.Size()), nil
}

// Wait returns when the tree has more leaves than a number.
func (t *Tree) Wait(ctx context.Context, behind fhir.Seq) error {
	for {
		t.mu.Lock()
		if t.edge.Size() > uint64(behind) {
			t.mu.Unlock()
			return nil
		}
		if t.grown == nil {
			t.grown = make(chan struct{})
		}
		grown := t.grown
		t.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Tile returns a complete tile by its name; nil where there is none.
func (t *Tree) Tile(name string) ([]byte, error) {
	t.mu.Lock()
	tile := t.unwritten[name]
	t.mu.Unlock()
	if tile != nil {
		return tile, nil
	}
	level, n, err := tileAt(name)
	if err != nil {
		return nil, err
	}
	tile, err = t.read(level, n*tileSize, tileSize)
	if errors.Is(err, io.EOF) || errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return tile, err
}

// Leaves visits the leaves of the events that are kept, from one on.
func (t *Tree) Leaves(ctx context.Context, from uint64, visit func(index uint64, leaf []byte) error) error {
	var h hasher
	return t.log.salted(from+t.base, func(number uint64, s *secret, record []byte) error {
		of := h.salt(s, number)
		return errors.Join(ctx.Err(), visit(t.Index(number), leafOf(number, h.commit(&of, record))))
	})
}

// tileAt reads the name of a tile, "0/x001/234".
func tileAt(name string) (level int, n int64, err error) {
	first, rest, _ := strings.Cut(name, "/")
	level, err = strconv.Atoi(first)
	for group := range strings.SplitSeq(rest, "/") {
		k, e := strconv.Atoi(strings.TrimPrefix(group, "x"))
		n, err = n*1000+int64(k), errors.Join(err, e)
	}
	return level, n, err
}

// grow adds the leaves of events that are durable.
func (t *Tree) grow(hashes []tlog.Hash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range hashes {
		for _, tile := range t.edge.Add(h) {
			t.unwritten[tile.Name] = tile.Value
		}
	}
	if t.grown != nil && len(hashes) > 0 {
		close(t.grown)
		t.grown = nil
	}
}

// write writes what is in no file yet. Where it fails it is written the next time.
func (t *Tree) write() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.writeAll()
}

// writeAll is write for who holds the lock.
func (t *Tree) writeAll() error {
	if t.log.opts.ReadOnly {
		return nil
	}
	for name, tile := range t.unwritten {
		level, n, err := tileAt(name)
		if err == nil {
			err = t.put(level, n*tileSize, tile)
		}
		if err != nil {
			return err
		}
		delete(t.unwritten, name)
	}
	return nil
}

// settle makes all hashes durable: those of a segment may be needed when it is no
// more.
func (t *Tree) settle() error {
	if t.log.opts.ReadOnly {
		return nil
	}
	files, err := t.writePart()
	for _, f := range files {
		err = errors.Join(err, f.Sync())
	}
	return errors.Join(err, t.log.opts.SyncFolder(t.log.dir))
}

// writePart writes what is in no file yet, and the leaves that are in no complete
// tile, and returns the files.
func (t *Tree) writePart() ([]*os.File, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.writeAll(); err != nil {
		return nil, err
	}
	part := t.edge.Part()
	tile := make([]byte, 0, tileSize)
	for i := range part {
		tile = append(tile, part[i][:]...)
	}
	err := t.put(0, int64(t.edge.Size())/tileWidth*tileSize, tile) //nolint:gosec // less than 2^58 events
	return slices.Collect(maps.Values(t.files)), err
}

// put writes to the file of a level; the caller holds the lock.
func (t *Tree) put(level int, at int64, hashes []byte) error {
	if len(hashes) == 0 {
		return nil
	}
	f, err := t.file(level, os.O_RDWR|os.O_CREATE)
	if err == nil {
		_, err = f.WriteAt(hashes, at)
	}
	return full(err)
}

// read reads from the file of a level.
func (t *Tree) read(level int, at int64, size int) ([]byte, error) {
	t.mu.Lock()
	f, err := t.file(level, os.O_RDWR)
	t.mu.Unlock()
	if err != nil {
		return nil, err
	}
	b := make([]byte, size)
	_, err = f.ReadAt(b, at)
	return b, err
}

func (t *Tree) file(level, mode int) (*os.File, error) {
	if f := t.files[level]; f != nil {
		return f, nil
	}
	if t.log.opts.ReadOnly {
		mode = os.O_RDONLY
	}
	f, err := os.OpenFile(t.path(level), mode, 0o600)
	if err == nil {
		t.files[level] = f
	}
	return f, err
}

func (t *Tree) path(level int) string {
	return filepath.Join(t.log.dir, strconv.Itoa(level)+hashesSuffix)
}

func (t *Tree) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var failed error
	for _, f := range t.files {
		failed = errors.Join(failed, f.Close())
	}
	clear(t.files)
	return failed
}

// stored is how many hashes the file of a level has.
func (t *Tree) stored(level int) uint64 {
	info, err := os.Stat(t.path(level))
	if err != nil {
		return 0
	}
	return uint64(info.Size()) / tlog.HashSize //nolint:gosec // not negative
}

// start reads the tree: the hashes of the first leaves from the files, as many as
// are known to be durable, and those behind them from the segments.
func (t *Tree) start(durable uint64) error {
	t.unwritten, t.files = map[string][]byte{}, map[int]*os.File{}
	known := min(durable, t.stored(0))
	if begin := t.log.Begin(); t.base+known < begin {
		return &DamageError{File: t.path(0), Why: fmt.Sprintf("it does not have the hashes of the events up to %d, which are kept no longer", begin-1)}
	}
	if err := t.load(known); err != nil {
		return err
	}
	var h hasher
	return errors.Join(t.log.salted(t.base+known, func(number uint64, s *secret, record []byte) error {
		t.grow([]tlog.Hash{h.leaf(s, number, record)})
		if len(t.unwritten) > 64 {
			return t.write()
		}
		return nil
	}), t.write())
}

// load makes the tree of the first leaves.
func (t *Tree) load(known uint64) (err error) {
	tiles := known / tileWidth
	for level, n := 1, tiles/tileWidth; n > 0 && err == nil; level, n = level+1, n/tileWidth {
		if t.stored(level) < n*tileWidth { // lost: it follows from the leaves
			return t.again(known)
		}
	}
	if t.edge, err = ledger.EdgeOf(t, tiles); err != nil {
		return err
	}
	return t.leaves(tiles*tileWidth, known)
}

// again makes the tree of the first leaves, and the files of its other levels, from
// the file of the leaves.
func (t *Tree) again(known uint64) error {
	t.edge = ledger.Edge{}
	for at := uint64(0); at < known; at += tileWidth {
		if err := errors.Join(t.leaves(at, min(at+tileWidth, known)), t.write()); err != nil {
			return err
		}
	}
	return nil
}

// leaves adds the leaves of a range, within a tile, as the file has them.
func (t *Tree) leaves(from, to uint64) error {
	if from == to {
		return nil
	}
	b, err := t.read(0, int64(from)*tlog.HashSize, int(to-from)*tlog.HashSize) //nolint:gosec // less than 2^58 events
	if err != nil {
		return err
	}
	for ; len(b) > 0; b = b[tlog.HashSize:] {
		t.grow([]tlog.Hash{tlog.Hash(b[:tlog.HashSize])})
	}
	return nil
}

// copyHashes is how many hashes are copied at a time: 16 MB.
const copyHashes = 1 << 19

// copy calls write for the hashes of the first leaves.
func (t *Tree) copy(end uint64, write func(name string, content []byte) error) error {
	for at := uint64(0); at < end; at += copyHashes {
		b, err := t.read(0, int64(at)*tlog.HashSize, int(min(copyHashes, end-at))*tlog.HashSize) //nolint:gosec // less than 2^58 events
		if err == nil {
			err = write(fmt.Sprintf("%020d%s", at, hashesSuffix), b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// verify compares the hash of each event that is kept with its record.
func (t *Tree) verify(ctx context.Context) error {
	edge, _, _ := t.Committed()
	var h hasher
	stored := t.leavesOf(edge)
	return t.log.salted(t.log.Begin(), func(number uint64, s *secret, record []byte) error {
		i := t.Index(number)
		if i >= edge.Size() {
			return nil // it came since
		}
		want, err := stored.hash(i)
		if err != nil {
			return err
		}
		if h.leaf(s, number, record) != want {
			return &DamageError{File: t.path(0), Why: fmt.Sprintf("the hash of event %d is not that of its record", number)}
		}
		return ctx.Err()
	})
}
