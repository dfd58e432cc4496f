package badger

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	badger "github.com/dgraph-io/badger/v4"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

// twoLogs is what a process leaves that is killed while it has two logs of
// writes: the older one is not in a table yet.
func twoLogs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	for i := range 3 {
		kvtest.Set(t, e, fmt.Sprint("first", i), "1")
	}
	first := copyOf(t, dir)
	require.NoError(t, e.Close())

	e, err = Open(dir, nil) // the next log
	require.NoError(t, err)
	for i := range 3 {
		kvtest.Set(t, e, fmt.Sprint("second", i), "1")
	}
	killed := copyOf(t, dir)
	require.NoError(t, e.Close())
	logs, err := filepath.Glob(filepath.Join(first, "*.mem"))
	require.NoError(t, err)
	newer, err := filepath.Glob(filepath.Join(killed, "*.mem"))
	require.NoError(t, err)
	require.Len(t, newer, 1)
	// As if the first had not been flushed when the second was begun.
	for name := range state(t, killed) {
		if filepath.Ext(name) == tableExt {
			remove(t, killed, name)
		}
	}
	write(t, filepath.Join(killed, "MANIFEST"), readFile(t, filepath.Join(first, "MANIFEST")))
	write(t, filepath.Join(killed, "00000.mem"), readFile(t, logs[len(logs)-1]))
	_, err = writeRecord(killed, stateOpen)
	require.NoError(t, err)
	return killed
}

// TestOlderLog: the older of two logs of writes is missed.
func TestOlderLog(t *testing.T) {
	killed := twoLogs(t)
	whole := copyOf(t, killed)
	r, err := OpenReadOnly(whole, nil)
	require.NoError(t, err)
	s := kvtest.Snapshot(t, r)
	require.Len(t, kvtest.Walk(t, s, nil, nil, false), 6)
	s.Close()
	require.NoError(t, r.Close())

	remove(t, killed, "00000.mem")
	before := state(t, killed)
	_, err = Open(killed, nil)
	require.ErrorContains(t, err, "transactions 1 to 4 are missing: the log of writes before 0000")
	require.Equal(t, before, state(t, killed))
}

// TestSealHidden: nobody sees the seal among the keys of the database.
func TestSealHidden(t *testing.T) {
	e, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	s := kvtest.Snapshot(t, e)
	require.Empty(t, kvtest.Walk(t, s, nil, nil, false))
	require.Empty(t, kvtest.Walk(t, s, nil, nil, true))
	s.Close()
	require.NoError(t, e.Write([]kv.Op{{Key: []byte{255, 255, 255}, Value: []byte("z")}, {Key: []byte("a"), Value: []byte("a")}}))
	s = kvtest.Snapshot(t, e)
	require.Len(t, kvtest.Walk(t, s, nil, nil, false), 2)
	require.Len(t, kvtest.Walk(t, s, nil, nil, true), 2)
	s.Close()
	require.NoError(t, e.Close())
}

// TestUnsealed: a database of an earlier version, which has no seal, is given
// one, and a copy of the whole folder opens.
func TestUnsealed(t *testing.T) {
	dir := t.TempDir()
	db, err := start(settings(dir, nil))
	require.NoError(t, err)
	require.NoError(t, db.Update(func(txn *badger.Txn) error { return txn.Set([]byte("a"), []byte("1")) }))
	require.NoError(t, db.Close())
	for range 2 {
		e, err := Open(dir, nil)
		require.NoError(t, err)
		s := kvtest.Snapshot(t, e)
		require.Equal(t, []string{"a=1"}, kvtest.Walk(t, s, nil, nil, false))
		s.Close()
		require.NoError(t, e.Close())
		dir = copyOf(t, dir)
	}
	require.NoError(t, os.Remove(filepath.Join(dir, sealName)))
	_, err = Open(dir, nil)
	require.ErrorContains(t, err, "SEAL is missing")
}

// TestSealedAtOnce: what a killed process had acknowledged is sealed.
func TestSealedAtOnce(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	for i := range 20 {
		kvtest.Set(t, e, fmt.Sprint(i), "1")
		s, there, err := readSeal(dir)
		require.NoError(t, err)
		require.True(t, there)
		require.Equal(t, e.sealed.seal, s)
	}
	require.NoError(t, e.Close())
}

func BenchmarkSeal(b *testing.B) {
	dir := b.TempDir()
	e, err := Open(dir, nil)
	require.NoError(b, err)
	for b.Loop() {
		require.NoError(b, e.sealed.renew())
	}
	require.NoError(b, e.Close())
}
