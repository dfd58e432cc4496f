package snomed

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// refinement is what a concept has to be like: AND or OR of others, a group of
// attributes, or one attribute.
type refinement struct {
	op       string // AND, OR, { or ""
	parts    []*refinement
	min, max int // how many groups or attributes; max -1 for any number
	reverse  bool
	name     *constraint
	not      bool // !=
	value    *constraint
}

// closing is where a bracket closes, outside of texts in quotation marks; -1 for nowhere.
func closing(s, shut string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && strings.HasPrefix(s[i:], shut):
			return i
		}
	}
	return -1
}

// refinement reads attributes and groups with one kind of operator between them.
func (p *eclParser) refinement(depth int) (*refinement, error) {
	first, err := p.refined(depth)
	if err != nil {
		return nil, err
	}
	op := ""
	out := first
	for {
		t := p.tokens[p.pos]
		next := t.text
		if next == "," {
			next = "AND"
		}
		if next != "AND" && next != "OR" {
			return out, nil
		}
		if op != "" && next != op {
			return nil, &ECLError{t.at, next + " after " + op + ": put parentheses around the part that belongs together"}
		}
		p.pos++
		part, err := p.refined(depth)
		if err != nil {
			return nil, err
		}
		if op == "" {
			out, op = &refinement{op: next, parts: []*refinement{first}}, next
		}
		out.parts = append(out.parts, part)
	}
}

// refined reads one part of a refinement.
func (p *eclParser) refined(depth int) (*refinement, error) {
	if depth > maxNodes {
		return nil, &ECLError{p.tokens[p.pos].at, "it is nested too deeply"}
	}
	least, most, given, err := p.cardinality()
	if err != nil {
		return nil, err
	}
	switch t := p.tokens[p.pos]; {
	case t.text == "{":
		p.pos++
		inner, err := p.refinement(depth + 1)
		if err != nil {
			return nil, err
		}
		if end := p.take(); end.text != "}" {
			return nil, &ECLError{end.at, "expected }"}
		}
		return &refinement{op: "{", parts: []*refinement{inner}, min: least, max: most}, nil
	case t.text == "(" && !given && !p.names():
		p.pos++
		inner, err := p.refinement(depth + 1)
		if err != nil {
			return nil, err
		}
		if end := p.take(); end.text != ")" {
			return nil, &ECLError{end.at, "expected )"}
		}
		return inner, nil
	}
	return p.attribute(depth, least, most)
}

// names reports whether what is in the parentheses that begin here is the name of an
// attribute: whether = or != is after them.
func (p *eclParser) names() bool {
	open := 0
	for i := p.pos; i < len(p.tokens); i++ {
		switch p.tokens[i].text {
		case "(":
			open++
		case ")":
			if open--; open == 0 {
				after := p.tokens[i+1].text // there is a last token, of the end
				if after == "{{" {
					after = p.tokens[i+2].text
				}
				return after == "=" || after == "!="
			}
		}
	}
	return false
}

// cardinality reads [1..3]; without one it is at least one.
func (p *eclParser) cardinality() (least, most int, given bool, err error) {
	t := p.tokens[p.pos]
	if t.text != "[" {
		return 1, -1, false, nil
	}
	p.pos++
	low, high, ok := strings.Cut(strings.ReplaceAll(t.rest, " ", ""), "..")
	least, e := strconv.Atoi(low)
	most = -1
	if high != "*" {
		var e2 error
		if most, e2 = strconv.Atoi(high); e2 != nil {
			e = e2
		}
	}
	if !ok || e != nil || least < 0 || least > 1<<16 || most > 1<<16 || most >= 0 && most < least {
		return 0, 0, true, &ECLError{t.at, "a cardinality is such as [1..3] or [0..*], found [" + t.rest + "]"}
	}
	return least, most, true, nil
}

func (p *eclParser) attribute(depth, least, most int) (*refinement, error) {
	r := &refinement{min: least, max: most}
	if err := p.spend(p.tokens[p.pos].at); err != nil {
		return nil, err
	}
	if p.tokens[p.pos].text == "R" {
		p.pos++
		r.reverse = true
	}
	var err error
	if r.name, err = p.operand(depth + 1); err != nil {
		return nil, err
	}
	switch t := p.take(); t.text {
	case "=":
	case "!=":
		r.not = true
	default:
		return nil, &ECLError{t.at, "expected = or != and a value after the name of an attribute"}
	}
	r.value, err = p.operand(depth + 1)
	return r, err
}

// compiledRefinement is a refinement with its sets.
type compiledRefinement struct {
	*refinement
	parts  []*compiledRefinement
	names  set
	values set
	from   map[uint32]int // of a reversed attribute: how many concepts lead to one
}

