package search

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxTests is how many tests a _filter may have.
const maxTests = 50

// filter reads _filter: tests joined by and and or, strictly from left to right, and
// not ( … ). https://hl7.org/fhir/R4/search_filter.html
type filter struct {
	*parser
	shown string
	rest  string // what is not read yet
	whole string
	tests int
	// chained counts the tests of other resources, each a search of its own.
	chained int
}

// filtered reads a _filter into a clause.
func (p *parser) filtered(name, modifier, value string) {
	if !p.plain(name, modifier) {
		return
	}
	f := &filter{parser: p, shown: name, rest: value, whole: value}
	c, ok := f.list()
	if ok && strings.TrimSpace(f.rest) != "" {
		ok = f.wrong("The filter goes on where it should end.", "and, or, or the end")
	}
	if ok {
		p.query.Clauses = append(p.query.Clauses, c)
	}
}

// wrong notes what is malformed, and where; it is false.
func (f *filter) wrong(message, expected string) bool {
	f.refuse(f.shown, fmt.Sprintf("%s It is about character %d.", message, len(f.whole)-len(f.rest)+1), expected, f.whole, "")
	return false
}

// word takes a word from the front of what is left, if it is there.
func (f *filter) word(w string) bool {
	text := strings.TrimLeft(f.rest, " \t")
	after, ok := strings.CutPrefix(text, w)
	if !ok || w != "(" && w != ")" && after != "" && !strings.ContainsAny(after[:1], " \t(") {
		return false
	}
	f.rest = after
	return true
}

// list reads tests that and and or join.
func (f *filter) list() (Clause, bool) {
	c, ok := f.one()
	for ok {
		var next Clause
		switch {
		case f.word("and"):
			if next, ok = f.one(); ok {
				c = Clause{Any: [][]Clause{{c, next}}}
			}
		case f.word("or"):
			if next, ok = f.one(); ok {
				c = Clause{Any: [][]Clause{{c}, {next}}}
			}
		default:
			return c, true
		}
	}
	return c, ok
}

// one reads a test, or a list in brackets.
func (f *filter) one() (Clause, bool) {
	not := f.word("not")
	if !not && !f.word("(") {
		return f.test()
	}
	if not && !f.word("(") {
		return Clause{}, f.wrong("Behind not comes a filter in brackets.", "not ( … )")
	}
	if f.tests++; f.tests > maxTests { // brackets count, as they nest
		return Clause{}, f.wrong("The filter has too many tests.", fmt.Sprintf("at most %d", maxTests))
	}
	c, ok := f.list()
	if ok && !f.word(")") {
		ok = f.wrong("A bracket is not closed.", ")")
	}
	return Clause{Any: [][]Clause{{c}}, Not: not}, ok
}

