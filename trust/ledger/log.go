package ledger

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/pestle-fhir/pestle/fhir"
)

// Log is the Merkle tree of a database. Add serves the one goroutine that
// commits, everything else may be called by many.
type Log struct {
	mu      sync.Mutex
	source  Source
	growing Edge // with the versions that are being committed
	durable Edge // those before them, which are
	broken  error

	Notary
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
		tiles = append(tiles, l.growing.Add(h)...)
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
		missing = append(missing, e.Add(r.hash())...)
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
	l.Notary = Notary{title: "the log of changes", of: l}
	return nil
}

// readEdge is the edge of the tree of all complete tiles that there are.
func readEdge(s Source, total uint64) (e Edge, err error) {
	full, err := complete(s, total>>levelBits)
	if err != nil {
		return e, err
	}
	return EdgeOf(s, full)
}

// EdgeOf is the edge of a tree with a number of complete tiles of leaves, and no
// other leaves.
func EdgeOf(s Tiles, full uint64) (e Edge, err error) {
	e.size = full << levelBits
	for level := 1; level < len(e.levels); level++ {
		end := e.size >> (levelBits * level)
		for n := end &^ (width - 1); n < end; n++ {
			b, err := s.Tile(TileName(level-1, n))
			if err != nil {
				return e, err
			}
			if len(b) != width*tlog.HashSize {
				return e, fmt.Errorf("ledger: the tile %s is missing or not whole", TileName(level-1, n))
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
		b, err := s.Tile(TileName(0, middle-1))
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

// Committed is the tree of what is durable, and the newest commit.
func (l *Log) Committed() (Edge, fhir.Seq, error) {
	total, seq, err := l.source.Total()
	if err != nil {
		return Edge{}, 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return Edge{}, 0, l.broken
	}
	if l.growing.size <= total {
		return l.growing, seq, nil
	}
	return l.durable, seq, nil
}

// Wait returns when there is a commit behind one.
func (l *Log) Wait(ctx context.Context, behind fhir.Seq) error { return l.source.Wait(ctx, behind) }

// Tile returns a complete tile by its name; nil where there is none.
func (l *Log) Tile(name string) ([]byte, error) { return l.source.Tile(name) }

// Leaves visits the leaves from one on, until one whose version cannot be read.
func (l *Log) Leaves(ctx context.Context, from uint64, visit func(index uint64, leaf []byte) error) error {
	return l.source.Rows(ctx, from, func(r Row) error {
		if r.Lost != "" {
			return fmt.Errorf("ledger: %s", r.Lost)
		}
		return visit(r.Index, r.Record.Leaf())
	})
}
