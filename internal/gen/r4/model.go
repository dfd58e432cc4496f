package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// model is what goes into the tables, in the order in which it goes there.
type model struct {
	types        []*typ
	byName       map[string]*typ
	constraints  []*constraint
	codeSets     []*codeSet
	searches     []*search
	compartments []*compartment
	extensions   []*known

	byConstraint map[constraint]*constraint
	byCodeSet    map[string]*codeSet
	valueSets    *expander
	messages     map[string]string
	unsaid       []string // invariants without a message
}

type typ struct {
	name, kind, base string
	index            int
	abstract         bool
	elements         []*elem
	constraints      []*constraint
}

type elem struct {
	*element
	name    string
	typ     string   // the type of its one kind of value; "" for a choice
	types   []string // all of them
	targets []string
	simple  bool
	own     []*constraint // beyond ele-1 and ext-1, which go with the type
	codes   *codeSet
	owner   *typ
}

type constraint struct {
	index                              int
	key, severity, expression, message string
}

const canonicalBase = "http://hl7.org/fhir/StructureDefinition/"

func build(p *pkg) (*model, error) {
	m := &model{byName: map[string]*typ{}, byConstraint: map[constraint]*constraint{}, byCodeSet: map[string]*codeSet{},
		valueSets: &expander{pkg: p}, messages: messages()}
	for _, url := range slices.Sorted(maps.Keys(p.structures)) {
		d := p.structures[url]
		if d.Kind == "logical" || d.Derivation == "constraint" {
			continue
		}
		if err := m.addStructure(d); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Name, err)
		}
	}
	m.shareContent()
	m.types = slices.SortedFunc(maps.Values(m.byName), func(a, b *typ) int { return strings.Compare(a.name, b.name) })
	for i, t := range m.types {
		t.index = i
	}
	for i, c := range m.constraints {
		c.index = i
	}
	m.addExtensions(p)
	m.sortCodeSets()
	m.addSearches(p)
	m.compartments = p.compartments
	if len(m.unsaid) > 0 {
		return nil, fmt.Errorf("messages.txt has no line for %s", strings.Join(m.unsaid, ", "))
	}
	return m, m.check()
}

var kinds = map[string]string{"primitive-type": "Primitive", "complex-type": "Complex", "resource": "Resource"}

func (m *model) addStructure(d *structure) error {
	root := d.Snapshot.Element[0]
	t := &typ{name: d.Type, kind: kinds[d.Kind], abstract: d.Abstract, base: strings.TrimPrefix(d.BaseDefinition, canonicalBase)}
	t.constraints = m.constraintsOf(root, all)
	m.byName[t.name] = t
	content := map[string]bool{} // paths that hold elements of their own
	for _, e := range d.Snapshot.Element {
		content[parent(e.Path)] = true
	}
	for _, e := range d.Snapshot.Element[1:] {
		if t.kind == "Primitive" && e.Path == t.name+".value" {
			continue // the JSON value itself, no property
		}
		owner := m.byName[parent(e.Path)]
		if owner == nil {
			return fmt.Errorf("%s has no parent", e.Path)
		}
		x, err := m.element(e, owner)
		if err != nil {
			return err
		}
		if content[e.Path] {
			b := &typ{name: e.Path, kind: "Backbone", base: e.Type[0].Code, constraints: m.constraintsOf(e, only("ele-1"))}
			m.byName[b.name] = b
			x.typ, x.types = b.name, []string{b.name}
		}
		x.own = m.constraintsOf(e, func(key string) bool { return key != "ele-1" && (x.typ != "Extension" || key != "ext-1") })
		owner.elements = append(owner.elements, x)
	}
	return nil
}

func only(key string) func(string) bool { return func(k string) bool { return k == key } }

func all(string) bool { return true }

