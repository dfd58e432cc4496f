package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
)

// pair makes a database with a few tables, large values and writes in a log, and returns
// it as it was closed, as a killed process leaves it, and an older copy.
func pair(t *testing.T, seed byte, key ...Option) (closed, killed, older string) {
	t.Helper()
	dir := t.TempDir()
	for round := range 3 {
		e, err := Open(dir, nil, key...)
		require.NoError(t, err)
		for i := range 40 {
			require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "%d-%d", round, i), Value: append(noise(3000), seed)}}))
		}
		require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "large-%d", round), Value: append(noise(1200<<10), seed)}}))
		if round == 2 {
			killed = shortened(t, dir)
		}
		require.NoError(t, e.Close())
		if round == 1 {
			older = copyOf(t, dir)
		}
	}
	return dir, killed, older
}

// shortened copies a folder without most of what its files have in advance.
func shortened(t *testing.T, dir string) string {
	t.Helper()
	into := t.TempDir()
	for name := range state(t, dir) {
		b := readFile(t, filepath.Join(dir, name))
		if ext := filepath.Ext(name); ext == valueExt || ext == memtableExt {
			b = b[:min(len(b), 3<<20)]
		}
		write(t, filepath.Join(into, name), b)
	}
	return into
}

func everything(t *testing.T, dir string, key ...Option) map[string]string {
	t.Helper()
	e, err := OpenReadOnly(dir, nil, key...)
	require.NoError(t, err)
	held, err := contents(e)
	require.NoError(t, err)
	require.NoError(t, e.Close())
	return held
}

func contents(e *Engine) (held map[string]string, err error) {
	s, err := e.Snapshot()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	held = map[string]string{}
	it := s.Iterate(nil, nil, false)
	for it.Next() {
		held[string(it.Key())] = string(it.Value())
	}
	return held, it.Close()
}

// TestDamagedBlock: what a damaged block may hold cannot be read, by any read;
// the rest can.
func TestDamagedBlock(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	for i := range 100 {
		require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "%02d", i), Value: noise(4000)}}))
	}
	require.NoError(t, e.Close())
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	require.NoError(t, err)
	require.Len(t, tables, 1)
	size := len(readFile(t, tables[0]))
	overwrite(t, tables[0], size/2, "damage")

	e, err = Open(dir, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	damaged, err := e.Verify(context.Background(), nil)
	require.NoError(t, err)
	require.Len(t, damaged, 1)
	require.Regexp(t, `^block \d+ of \d+ of the table 000001.sst$`, damaged[0].Where)
	s, err := e.Snapshot()
	require.NoError(t, err)
	defer s.Close()
	hidden := 0
	for i := range 100 {
		key := fmt.Appendf(nil, "%02d", i)
		v, ok, err := s.Get(key)
		if within := bytes.Compare(damaged[0].Low, key) <= 0 && bytes.Compare(key, damaged[0].High) < 0; within {
			require.ErrorIs(t, err, kv.ErrDamaged)
			hidden++
			continue
		}
		require.NoError(t, err)
		require.True(t, ok)
		require.Len(t, v, 4000)
	}
	require.NotZero(t, hidden)
	require.Less(t, hidden, 10)
	for _, reverse := range []bool{false, true} {
		it, n := s.Iterate(nil, nil, reverse), 0
		for it.Next() {
			n++
		}
		require.ErrorIs(t, it.Close(), kv.ErrDamaged)
		require.NotZero(t, n)
		require.Less(t, n, 100-hidden)
	}
	it := s.Iterate(damaged[0].High, nil, false)
	for it.Next() {
		require.Len(t, it.Value(), 4000)
	}
	require.NoError(t, it.Close())
	_, err = e.Verify(context.Background(), func(int) error { return errors.New("enough") })
	require.ErrorContains(t, err, "enough")
}

// TestAccept: what is left of a folder is taken as it is, and says what is not.
func TestAccept(t *testing.T) {
	killed := twoLogs(t)
	remove(t, killed, "00000.mem")
	remove(t, killed, recordName)
	missing, err := Accept(killed, nil)
	require.NoError(t, err)
	require.Len(t, missing, 1)
	require.Contains(t, missing[0], "transactions 1 to 4 are missing")
	require.Len(t, everything(t, killed), 3)
	remove(t, killed, "MANIFEST")
	before := state(t, killed)
	_, err = Accept(killed, nil)
	require.ErrorContains(t, err, "MANIFEST is missing")
	require.Equal(t, before, state(t, killed))
	_, err = Accept(t.TempDir(), nil)
	require.ErrorContains(t, err, "there is no database")
}
