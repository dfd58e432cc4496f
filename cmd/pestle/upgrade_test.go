package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// releases are the databases that releases have written, by the files of
// testdata/release, with their digest: three resources, and the audit log of their load.
var releases = map[string]string{
	"layout-2.tar.gz": "5bb6552fcd510ad043ca636473abe49631d691b83b643781e9b0d7470c595c6a as of commit 1",
}

// TestUpgrade opens the database of each release with this program: it is whole, holds
// what it held, and takes more.
func TestUpgrade(t *testing.T) {
	files, err := filepath.Glob("testdata/release/*.tar.gz")
	require.NoError(t, err)
	require.Len(t, files, len(releases))
	more := filepath.Join(t.TempDir(), "more.json")
	require.NoError(t, os.WriteFile(more, []byte(`{"resourceType":"Patient","id":"three","name":[{"family":"Later","given":["A"]}],"gender":"other","birthDate":"2000-01-01"}`), 0o600))
	for _, file := range files {
		data := filepath.Join(extracted(t, file), "db")
		command := func(line string) string {
			var out bytes.Buffer
			code := run(append(strings.Fields(line), "--data", data), streams{in: strings.NewReader(""), out: &out, err: &out})
			require.Zero(t, code, "%s: %s: %s", file, line, out.String())
			return out.String()
		}
		require.Contains(t, command("check --digest"), releases[filepath.Base(file)])
		require.Contains(t, command("load "+more), "1 resources of 1 files")
		require.Contains(t, command("check"), "4 resources, 4 versions")
		require.Contains(t, command("check"), "0 problems found", "the index is made anew where it has to be")
		s := start(t, data)
		status, text := s.ask("GET", "Observation/weight", "")
		require.Equal(t, 200, status)
		require.Contains(t, text, "70.10")
		_, text = s.ask("GET", "Patient?family=Release&_summary=count", "")
		require.Contains(t, text, `"total":2`)
		s.stop()
	}
}

// extracted is a folder with what is in an archive.
func extracted(t *testing.T, file string) string {
	dir := t.TempDir()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		require.NoError(t, err)
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			require.NoError(t, os.MkdirAll(path, 0o700))
			continue
		}
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, content, 0o600))
	}
}
