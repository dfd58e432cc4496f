//go:build linux

package badger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

// TestFlushes: a commit takes one flush of the disk, the engine makes none of its
// own, and a batch that goes through the journal takes one for each step.
func TestFlushes(t *testing.T) {
	e, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	require.False(t, e.db.Opts().SyncWrites)
	flushed := map[string]int{}
	e.logs.flush = func(f *os.File) error {
		flushed[filepath.Ext(f.Name())]++
		return flush(f)
	}
	for n := range 50 {
		require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "%d", n), Value: noise(1000)}, {Key: []byte("head"), Value: fmt.Append(nil, n)}}))
	}
	require.Equal(t, map[string]int{memtableExt: 50}, flushed)

	clear(flushed)
	require.NoError(t, e.Write([]kv.Op{{Key: []byte("large"), Value: noise(lent)}}))
	require.Equal(t, map[string]int{memtableExt: 5, valueExt: 1}, flushed, "pieces, mark, values, operations, mark, pieces")

	clear(flushed)
	before := e.logs.number
	for n := range 40 {
		require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "rotate-%d", n), Value: noise(900 << 10)}}))
	}
	rotated := e.logs.number - before
	require.Positive(t, rotated)
	require.Equal(t, map[string]int{memtableExt: 40 + rotated}, flushed)
}

// disk is what a machine finds after a power failure, at the worst: of the logs
// no byte that was not flushed. A file system with a journal creates and removes
// files in their order.
type disk struct {
	logs map[string][]byte // by name, as they were flushed the last time
}

func (d *disk) flush(f *os.File) error {
	b, err := os.ReadFile(f.Name())
	if errors.Is(err, os.ErrNotExist) {
		return nil // it is in a table
	}
	if err == nil {
		d.logs[filepath.Base(f.Name())] = append(bytes.TrimRight(b, "\x00"), make([]byte, 64)...)
	}
	return err
}

// after makes the folder as it is found. The manifest is read before the tables,
// which the engine makes and names meanwhile.
func (d *disk) after(t *testing.T, dir string) string {
	t.Helper()
	found := t.TempDir()
	for _, pattern := range []string{"*" + memtableExt, "*" + valueExt, sealName, recordName, "MANIFEST", "KEYREGISTRY", "*" + tableExt} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		for _, name := range names {
			b, flushed := d.logs[filepath.Base(name)]
			if ext := filepath.Ext(name); ext != memtableExt && ext != valueExt {
				b = readFile(t, name)
			} else if !flushed {
				b = make([]byte, 64)
			}
			write(t, filepath.Join(found, filepath.Base(name)), b)
		}
	}
	return found
}

// TestPowerFailure: after each commit, and after each flush within one, what was
// flushed is enough for all that was acknowledged, and a batch is there as a
// whole or not at all. With PESTLE_LONG there are larger batches too.
func TestPowerFailure(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	now := &disk{map[string][]byte{}}
	var failures []string
	e.logs.flush = now.flush
	require.NoError(t, errors.Join(e.logs.flush(e.logs.file), e.logs.syncValues()))
	e.logs.flush = func(f *os.File) error {
		if err := now.flush(f); err != nil {
			return err
		}
		failures = append(failures, now.after(t, dir))
		return nil
	}
	batches := []struct{ keys, size int }{{1, 10}, {3, 900}, {2, 3 << 20}, {1, 5}}
	if os.Getenv("PESTLE_LONG") != "" {
		batches = append(batches, []struct{ keys, size int }{{8, 700 << 10}, {1, 40 << 20}, {1, 5}}...)
	}
	for n, batch := range batches {
		failures = nil
		var ops []kv.Op
		for k := range batch.keys {
			ops = append(ops, kv.Op{Key: fmt.Appendf(nil, "%d/%d", n, k), Value: noise(batch.size)})
		}
		require.NoError(t, e.Write(ops))
		for _, found := range append(failures, now.after(t, dir)) {
			there := wholeBatches(t, found, batches[:n+1])
			require.GreaterOrEqual(t, there, n)
		}
		require.Equal(t, n+1, wholeBatches(t, now.after(t, dir), batches[:n+1]), "acknowledged")
	}
}

// wholeBatches opens a folder and counts the batches in it, the last of which
// may be missing, but not be there in part.
func wholeBatches(t *testing.T, dir string, batches []struct{ keys, size int }) (whole int) {
	t.Helper()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, os.RemoveAll(dir)) }()
	defer func() { require.NoError(t, e.Close()) }()
	s := kvtest.Snapshot(t, e)
	defer s.Close()
	for n, batch := range batches {
		there := 0
		for k := range batch.keys {
			v, ok, err := s.Get(fmt.Appendf(nil, "%d/%d", n, k))
			require.NoError(t, err)
			if ok {
				require.True(t, bytes.Equal(noise(batch.size), v))
				there++
			}
		}
		require.Contains(t, []int{0, batch.keys}, there, n)
		if there > 0 {
			whole++
		}
	}
	return whole
}

// TestFlushFails: a batch that could not be flushed is not acknowledged, and
// nothing is read or written before the folder is opened again.
func TestFlushFails(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	kvtest.Set(t, e, "a", "1")
	broken := errors.New("the disk has failed")
	e.logs.flush = func(*os.File) error { return broken }
	require.ErrorIs(t, e.Write([]kv.Op{{Key: []byte("a"), Value: []byte("2")}}), broken)
	_, err = e.Snapshot()
	require.ErrorIs(t, err, broken)
	require.ErrorIs(t, e.Write([]kv.Op{{Key: []byte("b"), Value: []byte("2")}}), broken)
}

// TestNextLogFails: a transaction after which the next log cannot be begun is one
// that nobody knows of, and nothing more is taken.
func TestNextLogFails(t *testing.T) {
	if !flushes {
		t.Skip("the system flushes by itself here")
	}
	e, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { _ = e.Close() }()
	flush, before := e.logs.flush, e.logs.number
	e.logs.flush = func(f *os.File) error {
		if begun(e.logs.path(before + 1)) {
			e.logs.flush = flush
			return errors.New("no")
		}
		return flush(f)
	}
	for n := 0; err == nil && n < 60; n++ {
		err = e.Write([]kv.Op{{Key: fmt.Appendf(nil, "%d", n), Value: noise(500 << 10)}})
	}
	require.ErrorContains(t, err, "no")
	require.ErrorContains(t, e.Write([]kv.Op{{Key: []byte("a"), Value: []byte("b")}}), "no")
}
