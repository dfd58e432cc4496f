package main

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/pestle-fhir/pestle/fhir"
)

// document is one resource's text, and where it came from.
type document struct {
	name string // the file
	line int    // the line that it stands on, for NDJSON
	xml  bool
	data []byte
	err  error
}

// place is the file, for NDJSON with the line.
func (d document) place() string {
	if d.line == 0 {
		return d.name
	}
	return fmt.Sprintf("%s:%d", d.name, d.line)
}

// expand turns files, folders and "-" into the list of files to read, in order.
// Of a folder it takes what looks like FHIR by its name.
func expand(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		if path == "-" {
			files = append(files, path)
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		var found []string
		err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && format(p) != "" {
				found = append(found, p)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		slices.Sort(found)
		files = append(files, found...)
	}
	return files, nil
}

// format is json, ndjson or xml by a file's name, "" for anything else.
func format(path string) string {
	name := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(path), ".gz"), ".bz2")
	switch ext := filepath.Ext(name); ext {
	case ".json", ".ndjson", ".xml":
		return ext[1:]
	}
	return ""
}

// documents reads the resources of one file: a whole JSON or XML file is one,
// each line of an NDJSON file is one. Compression goes by the name. read, unless
// it is nil, is told how many bytes of the file were read.
func documents(path string, stdin io.Reader, read func(int)) iter.Seq[document] {
	return func(yield func(document) bool) {
		r, done, err := open(path, stdin, read)
		if err != nil {
			yield(document{name: path, err: err})
			return
		}
		defer done()
		kind := format(path)
		if kind == "ndjson" {
			lines(path, r, yield)
			return
		}
		data, err := io.ReadAll(r)
		head := bytes.TrimLeft(data, " \t\r\n\ufeff")
		yield(document{name: path, data: data, err: err, xml: kind == "xml" || len(head) > 0 && head[0] == '<'})
	}
}

func lines(path string, r io.Reader, yield func(document) bool) {
	in := bufio.NewReaderSize(r, 1<<20)
	for n := 1; ; n++ {
		line, err := lineOf(in)
		if len(bytes.TrimSpace(line)) > 0 && !yield(document{name: path, line: n, data: line}) {
			return
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(document{name: path, line: n, err: err})
			return
		}
	}
}

// lineOf reads one line, which is a resource and so not longer than one may be.
func lineOf(in *bufio.Reader) (line []byte, err error) {
	for {
		piece, err := in.ReadSlice('\n')
		line = append(line, piece...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		if len(line) > fhir.MaxSize {
			return nil, fmt.Errorf("the line is longer than %d bytes, which no resource may be", fhir.MaxSize)
		}
	}
}

func open(path string, stdin io.Reader, read func(int)) (r io.Reader, done func(), err error) {
	if path == "-" {
		return counting{stdin, read}, func() {}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	done = func() { _ = f.Close() }
	in := counting{f, read}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".bz2":
		return bzip2.NewReader(bufio.NewReaderSize(in, 1<<20)), done, nil
	case ".gz":
		z, err := gzip.NewReader(in)
		if err != nil {
			done()
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		return z, done, nil
	}
	return in, done, nil
}

// counting tells how much of a file was read.
type counting struct {
	io.Reader
	read func(int)
}

// Read reads and tells.
func (c counting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	if c.read != nil && n > 0 {
		c.read(n)
	}
	return n, err
}
