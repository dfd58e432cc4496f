package profiles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/fsh"
)

// Load adds the definitions of a file or folder: FHIR Shorthand (.fsh), FHIR
// packages (.tgz), conformance resources (.json, .xml). The FSH files of a
// folder are one project. It gives what it added. Every profile among it is
// compiled; one that does not fit its base is an error, and then nothing is
// added.
func (l *Library) Load(path string) (*definition.Set, error) {
	set := definition.NewSet()
	if err := set.Load(path); err != nil {
		return nil, err
	}
	short, err := l.shorthand(path, set)
	if err != nil {
		return nil, err
	}
	set.Merge(short)
	if err := l.fits(set); err != nil {
		return nil, err
	}
	l.Define(set)
	return set, nil
}

// shorthand compiles the FSH of a file or folder, which may refer to all that
// is known and to what stands beside it.
func (l *Library) shorthand(path string, beside *definition.Set) (*definition.Set, error) {
	files, base, err := shorthandFiles(path)
	if err != nil || files == nil {
		return definition.NewSet(), err
	}
	known := definition.NewSet()
	l.mu.RLock()
	known.Merge(l.set)
	l.mu.RUnlock()
	known.Merge(beside)
	set, err := fsh.Read(files, fsh.Options{Known: known, Canonical: base})
	if mistake := (*fsh.Error)(nil); errors.As(err, &mistake) {
		mistake.File = sourceOf(path, mistake.File)
	}
	if err != nil {
		return nil, fmt.Errorf("definitions: %w", err)
	}
	for _, s := range set.Structures {
		s.Source = sourceOf(path, s.Source)
	}
	for _, v := range set.ValueSets {
		v.Source = sourceOf(path, v.Source)
	}
	for _, c := range set.CodeSystems {
		c.Source = sourceOf(path, c.Source)
	}
	return set, nil
}

// sourceOf is where a file of a source is, as the source was named.
func sourceOf(path, file string) string {
	switch {
	case strings.HasPrefix(file, path): // it stands in the set under two keys
		return file
	case filepath.Ext(path) == ".fsh":
		return path
	}
	return filepath.Join(path, file)
}

// shorthandFiles opens the FSH of a path, nil where it has none, with the
// canonical base that a project of SUSHI's layout sets.
func shorthandFiles(path string) (files fs.FS, canonical string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", fmt.Errorf("definitions: %w", err)
	}
	if info.IsDir() {
		return os.DirFS(path), ProjectCanonical(path), nil
	}
	if filepath.Ext(path) != ".fsh" {
		return nil, "", nil
	}
	return oneFile{os.DirFS(filepath.Dir(path)), filepath.Base(path)}, "", nil
}

// oneFile is a folder of which only one file is seen.
type oneFile struct {
	fs.FS
	name string
}

// ReadDir lists the one file.
func (f oneFile) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(f.FS, name)
	for _, d := range list {
		if d.Name() == f.name {
			return []fs.DirEntry{d}, err
		}
	}
	return nil, err
}

// ProjectCanonical reads the line canonical: of sushi-config.yaml, in the
// folder or where a project keeps it above input/fsh; "" where there is none.
func ProjectCanonical(folder string) string {
	for _, dir := range []string{folder, filepath.Join(folder, ".."), filepath.Join(folder, "..", "..")} {
		data, err := os.ReadFile(filepath.Join(dir, "sushi-config.yaml"))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			if value, ok := strings.CutPrefix(line, "canonical:"); ok {
				value, _, _ = strings.Cut(value, " #")
				return strings.Trim(strings.TrimSpace(value), `"'`)
			}
		}
	}
	return ""
}

// fits compiles every profile of a set on top of what is known.
func (l *Library) fits(set *definition.Set) error {
	trial := definition.NewSet()
	l.mu.RLock()
	trial.Merge(l.set)
	l.mu.RUnlock()
	trial.Merge(set)
	probe := NewLibrary(trial, l.terms)
	var broken []error
	for key, s := range set.Structures {
		if key != s.URL || s.Derivation != "constraint" || s.Kind == "logical" {
			continue
		}
		if _, err := probe.snap.Generate(s); err != nil {
			broken = append(broken, fmt.Errorf("definitions: %s: %w", s.Source, err))
		}
	}
	return errors.Join(broken...)
}
