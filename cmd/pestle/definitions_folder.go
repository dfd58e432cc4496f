package main

import (
	"archive/tar"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/profiles"
)

// definitionFolder is the definitions that were added to a database: a folder
// beside it. Where a server has the database open, changes are taken over at once.
type definitionFolder struct {
	data    string
	options profileOptions    // by which the library is made, without the folder
	library *profiles.Library // of the server; nil where none runs

	mu sync.RWMutex // against changes
}

// definitionsAnswer is what became of a change of the folder.
type definitionsAnswer struct {
	Folder   string   `json:"folder"`
	Count    int      `json:"count"` // definitions in the folder
	Running  bool     `json:"running"`
	Added    []string `json:"added,omitempty"`    // "profile https://…|1.0.0"
	Replaced []string `json:"replaced,omitempty"` // with what they were before
	Removed  []string `json:"removed,omitempty"`
}

func (d *definitionFolder) path() string { return filepath.Join(d.data, definitionsFolder) }

// add adds the files of a tar. What is in the folder under the same name is
// replaced. All of it must compile, or nothing is changed.
func (d *definitionFolder) add(in io.Reader) (definitionsAnswer, error) {
	return d.change(func(fresh string) (map[string]bool, error) { return unpack(in, fresh) })
}

// remove removes files and folders that were added, by their names.
func (d *definitionFolder) remove(names []string) (definitionsAnswer, error) {
	return d.change(func(fresh string) (map[string]bool, error) {
		for _, name := range names {
			path := filepath.Join(fresh, name)
			if _, err := os.Stat(path); err != nil || filepath.Dir(path) != fresh {
				return nil, fmt.Errorf("%s is not among what was added: %s; pestle definitions list names the files", name, strings.Join(baseNames(addedDefinitions(fresh)), ", "))
			}
			if err := os.RemoveAll(path); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
}

func baseNames(paths []string) (names []string) {
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return names
}

// files calls do for each file, with its name in the folder of the database.
func (d *definitionFolder) files(do func(name string, content []byte) error) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return eachDefinition(d.data, do)
}

// change edits a copy of the folder, compiles all that it holds, and puts it in
// the place of the folder where that succeeds. edit returns the names in it that
// were given.
func (d *definitionFolder) change(edit func(fresh string) (given map[string]bool, err error)) (a definitionsAnswer, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, err := d.options.within(d.data).library()
	if err != nil && d.library == nil { // what is there is broken, and may be mended by this
		before, err = d.options.library()
	}
	if err != nil {
		return a, err
	}
	fresh := d.path() + ".new"
	if err := errors.Join(os.RemoveAll(fresh), os.MkdirAll(fresh, 0o755)); err != nil {
		return a, err
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	for _, path := range addedDefinitions(d.path()) {
		if err := copyDefinitions(path, filepath.Join(fresh, filepath.Base(path))); err != nil {
			return a, err
		}
	}
	given, err := edit(fresh)
	if err != nil {
		return a, err
	}
	options := d.options
	options.Definitions = append(addedDefinitions(fresh), options.Definitions...)
	after, err := options.library()
	if err != nil {
		return a, errors.New(strings.ReplaceAll(err.Error(), fresh+string(filepath.Separator), "")) // as they were named
	}
	a = difference(before, after, fresh, given)
	a.Folder, a.Running = d.path(), d.library != nil
	if err := swapFolder(d.path(), fresh); err != nil {
		return a, err
	}
	return a, d.takeOver()
}

// takeOver brings what the folder now holds into the library of the server.
func (d *definitionFolder) takeOver() error {
	if d.library == nil {
		return nil
	}
	l, err := d.options.within(d.data).library()
	if err != nil {
		return err
	}
	d.library.Replace(l)
	return nil
}

// reload makes the library of the server anew, by other options.
func (d *definitionFolder) reload(options profileOptions) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.options
	d.options = options
	err := d.takeOver()
	if err != nil {
		d.options = before
	}
	return err
}

// difference is what another library has that was given, and what it has no more.
func difference(before, after *profiles.Library, fresh string, given map[string]bool) (a definitionsAnswer) {
	type key struct{ typ, url string }
	was, is := map[key]*profiles.Entry{}, map[key]bool{}
	for i := range before.Entries() {
		e := &before.Entries()[i]
		was[key{e.Type, e.URL}] = e
	}
	list := after.Entries()
	for i := range list {
		e := &list[i]
		is[key{e.Type, e.URL}] = true
		rest, added := strings.CutPrefix(e.Source, fresh+string(filepath.Separator))
		if !added {
			continue
		}
		a.Count++
		name, _, _ := strings.Cut(rest, string(filepath.Separator))
		if old := was[key{e.Type, e.URL}]; given[name] && old != nil {
			a.Replaced = append(a.Replaced, fmt.Sprintf("%s %s (before: %s of %s)", e.Kind, e.Canonical(), cmp.Or(old.Version, "no version"), cmp.Or(old.Source, "the R4 specification")))
		} else if given[name] {
			a.Added = append(a.Added, e.Kind+" "+e.Canonical())
		}
	}
	for k, e := range was {
		if !is[k] {
			a.Removed = append(a.Removed, e.Kind+" "+e.Canonical())
		}
	}
	slices.Sort(a.Removed)
	return a
}

// pack writes files and folders into a tar, each under its last name.
func pack(paths []string, out io.Writer) error {
	staged, err := os.MkdirTemp("", "pestle-definitions-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(staged) }()
	given := map[string]string{}
	for _, path := range paths {
		whole, err := filepath.Abs(path) // . and .. have names too
		if err != nil {
			return err
		}
		name := filepath.Base(whole)
		if other, twice := given[name]; twice {
			return fmt.Errorf("%s and %s have the same name, so that one would replace the other: rename one", other, path)
		}
		given[name] = path
		if err := copyDefinitions(path, filepath.Join(staged, name)); err != nil {
			return err
		}
	}
	w := tar.NewWriter(out)
	return errors.Join(w.AddFS(os.DirFS(staged)), w.Close())
}

// unpack reads such a tar into a folder, where what has the same name is replaced.
func unpack(in io.Reader, fresh string) (given map[string]bool, err error) {
	given = map[string]bool{}
	r := tar.NewReader(in)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) && len(given) == 0 {
			return nil, errors.New("no definitions were given")
		}
		if errors.Is(err, io.EOF) {
			return given, nil
		}
		if err != nil {
			return nil, err
		}
		name := filepath.FromSlash(h.Name)
		top, _, _ := strings.Cut(h.Name, "/")
		if h.Typeflag == tar.TypeDir {
			continue
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(name) || strings.HasPrefix(top, ".") {
			return nil, fmt.Errorf("%q is not a file of definitions", h.Name)
		}
		if !given[top] {
			if err := os.RemoveAll(filepath.Join(fresh, top)); err != nil {
				return nil, err
			}
			given[top] = true
		}
		if err := writeFile(filepath.Join(fresh, name), r); err != nil {
			return nil, err
		}
	}
}

// swapFolder puts a folder in the place of another. Until that is done the
// definitions are read from where the other one was moved to.
func swapFolder(folder, fresh string) error {
	old := folder + ".old"
	if _, err := os.Stat(folder); err == nil {
		if err := errors.Join(os.RemoveAll(old), os.Rename(folder, old)); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return errors.Join(os.Rename(fresh, folder), os.RemoveAll(old))
}

// copyDefinitions copies a file, or of a folder what may define something, with
// the canonical base of the project that the folder is of.
func copyDefinitions(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return copyFile(from, to)
	}
	err = filepath.WalkDir(from, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch ext := filepath.Ext(p); {
		case ext == ".fsh", ext == ".tgz", ext == ".json", ext == ".xml", d.Name() == "sushi-config.yaml":
			rel, err := filepath.Rel(from, p)
			if err != nil {
				return err
			}
			return copyFile(p, filepath.Join(to, rel))
		}
		return nil
	})
	if base := profiles.ProjectCanonical(from); err == nil && base != "" && profiles.ProjectCanonical(to) == "" {
		err = os.WriteFile(filepath.Join(to, "sushi-config.yaml"), []byte("canonical: "+base+"\n"), 0o644)
	}
	return err
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	return writeFile(to, in)
}

func writeFile(to string, in io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
