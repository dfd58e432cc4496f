package definition

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
)

// Load reads every conformance resource of a FHIR package (.tgz), a folder or
// a file, JSON and XML alike, into the set; packages in a folder too. Files that are no FHIR resource are passed
// over. One that is broken stays out, and the error names each of them; all
// others are loaded.
func (s *Set) Load(location string) error {
	info, err := os.Stat(location)
	if err != nil {
		return fmt.Errorf("definitions: %w", err)
	}
	if info.IsDir() {
		return s.loadFolder(os.DirFS(location), location)
	}
	f, err := os.Open(location)
	if err != nil {
		return fmt.Errorf("definitions: %w", err)
	}
	defer func() { _ = f.Close() }()
	return s.loadAny(f, location)
}

func (s *Set) loadAny(r io.Reader, location string) error {
	if strings.HasSuffix(location, ".tgz") || strings.HasSuffix(location, ".tar.gz") {
		return s.loadTar(r, location)
	}
	if ext := path.Ext(location); ext != ".json" && ext != ".xml" {
		return nil
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("definitions: %s: %w", location, err)
	}
	return s.loadFile(location, data)
}

func (s *Set) loadFolder(files fs.FS, location string) error {
	var broken []error
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := files.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		broken = append(broken, s.loadAny(f, filepath.Join(location, name)))
		return nil
	})
	return errors.Join(append(broken, err)...)
}

func (s *Set) loadTar(r io.Reader, location string) error {
	z, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("definitions: %s: %w", location, err)
	}
	var broken []error
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return errors.Join(broken...)
		}
		if err != nil {
			return fmt.Errorf("definitions: %s: %w", location, err)
		}
		if h.Typeflag != tar.TypeReg || strings.Contains(h.Name, "/examples/") {
			continue
		}
		data, err := io.ReadAll(t)
		if err != nil {
			return fmt.Errorf("definitions: %s: %w", location, err)
		}
		broken = append(broken, s.loadFile(location+":"+h.Name, data))
	}
}

func (s *Set) loadFile(name string, data []byte) error {
	var r *fhir.Resource
	var err error
	switch path.Ext(name) {
	case ".json":
		if base := path.Base(name); base == "package.json" || strings.HasPrefix(base, ".index") {
			return nil
		}
		r, err = fhir.Parse(data)
	case ".xml":
		if r, err = xml.Decode(data); r != nil {
			err = nil // published definitions break rules of order that cost no fact
		}
	default:
		return nil
	}
	if err != nil {
		return fmt.Errorf("definitions: %s: %w", name, err)
	}
	_, err = s.Add(r, name)
	return err
}
