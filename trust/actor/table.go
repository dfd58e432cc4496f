// Package actor compares whom a resource names as the one who acts, its sender,
// owner, performer, provider or agent, with who is writing it. Which elements those
// are is data, actors.tsv.
package actor

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

//go:embed actors.tsv
var builtin []byte

// element is where a resource names who acts.
type element struct {
	path  []string
	party bool // another may be named beside the caller
}

// Table is the elements by resource type.
type Table struct {
	// Own says which absolute references are to the server; nil for none.
	Own   search.Own
	types map[string][]element
}

// Builtin is the table that the program carries.
func Builtin() (*Table, error) { return Parse("actors.tsv", builtin) }

// Parse reads a table. The error names every line that is not valid.
func Parse(name string, text []byte) (*Table, error) {
	t := &Table{types: map[string][]element{}}
	var problems []error
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := t.line(strings.Split(line, "\t")); err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", name, i+1, err))
		}
	}
	return t, errors.Join(problems...)
}

func (t *Table) line(fields []string) error {
	if len(fields) < 3 || len(fields) > 4 || fields[2] != "own" && fields[2] != "party" {
		return fmt.Errorf("expected a resource type, an element, own or party, and a note, separated by tabs; found %q", fields)
	}
	path := strings.Split(fields[1], ".")
	typ := r4.TypeOf(fields[0])
	for _, name := range path {
		p := (*r4.Property)(nil)
		if typ != nil {
			p = typ.Property(name)
		}
		if p == nil {
			return fmt.Errorf("%q is not an element of %s", fields[1], fields[0])
		}
		typ = p.Of
	}
	t.types[fields[0]] = append(t.types[fields[0]], element{path, fields[2] == "party"})
	return nil
}
