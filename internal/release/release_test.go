package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestRelease packs for two platforms, twice, from files of other times. (The binary of
// a test does not say which modules it was built of: .ci/release packs real ones.)
func TestRelease(t *testing.T) {
	t.Chdir(oracle.Root(t))
	binary := []byte("binary")
	made := func(string) (modules, error) {
		return modules{"go1.26.8", []module{{"github.com/stretchr/testify", "v1.12.1", "h1:x"}}}, nil
	}
	pack := func() string {
		from := t.TempDir()
		for _, name := range []string{"linux_amd64/pestle", "windows_amd64/pestle.exe", "share/man/man1/pestle.1"} {
			file := filepath.Join(from, filepath.FromSlash(name))
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, binary, 0o600))
		}
		to := filepath.Join(t.TempDir(), "release")
		date := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
		require.NoError(t, release{version: "v0.0.0-test", date: date, from: from, to: to, built: made}.make())
		return to
	}
	one, two := pack(), pack()
	require.NoError(t, equal(one, two))
	require.NoError(t, os.WriteFile(filepath.Join(two, sumsFile), []byte("x"), 0o600))
	require.ErrorContains(t, equal(one, two), sumsFile+" differs")

	want := []string{"LICENSE", "NOTICES", "README.md", "SECURITY.md", "pestle", "share"}
	f, err := os.Open(filepath.Join(one, "pestle_v0.0.0-test_linux_amd64.tar.gz"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	r := tar.NewReader(z)
	var names []string
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		names = append(names, strings.TrimPrefix(h.Name, "pestle_v0.0.0-test_linux_amd64/"))
		assert.Equal(t, int64(1767319445), h.ModTime.Unix())
		assert.Zero(t, h.Uid)
	}
	want[len(want)-1] = "man/man1/pestle.1"
	assert.ElementsMatch(t, want, names)
	packed, err := zip.OpenReader(filepath.Join(one, "pestle_v0.0.0-test_windows_amd64.zip"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, packed.Close()) })
	assert.Len(t, packed.File, len(want))

	bill, err := os.ReadFile(filepath.Join(one, "pestle_v0.0.0-test_linux_amd64.cdx.json"))
	require.NoError(t, err)
	var doc document
	require.NoError(t, json.Unmarshal(bill, &doc))
	assert.Equal(t, "2026-01-02T02:04:05Z", doc.Metadata.Timestamp)
	found := false
	for _, c := range doc.Components {
		found = found || strings.HasPrefix(c.PURL, "pkg:golang/github.com/stretchr/testify@v")
	}
	assert.True(t, found, "the modules of this binary are in the bill: %d components", len(doc.Components))
}

func TestSection(t *testing.T) {
	file := filepath.Join(t.TempDir(), "CHANGELOG.md")
	require.NoError(t, os.WriteFile(file, []byte("# Changelog\n\n## Unreleased\n\n- new\n\n## v1.0.0 (2026-12-01)\n\n- old\n"), 0o600))
	for version, want := range map[string]string{"v1.0.0": "- old", "v1.0.0-3-gabcdef": "- new", "abcdef": "- new"} {
		text, err := section(file, version)
		require.NoError(t, err)
		assert.Contains(t, text, want, version)
		assert.NotContains(t, strings.Replace(text, want, "", 1), "- ", version)
	}
	_, err := section(file, "v2.0.0")
	assert.ErrorContains(t, err, `no section "v2.0.0"`)
}
