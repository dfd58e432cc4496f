package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/pestle-fhir/pestle/profiles"
)

type definitionsCommand struct {
	List definitionsList `cmd:"" help:"List the definitions that are built in or were added, with version and kind."`
	Show definitionsShow `cmd:"" help:"Show what a profile asks, element by element, or the codes of a value set."`
	Add  definitionsAdd  `cmd:"" help:"Add definitions to the folder of a database: serve loads them at its next start."`
}

// definitionSource is where a command finds definitions beside the built-in ones.
type definitionSource struct {
	Data        string   `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database."`
	Definitions []string `env:"PESTLE_DEFINITIONS" placeholder:"PATH" help:"Further definitions: FHIR Shorthand (.fsh), FHIR packages (.tgz), JSON, XML, or folders of them."`
}

func (s definitionSource) library() (*profiles.Library, error) {
	return profileOptions{Policy: "r4", Definitions: s.Definitions}.within(s.Data).library()
}

type definitionsList struct {
	definitionSource `embed:""`

	Kind string `enum:"profile,extension,type,value set,code system,concept map," default:"" help:"Only this kind: profile, extension, type, value set, code system or concept map."`
	R4   bool   `name:"r4" help:"Also those of the R4 specification."`
}

// Run prints a line for each definition.
func (c *definitionsList) Run(std streams) error {
	l, err := c.library()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(std.out, 0, 8, 2, ' ', 0)
	n := 0
	list := l.Entries()
	for i := range list {
		e := &list[i]
		if e.Source == "" && !c.R4 || c.Kind != "" && c.Kind != e.Kind {
			continue
		}
		n++
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.Kind, e.Canonical(), e.Name, e.Source)
	}
	fmt.Fprintf(w, "%d definitions\n", n)
	return w.Flush()
}

type definitionsShow struct {
	definitionSource `embed:""`

	Canonical string `arg:"" help:"Canonical URL of the definition, or its last step: UKCore-Patient."`
	All       bool   `help:"All elements, not only those that the profile or one it is based on constrains."`
}

// Run prints one definition.
func (c *definitionsShow) Run(std streams) error {
	l, err := c.library()
	if err != nil {
		return err
	}
	e, err := c.find(l)
	if err != nil {
		return err
	}
	return describeDefinition(std.out, l, e, c.All)
}

func (c *definitionsShow) find(l *profiles.Library) (*profiles.Entry, error) {
	var near []string
	list := l.Entries()
	for i := range list {
		e := &list[i]
		if e.URL == c.Canonical || e.Canonical() == c.Canonical || e.ID == c.Canonical {
			return e, nil
		}
		if strings.Contains(strings.ToLower(e.URL), strings.ToLower(c.Canonical)) {
			near = append(near, e.Canonical())
		}
	}
	if near == nil {
		return nil, fmt.Errorf("there is no definition %s; pestle definitions list prints those there are", c.Canonical)
	}
	slices.Sort(near)
	return nil, fmt.Errorf("there is no definition %s; near it:\n  %s", c.Canonical, strings.Join(near[:min(10, len(near))], "\n  "))
}

type definitionsAdd struct {
	Paths []string `arg:"" name:"path" help:"FHIR Shorthand (.fsh), FHIR packages (.tgz), JSON, XML, or folders of them."`
	Data  string   `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database."`
}

// Run copies the paths beside what was added before, compiles all of it, and
// keeps it only where that succeeds.
func (c *definitionsAdd) Run(std streams) error {
	folder := filepath.Join(c.Data, definitionsFolder)
	fresh := folder + ".new"
	if err := errors.Join(os.RemoveAll(fresh), os.MkdirAll(fresh, 0o755)); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	for _, path := range addedDefinitions(folder) {
		if err := copyDefinitions(path, filepath.Join(fresh, filepath.Base(path))); err != nil {
			return err
		}
	}
	given := map[string]string{}
	for _, path := range c.Paths {
		whole, err := filepath.Abs(path) // . and .. have names too
		if err != nil {
			return err
		}
		name := filepath.Base(whole)
		if other, twice := given[name]; twice {
			return fmt.Errorf("%s and %s have the same name, so that one would replace the other: rename one", other, path)
		}
		given[name] = path
		if err := copyDefinitions(path, filepath.Join(fresh, name)); err != nil {
			return err
		}
	}
	l, err := profileOptions{Policy: "r4", Definitions: addedDefinitions(fresh)}.library()
	if err != nil {
		return err
	}
	if err := swapFolder(folder, fresh); err != nil {
		return err
	}
	n := 0
	for _, e := range l.Entries() {
		if strings.HasPrefix(e.Source, fresh) {
			n++
		}
	}
	_, err = fmt.Fprintf(std.out, "%d definitions in %s; serve loads them at its next start\n", n, folder)
	return err
}

// swapFolder puts a folder in the place of another.
func swapFolder(folder, fresh string) error {
	old := folder + ".old"
	if err := os.RemoveAll(old); err != nil {
		return err
	}
	if err := os.Rename(folder, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
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
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
