package fsh

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// parser reads the tokens of one file into entities.
type parser struct {
	file    string
	tokens  []token
	pos     int
	aliases map[string]string
	out     []*entity
	depth   int // of inserted rule sets
}

const (
	maxInserts = 16      // rule sets within rule sets
	maxRules   = 100_000 // of one declaration
)

var fields = map[string][]string{
	"Profile":    {"Parent", "Id", "Title", "Description"},
	"Extension":  {"Parent", "Id", "Title", "Description", "Context"},
	"Invariant":  {"Description", "Expression", "Severity", "XPath"},
	"ValueSet":   {"Id", "Title", "Description"},
	"CodeSystem": {"Id", "Title", "Description"},
	"RuleSet":    nil,
}

func parse(file, src string, aliases map[string]string) ([]*entity, error) {
	tokens, err := lex(file, src)
	if err != nil {
		return nil, err
	}
	p := &parser{file: file, tokens: tokens, aliases: aliases}
	for p.peek().kind != end {
		if err := p.declaration(); err != nil {
			return nil, err
		}
	}
	return p.out, nil
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) take() token {
	t := p.tokens[p.pos]
	if t.kind != end {
		p.pos++
	}
	return t
}

func (p *parser) fail(t token, format string, args ...any) error {
	return &Error{p.file, t.line, t.col, fmt.Sprintf(format, args...)}
}

func (p *parser) is(text string) bool {
	t := p.peek()
	return t.kind != str && t.kind != end && t.text == text
}

