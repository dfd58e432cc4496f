package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	badger "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/ristretto/v2/z"
	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

// erased is a name that is in keys and values.
const erased = "Cholmondeley"

// holding names the files of a folder that hold a text, tables by what is in their
// blocks once these are read: any file, whether the database uses it or not.
func holding(t *testing.T, dir, text string) (found []string) {
	t.Helper()
	tables, err := tablesOf(filepath.Join(dir, badger.ManifestFilename))
	require.NoError(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		b, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // merged away meanwhile
		}
		require.NoError(t, err)
		has := bytes.Contains(b, []byte(text))
		if n, ok := numberOf(entry.Name(), tableExt); ok && !has {
			m, there := tables[n]
			if !there {
				m.Compression = 2 // ZSTD, as all
			}
			options, done, err := tableOptions(m, nil)
			require.NoError(t, err)
			require.NoError(t, withTable(path, func(file *z.MmapFile) error {
				open, err := table.OpenTable(file, options)
				if err != nil {
					return err
				}
				it := open.NewIterator(0)
				for it.Rewind(); it.Valid(); it.Next() {
					v := it.Value()
					long, err := s2.Decode(nil, v.Value)
					has = has || bytes.Contains(it.Key(), []byte(text)) || bytes.Contains(v.Value, []byte(text)) || err == nil && bytes.Contains(long, []byte(text))
				}
				return it.Close()
			}))
			done()
		}
		if has {
			found = append(found, entry.Name())
		}
	}
	return found
}

// lived is a database with a past: much that stays, in tables of several levels, and
// some that is to go, in keys, values, a value log and the journal.
func lived(t *testing.T, tables int) (e *Engine, dir string) {
	t.Helper()
	dir = t.TempDir()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	large := noise(2 << 20)
	copy(large[1000:], erased)
	kvtest.Set(t, e, "large/goes", string(large), "large/stays", string(noise(2<<20)), "long/goes", string(append(bytes.Repeat([]byte("a long text "), 100), erased...)))
	for n := range 400 {
		kvtest.Set(t, e, fmt.Sprintf("x/%s/%d", erased, n), "", fmt.Sprintf("v/%d", n), erased, fmt.Sprintf("s/%d", n), "stays")
	}
	for range tables {
		require.NoError(t, e.fill(t.Context(), memTable/fillerSize+1))
	}
	return e, dir
}

// purge overwrites or deletes all that has the name.
func purge(t *testing.T, e *Engine) {
	ops := []kv.Op{{Key: []byte("large/goes")}, {Key: []byte("long/goes"), Value: []byte("gone")}}
	for n := range 400 {
		ops = append(ops, kv.Op{Key: fmt.Appendf(nil, "x/%s/%d", erased, n)}, kv.Op{Key: fmt.Appendf(nil, "v/%d", n), Value: []byte("gone")})
	}
	require.NoError(t, e.Write(ops))
}

func nothingToRenew() error { return nil }

// whole asserts that a database has what stays and nothing else.
func whole(t *testing.T, e *Engine) {
	t.Helper()
	s := kvtest.Snapshot(t, e)
	defer s.Close()
	it, n := s.Iterate(nil, []byte{0xFF}, false), 0
	for it.Next() {
		n++
	}
	require.NoError(t, it.Close())
	require.Equal(t, 400+400+1+1, n)
	v, ok, err := s.Get([]byte("large/stays"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Len(t, v, 2<<20)
	damaged, err := e.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, damaged)
}

// TestErase: a name that was overwritten or deleted is in no file of the folder any
// more, of a small database, one with tables of several levels, and after it was
// opened anew; that one without being opened with PESTLE_LONG alone.
func TestErase(t *testing.T) {
	for name, c := range map[string]struct {
		tables int
		reopen bool
	}{"small": {0, false}, "tables": {2, false}, "opened anew": {2, true}} {
		if name == "tables" && os.Getenv("PESTLE_LONG") == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, dir := lived(t, c.tables)
			require.NotEmpty(t, holding(t, dir, erased), "the test finds what is there")
			purge(t, e)
			if c.reopen {
				require.NoError(t, e.Close())
				var err error
				e, err = Open(dir, nil)
				require.NoError(t, err)
				require.NotEmpty(t, holding(t, dir, erased))
			}
			require.NoError(t, e.Erase(t.Context(), nothingToRenew))
			require.Empty(t, holding(t, dir, erased))
			killed, err := Open(copyOf(t, dir), nil)
			require.NoError(t, err, "what a process that is killed now leaves")
			whole(t, killed)
			require.NoError(t, killed.Close())
			whole(t, e)
			require.NoError(t, e.Erase(t.Context(), nothingToRenew), "there is nothing left")
			require.NoError(t, e.Close())
			require.Empty(t, holding(t, dir, erased))
			e, err = Open(dir, nil)
			require.NoError(t, err)
			whole(t, e)
			require.NoError(t, e.Close())
		})
	}
}

