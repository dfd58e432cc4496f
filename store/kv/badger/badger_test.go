package badger_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

func open(t *testing.T) kv.Engine { return openDir(t, t.TempDir()) }

func openDir(t *testing.T, dir string) kv.Engine {
	t.Helper()
	e, err := badger.Open(dir, nil)
	require.NoError(t, err)
	return e
}

func TestContract(t *testing.T) { kvtest.Run(t, open) }

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	e := openDir(t, dir)
	kvtest.Set(t, e, "a", "1", "b", "2")
	require.NoError(t, e.Close())
	e = openDir(t, dir)
	defer func() { require.NoError(t, e.Close()) }()
	s, err := e.Snapshot()
	require.NoError(t, err)
	defer s.Close()
	require.Equal(t, []string{"a=1", "b=2"}, kvtest.Walk(t, s, nil, nil, false))
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	e := openDir(t, dir)
	defer func() { require.NoError(t, e.Close()) }()
	_, err := badger.Open(dir, nil)
	require.ErrorContains(t, err, "another process has the database in "+dir+" open")
}

func TestExists(t *testing.T) {
	dir := t.TempDir()
	found, err := badger.Exists(dir)
	require.NoError(t, err)
	require.False(t, found)
	require.NoError(t, openDir(t, dir).Close())
	found, err = badger.Exists(dir)
	require.NoError(t, err)
	require.True(t, found)
}

// TestLargeValue stores one value nearly as big as a batch may be.
func TestLargeValue(t *testing.T) {
	e := open(t)
	defer func() { require.NoError(t, e.Close()) }()
	_, size := e.Limits()
	large := make([]byte, size-100)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(large)
	require.NoError(t, e.Write([]kv.Op{{Key: []byte("large"), Value: large}, {Key: []byte("small"), Value: []byte("1")}}))
	s := kvtest.Snapshot(t, e)
	defer s.Close()
	got, ok, err := s.Get([]byte("large"))
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, bytes.Equal(large, got))
}
