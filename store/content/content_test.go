package content

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

var secret = bytes.Repeat([]byte{7}, 32)

func random(seed byte, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b) // it never fails
	return b
}

func put(t *testing.T, s *Store, data []byte) fhir.Content {
	t.Helper()
	claimed := fhir.Content{}
	c, _, err := s.Put(context.Background(), bytes.NewReader(data), func(c fhir.Content) { claimed = c })
	require.NoError(t, err)
	require.Equal(t, fhir.Content{SHA256: sha256.Sum256(data), Size: int64(len(data))}, c)
	require.Equal(t, c, claimed)
	return c
}

func in(t *testing.T, s *Store, c fhir.Content) []byte {
	t.Helper()
	r, err := s.Open(context.Background(), c)
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return b
}

func all(t *testing.T, dir string) (list []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			list = append(list, path)
		}
		return err
	}))
	return list
}

// Contents of all sizes around those of chunks and windows come back, whole and in parts.
func TestSizes(t *testing.T) {
	dir := t.TempDir()
	s := New(NewFolder(dir), filepath.Join(dir, "incoming"), Options{Key: KeyOf(secret)})
	for i, size := range []int{1, 64<<10 - 1, 64 << 10, 64<<10 + 1, windowSize - 1, windowSize, windowSize + 1, 3*windowSize + 17} {
		data := random(byte(i), size)
		c := put(t, s, data)
		require.True(t, bytes.Equal(data, in(t, s, c)), size)
		require.NoError(t, s.Verify(context.Background(), c, nil))
		r, err := s.Open(context.Background(), c)
		require.NoError(t, err)
		require.NoError(t, iotest.TestReader(r, data), size)
		require.NoError(t, r.Close())
	}
	_, _, err := s.Put(context.Background(), strings.NewReader(""), func(fhir.Content) {})
	require.Error(t, err)
	require.Len(t, all(t, dir), 8)
}

// No file has the plain bytes or is named by their digest, and without the key nobody
// reads one; what is the same is kept once.
func TestEncrypted(t *testing.T) {
	dir := t.TempDir()
	s := New(NewFolder(dir), filepath.Join(dir, "incoming"), Options{Key: KeyOf(secret)})
	data := bytes.Repeat([]byte("Featherstonehaugh"), 10_000)
	c := put(t, s, data)
	put(t, s, data)
	files := all(t, dir)
	require.Len(t, files, 1)
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.NotContains(t, string(text), "Featherstonehaugh")
	require.NotContains(t, files[0], "/"+s.key.name(c.SHA256)[:64], "the first digits are that of a folder")
	require.NotEqual(t, KeyOf(nil).name(c.SHA256), s.key.name(c.SHA256))

	other := New(NewFolder(dir), filepath.Join(dir, "incoming"), Options{Key: KeyOf(bytes.Repeat([]byte{8}, 32))})
	_, err = other.Open(context.Background(), c)
	require.ErrorIs(t, err, fs.ErrNotExist, "its name is another")
	path := filepath.Join(dir, other.key.name(c.SHA256)[:branch])
	require.NoError(t, os.MkdirAll(path, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(path, other.key.name(c.SHA256)[branch:]), text, 0o600))
	_, err = other.Open(context.Background(), c)
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "another key")

	found := 0
	require.NoError(t, s.Each(context.Background(), func(digest [32]byte) error {
		if digest == c.SHA256 {
			found++
		}
		return nil
	}))
	require.Equal(t, 1, found)
	require.NoError(t, s.Remove(context.Background(), c.SHA256))
	require.NoError(t, s.Remove(context.Background(), c.SHA256))
	_, err = s.Open(context.Background(), c)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// Whatever byte of a file is changed, and wherever it is cut, no other bytes are returned
