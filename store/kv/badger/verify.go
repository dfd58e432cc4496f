package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"

	badger "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/dgraph-io/ristretto/v2/z"

	"github.com/pestle-fhir/pestle/store/kv"
)

// Verify reads every block of every table, and every value in a value log, and
// verifies the checksums. It calls
// pace with the bytes that it is about to read, which may wait or end it with an
// error. What is damaged is remembered: a read that may have to do with it is
// [kv.ErrDamaged] from then on, for the engine passes over a block that it cannot
// read.
func (e *Engine) Verify(ctx context.Context, pace func(bytes int) error) ([]kv.Damage, error) {
	tables, err := tablesOf(filepath.Join(e.db.Opts().Dir, badger.ManifestFilename))
	if err != nil {
		return nil, fmt.Errorf("badger: %w", err)
	}
	if pace == nil {
		pace = func(int) error { return nil }
	}
	keys, err := openKeys(e.db.Opts().Dir, e.db.Opts().EncryptionKey)
	if err != nil {
		return nil, fmt.Errorf("badger: %w", err)
	}
	found := []kv.Damage{}
	for id, m := range tables {
		more, large, err := verifyTable(ctx, filepath.Join(e.db.Opts().Dir, fmt.Sprintf("%06d%s", id, tableExt)), m, keys, pace)
		if errors.Is(err, fs.ErrNotExist) && !e.named(id) {
			continue // compaction has removed it meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("badger: the table %06d%s cannot be read: %w", id, tableExt, err)
		}
		lost, err := e.verifyValues(ctx, large, pace)
		if err != nil {
			return nil, err
		}
		found = append(append(found, more...), lost...)
	}
	if known := e.damage.Load(); known != nil { // compaction has removed its table, and what was in it is still missing
		for _, d := range *known {
			if !slices.ContainsFunc(found, func(f kv.Damage) bool { return f.Where == d.Where }) {
				found = append(found, d)
			}
		}
	}
	slices.SortFunc(found, func(a, b kv.Damage) int { return bytes.Compare(a.Low, b.Low) })
	e.damage.Store(&found)
	return found, nil
}

// verifyTable reads every block of a table, and returns with the damage the entries
// whose value is in a value log.
func verifyTable(ctx context.Context, path string, m badger.TableManifest, keys *badger.KeyRegistry, pace func(int) error) (found []kv.Damage, large []largeValue, err error) {
	options, done, err := tableOptions(m, keys)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	err = withTable(path, func(file *z.MmapFile) error {
		t, err := table.OpenTable(file, options)
		if err == nil {
			found, large, err = verifyBlocks(ctx, t, filepath.Base(path), pace)
		}
		return err
	})
	return found, large, err
}

// named reports whether the database consists of a table, among others: the
// engine removes one only after it has written that to the manifest.
func (e *Engine) named(id uint64) bool {
	tables, err := tablesOf(filepath.Join(e.db.Opts().Dir, badger.ManifestFilename))
	_, there := tables[id]
	return there || err != nil
}

// verifyBlocks reads every block of a table.
func verifyBlocks(ctx context.Context, t *table.Table, name string, pace func(int) error) (found []kv.Damage, large []largeValue, err error) {
	blocks := t.KeySplits(math.MaxInt, nil) // the first key of each
	r := &blockReader{t: t}
	defer r.close()
	for i, first := range blocks {
		if err := errors.Join(ctx.Err(), pace(int(t.Size())/len(blocks))); err != nil {
			return nil, nil, err
		}
		end, next := t.Biggest(), []byte(nil)
		if i+1 < len(blocks) {
			end, next = []byte(blocks[i+1]), []byte(blocks[i+1])
		}
		if !r.read([]byte(first), next) {
			found = append(found, kv.Damage{Low: y.ParseKey([]byte(first)), High: append(bytes.Clone(y.ParseKey(end)), 0),
				Where: fmt.Sprintf("block %d of %d of the table %s", i+1, len(blocks), name)})
		}
	}
	return found, r.large, nil
}

// hit returns the error of a read of the keys of [low, high), nil where no damage
// is known there. A nil high is open.
func (e *Engine) hit(low, high []byte) error {
	known := e.damage.Load()
	if known == nil {
		return nil
	}
	for _, d := range *known {
		if (high == nil || bytes.Compare(d.Low, high) < 0) && bytes.Compare(low, d.High) < 0 {
			return fmt.Errorf("%w: %s. Stop the server, put the file back from a copy of the folder, or restore a backup", kv.ErrDamaged, d.Where)
		}
	}
	return nil
}
