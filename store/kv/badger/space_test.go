package badger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
)

// small mounts a file system of so many megabytes, where the test may.
func small(t *testing.T, megabytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", megabytes)); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// TestFullDisk fills small disks with values of several sizes that do not
// compress, as long as there is room: the engine survives, keeps all that was
// written, takes writes again when there is room, and can be closed and opened. With
// PESTLE_LONG there are more sizes.
func TestFullDisk(t *testing.T) {
	sizes := []struct{ megabytes, ballast, value int }{{64, 8, 150 << 10}, {96, 32, 8 << 10}, {128, 40, 2 << 20}}
	if os.Getenv("PESTLE_LONG") != "" {
		sizes = append(sizes, []struct{ megabytes, ballast, value int }{{96, 32, 150 << 10}, {256, 80, 6 << 20}, {400, 100, 150 << 10}}...)
	}
	for _, c := range sizes {
		t.Run(fmt.Sprintf("%d MB, values of %d kB", c.megabytes, c.value>>10), func(t *testing.T) {
			dir := small(t, c.megabytes)
			ballast := filepath.Join(dir, "ballast")
			require.NoError(t, os.WriteFile(ballast, make([]byte, c.ballast<<20), 0o600))
			data := filepath.Join(dir, "data")
			e, err := Open(data, nil)
			require.NoError(t, err)
			value, n := noise(c.value), 0
			fill := func() int {
				for before := n; ; n++ {
					value[n%len(value)]++
					size := kv.Cost([]byte("key-000000"), value)
					if err := e.Room(size); err != nil {
						require.ErrorIs(t, err, kv.ErrNoSpace)
						return n - before
					}
					require.NoError(t, e.Write([]kv.Op{{Key: fmt.Appendf(nil, "key-%06d", n), Value: value}}))
				}
			}
			require.NotZero(t, fill(), "a new database takes writes")
			all := func() {
				s := kvtest.Snapshot(t, e)
				defer s.Close()
				it, count := s.Iterate([]byte("key-"), []byte("key."), false), 0
				for it.Next() {
					count++
				}
				require.NoError(t, it.Close())
				require.Equal(t, n, count)
			}
			all()
			require.NoError(t, os.Remove(ballast))
			require.NotZero(t, fill(), "there is room again")
			all()
			require.NoError(t, e.Close())
			if e, err = Open(data, nil); err != nil {
				t.Fatal(err)
			}
			all()
			require.NoError(t, e.Close())
		})
	}
}

// TestCloseOnAFullDisk: where others have filled the disk, closing is refused
// instead of killing the process, and everything is there when there is room.
func TestCloseOnAFullDisk(t *testing.T) {
	dir := small(t, 96)
	data, ballast := filepath.Join(dir, "data"), filepath.Join(dir, "ballast")
	e, err := Open(data, nil)
	require.NoError(t, err)
	require.NoError(t, e.Write([]kv.Op{{Key: []byte("a"), Value: noise(900 << 10)}}))
	e.logs.release() // others take it
	err = os.WriteFile(ballast, make([]byte, 96<<20), 0o600)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorIs(t, e.Close(), kv.ErrNoSpace)
	require.NoError(t, os.Remove(ballast))
	require.NoError(t, e.Close())
	e, err = Open(data, nil)
	require.NoError(t, err)
	s := kvtest.Snapshot(t, e)
	v, _, err := s.Get([]byte("a"))
	require.NoError(t, err)
	require.Len(t, v, 900<<10)
	s.Close()
	require.NoError(t, e.Close())
}

// BenchmarkRoom is what the question costs each commit.
func BenchmarkRoom(b *testing.B) {
	e, err := Open(b.TempDir(), nil)
	require.NoError(b, err)
	defer func() { require.NoError(b, e.Close()) }()
	for b.Loop() {
		require.NoError(b, e.Room(1000))
	}
}

// TestRoom: what is asked grows with the batch, with what is reserved and with
// the tables up to a bound.
func TestRoom(t *testing.T) {
	require.Less(t, room(0, 0), int64(64<<20), "small disks can be used")
	require.Less(t, room(1<<20, 0), room(2<<20, 0))
	require.Less(t, room(0, 10<<20), room(0, 20<<20))
	require.Equal(t, room(0, 1<<30), room(0, 1<<40))
	e, err := Open(t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	require.NoError(t, e.Room(0))
	e.Reserve(1 << 60)
	require.ErrorIs(t, e.Room(0), kv.ErrNoSpace)
}

// TestFolderGone: where the folder was removed or replaced, nothing is written
// to files that nobody will find, and closing does not wait for ever.
func TestFolderGone(t *testing.T) {
	move := func(dir string) error { return os.Rename(dir, dir+"-old") }
	for name, change := range map[string]func(dir string) error{
		"removed": os.RemoveAll,
		"moved":   move,
		"replaced": func(dir string) error {
			return errors.Join(move(dir), os.CopyFS(dir, os.DirFS(dir+"-old")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			e, err := Open(dir, nil)
			require.NoError(t, err)
			kvtest.Set(t, e, "a", "1")
			require.NoError(t, change(dir))
			require.ErrorContains(t, e.Room(0), "removed or replaced")
			s := kvtest.Snapshot(t, e)
			require.Equal(t, []string{"a=1"}, kvtest.Walk(t, s, nil, nil, false))
			s.Close()
			require.ErrorContains(t, e.Close(), "removed or replaced")
		})
	}
}
