//go:build linux

package badger

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

// blocks is what a file has on the disk, and its length.
func blocks(t *testing.T, path string) (allocatedBytes, length int64) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return allocated(info), info.Size()
}

// TestPrepared: the log that is written has all its blocks, also after the engine
// has begun others, and so does the next one.
func TestPrepared(t *testing.T) {
	e, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	for n := range 30 {
		have, length := blocks(t, e.logs.path(e.logs.number))
		require.GreaterOrEqual(t, have, int64(logSize))
		require.EqualValues(t, 2*memTable, length)
		next := filepath.Join(e.dir, preparedName)
		if _, err := os.Stat(next); err != nil {
			next = e.logs.path(e.logs.number + 1)
		}
		have, length = blocks(t, next)
		require.GreaterOrEqual(t, have, int64(logSize))
		require.Zero(t, length)
		require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "%d", n), Value: noise(900 << 10)}}))
	}
	require.Greater(t, e.logs.number, 2)
	dir := e.dir
	require.NoError(t, e.Close())
	require.NoFileExists(t, filepath.Join(dir, preparedName))
	logs, err := filepath.Glob(filepath.Join(dir, "*"+memtableExt))
	require.NoError(t, err)
	require.Empty(t, logs)
}

// TestPreparedAfterLarge: a log that a large transaction began has the room that it
// took of it, so that the next one has its blocks, too.
func TestPreparedAfterLarge(t *testing.T) {
	e, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	n := 0
	write := func(count, size int) {
		var ops []kv.Op
		for range count {
			n++
			ops = append(ops, kv.Op{Key: fmt.Appendf(nil, "%09d", n), Value: noise(size)})
		}
		require.NoError(t, e.Write(ops))
	}
	for e.logs.number < 5 {
		for before := e.logs.number; e.logs.number == before; {
			if e.logs.used < memTable-200<<10 {
				write(4, 8<<10)
			} else {
				write(1, 1020<<10)
			}
		}
		for before := e.logs.number; e.logs.number == before; {
			write(4, 8<<10)
		}
		have, _ := blocks(t, e.logs.path(e.logs.number))
		require.GreaterOrEqual(t, have, int64(logSize))
	}
}

// TestForeignFill: others fill the disk in the middle of writes. What was let in
// is written to the log, which has its blocks, and the process lives; further
// writes are refused, and taken when there is room.
func TestForeignFill(t *testing.T) {
	dir := small(t, 128)
	data, ballast := filepath.Join(dir, "data"), filepath.Join(dir, "ballast")
	e, err := Open(data, nil)
	require.NoError(t, err)
	n := 0
	write := func(times int) {
		for range times {
			require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "%03d", n), Value: noise(500 << 10)}}))
			n++
		}
	}
	write(2)
	for range 3 {
		require.NoError(t, e.Room(500<<10))
		require.ErrorIs(t, os.WriteFile(ballast, make([]byte, 128<<20), 0o600), syscall.ENOSPC)
		write(4)
		require.ErrorIs(t, e.Room(0), kv.ErrNoSpace)
		require.NoError(t, os.Remove(ballast))
	}
	require.NoError(t, e.Room(0))
	require.ErrorIs(t, os.WriteFile(ballast, make([]byte, 128<<20), 0o600), syscall.ENOSPC)
	require.NoError(t, e.Close(), "the blocks of the next log are enough to write the buffer out")
	require.NoError(t, os.Remove(ballast))
	e, err = Open(data, nil)
	require.NoError(t, err)
	s := kvtest.Snapshot(t, e)
	require.Len(t, kvtest.Walk(t, s, nil, nil, false), n)
	s.Close()
	require.NoError(t, e.Close())
}

// TestPreparedAgain: where the next log could not be allocated, nothing is let in
// before it is.
func TestPreparedAgain(t *testing.T) {
	dir := small(t, 128)
	data, ballast := filepath.Join(dir, "data"), filepath.Join(dir, "ballast")
	e, err := Open(data, nil)
	require.NoError(t, err)
	e.logs.release()
	require.ErrorIs(t, os.WriteFile(ballast, make([]byte, 128<<20), 0o600), syscall.ENOSPC)
	require.ErrorIs(t, e.Room(0), kv.ErrNoSpace)
	require.NoFileExists(t, filepath.Join(data, preparedName), "it does not take the rest of the disk")
	require.NoError(t, os.Remove(ballast))
	require.NoError(t, e.Room(0))
	require.FileExists(t, filepath.Join(data, preparedName))
	require.NoError(t, e.Close())
}

// TestKilledWithAnEmptyLog: a process is killed when the next log is in its place
// and was not begun.
func TestKilledWithAnEmptyLog(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	kvtest.Set(t, e, "a", "1")
	require.NoError(t, e.logs.expect(1, memTable))
	next := filepath.Base(e.logs.path(e.logs.number + 1))
	require.FileExists(t, filepath.Join(dir, next))
	kvtest.Set(t, e, "b", "2")
	killed := copyOf(t, dir)
	require.NoError(t, e.Close())
	for _, open := range []func(string) (*Engine, error){
		func(d string) (*Engine, error) { return OpenReadOnly(d, nil) },
		func(d string) (*Engine, error) { return Open(d, nil) },
	} {
		e, err := open(killed)
		require.NoError(t, err)
		s := kvtest.Snapshot(t, e)
		require.Equal(t, []string{"a=1", "b=2"}, kvtest.Walk(t, s, nil, nil, false))
		s.Close()
		require.NoError(t, e.Close())
	}
}
