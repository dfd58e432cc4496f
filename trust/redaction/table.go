// Package redaction holds what roles are shown of resources: a table as data,
// redaction.tsv, and what follows from it for answers, queries and changes. What no
// line shows is hidden.
package redaction

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

//go:embed redaction.tsv
var builtin []byte

// Builtin is the table that the program carries.
func Builtin() (*Table, error) { return Parse("redaction.tsv", builtin) }

// Table is what each role is shown.
type Table struct{ roles map[string]*role }

type role struct {
	digits int // of an NHS number that are shown
	types  map[string]map[string]sight
	coded  []codedSight
}

// codedSight is what is shown besides of the resources of a type that have a code.
type codedSight struct {
	typ, element, system, code string
	shown                      map[string]sight
}

// sight is how an element is shown, in the order of how much it shows.
type sight struct {
	how  how
	text string // with generic
	find bool
}

type how int

const (
	hidden how = iota
	generic
	initials
	part
	coded
	show
)

// every stands for all elements of a type.
const every = "*"

// Parse reads a table. The error names every line that is not valid.
func Parse(name string, text []byte) (*Table, error) {
	t := &Table{roles: map[string]*role{}}
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
	if len(fields) < 4 || len(fields) > 5 {
		return fmt.Errorf("expected role, types, elements, how and a note, separated by tabs; found %d fields", len(fields))
	}
	r := t.roles[fields[0]]
	if r == nil {
		r = &role{types: map[string]map[string]sight{}}
		t.roles[fields[0]] = r
	}
	if fields[1] == every {
		return r.number(fields[2], fields[3])
	}
	s, err := readSight(fields[3])
	if err != nil {
		return err
	}
	for _, typ := range strings.Fields(fields[1]) {
		if base, condition, ok := strings.Cut(typ, "?"); ok {
			if err := r.withCode(base, condition, strings.Fields(fields[2]), s); err != nil {
				return err
			}
			continue
		}
		for _, element := range strings.Fields(fields[2]) {
			if err := r.element(typ, element, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// number takes the line about NHS numbers.
func (r *role) number(element, value string) (err error) {
	digits, ok := strings.CutPrefix(value, "last=")
	if element != "nhs-number" || !ok {
		return fmt.Errorf("a line about every type is nhs-number, last=N; found %q, %q", element, value)
	}
	if r.digits, err = strconv.Atoi(digits); err != nil || r.digits < 0 || r.digits > 4 {
		return fmt.Errorf("last= has a number from 0 to 4; found %q", digits)
	}
	return nil
}

func readSight(value string) (sight, error) {
	if text, ok := strings.CutPrefix(value, "text="); ok && text != "" {
		return sight{how: generic, text: text}, nil
	}
	switch value {
	case "show":
		return sight{how: show}, nil
	case "part":
		return sight{how: part}, nil
	case "coded":
		return sight{how: coded}, nil
	case "initials":
		return sight{how: initials}, nil
	case "find":
		return sight{find: true}, nil
	}
	return sight{}, fmt.Errorf("expected show, coded, part, initials, text=X or find; found %q", value)
}

// withCode takes a line about the resources of a type that have a code.
func (r *role) withCode(typ, condition string, elements []string, s sight) error {
	element, token, _ := strings.Cut(condition, "=")
	system, code, ok := strings.Cut(token, "|")
	if !ok || code == "" || system == "" {
		return fmt.Errorf("%q is not a condition such as category=system|code", condition)
	}
	of := &role{types: map[string]map[string]sight{}}
	for _, name := range append([]string{element}, elements...) {
		if err := of.element(typ, name, s); err != nil {
			return err
		}
	}
	if e := r4.TypeOf(typ).Element(element); len(e.Types) != 1 || e.Types[0] != "CodeableConcept" {
		return fmt.Errorf("%s.%s is not a CodeableConcept", typ, element)
	}
	delete(of.types[typ], element)
	r.coded = append(r.coded, codedSight{typ, element, system, code, of.types[typ]})
	return nil
}

func (r *role) element(typ, element string, s sight) error {
	if !r4.IsResource(typ) {
		return fmt.Errorf("%q is not a resource type of R4", typ)
	}
	if e := r4.TypeOf(typ).Element(element); element != every && (e == nil || e.Name != element) {
		return fmt.Errorf("%q is not an element of %s", element, typ)
	}
	if r.types[typ] == nil {
		r.types[typ] = map[string]sight{}
	}
	r.types[typ][element] = r.types[typ][element].with(s)
	return nil
}

// with is what two lines show together.
func (s sight) with(other sight) sight {
	find := s.find || other.find
	if other.how > s.how {
		s = other
	}
	s.find = find
	return s
}

// Grants reports whether a role reads a type of resource.
type Grants func(role, typ string) bool

// For returns what is hidden from a principal with roles; nil where nothing is,
// because one of their roles has no lines in the table and reads whatever they
// read. grants says what each role reads.
func (t *Table) For(roles []string, grants Grants) *Redactor {
	if !slices.ContainsFunc(roles, func(name string) bool { return t.roles[name] != nil }) {
		return nil
	}
	r := &Redactor{table: t, roles: roles, grants: grants}
	for _, name := range roles {
		if role := t.roles[name]; role != nil {
			r.digits = max(r.digits, role.digits)
		}
	}
	return r
}
