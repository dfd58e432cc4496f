// Package uk holds the definitions that a UK pharmacy needs, in FHIR Shorthand:
// the UK Core profiles of the resources it handles (STU3 sequence), the NHS
// medicines profiles of the Electronic Prescription Service, and the
// extensions, value sets and code systems that they use.
//
// The files re-express the facts of the published definitions: paths,
// cardinalities, types, bindings, codes and invariants. A test holds them
// against the originals.
package uk

import (
	_ "embed"
	"sync"

	"github.com/pestle-fhir/pestle/internal/packed"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/fsh"
)

//go:generate go run ../../internal/gen/packed -out shorthand_gen.txtar.zst *.fsh ukcore/*.fsh nhs/*.fsh

//go:embed shorthand_gen.txtar.zst
var shorthand string

// files are the sources, which the folder has too for whoever reads or changes them.
var files = packed.Files(shorthand)

// Definitions compiles the files, once. They are part of the program, so an
// error in them is one of the program and panics.
var Definitions = sync.OnceValue(func() *definition.Set {
	set, err := fsh.Read(files, fsh.Options{})
	if err != nil {
		panic("uk: " + err.Error())
	}
	return set
})
