// Command r4 writes the tables of package fhir/r4 from the FHIR R4 definitions:
//
//	go run ./internal/gen/r4 -definitions hl7.fhir.r4.core-4.0.1.tgz -out fhir/r4
//
// The definitions are a FHIR package, as a .tgz or unpacked in a folder. Only
// facts are taken over: names, types, cardinalities, targets, bindings, codes,
// invariant keys and expressions, search parameters, compartments. The messages
// of the invariants come from messages.txt beside this file and are our own.
package main

import (
	"flag"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	definitions := flag.String("definitions", os.Getenv("PESTLE_R4"), "R4 core package, .tgz or folder (or PESTLE_R4)")
	out := flag.String("out", ".", "folder of package fhir/r4")
	flag.Parse()
	if *definitions == "" {
		log.Fatal("r4: -definitions is missing: give the path of hl7.fhir.r4.core-4.0.1.tgz or of its folder")
	}
	if err := run(*definitions, *out); err != nil {
		log.Fatal("r4: ", err)
	}
}

func run(definitions, out string) error {
	pkg, err := read(definitions)
	if err != nil {
		return err
	}
	m, err := build(pkg)
	if err != nil {
		return err
	}
	return m.write(out)
}
