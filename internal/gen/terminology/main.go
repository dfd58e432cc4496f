// Command terminology writes the code systems, value sets and concept maps of
// R4 as the table that package profiles/terminology carries:
//
//	PESTLE_R4=hl7.fhir.r4.core-4.0.1.tgz go run ./internal/gen/terminology -out profiles/terminology/r4.txt.zst
//
// Only facts are taken over: codes, displays in all languages, hierarchy and the
// properties that decide membership. Displays of SNOMED CT and LOINC codes are left out.
package main

import (
	"bytes"
	"flag"
	"log"
	"os"
	"slices"

	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

func main() {
	log.SetFlags(0)
	definitions := flag.String("definitions", os.Getenv("PESTLE_R4"), "R4 core package, .tgz or folder (or PESTLE_R4)")
	out := flag.String("out", "", "file to write")
	flag.Parse()
	set := definition.NewSet()
	if err := set.Load(*definitions); err != nil {
		log.Fatal("terminology: ", err)
	}
	for _, d := range set.CodeSystems {
		prune(d.Concepts)
		if d.URL == dicom {
			d.Content = "fragment" // DICOM adds to it in every edition
		}
	}
	for _, d := range set.ValueSets {
		for _, list := range [][]definition.Selection{d.Include, d.Exclude} {
			for i := range list {
				strip(&list[i])
			}
		}
	}
	var b bytes.Buffer
	if err := terminology.Write(&b, set); err != nil {
		log.Fatal("terminology: ", err)
	}
	if err := os.WriteFile(*out, b.Bytes(), 0o644); err != nil {
		log.Fatal("terminology: ", err)
	}
}

const dicom = "http://dicom.nema.org/resources/ontology/DCM"

// prune keeps the properties that decide membership, and the designations that
// are displays.
func prune(list []definition.Concept) {
	keep := []string{"subsumedBy", "parent", "notSelectable", "inactive", "status"}
	for i := range list {
		list[i].Properties = slices.DeleteFunc(list[i].Properties, func(p definition.Property) bool { return !slices.Contains(keep, p.Code) })
		list[i].Designations = slices.DeleteFunc(list[i].Designations, func(d definition.Designation) bool { return d.Use.Code != "" && d.Use.Code != "display" })
		prune(list[i].Children)
	}
}

func strip(s *definition.Selection) {
	if s.System == "http://snomed.info/sct" || s.System == "http://loinc.org" {
		for i := range s.Concepts {
			s.Concepts[i].Display = ""
		}
	}
}