func (p *parser) accept(text string) bool {
	if p.is(text) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expect(kind tokenKind, what string) (token, error) {
	t := p.take()
	if t.kind != kind {
		return t, p.fail(t, "expected %s, found %s", what, t)
	}
	return t, nil
}

func (t token) String() string {
	switch t.kind {
	case end:
		return "the end of the file"
	case str:
		return fmt.Sprintf("the string %q", t.text)
	}
	return t.text
}

// keyword reports whether the token opens a declaration or a field.
func (t token) keyword() bool { return t.kind == word && t.first && strings.HasSuffix(t.text, ":") }

func (p *parser) declaration() error {
	t := p.take()
	kind := strings.TrimSuffix(t.text, ":")
	if !t.keyword() {
		return p.fail(t, "expected a declaration such as Profile:, found %s", t)
	}
	if kind == "Alias" {
		return p.alias()
	}
	allowed, known := fields[kind]
	if !known {
		return p.fail(t, "%s is no declaration that is supported here: expected Alias, Profile, Extension, Invariant, RuleSet, ValueSet or CodeSystem", t.text)
	}
	name, err := p.expect(word, "a name")
	if err != nil {
		return err
	}
	e := &entity{kind: kind, name: name.text, at: name, file: p.file, meta: map[string]string{}}
	p.out = append(p.out, e)
	if kind == "RuleSet" && p.accept("(") {
		return p.template(e)
	}
	for p.peek().keyword() {
		field := strings.TrimSuffix(p.peek().text, ":")
		if _, next := fields[field]; next || field == "Alias" {
			break
		}
		at := p.take()
		if !slices.Contains(allowed, field) {
			return p.fail(at, "%s has no field %s: expected one of %s", kind, field, strings.Join(allowed, ", "))
		}
		if e.meta[field], err = p.field(); err != nil {
			return err
		}
	}
	return p.rules(e)
}

func (p *parser) alias() error {
	name, err := p.expect(word, "a name")
	if err != nil {
		return err
	}
	if !p.accept("=") {
		return p.fail(p.peek(), "expected = and a url, found %s", p.peek())
	}
	url, err := p.expect(word, "a url")
	if err != nil {
		return err
	}
	if old, ok := p.aliases[name.text]; ok && old != url.text {
		return p.fail(name, "the alias %s stands for %s already", name.text, old)
	}
	p.aliases[name.text] = url.text
	return nil
}

// field reads a field's value: a string, or words up to the next line that
// begins a field, declaration or rule.
func (p *parser) field() (string, error) {
	var parts []string
	for first := true; ; first = false {
		t := p.peek()
		if t.kind == end || !first && t.first && (t.keyword() || t.text == "*") {
			break
		}
		parts = append(parts, p.resolve(p.take().text))
	}
	if len(parts) == 0 {
		return "", p.fail(p.peek(), "expected a value, found %s", p.peek())
	}
	return strings.ReplaceAll(strings.Join(parts, " "), " ,", ","), nil
}

// template keeps the tokens of a rule set with parameters until it is inserted.
func (p *parser) template(e *entity) error {
	for !p.accept(")") {
		t, err := p.expect(word, "a parameter name or )")
		if err != nil {
			return err
		}
		e.params = append(e.params, t.text)
		p.accept(",")
	}
	for t := p.peek(); t.kind != end && !t.keyword(); t = p.peek() {
		e.body = append(e.body, p.take())
	}
	return nil
}

func (p *parser) rules(e *entity) error {
	for {
		t := p.peek()
		if t.kind == end || t.keyword() {
			return nil
		}
		if t.text != "*" || t.kind != punct || !t.first {
			return p.fail(t, "expected a rule that begins with *, found %s", t)
		}
		if t.col > 1 {
			return p.fail(t, "rules by indentation are not supported: write the whole path")
		}
		p.take()
		if err := p.rule(e, t); err != nil {
			return err
		}
		if next := p.peek(); next.kind != end && !next.first {
			return p.fail(next, "expected the end of the rule, found %s", next)
		}
	}
}

func (p *parser) rule(e *entity, at token) error {
	r := rule{at: at, file: p.file}
	var err error
	switch {
	case p.is("insert"):
		return p.insert(e)
	case e.kind == "ValueSet" && !strings.HasPrefix(p.peek().text, "^"):
		err = p.valueSetRule(&r)
	case e.kind == "CodeSystem" && !strings.HasPrefix(p.peek().text, "^"):
		err = p.conceptRule(&r)
	default:
		err = p.elementRule(&r)
	}
	if err == nil {
		e.rules = append(e.rules, r)
	}
	return err
}

// insert takes over the rules of a rule set, with its parameters replaced.
func (p *parser) insert(e *entity) error {
	p.take()
	name, err := p.expect(word, "the name of a rule set")
	if err != nil {
		return err
	}
	var args []string
	if p.accept("(") {
		for !p.accept(")") {
			t := p.take()
			if t.kind == end {
				return p.fail(t, "expected ), found %s", t)
			}
			if t.text != "," || t.kind != punct {
				args = append(args, t.text)
			}
		}
	}
	i := slices.IndexFunc(p.out, func(o *entity) bool { return o.kind == "RuleSet" && o.name == name.text })
	if i < 0 {
		return p.fail(name, "there is no rule set %s above", name.text)
	}
	set := p.out[i]
	if set == e || p.depth > maxInserts || len(e.rules)+len(set.rules) > maxRules {
		return p.fail(name, "the rule set %s is inserted into itself, or too often", set.name)
	}
	if len(args) != len(set.params) {
		return p.fail(name, "the rule set %s takes %d parameters, found %d", set.name, len(set.params), len(args))
	}
	if set.params == nil {
		e.rules = append(e.rules, set.rules...)
		return nil
	}
	body := slices.Clone(set.body)
	for i := range body {
		for j, param := range set.params {
			body[i].text = strings.ReplaceAll(body[i].text, "{"+param+"}", args[j])
		}
	}
	sub := &parser{file: p.file, tokens: append(body, token{kind: end, line: name.line, col: name.col}), aliases: p.aliases, out: p.out, depth: p.depth + 1}
	return sub.rules(e)
}

var cardinality = regexp.MustCompile(`^(\d*)\.\.(\d*|\*)$`)

var flagNames = []string{"MS", "SU", "?!", "N", "TU", "D"}

func (p *parser) elementRule(r *rule) error {
	t := p.peek()
	switch {
	case strings.HasPrefix(t.text, "^"):
		return p.caretRule(r)
	case p.accept("obeys"):
		r.paths = []string{""}
		return p.obeys(r)
	}
	for {
		path, err := p.expect(word, "the path of an element")
		if err != nil {
			return err
		}
		r.paths = append(r.paths, path.text)
		if !p.accept("and") {
			break
		}
	}
	switch t := p.peek(); {
	case strings.HasPrefix(t.text, "^"):
		return p.caretRule(r)
	case p.accept("="):
		return p.assign(r)
	case p.accept("from"):
		return p.from(r)
	case p.accept("only"):
		return p.only(r)
	case p.accept("contains"):
		return p.contains(r)
	case p.accept("obeys"):
		return p.obeys(r)
	case cardinality.MatchString(t.text):
		r.kind, r.card = cardRule, p.take().text
		r.flags = p.flags()
		return nil
	case slices.Contains(flagNames, t.text):
		r.kind, r.flags = flagRule, p.flags()
		return nil
	default:
		return p.fail(t, "expected a cardinality, a flag, =, from, only, contains, obeys or ^, found %s", t)
	}
}

func (p *parser) flags() (out []string) {
	for slices.Contains(flagNames, p.peek().text) && !p.peek().first {
		out = append(out, p.take().text)
	}
	return out
}

func (p *parser) caretRule(r *rule) error {
	r.kind, r.caret = caretRule, strings.TrimPrefix(p.take().text, "^")
	if r.paths == nil {
		r.paths = []string{""}
	}
	if !p.accept("=") {
		return p.fail(p.peek(), "expected = and a value, found %s", p.peek())
	}
	var err error
	r.value, err = p.value()
	return err
}

func (p *parser) obeys(r *rule) error {
	r.kind = obeysRule
	for {
		t, err := p.expect(word, "the name of an invariant")
		if err != nil {
			return err
		}
		r.obeys = append(r.obeys, t.text)
		if !p.accept("and") {
			return nil
		}
	}
}

func (p *parser) assign(r *rule) error {
	r.kind = assignRule
	var err error
	if r.value, err = p.value(); err != nil {
		return err
	}
	if p.accept("(") {
		if !p.accept("exactly") || !p.accept(")") {
			return p.fail(p.peek(), "expected exactly), found %s", p.peek())
		}
		r.exactly = true
	}
	return nil
}

func (p *parser) from(r *rule) error {
	t, err := p.expect(word, "a value set")
	if err != nil {
		return err
	}
	r.kind, r.valueSet, r.strength = bindRule, p.resolve(t.text), "required"
	if p.accept("(") {
		s := p.take()
		if !slices.Contains([]string{"required", "extensible", "preferred", "example"}, s.text) || !p.accept(")") {
			return p.fail(s, "expected (required), (extensible), (preferred) or (example), found %s", s)
		}
		r.strength = s.text
	}
	return nil
}

func (p *parser) only(r *rule) error {
	r.kind = onlyRule
	for {
		t, err := p.expect(word, "a type or profile")
		if err != nil {
			return err
		}
		typ := typeRule{name: p.resolve(t.text)}
		if p.accept("(") {
			for !p.accept(")") {
				target, err := p.expect(word, "a type or profile")
				if err != nil {
					return err
				}
				typ.targets = append(typ.targets, p.resolve(target.text))
				p.accept("or")
			}
		}
		r.types = append(r.types, typ)
		if !p.accept("or") {
			return nil
		}
	}
}

func (p *parser) contains(r *rule) error {
	r.kind = containsRule
	for {
		t, err := p.expect(word, "a slice name or extension")
		if err != nil {
			return err
		}
		i := item{typ: p.resolve(t.text), slice: t.text}
		if p.accept("named") {
			n, err := p.expect(word, "a slice name")
			if err != nil {
				return err
			}
			i.slice = n.text
		} else {
			i.typ = ""
		}
		c := p.take()
		if !cardinality.MatchString(c.text) {
			return p.fail(c, "expected the cardinality of the slice %s, found %s", i.slice, c)
		}
		i.card, i.flags = c.text, p.flags()
		r.items = append(r.items, i)
		if !p.accept("and") {
			return nil
		}
	}
}

// resolve replaces an alias, also in front of |version and #code.
func (p *parser) resolve(name string) string {
	head, tail := name, ""
	if i := strings.IndexAny(name, "|#"); i > 0 {
		head, tail = name[:i], name[i:]
	}
	if url, ok := p.aliases[head]; ok {
		return url + tail
	}
	return name
}
