package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// What the binary was built from, set by the linker (see the Makefile). Each is
// empty in a build by other means; the Go tool's own record is used then.
var (
	release string // git describe
	commit  string // the full hash
	date    string // when it was committed, RFC 3339
)

type versionCommand struct {
	inJSON `embed:""`
}

// Run prints the version of the binary, what it was built from, and the FHIR
// release it speaks.
func (c versionCommand) Run(std streams) error {
	if c.JSON {
		return printJSON(std, map[string]string{"version": version(), "commit": cmp.Or(commit, recorded("vcs.revision")), "date": cmp.Or(date, recorded("vcs.time")), "go": runtime.Version(), "fhirVersion": "4.0.1"})
	}
	_, err := fmt.Fprintln(std.out, versionLine())
	return err
}

// versionLine is the version for a person: one line.
func versionLine() string {
	var from []string
	for _, part := range []string{cmp.Or(commit, recorded("vcs.revision")), cmp.Or(date, recorded("vcs.time")),
		runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH} {
		if part != "" {
			from = append(from, part)
		}
	}
	return fmt.Sprintf("pestle %s, FHIR 4.0.1 (%s)", version(), strings.Join(from, ", "))
}

// version is the release, else the module's version as the Go tool recorded it,
// "devel" where neither is known.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// recorded is a setting of the build that the Go tool recorded.
func recorded(key string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
