// Package release opens the files of a terminology release as it is published:
// a folder, a zip, or a zip with zips in it.
package release

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

// maxDepth bounds zips in zips, maxInner the size of a zip within one.
const (
	maxDepth = 4
	maxInner = 4 << 30
)

// File is one file of a release.
type File struct {
	Name string // the last step of its path
	Open func() (io.ReadCloser, error)
}

// Files lists the files under a path whose name passes, by name. Call done when
// they have been read.
func Files(location string, want func(name string) bool) (files []File, done func(), err error) {
	c := &collector{want: want}
	info, err := os.Stat(location)
	if err != nil {
		return nil, c.close, err
	}
	if !info.IsDir() {
		err = c.file(location)
	} else {
		err = filepath.WalkDir(location, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			return c.file(p)
		})
	}
	if err != nil {
		c.close()
		return nil, func() {}, err
	}
	sorting.Stably(c.files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return c.files, c.close, nil
}

type collector struct {
	want  func(string) bool
	files []File
	open  []io.Closer
}

func (c *collector) close() {
	for _, o := range c.open {
		_ = o.Close()
	}
}

func (c *collector) file(location string) error {
	if strings.EqualFold(filepath.Ext(location), ".zip") {
		f, err := os.Open(location)
		if err != nil {
			return err
		}
		c.open = append(c.open, f)
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return c.zip(location, f, info.Size(), 0)
	}
	if name := filepath.Base(location); c.want(name) {
		c.files = append(c.files, File{name, func() (io.ReadCloser, error) { return os.Open(location) }})
	}
	return nil
}

func (c *collector) zip(location string, r io.ReaderAt, size int64, depth int) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("%s: %w", location, err)
	}
	for _, f := range z.File {
		name := path.Base(f.Name)
		switch {
		case f.FileInfo().IsDir():
		case strings.EqualFold(path.Ext(name), ".zip"):
			if err := c.inner(location+":"+f.Name, f, depth); err != nil {
				return err
			}
		case c.want(name):
			c.files = append(c.files, File{name, f.Open})
		}
	}
	return nil
}

// inner reads a zip within a zip, which has to be held in memory.
func (c *collector) inner(location string, f *zip.File, depth int) error {
	if depth >= maxDepth || f.UncompressedSize64 > maxInner {
		return fmt.Errorf("%s: too deep or too large", location)
	}
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("%s: %w", location, err)
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, maxInner))
	if err != nil {
		return fmt.Errorf("%s: %w", location, err)
	}
	return c.zip(location, bytes.NewReader(data), int64(len(data)), depth+1)
}
