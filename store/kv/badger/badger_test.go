package badger_test

import (
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
	require.ErrorContains(t, err, dir)
}
