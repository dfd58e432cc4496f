// Command uk re-expresses the facts of UK definitions as FHIR Shorthand: paths,
// cardinalities, types, bindings, codes, invariant expressions. No sentence is
// taken over; the messages of invariants are our own, from messages.txt.
//
// The files are sources from then on. Run it again when a new release of UK
// Core or of the NHS profiles is to be taken over, and review the difference:
//
//	go run ./internal/gen/uk -from ../shared/definitions -out profiles/uk
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

const hl7 = "http://hl7.org/fhir/StructureDefinition/"

func main() {
	log.SetFlags(0)
	from := flag.String("from", "../shared/definitions", "folder with ukcore-stu3-xml.tgz and nhsdigital-xml.tgz")
	out := flag.String("out", "profiles/uk", "folder of the .fsh files")
	flag.Parse()
	w := &writer{set: definition.NewSet(), out: *out, want: map[string]bool{}, messages: messages()}
	for _, f := range []string{"ukcore-stu3-xml.tgz", "nhsdigital-xml.tgz"} {
		if err := w.set.Load(filepath.Join(*from, f)); err != nil {
			log.Fatal("uk: ", err)
		}
	}
	w.collect()
	w.write()
}

func messages() map[string]string {
	text, err := os.ReadFile("internal/gen/uk/messages.txt")
	if err != nil {
		log.Fatal(err)
	}
	out := map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		if key, m, ok := strings.Cut(line, "\t"); ok {
			out[key] = m
		}
	}
	return out
}

type writer struct {
	set      *definition.Set
	out      string
	want     map[string]bool
	queue    []string
	messages map[string]string
	inv      map[string]definition.Constraint
}

// file names the .fsh file that a definition goes to.
func (w *writer) file(url, kind string, s *definition.Structure) string {
	folder := "nhs"
	if strings.Contains(url, "hl7.org") {
		folder = "ukcore"
	}
	name := url[strings.LastIndexByte(url, '/')+1:]
	switch {
	case kind != "structure":
		return folder + "/" + kind + ".fsh"
	case s.IsExtension():
		return folder + "/extensions.fsh"
	}
	name = strings.TrimPrefix(strings.TrimPrefix(name, "UKCore-"), "NHSDigital-")
	name, _, _ = strings.Cut(name, "-")
	return folder + "/" + strings.ToLower(name) + ".fsh"
}

func (w *writer) write() {
	files := map[string]*bytes.Buffer{}
	at := func(name string) *bytes.Buffer {
		if files[name] == nil {
			files[name] = &bytes.Buffer{}
		}
		return files[name]
	}
	w.inv = map[string]definition.Constraint{}
	for _, url := range slices.SortedFunc(maps.Keys(w.want), func(a, b string) int {
		sa, sb := w.set.Structures[a], w.set.Structures[b]
		return cmp.Or(cmp.Compare(depth(w.set, sa), depth(w.set, sb)), cmp.Compare(a, b))
	}) {
		if s, ok := w.set.Structures[url]; ok {
			w.structure(at(w.file(url, "structure", s)), s)
		}
		if v, ok := w.set.ValueSets[url]; ok {
			w.valueSet(at(w.file(url, "valuesets", nil)), v)
		}
		if c, ok := w.set.CodeSystems[url]; ok {
			w.codeSystem(at(w.file(url, "codesystems", nil)), c)
		}
	}
	inv := at("invariants.fsh")
	for _, key := range slices.Sorted(maps.Keys(w.inv)) {
		c := w.inv[key]
		m := w.messages[c.Key]
		if m == "" {
			log.Printf("no message for %s", c.Key)
		}
		fmt.Fprintf(inv, "Invariant: %s\nSeverity: #%s\nDescription: %q\nExpression: %s\n\n", key, c.Severity, m, quote(c.Expression))
	}
	for name, b := range files {
		path := filepath.Join(w.out, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, append(bytes.TrimRight(b.Bytes(), "\n"), '\n'), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", "").Replace(s) + `"`
}

func id(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

func (w *writer) head(b *bytes.Buffer, kind, name, url string) {
	fmt.Fprintf(b, "%s: %s\nId: %s\n", kind, name, id(url))
}

func (w *writer) tail(b *bytes.Buffer, url, version, status string) {
	fmt.Fprintf(b, "* ^url = %q\n", url)
	if version != "" {
		fmt.Fprintf(b, "* ^version = %q\n", version)
	}
	fmt.Fprintf(b, "* ^status = #%s\n", status)
}

func identifier(url string) string { return strings.NewReplacer("-", "", ".", "").Replace(id(url)) }
