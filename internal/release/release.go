package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

// release is what is made of one commit.
type release struct {
	version  string
	date     time.Time
	from, to string
	key      string // file of a minisign secret key, "" for no signature

	built func(binary string) (modules, error) // what a binary was built of
}

// shared are the files of the project that every archive holds.
var shared = []string{"README.md", "LICENSE", "SECURITY.md"}

// make writes all files of the release, and says what it has written.
func (r release) make() error {
	if r.version == "" || r.from == "" || r.to == "" {
		return errors.New("-version, -from and -to are needed")
	}
	platforms, err := filepath.Glob(filepath.Join(r.from, "*_*"))
	if err != nil || len(platforms) == 0 {
		return errors.Join(err, fmt.Errorf("%s has no folder of a platform, such as linux_amd64", r.from))
	}
	if err := errors.Join(os.RemoveAll(r.to), os.MkdirAll(r.to, 0o755)); err != nil {
		return err
	}
	for _, folder := range platforms {
		if err := r.pack(folder); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(folder), err)
		}
	}
	changes, err := section("CHANGELOG.md", r.version)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.to, r.name("changes.md")), []byte(changes), 0o644); err != nil {
		return err
	}
	if err := sums(r.to); err != nil {
		return err
	}
	return r.sign()
}

// name is that of a file of the release.
func (r release) name(rest string) string { return "pestle_" + r.version + "_" + rest }

// pack writes the archive of a platform, and the list of what is in its binary.
func (r release) pack(folder string) error {
	platform := filepath.Base(folder)
	binaries, err := filepath.Glob(filepath.Join(folder, "pestle*"))
	if err != nil || len(binaries) != 1 {
		return errors.Join(err, fmt.Errorf("expected one binary, found %d", len(binaries)))
	}
	modules, err := r.built(binaries[0])
	if err != nil {
		return err
	}
	notices, err := modules.notices()
	if err != nil {
		return err
	}
	bill, err := r.bill(binaries[0], modules)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.to, r.name(platform+".cdx.json")), bill, 0o644); err != nil {
		return err
	}
	files := []member{{name: filepath.Base(binaries[0]), from: binaries[0], mode: 0o755}, {name: "NOTICES", text: notices, mode: 0o644}}
	for _, name := range shared {
		files = append(files, member{name: name, from: name, mode: 0o644})
	}
	more, err := under(filepath.Join(r.from, "share"))
	if err != nil {
		return err
	}
	files = append(files, more...)
	sorting.By(files, func(a, b member) int { return strings.Compare(a.name, b.name) })
	if strings.HasPrefix(platform, "windows_") {
		return r.zip(platform, files)
	}
	return r.tar(platform, files)
}

// under are the files of a folder, with their places in it.
func under(folder string) (all []member, err error) {
	err = filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		all = append(all, member{name: filepath.ToSlash(name), from: path, mode: 0o644})
		return err
	})
	return all, err
}
