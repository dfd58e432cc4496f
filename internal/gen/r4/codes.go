package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// codeSet is a value set whose codes can be told from the package alone.
type codeSet struct {
	index   int
	url     string
	systems map[string]map[string]bool
}

// codeSet gives the enumeration of a value set, nil when there is none: a set
// that is open (all of a grammar such as BCP 47) or needs a code system that
// the package does not hold.
func (m *model) codeSet(canonical string) *codeSet {
	url, _, _ := strings.Cut(canonical, "|")
	if c, ok := m.byCodeSet[url]; ok {
		return c
	}
	var c *codeSet
	if systems, ok := m.valueSets.expand(url, 0); ok {
		c = &codeSet{url: url, systems: systems}
	}
	m.byCodeSet[url] = c
	return c
}

func (m *model) sortCodeSets() {
	for _, c := range m.byCodeSet {
		if c != nil {
			m.codeSets = append(m.codeSets, c)
		}
	}
	slices.SortFunc(m.codeSets, func(a, b *codeSet) int { return cmp.Compare(a.url, b.url) })
	for i, c := range m.codeSets {
		c.index = i
	}
}

type expander struct{ pkg *pkg }

type codesBySystem map[string]map[string]bool

func (s codesBySystem) add(system, code string) {
	if s[system] == nil {
		s[system] = map[string]bool{}
	}
	s[system][code] = true
}

const deepestImport = 10

func (x *expander) expand(url string, depth int) (map[string]map[string]bool, bool) {
	vs := x.pkg.valueSets[url]
	if vs == nil || depth > deepestImport {
		return nil, false
	}
	all := codesBySystem{}
	for _, i := range vs.Compose.Include {
		part, ok := x.include(i, depth)
		if !ok {
			return nil, false
		}
		for system, codes := range part {
			for code := range codes {
				all.add(system, code)
			}
		}
	}
	for _, e := range vs.Compose.Exclude {
		part, ok := x.include(e, depth)
		if !ok {
			return nil, false
		}
		for system, codes := range part {
			maps.DeleteFunc(all[system], func(code string, _ bool) bool { return codes[code] })
		}
	}
	return all, len(all) > 0
}

// include gives the codes of one part of a compose: those of its system that
// also stand in every value set it names.
func (x *expander) include(i include, depth int) (codesBySystem, bool) {
	var out codesBySystem
	if i.System != "" {
		codes, ok := x.system(i)
		if !ok {
			return nil, false
		}
		out = codesBySystem{i.System: codes}
	}
	for _, url := range i.ValueSet {
		url, _, _ := strings.Cut(url, "|")
		imported, ok := x.expand(url, depth+1)
		if !ok {
			return nil, false
		}
		if out == nil {
			out = imported
			continue
		}
		for system, codes := range out {
			maps.DeleteFunc(codes, func(code string, _ bool) bool { return !imported[system][code] })
		}
	}
	return out, true
}

func (x *expander) system(i include) (map[string]bool, bool) {
	codes := map[string]bool{}
	if len(i.Concept) > 0 {
		for _, c := range i.Concept {
			codes[c.Code] = true
		}
		return codes, true
	}
	cs := x.pkg.codeSystems[i.System]
	if cs == nil || cs.Content != "complete" {
		return nil, false
	}
	walk(cs.Concept, func(c *concept) { codes[c.Code] = true })
	for _, f := range i.Filter {
		if f.Property != "concept" || f.Op != "is-a" && f.Op != "descendent-of" {
			return nil, false
		}
		under := descendants(cs, f.Value)
		if f.Op == "is-a" {
			under[f.Value] = true
		}
		maps.DeleteFunc(codes, func(code string, _ bool) bool { return !under[code] })
	}
	return codes, true
}

func walk(concepts []*concept, f func(*concept)) {
	for _, c := range concepts {
		f(c)
		walk(c.Concept, f)
	}
}

// descendants follows nesting and the subsumedBy property, by which the HL7 v3
// systems state further parents.
func descendants(cs *codeSystem, of string) map[string]bool {
	children := map[string][]string{}
	walk(cs.Concept, func(c *concept) {
		for _, child := range c.Concept {
			children[c.Code] = append(children[c.Code], child.Code)
		}
		for _, p := range c.Property {
			if p.Code == "subsumedBy" {
				children[p.ValueCode] = append(children[p.ValueCode], c.Code)
			}
		}
	})
	out := map[string]bool{}
	var visit func(string)
	visit = func(code string) {
		for _, child := range children[code] {
			if !out[child] {
				out[child] = true
				visit(child)
			}
		}
	}
	visit(of)
	return out
}
