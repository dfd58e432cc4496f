package packed_test

import (
	"bytes"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/packed"
)

func pack(t *testing.T, files fs.FS, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, packed.Write(&b, files, names))
	return b.String()
}

// TestFilesAreWhatWasPacked: files in folders are read, listed and found as they were, and
// those that were not named are absent.
func TestFilesAreWhatWasPacked(t *testing.T) {
	files := fstest.MapFS{
		"one.md":       {Data: []byte("# One\n\nWords\n")},
		"empty.md":     {},
		"adr/two.md":   {Data: []byte("-- no name\ntwo\n")},
		"adr/three.go": {Data: []byte("package three\n")},
	}
	got := packed.Files(pack(t, files, "one.md", "empty.md", "adr/two.md"))
	for _, name := range []string{"one.md", "empty.md", "adr/two.md"} {
		text, err := fs.ReadFile(got, name)
		require.NoError(t, err)
		require.Equal(t, string(files[name].Data), string(text))
	}
	_, err := fs.ReadFile(got, "adr/three.go")
	require.ErrorIs(t, err, fs.ErrNotExist)
	names, err := fs.Glob(got, "*/*.md")
	require.NoError(t, err)
	require.Equal(t, []string{"adr/two.md"}, names)
	require.NoError(t, fstest.TestFS(got, "one.md", "empty.md", "adr/two.md"))
	require.Equal(t, pack(t, files, "one.md", "adr/two.md"), pack(t, files, "one.md", "adr/two.md"), "the same bytes")
}

// TestFilesThatAnArchiveCannotHold are refused, and not packed as other files.
func TestFilesThatAnArchiveCannotHold(t *testing.T) {
	for why, text := range map[string]string{"no newline at the end": "words", "the beginning of another": "words\n-- other.md --\nmore\n"} {
		err := packed.Write(new(bytes.Buffer), fstest.MapFS{"one.md": {Data: []byte(text)}}, []string{"one.md"})
		require.ErrorContains(t, err, "one.md", why)
	}
	require.ErrorIs(t, packed.Write(new(bytes.Buffer), fstest.MapFS{}, []string{"one.md"}), fs.ErrNotExist)
}

// TestDamagedFiles: one byte that is different is noticed when a file is opened.
func TestDamagedFiles(t *testing.T) {
	text := []byte(pack(t, fstest.MapFS{"one.md": {Data: bytes.Repeat([]byte("words\n"), 100)}}, "one.md"))
	text[len(text)-1] ^= 1
	files := packed.Files(string(text))
	require.PanicsWithValue(t, "packed: files that are embedded are damaged: run make generate: CRC check failed", func() { _, _ = files.Open("one.md") })
}
