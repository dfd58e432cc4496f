package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Parse reads a table of roles: lines of role, what it is about, value and note,
// separated by tabs, as roles.tsv describes them. Every line that is wrong is
// named in the error.
func Parse(name string, data []byte) (*Table, error) {
	p := parser{table: &Table{roles: map[string]*role{}}, groups: map[string][]string{}}
	for i, line := range strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n") {
		line = strings.TrimRight(line, "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := p.line(line); err != nil {
			p.problems = append(p.problems, fmt.Errorf("%s:%d: %w", name, i+1, err))
		}
	}
	if p.table.names == nil && p.problems == nil {
		p.problems = append(p.problems, fmt.Errorf("%s has no role", name))
	}
	for _, role := range p.table.names {
		if err := p.complete(role); err != nil {
			p.problems = append(p.problems, fmt.Errorf("%s: %w", name, err))
		}
	}
	if p.problems != nil {
		return nil, errors.Join(p.problems...)
	}
	for _, name := range p.table.names {
		p.inherit(p.table.roles[name], p.table.roles[name].is)
	}
	return p.table, nil
}

type parser struct {
	table    *Table
	groups   map[string][]string
	problems []error
}

func (p *parser) line(text string) error {
	fields := strings.Split(text, "\t")
	if len(fields) < 3 || len(fields) > 4 {
		return fmt.Errorf("expected role, on, letters and a note, separated by tabs; found %d fields", len(fields))
	}
	who, on, value := fields[0], fields[1], fields[2]
	if who == "group" {
		return p.group(on, strings.Fields(value))
	}
	r := p.table.roles[who]
	if r == nil {
		r = &role{types: map[string]string{}, operations: map[string][]string{}}
		p.table.roles[who], p.table.names = r, append(p.table.names, who)
	}
	switch {
	case on == "is":
		r.is = append(r.is, strings.Fields(value)...)
	case on == "sees":
		if r.sees != "" || !slices.Contains([]Sight{Own, All, None}, Sight(value)) {
			return fmt.Errorf("sees is own, all or none, once; found %q", value)
		}
		r.sees = Sight(value)
	case strings.Contains(on, "$"):
		return r.operation(on, value)
	default:
		return p.types(r, on, value)
	}
	return nil
}

func (p *parser) group(name string, types []string) error {
	if !strings.HasPrefix(name, "@") || p.groups[name] != nil {
		return fmt.Errorf("a group has a name of its own with @; found %q", name)
	}
	for _, typ := range types {
		if !r4.IsResource(typ) {
			return fmt.Errorf("%q is not a resource type of R4", typ)
		}
	}
	p.groups[name] = types
	return nil
}

func (p *parser) types(r *role, on, letters string) error {
	types := []string{on}
	if strings.HasPrefix(on, "@") {
		if types = p.groups[on]; types == nil {
			return fmt.Errorf("there is no group %s above this line", on)
		}
	} else if on != "*" && !r4.IsResource(on) {
		return fmt.Errorf("%q is not a resource type of R4, a group or an operation", on)
	}
	if !ordered(letters) {
		return fmt.Errorf("letters are of cruds, in this order and each once; found %q", letters)
	}
	for _, typ := range types {
		r.types[typ] = union(r.types[typ], letters)
		if strings.ContainsAny(letters, "rs") {
			r.reads = append(r.reads, typ)
		}
	}
	return nil
}

// operation takes "Task/$accept" and "$process-message?event=a,b".
func (r *role) operation(on, value string) error {
	if value != "x" {
		return fmt.Errorf("an operation has the letter x; found %q", value)
	}
	name, query, constrained := strings.Cut(on, "?")
	events := []string{anyEvent}
	if constrained {
		list, ok := strings.CutPrefix(query, "event=")
		if events = strings.Split(list, ","); !ok || slices.Contains(events, "") || slices.Contains(events, anyEvent) {
			return fmt.Errorf("an operation is limited by ?event= with names; found %q", query)
		}
	}
	if typ, _, ok := strings.Cut(name, "/"); ok && !r4.IsResource(typ) {
		return fmt.Errorf("%q is not a resource type of R4", typ)
	}
	r.operations[name] = append(r.operations[name], events...)
	return nil
}

// complete checks what only the whole table can tell of a role.
func (p *parser) complete(name string) error {
	r := p.table.roles[name]
	if r.sees == "" {
		return fmt.Errorf("role %s has no line that says what it sees (own, all or none)", name)
	}
	for _, other := range r.is {
		if p.table.roles[other] == nil {
			return fmt.Errorf("role %s is %q, which is not a role of the table", name, other)
		}
		if p.reaches(other, name, nil) {
			return fmt.Errorf("role %s is %s, which is %s again", name, other, name)
		}
	}
	return nil
}

func (p *parser) reaches(from, to string, seen []string) bool {
	if from == to {
		return true
	}
	r := p.table.roles[from]
	return r != nil && !slices.Contains(seen, from) &&
		slices.ContainsFunc(r.is, func(next string) bool { return p.reaches(next, to, append(seen, from)) })
}

func (p *parser) inherit(r *role, from []string) {
	for _, name := range from {
		other := p.table.roles[name]
		for typ, letters := range other.types {
			r.types[typ] = union(r.types[typ], letters)
		}
		for op, events := range other.operations {
			for _, event := range events {
				if !slices.Contains(r.operations[op], event) {
					r.operations[op] = append(r.operations[op], event)
				}
			}
		}
		p.inherit(r, other.is)
	}
}

const cruds = "cruds"

// ordered reports whether letters are of cruds, in its order and each once.
func ordered(letters string) bool {
	rest := cruds
	for _, c := range letters {
		i := strings.IndexRune(rest, c)
		if i < 0 {
			return false
		}
		rest = rest[i+1:]
	}
	return letters != ""
}

func union(a, b string) string {
	var out strings.Builder
	for _, c := range cruds {
		if strings.ContainsRune(a, c) || strings.ContainsRune(b, c) {
			out.WriteRune(c)
		}
	}
	return out.String()
}
