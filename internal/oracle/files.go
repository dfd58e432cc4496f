package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// File is a file of the shared data.
type File struct {
	Name string // its path within [Dir], with slashes
	Data []byte
}

// Files reads the files with an extension (".json") under folders of the shared
// data, in the order of their paths.
func Files(t testing.TB, ext string, folders ...string) []File {
	t.Helper()
	root := Dir(t)
	var out []File
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ext {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			out = append(out, File{filepath.ToSlash(name), data})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// Sorted writes JSON with the properties of every object in order, a line for
// each value: texts with the same values, digit by digit, are the same. It
// panics where the text is no JSON.
func Sorted(text []byte) string {
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(fmt.Sprintf("oracle: %v: %s", err, text))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return b.String()
}
