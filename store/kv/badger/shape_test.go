//go:build unix

package badger

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

// TestNoFile: what is in the place of a file and is none is refused by its name,
// also where the file would hold no data: the engine ends the process over a
// folder, and waits for ever for a named pipe.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	e := func() *Engine { e, err := Open(dir, nil); require.NoError(t, err); return e }()
	kvtest.Set(t, e, "a", "1")
	require.NoError(t, e.Close())
	for _, name := range []string{"MANIFEST", "KEYREGISTRY", "PESTLE", "SEAL", "000001.sst", "000001.vlog", "LOCK", "DISCARD"} {
		for says, put := range map[string]func(path string) error{
			"is a folder":      func(path string) error { return os.Mkdir(path, 0o700) },
			"is not a file":    func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"cannot be read: ": func(path string) error { return os.Symlink(filepath.Base(path), path) },
		} {
			t.Run(name+" "+says, func(t *testing.T) {
				damaged := copyOf(t, dir)
				path := filepath.Join(damaged, name)
				require.NoError(t, os.RemoveAll(path))
				require.NoError(t, put(path))
				for _, open := range []func() (*Engine, error){
					func() (*Engine, error) { return Open(damaged, nil) },
					func() (*Engine, error) { return OpenReadOnly(damaged, nil) },
				} {
					_, err := open()
					require.ErrorContains(t, err, name+" "+says)
					require.ErrorContains(t, err, "nothing was changed")
				}
			})
		}
	}
}

// TestLinkedValueLog: a value log may be a link to a file elsewhere.
func TestLinkedValueLog(t *testing.T) {
	closed, _ := filled(t)
	logs, err := filepath.Glob(filepath.Join(closed, "*.vlog"))
	require.NoError(t, err)
	elsewhere := filepath.Join(t.TempDir(), "moved")
	require.NoError(t, os.Rename(logs[0], elsewhere))
	require.NoError(t, os.Symlink(elsewhere, logs[0]))
	for range 2 {
		e, err := Open(closed, nil)
		require.NoError(t, err)
		complete(t, e)
		require.NoError(t, e.Close())
	}
}

// TestLongerValueLog: a value log that has more than when the database was closed
// is newer than the rest.
func TestLongerValueLog(t *testing.T) {
	closed, _ := filled(t)
	appendTo(t, filepath.Join(closed, "000001.vlog"), noise(100), true)
	_, err := Open(closed, nil)
	require.ErrorContains(t, err, "the value log 000001.vlog has")
}

// TestDamagedKeys: whatever the key registry of an encrypted database holds, it
// is refused, and the engine does not panic over it.
func TestDamagedKeys(t *testing.T) {
	dir := t.TempDir()
	key := noise(KeySize)
	e, err := Open(dir, nil, WithKey(key))
	require.NoError(t, err)
	kvtest.Set(t, e, "a", "1")
	require.NoError(t, e.Close())
	path := filepath.Join(dir, "KEYREGISTRY")
	whole := readFile(t, path)
	for at := range len(whole) {
		ways := [][]byte{whole[:at], slices.Concat(whole[:at], []byte{whole[at] ^ 0xff}, whole[at+1:]), slices.Concat(whole, whole[:at])}
		if os.Getenv("PESTLE_LONG") == "" { // every third byte, in one way by turns; the last, which costs gigabytes, once
			if at%3 != 0 {
				continue
			}
			way := at / 3 % 2
			if at == len(whole)/6*3 {
				way = 2
			}
			ways = ways[way : way+1]
		}
		for _, b := range ways {
			write(t, path, b)
			if e, err := OpenReadOnly(dir, nil, WithKey(key)); err == nil {
				held, err := contents(e)
				require.NoError(t, err)
				require.Equal(t, map[string]string{"a": "1"}, held)
				require.NoError(t, e.Close())
			} else {
				require.ErrorContains(t, err, "KEYREGISTRY")
				require.NotContains(t, err.Error(), "runtime error")
			}
		}
	}
}

// TestKeyIsNoFile: what is in the place of the file KEY is not waited for.
func TestKeyIsNoFile(t *testing.T) {
	dir := t.TempDir()
	key := noise(KeySize)
	e, err := Open(dir, nil, WithKey(key))
	require.NoError(t, err)
	require.NoError(t, e.Close())
	for _, put := range []func(string) error{
		func(path string) error { return os.Mkdir(path, 0o700) },
		func(path string) error { return syscall.Mkfifo(path, 0o600) },
	} {
		path := filepath.Join(dir, keyName)
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, put(path))
		_, err := Open(dir, nil, WithKey(key))
		require.ErrorIs(t, err, ErrKey)
		require.ErrorContains(t, err, "KEY of "+dir+" is not a file")
	}
}
