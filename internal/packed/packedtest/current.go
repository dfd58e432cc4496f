// Package packedtest holds what is packed against the files it was made of.
package packedtest

import (
	"io/fs"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Current fails the test unless files are the files of the test's folder that match the
// patterns, with the same text and no more.
func Current(t *testing.T, files fs.FS, patterns ...string) {
	t.Helper()
	const remedy = "run go generate in this folder"
	folder := os.DirFS(".")
	var names []string
	for _, pattern := range patterns {
		found, err := fs.Glob(folder, pattern)
		require.NoError(t, err)
		require.NotEmpty(t, found, "no file matches %s", pattern)
		names = append(names, found...)
	}
	var packed []string
	require.NoError(t, fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			packed = append(packed, path)
		}
		return err
	}))
	slices.Sort(names)
	slices.Sort(packed)
	require.Equal(t, names, packed, remedy)
	for _, name := range names {
		want, err := fs.ReadFile(folder, name)
		require.NoError(t, err)
		got, err := fs.ReadFile(files, name)
		require.NoError(t, err)
		require.Truef(t, string(want) == string(got), "%s was changed and is not packed again: %s", name, remedy)
	}
}
