package terminology

import (
	"cmp"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// listed is a code system whose concepts a definition lists.
type listed struct {
	def   *definition.CodeSystem
	once  sync.Once
	order []string
	byKey map[string]*entry
	kids  map[string][]*entry // by the key of the code above them

	naming sync.Once
	byName map[string]string // codes, by their plain display in lower case
}

type entry struct {
	*definition.Concept
	parents []string
}

func newListed(def *definition.CodeSystem) *listed { return &listed{def: def} }

func (l *listed) URL() string     { return l.def.URL }
func (l *listed) Version() string { return l.def.Version }

func (l *listed) Complete(string) bool { return l.def.Content == "complete" }

// Name is the title, else the name.
func (l *listed) Name() string { return cmp.Or(l.def.Title, l.def.Name, l.def.URL) }

func (l *listed) key(code string) string {
	if l.def.CaseSensitive {
		return code
	}
	return strings.ToLower(code)
}

func (l *listed) index() {
	l.once.Do(func() {
		l.byKey = map[string]*entry{}
		l.walk(l.def.Concepts, "")
		l.kids = map[string][]*entry{}
		for _, code := range l.order {
			e := l.byKey[l.key(code)]
			for _, p := range e.parents {
				l.kids[l.key(p)] = append(l.kids[l.key(p)], e)
			}
		}
	})
}

func (l *listed) walk(list []definition.Concept, parent string) {
	for i := range list {
		c := &list[i]
		e, known := l.byKey[l.key(c.Code)]
		if !known {
			e = &entry{Concept: c}
			l.byKey[l.key(c.Code)] = e
			l.order = append(l.order, c.Code)
		}
		if parent != "" {
			e.parents = append(e.parents, parent)
		}
		for _, p := range c.Properties {
			if p.Code == "subsumedBy" || p.Code == "parent" {
				e.parents = append(e.parents, p.Value)
			}
		}
		l.walk(c.Children, c.Code)
	}
}

func (l *listed) find(code string) *entry {
	l.index()
	return l.byKey[l.key(code)]
}

// named returns the code that is called so, "" for none or several.
func (l *listed) named(display string) string {
	l.index()
	l.naming.Do(func() {
		l.byName = make(map[string]string, len(l.order))
		for _, code := range l.order {
			name := strings.ToLower(plain(l.find(code).Display))
			if _, taken := l.byName[name]; taken {
				code = ""
			}
			l.byName[name] = code
		}
	})
	return l.byName[strings.ToLower(plain(display))]
}

// Lookup finds a concept; the case of the code counts only where the system
// says so.
func (l *listed) Lookup(code string) (Concept, bool) {
	e := l.find(code)
	if e == nil {
		return Concept{}, false
	}
	return e.concept(), true
}

func (e *entry) concept() Concept {
	c := Concept{Code: e.Code, Display: e.Display, Definition: e.Definition, Properties: e.Properties,
		Designations: e.Designations, Parents: e.parents, Deprecated: e.Deprecated}
	for _, p := range e.Properties {
		switch {
		case p.Code == "notSelectable" && p.Value == "true":
			c.Abstract = true
		case p.Code == "inactive" && p.Value == "true",
			p.Code == "status" && (p.Value == "retired" || p.Value == "inactive"):
			c.Inactive = true
		}
	}
	return c
}

// Subsumes follows the parents upwards; a system may give a concept several. A
// hierarchy of parts or mere groups subsumes nothing.
func (l *listed) Subsumes(ancestor, descendant string) bool {
	return l.def.Hierarchy != "part-of" && l.def.Hierarchy != "grouped-by" && l.below(ancestor, descendant, map[string]bool{})
}

func (l *listed) below(ancestor, code string, seen map[string]bool) bool {
	e := l.find(code)
	if e == nil || seen[code] {
		return false
	}
	seen[code] = true
	for _, p := range e.parents {
		if l.key(p) == l.key(ancestor) || l.below(ancestor, p, seen) {
			return true
		}
	}
	return false
}

// Select knows the operators of R4.
func (l *listed) Select(filters []definition.Filter) (Selected, error) {
	l.index()
	one := relatives{l.upwards, l.upwards}
	passes, err := l.passes(filters, one)
	if err != nil {
		return Selected{}, err
	}
	return Selected{
		Has: func(code string) bool { e := l.find(code); return e != nil && passes(e) },
		All: func(yield func(Concept) bool) { // all that is below or above a code is found once
			if all, err := l.passes(filters, l.family()); err == nil {
				l.all(all)(yield)
			}
		},
	}, nil
}

// relatives are two ways to ask whether one code is above another: for many codes below
// one, and for many above one.
type relatives struct {
	below, above func(ancestor, code string) bool
}

func (l *listed) upwards(ancestor, code string) bool {
	return l.below(ancestor, code, map[string]bool{})
}

// family are relatives that find all of a code at once.
func (l *listed) family() relatives {
	under, over := map[string]map[string]bool{}, map[string]map[string]bool{}
	spread := func(known map[string]map[string]bool, from string, next func(string) []string) map[string]bool {
		if set := known[from]; set != nil {
			return set
		}
		set := map[string]bool{}
		known[from] = set
		for stack := []string{from}; len(stack) > 0; {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			for _, n := range next(at) {
				if !set[n] {
					set[n] = true
					stack = append(stack, n)
				}
			}
		}
		return set
	}
	return relatives{
		below: func(ancestor, code string) bool {
			return spread(under, l.key(ancestor), func(key string) (list []string) {
				for _, e := range l.kids[key] {
					list = append(list, l.key(e.Code))
				}
				return list
			})[l.key(code)]
		},
		above: func(ancestor, code string) bool {
			return spread(over, l.key(code), func(key string) (list []string) {
				if e := l.byKey[key]; e != nil {
					for _, p := range e.parents {
						list = append(list, l.key(p))
					}
				}
				return list
			})[l.key(ancestor)]
		},
	}
}

// passes is a test of all filters.
func (l *listed) passes(filters []definition.Filter, kin relatives) (func(*entry) bool, error) {
	tests := make([]func(*entry) bool, len(filters))
	for i, f := range filters {
		if tests[i] = l.test(f, kin); tests[i] == nil {
			return nil, unanswered(l, f)
		}
	}
	return func(e *entry) bool {
		for _, t := range tests {
			if !t(e) {
				return false
			}
		}
		return true
	}, nil
}

// unanswered says that a system does not know a filter.
func unanswered(s System, f definition.Filter) error {
	return fmt.Errorf("%s cannot be asked for %s %s %s", s.Name(), f.Property, f.Op, f.Value)
}

func (l *listed) all(passes func(*entry) bool) iter.Seq[Concept] {
	return func(yield func(Concept) bool) {
		for _, code := range l.order {
			if e := l.find(code); passes(e) && !yield(e.concept()) {
				return
			}
		}
	}
}

// longestRegex bounds an expression, which is compiled for each code that is asked about.
const longestRegex = 1000

// test turns a filter into a test by the operators of
// http://hl7.org/fhir/R4/valueset-filter-operator.html; nil for one that a
// listed system cannot answer.
func (l *listed) test(f definition.Filter, kin relatives) func(*entry) bool {
	hierarchy := f.Property == "concept" || f.Property == "code" || f.Property == "parent"
	is := func(e *entry) bool { return l.key(e.Code) == l.key(f.Value) }
	below := func(e *entry) bool { return kin.below(f.Value, e.Code) }
	switch f.Op {
	case "is-a":
		return func(e *entry) bool { return is(e) || below(e) }
	case "descendent-of":
		return below
	case "child-of": // of R5
		return func(e *entry) bool {
			return slices.ContainsFunc(e.parents, func(p string) bool { return l.key(p) == l.key(f.Value) })
		}
	case "is-not-a":
		return func(e *entry) bool { return !is(e) && !below(e) }
	case "generalizes":
		return func(e *entry) bool { return is(e) || kin.above(e.Code, f.Value) }
	case "=":
		if f.Property == "parent" {
			return func(e *entry) bool { return slices.Contains(e.parents, f.Value) }
		}
		if hierarchy {
			return is
		}
		return func(e *entry) bool { return slices.Contains(e.values(f.Property), f.Value) }
	case "in", "not-in":
		want := strings.Split(f.Value, ",")
		return func(e *entry) bool {
			return slices.ContainsFunc(e.values(f.Property), func(v string) bool { return slices.Contains(want, v) }) == (f.Op == "in")
		}
	case "exists":
		return func(e *entry) bool { return (len(e.values(f.Property)) > 0) == (f.Value != "false") }
	case "regex":
		re, err := regexp.Compile("^(?:" + f.Value + ")$")
		if err != nil || len(f.Value) > longestRegex {
			return nil
		}
		return func(e *entry) bool { return slices.ContainsFunc(e.values(f.Property), re.MatchString) }
	}
	return nil
}

// values are the values of a property; code and display are properties too.
func (e *entry) values(property string) []string {
	switch property {
	case "code", "concept":
		return []string{e.Code}
	case "display":
		return []string{e.Display}
	case "parent":
		return e.parents
	case "child":
		var out []string
		for _, c := range e.Children {
			out = append(out, c.Code)
		}
		return out
	}
	var out []string
	for _, p := range e.Properties {
		if p.Code == property {
			out = append(out, p.Value)
		}
	}
	return out
}