// than those that were written.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	s := New(NewFolder(dir), filepath.Join(dir, "incoming"), Options{})
	data := random(1, 150_000)
	c := put(t, s, data)
	file := all(t, dir)[0]
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	damaged := func(text []byte) {
		t.Helper()
		require.NoError(t, os.WriteFile(file, text, 0o600))
		require.ErrorIs(t, s.Verify(context.Background(), c, nil), ErrDamaged)
		r, err := s.Open(context.Background(), c)
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			return
		}
		b, err := io.ReadAll(r)
		require.Error(t, err)
		require.True(t, bytes.HasPrefix(data, b))
		require.NoError(t, r.Close())
	}
	for at := 0; at < len(whole); at += 1 + len(whole)/200 {
		text := bytes.Clone(whole)
		text[at] ^= 0x10
		damaged(text)
		damaged(whole[:at])
	}
	damaged(append(bytes.Clone(whole), 0))
	require.NoError(t, os.WriteFile(file, whole, 0o600))
	require.NoError(t, s.Verify(context.Background(), c, nil))

	// Another content in the place of this one is found when it is read whole.
	other := put(t, s, random(2, 150_000))
	swapped, err := os.ReadFile(NewFolder(dir).path(s.key.name(other.SHA256)))
	require.NoError(t, err)
	damagedText := swapped
	require.NoError(t, os.WriteFile(file, damagedText, 0o600))
	require.ErrorIs(t, s.Verify(context.Background(), c, nil), ErrDamaged)
}

// What fails at any step keeps nothing: the reader, the room, the flush of the file and of
// the folder.
func TestFails(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]func(*Store, *Folder) io.Reader{
		"reader": func(*Store, *Folder) io.Reader {
			return io.MultiReader(bytes.NewReader(random(1, 200_000)), iotest.ErrReader(broken))
		},
		"room": func(s *Store, _ *Folder) io.Reader {
			s.room = func(int64) error { return broken }
			return bytes.NewReader(random(1, 200_000))
		},
		"room later": func(s *Store, _ *Folder) io.Reader {
			n := 0
			s.room = func(int64) error {
				if n++; n > 1 {
					return broken
				}
				return nil
			}
			return bytes.NewReader(random(1, roomEvery+1))
		},
		"sync of the file": func(s *Store, _ *Folder) io.Reader {
			s.sync = func(*os.File) error { return broken }
			return bytes.NewReader(random(1, 200_000))
		},
		"sync of the folder": func(_ *Store, f *Folder) io.Reader {
			f.syncDir = func(string) error { return broken }
			return bytes.NewReader(random(1, 200_000))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f := NewFolder(dir)
			s := New(f, filepath.Join(dir, "incoming"), Options{})
			_, _, err := s.Put(context.Background(), c(s, f), func(fhir.Content) {})
			require.ErrorIs(t, err, broken)
			require.Empty(t, all(t, dir))
		})
	}
	t.Run("a flush that fails does not remove what was there", func(t *testing.T) {
		dir := t.TempDir()
		f := NewFolder(dir)
		s := New(f, filepath.Join(dir, "incoming"), Options{})
		c := put(t, s, random(1, 200_000))
		f.syncDir = func(string) error { return broken }
		_, _, err := s.Put(context.Background(), bytes.NewReader(random(1, 200_000)), func(fhir.Content) {})
		require.ErrorIs(t, err, broken)
		require.NoError(t, s.Verify(context.Background(), c, nil))
	})
	t.Run("given up", func(t *testing.T) {
		dir := t.TempDir()
		s := New(NewFolder(dir), filepath.Join(dir, "incoming"), Options{})
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, _, err := s.Put(ctx, bytes.NewReader(random(1, 200_000)), func(fhir.Content) {})
		require.ErrorIs(t, err, context.Canceled)
		require.Empty(t, all(t, dir))
	})
}

// What a process leaves that is killed while it writes is removed by the next one.
func TestClean(t *testing.T) {
	dir := t.TempDir()
	incoming := filepath.Join(dir, "incoming")
	s := New(NewFolder(dir), incoming, Options{})
	require.NoError(t, s.Clean())
	c := put(t, s, random(1, 100))
	require.NoError(t, os.WriteFile(filepath.Join(incoming, "123"), []byte("x"), 0o600))
	require.NoError(t, s.Clean())
	require.Len(t, all(t, dir), 1)
	require.NoError(t, s.Verify(context.Background(), c, nil))
}

// What else is in the folder is passed over.
func TestEachPassesOver(t *testing.T) {
	dir := t.TempDir()
	s := New(NewFolder(dir), filepath.Join(dir, "incoming"), Options{})
	require.NoError(t, s.Each(context.Background(), func([32]byte) error { t.Fatal("there is nothing"); return nil }))
	put(t, s, random(1, 100))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "ab"), 0o700))
	for _, name := range []string{"PLACE", "ab/readme", "incoming/x"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), nil, 0o600))
	}
	n := 0
	require.NoError(t, s.Each(context.Background(), func([32]byte) error { n++; return nil }))
	require.Equal(t, 1, n)
}
