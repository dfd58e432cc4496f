package badger

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

// fillUp writes a file until the disk has nothing left.
func fillUp(t *testing.T, path string, megabytes int) {
	t.Helper()
	require.ErrorIs(t, os.WriteFile(path, make([]byte, (megabytes+1)<<20), 0o600), syscall.ENOSPC)
}

// TestWaiting opens a database on a full disk, after a stop and after a kill, and
// with a temporary folder on the same disk: it is read, refuses writes with the
// bytes that it needs, and takes them by itself when there is room. Snapshots of
// before stay what they were.
func TestWaiting(t *testing.T) {
	for _, key := range [][]byte{nil, bytes.Repeat([]byte{7}, KeySize)} {
		for _, killed := range []bool{false, true} {
			if os.Getenv("PESTLE_LONG") == "" && killed != (key != nil) {
				continue // each state and each key once
			}
			t.Run(fmt.Sprintf("killed %v, encrypted %v", killed, key != nil), func(t *testing.T) {
				size := 128
				if killed {
					size = 1024 // for a copy whose files have no holes
				}
				dir := small(t, size)
				data, ballast := filepath.Join(dir, "data"), filepath.Join(dir, "ballast")
				first, err := Open(data, nil, WithKey(key))
				require.NoError(t, err)
				for i := range 40 {
					kvtest.Set(t, first, fmt.Sprintf("key-%02d", i), string(noise(100<<10)))
				}
				kvtest.Set(t, first, "big", string(noise(2<<20))) // in the value log
				if killed {
					require.NoError(t, first.Close())
					first, err = Open(data, nil, WithKey(key))
					require.NoError(t, err)
					kvtest.Set(t, first, "late", "x") // in the log of writes alone
					first.logs.release()
					copied := filepath.Join(dir, "copied")
					require.NoError(t, os.CopyFS(copied, os.DirFS(data)))
					require.NoError(t, first.Close())
					require.NoError(t, os.RemoveAll(data))
					data = copied
				} else {
					kvtest.Set(t, first, "late", "x")
					require.NoError(t, first.Close())
				}
				fillUp(t, ballast, size)
				t.Setenv("TMPDIR", dir)
				var log bytes.Buffer
				w, err := OpenWaiting(data, slog.New(slog.NewTextHandler(&log, nil)), 0, WithKey(key))
				require.NoError(t, err)
				require.Regexp(t, `too full for writes.* needed_bytes=\d{8,}`, log.String())
				old, err := w.Snapshot()
				require.NoError(t, err)
				all := func(s kv.Reader) {
					t.Helper()
					require.Len(t, kvtest.Walk(t, s, []byte("key-"), []byte("key."), false), 40)
					v, ok, err := s.Get([]byte("late"))
					require.NoError(t, err)
					require.True(t, ok)
					require.Equal(t, "x", string(v))
					v, _, err = s.Get([]byte("big"))
					require.NoError(t, err)
					require.Len(t, v, 2<<20)
				}
				all(old)
				require.ErrorIs(t, w.Room(0), kv.ErrNoSpace)
				require.ErrorContains(t, w.Room(0), "needs")
				require.ErrorIs(t, w.Write([]kv.Op{{Key: []byte("a"), Value: []byte("1")}}), kv.ErrNoSpace)
				require.Equal(t, key != nil, w.Encrypted())
				found, err := w.Verify(t.Context(), nil)
				require.NoError(t, err)
				require.Empty(t, found)

				require.NoError(t, os.Remove(ballast))
				require.Eventually(t, func() bool { return w.Room(0) == nil }, 20*time.Second, 20*time.Millisecond)
				kvtest.Set(t, w, "late", "y")
				all(old)
				for i := range 40 { // the tables of before are merged
					kvtest.Set(t, w, fmt.Sprintf("key-%02d", i), string(noise(100<<10)))
				}
				all(old)
				old.Close()
				require.NoError(t, w.Close())
				again, err := Open(data, nil, WithKey(key))
				require.NoError(t, err)
				s := kvtest.Snapshot(t, again)
				v, _, err := s.Get([]byte("late"))
				require.NoError(t, err)
				require.Equal(t, "y", string(v))
				s.Close()
				require.NoError(t, again.Close())
				left, err := filepath.Glob(filepath.Join(dir, "pestle-read-*"))
				require.NoError(t, err)
				require.Empty(t, left)
			})
		}
	}
}

// TestWaitingForNothing: a folder without a database is refused, and a database
// that is closed while it waits is closed.
func TestWaitingForNothing(t *testing.T) {
	dir := small(t, 64)
	data, ballast := filepath.Join(dir, "data"), filepath.Join(dir, "ballast")
	require.NoError(t, os.Mkdir(data, 0o700))
	fillUp(t, ballast, 64)
	_, err := OpenWaiting(data, nil, 0)
	require.ErrorIs(t, err, kv.ErrNoSpace)
	require.NoError(t, os.Remove(ballast))
	w, err := OpenWaiting(data, nil, 0)
	require.NoError(t, err)
	kvtest.Set(t, w, "a", "1")
	require.NoError(t, w.Close())
	fillUp(t, ballast, 64)
	w, err = OpenWaiting(data, nil, 0)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
}

// TestWaitingOvertaken: where another process has written to the folder since it
// was opened for reading, it is not opened for writing: what was read is not what
// is there.
func TestWaitingOvertaken(t *testing.T) {
	dir := small(t, 96)
	data, ballast := filepath.Join(dir, "data"), filepath.Join(dir, "ballast")
	e, err := Open(data, nil)
	require.NoError(t, err)
	kvtest.Set(t, e, "a", "1")
	require.NoError(t, e.Close())
	fillUp(t, ballast, 96)
	w, err := OpenWaiting(data, nil, 0)
	require.NoError(t, err)
	w.stop()
	<-w.ended
	w.now.unlock()
	require.NoError(t, os.Remove(ballast))
	e, err = Open(data, nil)
	require.NoError(t, err)
	kvtest.Set(t, e, "a", "2")
	require.NoError(t, e.Close())
	require.ErrorContains(t, w.reopen(), "start the server anew")
	require.ErrorIs(t, w.Room(0), kv.ErrNoSpace)
	require.NoError(t, w.Close())
}
