package search

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// trie is the merged paths of many parameters over one kind of object: which
// members to look at, and what to do with them. One walk of a resource along
// its trie finds the values of all parameters and passes by whatever none of
// them looks at.
type trie struct{ edges []*edge }

// edge leads to a member's values, all or those that pass a test.
type edge struct {
	name   string // JSON member
	key    string // what test tests, to find equal edges
	test   func(item fhir.Node, place int) bool
	leaves []leaf
	child  *trie
}

// leaf indexes the value that has been reached.
type leaf struct {
	names *names
	test  func(fhir.Node) bool // nil for none
	write writer
}

func (t *trie) walk(s *sink, object fhir.Node) {
	for m := object.First(); m.Exists(); m = m.Next() {
		name := m.Name()
		for _, e := range t.edges {
			if e.name == name {
				e.follow(s, m)
			}
		}
	}
}

func (e *edge) follow(s *sink, m fhir.Node) {
	if m.Kind() != fhir.Array {
		e.visit(s, m, 0)
		return
	}
	place := 0
	for item := m.First(); item.Exists(); item = item.Next() {
		e.visit(s, item, place)
		place++
	}
}

func (e *edge) visit(s *sink, n fhir.Node, place int) {
	if e.test != nil && !e.test(n, place) {
		return
	}
	apply(e.leaves, s, n)
	if e.child != nil && n.Kind() == fhir.Object {
		e.child.walk(s, n)
	}
}

func apply(leaves []leaf, s *sink, n fhir.Node) {
	for i := range leaves {
		if l := &leaves[i]; l.test == nil || l.test(n) {
			l.write(s, l.names, n)
		}
	}
}

// edge finds or adds an edge. key names the test.
func (t *trie) edge(name, key string, test func(fhir.Node, int) bool) *edge {
	if e := findEdge(t, name, key); e != nil {
		return e
	}
	e := &edge{name: name, key: key, test: test}
	t.edges = append(t.edges, e)
	return e
}

// planter adds the paths of a parameter of some kind below an object of an R4
// type. make gives the writer for the type of a value that has been reached,
// nil where such a value is not indexed.
type planter struct {
	names *names
	make  func(r4type string) writer

	way     []*r4.Element   // to where it plants
	ends    map[string]bool // the ways that lead to values
	repeats bool            // some element on such a way does
}

// reached notes that the way leads to values.
func (p *planter) reached() {
	if p.ends == nil {
		p.ends = map[string]bool{}
	}
	name := ""
	for _, e := range p.way {
		name += e.Name + "."
		p.repeats = p.repeats || e.Repeats()
	}
	p.ends[name] = true
}

func (p *planter) plant(t *trie, typ *r4.Type, steps []step) {
	if typ == nil || len(steps) == 0 || steps[0].kind != member {
		return
	}
	element := typ.Element(steps[0].name)
	if element == nil {
		return
	}
	key, test, rest := conditions(steps[1:])
	for i := range typ.Properties() {
		property := &typ.Properties()[i]
		if property.Element != element || !cast(property, rest) {
			continue
		}
		onward := rest
		if len(onward) > 0 && onward[0].kind == asType {
			onward = onward[1:]
		}
		p.branch(t, property, key, test, onward)
	}
}

func cast(property *r4.Property, rest []step) bool {
	if len(rest) == 0 || rest[0].kind != asType {
		return true
	}
	return property.Type == rest[0].name || property.Of != nil && property.Of.Kind != r4.Primitive && property.Of.Is(rest[0].name)
}

func (p *planter) branch(t *trie, property *r4.Property, key string, test func(fhir.Node, int) bool, rest []step) {
	p.way = append(p.way, property.Element)
	defer func() { p.way = p.way[:len(p.way)-1] }()
	var target func(fhir.Node) bool
	if len(rest) > 0 && rest[0].kind == whereIs {
		typ := rest[0].name
		target = func(n fhir.Node) bool { return targetType(n) == typ }
		rest = rest[1:]
	}
	if len(rest) == 0 {
		if property.Type == "Extension" {
			rest = []step{{kind: member, name: "value"}}
		} else if write := p.make(property.Type); write != nil {
			p.reached()
			e := t.edge(property.JSON, key, test)
			e.leaves = append(e.leaves, leaf{p.names, target, write})
			return
		} else {
			return
		}
	}
	below := &trie{}
	if e := findEdge(t, property.JSON, key); e != nil && e.child != nil {
		below = e.child
	}
	p.plant(below, property.Of, rest)
	if len(below.edges) > 0 {
		t.edge(property.JSON, key, test).child = below
	}
}

func findEdge(t *trie, name, key string) *edge {
	for _, e := range t.edges {
		if e.name == name && e.key == key {
			return e
		}
	}
	return nil
}

// conditions takes the tests off the head of the steps that are asked of a
// value on the way.
func conditions(steps []step) (key string, test func(fhir.Node, int) bool, rest []step) {
	var tests []func(fhir.Node, int) bool
	var keys []string
	for len(steps) > 0 {
		s := steps[0]
		switch s.kind {
		case whereEquals:
			tests = append(tests, func(n fhir.Node, _ int) bool { return n.Get(s.name).Text() == s.is })
		case whereExtends:
			tests = append(tests, func(n fhir.Node, _ int) bool { return hasExtension(n, s.name) })
		case itemAt:
			tests = append(tests, func(_ fhir.Node, place int) bool { return place == s.item })
		default:
			return strings.Join(keys, "&"), allOf(tests), steps
		}
		keys = append(keys, s.name+"="+s.is+string(rune('0'+s.item)))
		steps = steps[1:]
	}
	return strings.Join(keys, "&"), allOf(tests), nil
}

func hasExtension(n fhir.Node, url string) bool {
	for e := n.Get("extension").First(); e.Exists(); e = e.Next() {
		if e.Get("url").Text() == url {
			return true
		}
	}
	return false
}

func allOf(tests []func(fhir.Node, int) bool) func(fhir.Node, int) bool {
	switch len(tests) {
	case 0:
		return nil
	case 1:
		return tests[0]
	}
	return func(n fhir.Node, place int) bool {
		for _, test := range tests {
			if !test(n, place) {
				return false
			}
		}
		return true
	}
}