var (
	filterPath  = regexp.MustCompile(`^\s*([_A-Za-z][-_0-9A-Za-z]*(?:\.[_A-Za-z][-_0-9A-Za-z]*)*)\s+([a-z]{2})\s+`)
	filterValue = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"|[^\s)\]"]+)`)
)

// test reads path, operator and value.
func (f *filter) test() (Clause, bool) {
	if f.tests++; f.tests > maxTests {
		return Clause{}, f.wrong("The filter has too many tests.", fmt.Sprintf("at most %d", maxTests))
	}
	m := filterPath.FindStringSubmatch(f.rest)
	if m == nil {
		return Clause{}, f.wrong("Here a test should be.", "a parameter, an operator and a value, such as birthdate ge 1980")
	}
	after := f.rest[len(m[0]):]
	text := filterValue.FindString(after)
	value := text
	if text == "" || text[0] == '"' && json.Unmarshal([]byte(text), &value) != nil || value == "" {
		f.rest = after
		return Clause{}, f.wrong("Here a value should be.", `a word, a number, a date or a text such as "J. Smith"`)
	}
	path, op := m[1], m[2]
	if steps(path) > maxSteps {
		return Clause{}, f.wrong("The path has too many steps.", fmt.Sprintf("at most %d", maxSteps))
	}
	if strings.Contains(path, ".") {
		f.chained++
	}
	if f.chained > maxChained {
		return Clause{}, f.wrong("The filter has too many tests of other resources.", fmt.Sprintf("at most %d", maxChained))
	}
	c, ok := f.compare(path, op, value)
	f.rest = after[len(text):]
	return c, ok
}

// filterSystems are the short names of code systems in values.
var filterSystems = map[string]string{"loinc": "http://loinc.org", "snomed": "http://snomed.info/sct", "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm", "ucum": "http://unitsofmeasure.org"}

// filterOperators are the operators of each type of parameter.
var filterOperators = map[string][]string{
	"string":    {"eq", "ne", "co", "sw", "ew", "pr"},
	"token":     {"eq", "ne", "ss", "sb", "in", "ni", "pr"},
	"date":      {"eq", "ne", "gt", "lt", "ge", "le", "ap", "sa", "eb", "po", "pr"},
	"number":    {"eq", "ne", "gt", "lt", "ge", "le", "ap", "pr"},
	"quantity":  {"eq", "ne", "gt", "lt", "ge", "le", "ap", "pr"},
	"uri":       {"eq", "ne", "pr"},
	Text:        {"co", "pr"},
	"reference": {"re", "pr"},
}

// compare makes the clause of a test.
func (f *filter) compare(path, op, value string) (Clause, bool) {
	kind := f.kindAt(f.query.Type, path)
	known := filterOperators[kind]
	if kind == "" || path == ID || path == LastUpdated && op == "pr" { // the clause says what is wrong, or has its own way
		if op != "eq" && kind != "" {
			return Clause{}, f.wrong("The operator is not known for "+path+".", "eq")
		}
		return f.clause(f.query.Type, path, f.shown, escaped.Replace(value))
	}
	if !slices.Contains(known, op) {
		return Clause{}, f.wrong("The operator is not known for a parameter of type "+kind+".", strings.Join(known, ", "))
	}
	if op == "pr" {
		if value != "true" && value != "false" {
			return Clause{}, f.wrong("The value of pr is malformed.", "true or false")
		}
		return f.clause(f.query.Type, path+":missing", f.shown, map[string]string{"true": "false", "false": "true"}[value])
	}
	ask := func(suffix, value string) (Clause, bool) { return f.clause(f.query.Type, path+suffix, f.shown, value) }
	switch kind {
	case "string":
		suffix := ""
		if op == "co" {
			suffix = ":contains"
		}
		c, ok := ask(suffix, escaped.Replace(value))
		leaves(&c, func(leaf *Clause) { stringTest(leaf, op, fold(value)) })
		return c, ok
	case "token":
		if system, code, ok := strings.Cut(value, "|"); ok && filterSystems[system] != "" {
			value = filterSystems[system] + "|" + code
		}
		c, ok := ask(map[string]string{"ss": ":below", "sb": ":above", "in": ":in", "ni": ":not-in"}[op], strings.ReplaceAll(value, ",", `\,`))
		return differing(c, op), ok
	case Text:
		return ask("", escaped.Replace(value))
	case "uri", "reference":
		c, ok := ask("", escaped.Replace(value))
		return differing(c, op), ok
	}
	value = strings.ReplaceAll(value, ",", `\,`)
	if op != "po" {
		return ask("", op+value)
	}
	after, ok := ask("", "sa"+value)
	before, ok2 := ask("", "eb"+value)
	given, ok3 := ask(":missing", "false")
	leaves(&after, func(c *Clause) { c.Not = true })
	leaves(&before, func(c *Clause) { c.Not = true })
	return Clause{Any: [][]Clause{{given, after, before}}}, ok && ok2 && ok3
}

// kindAt is the type of the parameter that a path ends in, of words their parameter, ""
// where there is none.
func (f *filter) kindAt(typ, path string) string {
	head, rest, chained := strings.Cut(path, ".")
	param := f.param(typ, head)
	if param == nil || !chained {
		switch {
		case param == nil:
			return ""
		case param.Code == Text:
			return Text
		}
		return param.Type
	}
	for _, target := range leadsTo(typ, param) {
		if kind := f.kindAt(target, rest); kind != "" {
			return kind
		}
	}
	return ""
}

// leaves visits the clauses at the ends of chains.
func leaves(c *Clause, visit func(*Clause)) {
	if len(c.Chain) == 0 {
		visit(c)
	}
	for i := range c.Chain {
		leaves(&c.Chain[i].Clause, visit)
	}
}

// differing is a clause turned, for ne, to entries that it does not find: of several,
// one that differs is enough.
func differing(c Clause, op string) Clause {
	if op == "ne" {
		leaves(&c, func(leaf *Clause) { leaf.Ranges = []Range{others(leaf.Ranges)} })
	}
	return c
}

// others is all keys but those in ranges.
func others(ranges []Range) Range {
	r := everything()
	r.Match = func(key []byte) bool {
		return !slices.ContainsFunc(ranges, func(r Range) bool { return r.Holds(key) })
	}
	return r
}

// stringTest makes a clause on the beginning of texts one on the whole or on the end.
func stringTest(c *Clause, op, text string) {
	switch op {
	case "eq":
		c.Ranges = []Range{beginning(appendTerm(nil, text))}
	case "ne":
		c.Ranges = []Range{others([]Range{beginning(appendTerm(nil, text))})}
	case "ew":
		r := everything()
		r.Match = func(key []byte) bool {
			folded, _ := readTerm(key)
			return strings.HasSuffix(folded, text)
		}
		c.Ranges = []Range{r}
	}
}
