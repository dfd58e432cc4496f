package badger

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/ristretto/v2/z"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
)

// TestTableRemovedWhileRead: the engine empties a table before it removes it, and
// whoever reads it then is told that it is gone. The process survives.
func TestTableRemovedWhileRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "000001.sst")
	write(t, path, noise(1<<20))
	err := withTable(path, func(file *z.MmapFile) error {
		require.NoError(t, os.Truncate(path, 0))
		return fmt.Errorf("the mark %d was read", markOf(file.Data))
	})
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = tableMark(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// TestVerifyCutTable: a table that is cut while the database is open, and is not
// one that compaction removes, is an error of the verification.
func TestVerifyCutTable(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(dir, nil)
	require.NoError(t, err)
	for i := range 100 {
		require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "%02d", i), Value: noise(4000)}}))
	}
	require.NoError(t, e.Close())
	e, err = OpenReadOnly(dir, nil)
	require.NoError(t, err)
	path := filepath.Join(dir, "000001.sst")
	whole := readFile(t, path)
	read := 0
	_, err = e.Verify(context.Background(), func(int) error {
		if read++; read == 3 {
			require.NoError(t, os.Truncate(path, 0))
		}
		return nil
	})
	require.ErrorContains(t, err, "the table 000001.sst cannot be read: it was removed or cut")
	write(t, path, whole) // the engine has it mapped too
	require.NoError(t, e.Close())
}
