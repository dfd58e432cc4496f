package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// referred reports whether any version refers to a content, by the index.
func (v view) referred(sha256 [32]byte) (found bool, err error) {
	prefix := append(keyParam("Binary", contentParam), sha256[:]...)
	it := v.r.Iterate(prefix, after(prefix), false)
	found = it.Next()
	return found, ended(it, nil)
}

// discard removes a content that nobody holds and to which no version refers. careful asks
// the versions too, and not the index alone.
func (db *DB) discard(ctx context.Context, sha256 [32]byte, careful bool) error {
	if db.broken.Load() != nil {
		return nil // what was written last is not known
	}
	db.pins.mu.Lock()
	defer db.pins.mu.Unlock()
	if db.pins.held[sha256] > 0 {
		return nil
	}
	if !db.copying.TryLock() {
		return fmt.Errorf("%w: a backup is being written, which may need it", kv.ErrHeld)
	}
	defer db.copying.Unlock()
	needed := false
	err := db.look("content", 0, func(v view) (err error) {
		if needed, err = v.referred(sha256); err == nil && !needed && careful {
			needed, err = v.holdsContent(ctx, sha256)
		}
		return err
	})
	if err != nil || needed {
		return err
	}
	return db.opts.Contents.Remove(ctx, sha256)
}

// holdsContent reports whether a version refers to a content, by the versions alone.
func (v view) holdsContent(ctx context.Context, sha256 [32]byte) (found bool, err error) {
	table := keyTable(tableVersion, "Binary")
	it := v.r.Iterate(table, after(table), false)
	for err == nil && !found && it.Next() {
		if err = ctx.Err(); err != nil {
			break
		}
		if !bytes.Contains(it.Value(), []byte(fhir.ContentExtension)) {
			continue
		}
		p, ok := placeOf(it.Key())
		if !ok {
			return false, ended(it, errCorrupt)
		}
		ver, e := decodeVersion("Binary", p.vno, bytes.Clone(it.Value()))
		if e != nil {
			return false, ended(it, e)
		}
		if ver.Deleted() {
			continue
		}
		r, e := ver.Resource()
		if e != nil {
			return false, ended(it, e)
		}
		c, _ := fhir.ContentOf(r.Root())
		found = c.SHA256 == sha256
	}
	return found, ended(it, err)
}

// Sweep removes the contents to which no version refers: what a crash has left of
// uploads, and what was purged. It returns how many those were.
func (db *DB) Sweep(ctx context.Context) (n int, err error) {
	if db.opts.Contents == nil {
		return 0, nil
	}
	if err := db.reached(ctx); err != nil {
		return 0, err
	}
	strays, err := db.strayContents(ctx)
	for _, sha256 := range strays {
		if err = errors.Join(err, db.discard(ctx, sha256, true)); err != nil {
			return n, err
		}
		n++
	}
	return n, err
}

// reached waits until the database holds what its log has: the contents of records that a
// process before has received, and not applied, are referred to only then.
func (db *DB) reached(ctx context.Context) error {
	if db.opts.Log == nil {
		return nil
	}
	last, err := db.opts.Log.Last(ctx)
	for err == nil && db.Role().Place < last {
		if broken := db.broken.Load(); broken != nil {
			return *broken
		}
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return err
}

// strayContents are those to which no version refers and which nobody holds.
func (db *DB) strayContents(ctx context.Context) (list [][32]byte, err error) {
	err = db.opts.Contents.Each(ctx, func(sha256 [32]byte) error {
		db.pins.mu.Lock()
		held := db.pins.held[sha256] > 0
		db.pins.mu.Unlock()
		if held {
			return nil
		}
		return db.look("content", 0, func(v view) error {
			found, err := v.referred(sha256)
			if err == nil && !found {
				list = append(list, sha256)
			}
			return err
		})
	})
	return list, err
}
