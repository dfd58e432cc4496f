package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// member is a file of an archive: what is in the file from, or text.
type member struct {
	name string
	from string
	text []byte
	mode int64
}

func (m member) bytes() ([]byte, error) {
	if m.from == "" {
		return m.text, nil
	}
	return os.ReadFile(m.from)
}

// tar writes name.tar.gz with the files in one folder.
func (r release) tar(platform string, files []member) error {
	return r.file(platform+".tar.gz", func(out io.Writer) error {
		packed, err := gzip.NewWriterLevel(out, gzip.BestCompression)
		if err != nil {
			return err
		}
		w := tar.NewWriter(packed)
		for _, f := range files {
			b, err := f.bytes()
			if err != nil {
				return err
			}
			head := &tar.Header{Typeflag: tar.TypeReg, Name: r.name(platform) + "/" + f.name, Mode: f.mode, Size: int64(len(b)), ModTime: r.date.UTC(), Format: tar.FormatPAX}
			if err := w.WriteHeader(head); err != nil {
				return err
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return errors.Join(w.Close(), packed.Close())
	})
}

// zip writes name.zip, likewise.
func (r release) zip(platform string, files []member) error {
	return r.file(platform+".zip", func(out io.Writer) error {
		w := zip.NewWriter(out)
		for _, f := range files {
			b, err := f.bytes()
			if err != nil {
				return err
			}
			to, err := w.CreateHeader(&zip.FileHeader{Name: r.name(platform) + "/" + f.name, Method: zip.Deflate, Modified: r.date.UTC()})
			if err != nil {
				return err
			}
			if _, err := to.Write(b); err != nil {
				return err
			}
		}
		return w.Close()
	})
}

// file makes a file of the release.
func (r release) file(rest string, write func(io.Writer) error) error {
	out, err := os.Create(filepath.Join(r.to, r.name(rest)))
	if err != nil {
		return err
	}
	return errors.Join(write(out), out.Close())
}