// TestEraseIsHeld: as long as a reader has a snapshot that sees what is to go, nothing
// is taken from it, and Erase says so; what was merged meanwhile goes afterwards.
func TestEraseIsHeld(t *testing.T) {
	defer func(d time.Duration) { eraseWait = d }(eraseWait)
	e, dir := lived(t, 1)
	defer func() { require.NoError(t, e.Close()) }()
	old := kvtest.Snapshot(t, e)
	purge(t, e)
	eraseWait = 50 * time.Millisecond
	require.ErrorIs(t, e.Erase(t.Context(), nothingToRenew), kv.ErrHeld)
	require.NoError(t, e.mergeFirst(t.Context())) // which leaves in the lowest level what the reader sees
	v, ok, err := old.Get([]byte("v/7"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, erased, string(v))
	old.Close()
	eraseWait = 10 * time.Second
	require.NotEmpty(t, holding(t, dir, erased))
	require.NoError(t, e.Erase(t.Context(), nothingToRenew))
	require.Empty(t, holding(t, dir, erased))
	whole(t, e)
}

// TestEraseBesideWrites: others write and read meanwhile, and lose nothing.
func TestEraseBesideWrites(t *testing.T) {
	e, dir := lived(t, 1)
	require.NoError(t, e.mergeFirst(t.Context())) // so that there are two levels
	require.False(t, e.unmerged())
	purge(t, e)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			if e.Write([]kv.Op{{Key: fmt.Appendf(nil, "w/%d", n), Value: noise(1000)}, {Key: []byte("head"), Value: fmt.Append(nil, n)}}) != nil {
				break
			}
		}
		done <- n
	}()
	require.NoError(t, e.Erase(t.Context(), nothingToRenew))
	cancel()
	n := <-done
	require.Empty(t, holding(t, dir, erased))
	require.NoError(t, e.Close())
	e, err := Open(dir, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	s := kvtest.Snapshot(t, e)
	defer s.Close()
	for i := range n {
		_, ok, err := s.Get(fmt.Appendf(nil, "w/%d", i))
		require.NoError(t, err)
		require.True(t, ok, i)
	}
}

// TestEraseIsInterrupted: a process that is killed in the middle leaves a database
// that is whole, and the next one erases the rest.
func TestEraseIsInterrupted(t *testing.T) {
	e, dir := lived(t, 1)
	purge(t, e)
	ctx, cancel := context.WithCancel(t.Context())
	copies := make(chan string, 1)
	go func() {
		time.Sleep(100 * time.Millisecond)
		e.writing.Lock()
		defer e.writing.Unlock()
		copies <- copyOf(t, dir)
		cancel()
	}()
	err := e.Erase(ctx, nothingToRenew)
	require.True(t, err == nil || errors.Is(err, context.Canceled), err)
	killed := <-copies
	require.NoError(t, e.Close())
	if _, err := Exists(killed); err != nil {
		t.Skip("a file was merged away while it was copied: this copy is none of a killed process")
	}
	e, err = Open(killed, nil)
	require.NoError(t, err)
	whole(t, e)
	require.NoError(t, e.Erase(t.Context(), nothingToRenew))
	require.Empty(t, holding(t, killed, erased))
	whole(t, e)
	require.NoError(t, e.Close())
}
