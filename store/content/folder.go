package content

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Folder is a folder as a place: the file abc… is ab/c… in it.
type Folder struct {
	dir     string
	syncDir func(dir string) error // for tests
}

// NewFolder is the place in a folder, which is made when something is put there.
func NewFolder(dir string) *Folder { return &Folder{dir: dir, syncDir: syncDir} }

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // which has no such thing
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// branch is how many digits of a name are that of a folder.
const branch = 2

func (f *Folder) path(name string) string { return filepath.Join(f.dir, name[:branch], name[branch:]) }

// Put is that of [Place]. The file must be on the same disk as the folder.
func (f *Folder) Put(_ context.Context, name string, file *os.File) error {
	if err := file.Close(); err != nil {
		return err
	}
	path := f.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	there := true
	if _, err := os.Lstat(path); err != nil {
		there = false
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	err := errors.Join(f.syncDir(filepath.Dir(path)), f.syncDir(f.dir))
	if err != nil && !there {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// Open is that of [Place].
func (f *Folder) Open(_ context.Context, name string) (File, error) {
	file, err := os.Open(f.path(name))
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("content: " + file.Name() + " is not a file")
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return sized{file, info.Size()}, nil
}

type sized struct {
	*os.File
	size int64
}

// Size is that of [File].
func (s sized) Size() int64 { return s.size }

// Each is that of [Place].
func (f *Folder) Each(ctx context.Context, visit func(name string) error) error {
	folders, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, d := range folders {
		if b, err := hex.DecodeString(d.Name()); !d.IsDir() || err != nil || hex.EncodedLen(len(b)) != branch {
			continue
		}
		files, err := os.ReadDir(filepath.Join(f.dir, d.Name()))
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := visit(d.Name() + file.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Remove is that of [Place].
func (f *Folder) Remove(_ context.Context, name string) error {
	path := f.path(name)
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, f.syncDir(filepath.Dir(path)))
}