func (e *Edition) compileRefinement(r *refinement, lack *string) (*compiledRefinement, error) {
	c := &compiledRefinement{refinement: r}
	for _, part := range r.parts {
		inner, err := e.compileRefinement(part, lack)
		if err != nil {
			return nil, err
		}
		c.parts = append(c.parts, inner)
	}
	if r.op != "" {
		return c, nil
	}
	names, err := e.eval(r.name)
	if err != nil {
		return nil, err
	}
	values, err := e.eval(r.value)
	if err != nil {
		return nil, err
	}
	for _, missing := range []string{names.lack, values.lack} {
		if missing != "" && (r.not || r.max >= 0) { // what is missing may be what forbids a concept
			return nil, fmt.Errorf("%s is not in the part of SNOMED CT that is loaded", missing)
		}
		if *lack == "" {
			*lack = missing
		}
	}
	c.names, c.values = names.set, values.set
	if r.reverse {
		c.from = map[uint32]int{}
		for m := range uint32(len(e.ids)) {
			if values.has(m) == r.not {
				continue
			}
			first, end := e.attributes.of(m)
			for i := first; i < end; i++ {
				if names.has(e.attributes.typ[i]) {
					c.from[e.attributes.to[i]]++
				}
			}
		}
	}
	return c, nil
}

// refine is what of a set of concepts is like a refinement.
func (e *Edition) refine(c *constraint) (answerSet, error) {
	focus, err := e.eval(c.parts[0])
	if err != nil {
		return focus, err
	}
	out := answerSet{set: e.empty(), lack: focus.lack}
	r, err := e.compileRefinement(c.refined, &out.lack)
	if err != nil {
		return out, err
	}
	for n := range focus.all() {
		if e.is(n, r) {
			out.add(n)
		}
	}
	return out, nil
}

func (e *Edition) is(n uint32, r *compiledRefinement) bool {
	first, end := e.attributes.of(n)
	switch r.op {
	case "AND":
		return !slices.ContainsFunc(r.parts, func(part *compiledRefinement) bool { return !e.is(n, part) })
	case "OR":
		return slices.ContainsFunc(r.parts, func(part *compiledRefinement) bool { return e.is(n, part) })
	case "{":
		count := 0
		for from := first; from < end; {
			to := from + 1
			for to < end && e.attributes.groups[to] == e.attributes.groups[from] && e.attributes.groups[from] != 0 { // each of group 0 is by itself
				to++
			}
			if e.inGroup(n, r.parts[0], from, to) {
				count++
			}
			from = to
		}
		return r.within(count)
	}
	return e.inGroup(n, r, first, end)
}

// inGroup reports whether the attributes of a concept from one place to another are like
// a refinement.
func (e *Edition) inGroup(n uint32, r *compiledRefinement, from, to uint32) bool {
	switch r.op {
	case "AND":
		return !slices.ContainsFunc(r.parts, func(part *compiledRefinement) bool { return !e.inGroup(n, part, from, to) })
	case "OR":
		return slices.ContainsFunc(r.parts, func(part *compiledRefinement) bool { return e.inGroup(n, part, from, to) })
	case "{":
		return false // a group has no groups
	}
	if r.reverse {
		return r.within(r.from[n])
	}
	count := 0
	for i := from; i < to; i++ {
		if r.names.has(e.attributes.typ[i]) && r.values.has(e.attributes.to[i]) != r.not {
			count++
		}
	}
	return r.within(count)
}

func (r *refinement) within(count int) bool {
	return count >= r.min && (r.max < 0 || count <= r.max)
}

// reached is the values that concepts have of an attribute.
func (e *Edition) reached(c *constraint) (answerSet, error) {
	focus, err := e.eval(c.parts[0])
	if err != nil {
		return focus, err
	}
	names, err := e.eval(c.parts[1])
	if err != nil {
		return focus, err
	}
	out := answerSet{set: e.empty(), lack: focus.lack}
	if out.lack == "" {
		out.lack = names.lack
	}
	for n := range focus.all() {
		first, end := e.attributes.of(n)
		for i := first; i < end; i++ {
			if names.has(e.attributes.typ[i]) {
				out.add(e.attributes.to[i])
			}
		}
	}
	return out, nil
}

// outermost is what of a set has nothing of it above, or below.
func (e *Edition) outermost(c *constraint) (answerSet, error) {
	focus, err := e.eval(c.parts[0])
	if err != nil {
		return focus, err
	}
	inside := e.empty() // what has another above it, or below it
	for n := range focus.all() {
		for _, above := range e.ancestors.of(n) {
			if !focus.has(above) {
				continue
			}
			if c.op == "!!>" {
				inside.add(n)
			} else {
				inside.add(above)
			}
		}
	}
	out := answerSet{set: slices.Clone(focus.set), lack: focus.lack}
	for i := range out.set {
		out.set[i] &^= inside[i]
	}
	return out, nil
}
