package badger

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
)

// TestVerifyValues damages one value of a value log: the verification finds that
// one, reading it is an error, and the others are read.
func TestVerifyValues(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	for i := range 3 {
		require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "large-%d", i), Value: noise(1200 << 10)}}))
	}
	require.NoError(t, e.Write([]kv.Op{{Key: []byte("large-0"), Value: []byte("small now")}}))
	require.NoError(t, e.Close())
	e, err = Open(dir, nil)
	require.NoError(t, err)
	read := 0
	found, err := e.Verify(t.Context(), func(bytes int) error { read += bytes; return nil })
	require.NoError(t, err)
	require.Empty(t, found)
	require.Greater(t, read, 2*1200<<10, "the values are read too")
	require.NoError(t, e.Close())

	logs, err := filepath.Glob(filepath.Join(dir, "*"+valueExt))
	require.NoError(t, err)
	b := readFile(t, logs[0])
	copy(b[1200<<10+5000:], "damage") // within the second value
	write(t, logs[0], b)

	e, err = Open(dir, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	found, err = e.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "large-1", string(found[0].Low))
	require.Regexp(t, `^the value at \d+ of the value log 000001.vlog$`, found[0].Where)
	s, err := e.Snapshot()
	require.NoError(t, err)
	defer s.Close()
	_, _, err = s.Get([]byte("large-1"))
	require.ErrorIs(t, err, kv.ErrDamaged)
	for key, size := range map[string]int{"large-0": len("small now"), "large-2": 1200 << 10} {
		v, _, err := s.Get([]byte(key))
		require.NoError(t, err)
		require.Len(t, v, size)
	}
}
