// Package packed keeps many text files as one compressed file, which the binary
// embeds in place of the files: a txtar archive, compressed with zstd.
package packed

import (
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/tools/txtar"
)

// Write writes the named files as one. The same files make the same bytes.
func Write(w io.Writer, files fs.FS, names []string) error {
	archive := new(txtar.Archive)
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: data})
	}
	text := txtar.Format(archive)
	if err := same(archive, txtar.Parse(text)); err != nil {
		return err
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	if _, err := z.Write(text); err != nil {
		return err
	}
	return z.Close()
}

// same returns an error where what was read is not what was written: a file has a line
// that looks like the beginning of another, or no newline at its end.
func same(written, read *txtar.Archive) error {
	for i, f := range written.Files {
		if i >= len(read.Files) || read.Files[i].Name != f.Name || string(read.Files[i].Data) != string(f.Data) {
			return fmt.Errorf("packed: %s has a line as between the files of an archive, or does not end with a newline", f.Name)
		}
	}
	return nil
}

// Files are the files of what [Write] wrote. They are unpacked when the first is opened.
// What cannot be unpacked is an error of the program and panics.
func Files(text string) fs.FS {
	return lazy{sync.OnceValue(func() fs.FS {
		files, err := read(text)
		if err != nil {
			panic("packed: files that are embedded are damaged: run make generate: " + err.Error())
		}
		return files
	})}
}

type lazy struct{ files func() fs.FS }

func (l lazy) Open(name string) (fs.File, error) { return l.files().Open(name) }

func read(text string) (fs.FS, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	data, err := z.DecodeAll([]byte(text), nil)
	if err != nil {
		return nil, err
	}
	return txtar.FS(txtar.Parse(data))
}
