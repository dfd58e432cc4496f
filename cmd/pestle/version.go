package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints the version of the binary and of the FHIR release it speaks.
func (versionCommand) Run(std streams) error {
	_, err := fmt.Fprintf(std.out, "pestle %s, FHIR 4.0.1\n", version())
	return err
}

// version is the module's version as the Go tool recorded it, "devel" for a
// build from a work tree.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
