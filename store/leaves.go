package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// Total is how many versions there are, as of the newest commit: the size of a
// Merkle log of them.
func (db *DB) Total() (total uint64, at fhir.Seq, err error) {
	err = db.look("log", 0, func(v view) error {
		at = v.at
		total, err = countAll(v.r, v.at)
		return err
	})
	return total, at, err
}

// Tile returns a tile that [Checkpoint] has made; nil where there is none.
func (db *DB) Tile(name string) (tile []byte, err error) {
	err = db.look("tile", 0, func(v view) error {
		b, ok, err := v.r.Get(keyTile(name))
		if ok {
			tile = bytes.Clone(b)
		}
		return err
	})
	return tile, err
}

// LeafRow is a version by its place among all, with what is stored of it.
type LeafRow struct {
	LeafRecord
	// Leaf is the hash in the log, 32 bytes; nil for a commit without leaves.
	Leaf []byte
	// Lost says why the version cannot be read: the Version is then known by its
	// type alone and there are no salts. "" for one that can.
	Lost string
}

// Leaves calls visit for the versions from one on, in the order of the log, up to
// the newest commit. It goes on where a version cannot be read. From the first
// one, it also goes on where a commit cannot: the row then has no version, and the
// index behind the one before it.
func (db *DB) Leaves(ctx context.Context, from uint64, visit func(LeafRow) error) error {
	return db.look("log", 0, func(v view) (err error) {
		seq := fhir.Seq(1)
		if from > 0 {
			seq, err = v.commitOf(from)
		}
		next := from
		for ; err == nil && seq <= v.at; seq++ {
			if err = ctx.Err(); err == nil {
				err = v.leaves(seq, from, func(row LeafRow) error {
					if row.Version == nil {
						row.Index = next
					}
					next = row.Index + 1
					return visit(row)
				})
			}
		}
		return err
	})
}

// commitOf bisects the log for the commit of a version by its place among all;
// one behind the end where there is none.
func (v view) commitOf(index uint64) (fhir.Seq, error) {
	low, high := fhir.Seq(1), v.at+1
	for low < high {
		middle := low + (high-low)/2
		c, err := v.record(middle)
		if err != nil {
			return 0, err
		}
		if c.total <= index {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

func (v view) leaves(seq fhir.Seq, from uint64, visit func(LeafRow) error) error {
	c, err := v.record(seq)
	if errors.Is(err, errCorrupt) && from == 0 {
		return visit(LeafRow{LeafRecord: LeafRecord{Seq: seq}, Lost: err.Error()})
	}
	if err != nil {
		return err
	}
	for i := range c.versions {
		if row := v.leafRow(seq, c, i); row.Index >= from {
			if err := visit(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// leafRow is a version of a commit by its place there.
func (v view) leafRow(seq fhir.Seq, c commitRecord, i int) LeafRow {
	p := c.versions[i]
	row := LeafRow{LeafRecord: LeafRecord{Index: c.total - uint64(len(c.versions)-i), Seq: seq, Millis: c.millis}}
	if c.leaves != nil {
		row.Leaf = c.leaves[i*sha256.Size : (i+1)*sha256.Size]
	}
	b, ok, err := v.r.Get(keyVersion(p.typ, p.rid, p.vno))
	if err == nil && !ok {
		err = fmt.Errorf("version %d of %s number %d is missing", p.vno, p.typ, p.rid)
	}
	var salts []byte
	if err == nil {
		row.Version, salts, err = decodeSalted(p.typ, p.vno, bytes.Clone(b))
	}
	purged := err == nil && row.Version.Purged != nil
	if err == nil && (len(salts) != saltsLen && !purged || len(salts) != saltLen && purged) {
		err = errCorrupt
	}
	var left remains
	if purged && err == nil {
		left, err = remainsOf(b)
	}
	if err != nil {
		row.Version, row.Lost = &fhir.Version{Type: p.typ, VersionID: p.vno.String(), Seq: seq}, err.Error()
		return row
	}
	row.EnvelopeSalt, row.ContentSalt = salts[:saltLen], salts[saltLen:]
	if purged {
		row.ContentSalt, row.ContentCommit = nil, left.commit[:]
	}
	return row
}

// LeafOf returns the row of a version: NotFound where there is none.
func (db *DB) LeafOf(ctx context.Context, typ, id, versionID string) (row LeafRow, err error) {
	ver, err := db.VRead(ctx, typ, id, versionID)
	if err != nil {
		return row, err
	}
	err = db.look("log", 0, func(v view) error {
		now, ok, err := v.identity(typ, id)
		if err != nil || !ok {
			return about(err, typ, id)
		}
		c, err := v.record(ver.Seq)
		if err != nil {
			return err
		}
		for i, p := range c.versions {
			if p == (place{typ, now.rid, parseVno(versionID)}) {
				row = v.leafRow(ver.Seq, c, i)
				return nil
			}
		}
		return fmt.Errorf("%w: log entry %d does not list %s", errCorrupt, ver.Seq, versionRef(ver))
	})
	return row, err
}

// LeavesOf calls visit for the versions of one commit: NotFound where there is
// none.
func (db *DB) LeavesOf(ctx context.Context, seq fhir.Seq, visit func(LeafRow) error) error {
	return db.look("log", 0, func(v view) error {
		if seq == 0 || seq > v.at {
			return fhir.E("log", fhir.NotFound, fhir.Issue{Message: fmt.Sprintf("There is no commit %d.", seq)})
		}
		return v.leaves(seq, 0, visit)
	})
}

// AddTiles stores tiles of a database that a program without [Checkpoint] has
// written to. It is called before the first commit after [Open].
func (db *DB) AddTiles(tiles []Tile) error {
	if db.opts.Log != nil && len(tiles) > 0 {
		return errors.New("store: tiles are missing, and are the same in all databases of a log: begin a new log from a backup")
	}
	b := &batcher{engine: db.engine}
	for _, t := range tiles {
		if err := b.add(kv.Op{Key: keyTile(t.Name), Value: t.Value}); err != nil {
			return err
		}
	}
	if err := b.flush(); err != nil {
		return err
	}
	return db.advance(db.Head())
}