// shareContent gives an element that takes its content from another one the
// invariants of that one, unless it states its own.
func (m *model) shareContent() {
	places := map[string]*elem{}
	for _, t := range m.byName {
		for _, x := range t.elements {
			places[x.Path] = x
		}
	}
	for _, x := range places {
		if x.ContentReference != "" && len(x.own) == 0 {
			x.own = places[x.types[0]].own
		}
	}
}

func parent(path string) string {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)]
}

func (m *model) element(e *element, owner *typ) (*elem, error) {
	x := &elem{element: e, owner: owner, name: strings.TrimSuffix(e.Path[len(parent(e.Path))+1:], "[x]")}
	if e.ContentReference != "" {
		x.types = []string{strings.TrimPrefix(e.ContentReference, "#")}
	}
	for _, t := range e.Type {
		name := typeCode(t)
		if owner.kind == "Resource" && x.name == "id" {
			name = "id"
		}
		x.types = append(x.types, name)
		for _, p := range t.Profile {
			if p != canonicalBase+"SimpleQuantity" {
				return nil, fmt.Errorf("%s: unforeseen type profile %s", e.Path, p)
			}
			x.simple = true
		}
		for _, p := range t.TargetProfile {
			if target := strings.TrimPrefix(p, canonicalBase); !slices.Contains(x.targets, target) {
				x.targets = append(x.targets, target)
			}
		}
	}
	if len(x.types) == 1 && !strings.HasSuffix(e.Path, "[x]") {
		x.typ = x.types[0]
	}
	if e.Binding != nil && e.Binding.Strength == "required" {
		x.codes = m.codeSet(e.Binding.ValueSet)
	}
	return x, nil
}

// typeCode is the R4 type of an element; ids and the values of primitives are
// typed in the definitions by a FHIRPath type and an extension.
func typeCode(t elementType) string {
	for _, x := range t.Extension {
		if x.URL == canonicalBase+"structuredefinition-fhir-type" {
			return x.ValueURL
		}
	}
	if strings.HasSuffix(t.Code, "System.String") {
		return "string" // xhtml.id lacks the extension
	}
	return t.Code
}

func (m *model) constraintsOf(e *element, take func(key string) bool) []*constraint {
	var out []*constraint
	for _, c := range e.Constraint {
		if !take(c.Key) {
			continue
		}
		key := constraint{key: c.Key, severity: c.Severity, expression: repaired(c.Key, c.Expression)}
		known := m.byConstraint[key]
		if known == nil {
			known = &key
			m.byConstraint[constraint{key: key.key, severity: key.severity, expression: key.expression}] = known
			known.message = m.message(c.Key, e.Path)
			m.constraints = append(m.constraints, known)
		}
		out = append(out, known)
	}
	return out
}

// message finds the words for an invariant: under "key@path" where several
// invariants share a key, else under its key.
func (m *model) message(key, path string) string {
	if text, ok := m.messages[key+"@"+path]; ok {
		return text
	}
	text, ok := m.messages[key]
	if !ok {
		m.unsaid = append(m.unsaid, key+"@"+path)
	}
	return text
}

func (x *elem) choice() bool { return strings.HasSuffix(x.Path, "[x]") }

// properties lists the JSON names under which an element's value may stand.
func (x *elem) properties() (names, types []string) {
	if x.typ != "" {
		return []string{x.name}, []string{x.typ}
	}
	if !x.choice() {
		return []string{x.name}, x.types[:1]
	}
	types = x.types
	for _, t := range types {
		names = append(names, x.name+strings.ToUpper(t[:1])+t[1:])
	}
	return names, types
}

func (x *elem) max() int {
	if x.Max == "*" {
		return -1
	}
	n, err := strconv.Atoi(x.Max)
	if err != nil {
		panic(err)
	}
	return n
}

// check holds the model to what its readers take for granted.
func (m *model) check() error {
	for _, t := range m.types {
		for _, x := range t.elements {
			_, types := x.properties()
			for _, name := range types {
				if m.byName[name] == nil {
					return fmt.Errorf("%s has the unknown type %s", x.Path, name)
				}
			}
		}
	}
	return nil
}
