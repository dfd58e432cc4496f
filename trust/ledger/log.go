package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/pestle-fhir/pestle/fhir"
)

// Log is the Merkle tree of a database. Add serves the one goroutine that
// commits, everything else may be called by many.
type Log struct {
	mu      sync.Mutex
	source  Source
	growing edge // with the versions that are being committed
	durable edge // those before them, which are
	broken  error

	signer *signer // nil where the log is not signed
}

// Add appends the leaves of versions, 32 bytes each, and returns the tiles that
// they complete. It is called in a commit: what was added before is durable then.
func (l *Log) Add(first uint64, leaves []byte) (tiles []Tile) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if first != l.growing.size {
		l.broken = fmt.Errorf("ledger: version %d was committed, the tree has %d leaves", first, l.growing.size)
		return nil
	}
	l.durable = l.growing
	for _, h := range parted(leaves) {
		tiles = append(tiles, l.growing.add(h)...)
	}
	return tiles
}

// Start reads the tree of a database before the first commit of the process. Tiles
// that are missing, of versions that a program without the tree has written, are
// added.
func (l *Log) Start(ctx context.Context, source Source) error {
	total, _, err := source.Total()
	if err != nil {
		return err
	}
	e, err := readEdge(source, total)
	if err != nil {
		return err
	}
	var missing []Tile
	err = source.Rows(ctx, e.size, func(r Row) error {
		if r.Index != e.size {
			return fmt.Errorf("ledger: version %d of the log is missing", e.size)
		}
		if r.Leaf == nil && r.Lost != "" { // nothing tells its hash
			return fmt.Errorf("ledger: version %d of the log cannot be read and has no hash: %s; restore it from a backup", r.Index, r.Lost)
		}
		missing = append(missing, e.add(r.hash())...)
		if len(missing) < width {
			return nil
		}
		err := source.AddTiles(missing)
		missing = missing[:0]
		return err
	})
	if err == nil && len(missing) > 0 {
		err = source.AddTiles(missing)
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.source, l.growing, l.durable = source, e, e
	return nil
}

// readEdge is the edge of the tree of all complete tiles that there are.
func readEdge(s Source, total uint64) (e edge, err error) {
	full, err := complete(s, total>>levelBits)
	if err != nil {
		return e, err
	}
	e.size = full << levelBits
	for level := 1; level < len(e.levels); level++ {
		end := e.size >> (levelBits * level)
		for n := end &^ (width - 1); n < end; n++ {
			b, err := s.Tile(tileName(level-1, n))
			if err != nil {
				return e, err
			}
			if len(b) != width*tlog.HashSize {
				return e, fmt.Errorf("ledger: the tile %s is missing or not whole", tileName(level-1, n))
			}
			if e.levels[level] == nil {
				e.levels[level] = make([]tlog.Hash, 0, width)
			}
			e.levels[level] = append(e.levels[level], perfect(parted(b)))
		}
	}
	return e, nil
}

// complete is how many of the first tiles of leaves there are, of a number: all,
// unless a program without the tree has written to the database.
func complete(s Source, most uint64) (uint64, error) {
	low, high := uint64(0), most+1 // the first low are there; high are not
	for middle := most; high-low > 1; middle = low + (high-low)/2 {
		b, err := s.Tile(tileName(0, middle-1))
		if err != nil {
			return 0, err
		}
		if b != nil {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

// committed is the tree of what is durable.
func (l *Log) committed() (edge, fhir.Seq, error) {
	total, seq, err := l.source.Total()
	if err != nil {
		return edge{}, 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return edge{}, 0, l.broken
	}
	if l.growing.size <= total {
		return l.growing, seq, nil
	}
	return l.durable, seq, nil
}

// signer signs checkpoints of a log.
type signer struct {
	key    *Key
	lock   *Lock
	log    *slog.Logger
	mu     sync.Mutex
	newest Checkpoint
	tree   edge
	failed error // why it was not signed the last time
}

// ErrBehind says that the last checkpoint that was signed is not one of the tree:
// the database is an older copy, or another history.
var ErrBehind = errors.New("the database does not hold what was signed last")

// Sign has the log signed from now on with a key; l.Run does it. It refuses where
// the tree does not continue the checkpoint in the lock.
func (l *Log) Sign(key *Key, lock *Lock, log *slog.Logger) error {
	e, _, err := l.committed()
	if err != nil {
		return err
	}
	s := &signer{key: key, lock: lock, log: log}
	if len(lock.last) > 0 {
		last, err := OpenCheckpoint(lock.last, key.Verifier())
		if err != nil {
			return fmt.Errorf("%w; the lock is %s", err, lock.path)
		}
		if err := continues(e.in(l.source), last); err != nil {
			return err
		}
		if last.Size == e.size {
			s.newest, s.tree = last, e
		}
	}
	l.signer = s
	err = l.sign()
	if err == nil || errors.Is(err, errForeign) {
		return err
	}
	log.Error("the log could not be signed", "error", err) // on a full disk reads are served; see Trouble
	return nil
}

// continues refuses a tree that does not begin with the one of a checkpoint.
func continues(t *tree, last Checkpoint) error {
	if last.Size > t.size {
		return fmt.Errorf("ledger: %w: it has %d versions, %d were signed (%s)", ErrBehind, t.size, last.Size, last)
	}
	root, err := t.rootAt(last.Size)
	if err != nil {
		return err
	}
	if root != last.Root {
		return fmt.Errorf("ledger: %w: its first %d versions are not those that were signed (root %s, signed %s)", ErrBehind, last.Size, root, last.Root)
	}
	return nil
}

// interval is how long a commit waits for its checkpoint, at most.
const interval = time.Second

// Run signs what is committed, within a second, until ctx ends.
func (l *Log) Run(ctx context.Context) {
	said := ""
	for {
		_, seq, err := l.source.Total()
		if err == nil {
			err = l.sign()
		}
		if err == nil {
			err = l.source.Wait(ctx, seq)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil && err.Error() != said {
			said = err.Error()
			l.signer.log.Error("the log could not be signed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval / 2): // commits meanwhile share a checkpoint
		}
	}
}

// sign signs the tree of what is durable, where it has grown. Where another
// process has written the lock, nothing is signed any more.
func (l *Log) sign() error {
	s := l.signer
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(s.failed, errForeign) {
		return s.failed
	}
	e, _, err := l.committed()
	if err == nil && (s.newest.Note == nil || e.size != s.newest.Size) {
		err = s.next(e)
	}
	s.failed = err
	return err
}

// next signs a tree and, once that is in the lock, shows it.
func (s *signer) next(e edge) error {
	next, err := Checkpoint{Origin: s.key.Name(), Size: e.size, Root: e.root()}.sign(s.key.signer)
	if err != nil {
		return err
	}
	if err := s.lock.put(next.Note); err != nil {
		return err
	}
	s.newest, s.tree = next, e
	return nil
}

// Trouble says why the log is not signed, for the operator; "" while it is.
func (l *Log) Trouble() string {
	if l.signer == nil {
		return ""
	}
	l.signer.mu.Lock()
	defer l.signer.mu.Unlock()
	if l.signer.failed == nil {
		return ""
	}
	return "The log of changes is not signed: " + l.signer.failed.Error() + "."
}

// Signed reports whether the log is signed.
func (l *Log) Signed() bool { return l.signer != nil }

// Newest is the checkpoint that was signed last; the zero one of a log that is not
// signed.
func (l *Log) Newest() Checkpoint {
	if l.signer == nil {
		return Checkpoint{}
	}
	c, _ := l.signed()
	return c
}

// signed is the checkpoint that was signed last, with its tree.
func (l *Log) signed() (Checkpoint, *tree) {
	l.signer.mu.Lock()
	defer l.signer.mu.Unlock()
	return l.signer.newest, l.signer.tree.in(l.source)
}

// Public is the key with which the checkpoints are verified.
func (l *Log) Public() string { return l.signer.key.Public() }

// Close signs what is committed, as far as it can, and gives the lock up.
func (l *Log) Close() error {
	if l.signer == nil {
		return nil
	}
	if err := l.sign(); err != nil && l.signer.log != nil {
		l.signer.log.Error("the newest commits are signed at the next start", "error", err)
	}
	return l.signer.lock.Close()
}
