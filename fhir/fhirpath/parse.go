package fhirpath

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
)

// Limits on expressions.
const (
	// MaxSource is how many bytes an expression may have.
	MaxSource = 256 << 10
	// maxNesting is how deep brackets, calls and signs may nest.
	maxNesting = 200
	// maxChain is how many steps or operators may follow one another.
	maxChain = 5000
)

// parser is a Pratt parser: every operator binds with a power, the higher the
// tighter.
type parser struct {
	lex   lexer
	tok   token
	depth int
	chain int
	err   *mistake
}

// powers of the operators (N1 section 6.8), loosest first.
var powers = map[string]int{
	"implies": 1,
	"or":      2, "xor": 2,
	"and": 3,
	"in":  4, "contains": 4,
	"=": 5, "~": 5, "!=": 5, "!~": 5,
	"<": 6, ">": 6, "<=": 6, ">=": 6,
	"|":  7,
	"is": 8, "as": 8,
	"+": 9, "-": 9, "&": 9,
	"*": 10, "/": 10, "div": 10, "mod": 10,
}

// signPower is how tight unary + and - bind: looser than . and [].
const signPower = 11

func parse(src string) (node, error) {
	if len(src) > MaxSource {
		e := &mistake{kind: fhir.TooLong, what: "The expression is too long.", expected: fmt.Sprintf("at most %d bytes", MaxSource), found: fmt.Sprintf("%d bytes", len(src))}
		return nil, e.report(src, fhir.TooLong)
	}
	if !utf8.ValidString(src) {
		at := strings.IndexRune(src, utf8.RuneError)
		return nil, (&mistake{at: at, what: "The expression is no UTF-8.", expected: "text in UTF-8"}).report(src, fhir.Invalid)
	}
	p := parser{lex: lexer{src: src}}
	p.advance()
	root := p.expression(0)
	if p.err == nil && p.tok.kind != tokEnd {
		p.fail("There is something behind the end of the expression.", "an operator or the end")
	}
	if p.err != nil {
		return nil, p.err.report(src, fhir.Invalid)
	}
	return root, nil
}

// advance moves to the next token; after a mistake it stays at the end.
func (p *parser) advance() {
	t, err := p.lex.next()
	if err != nil {
		p.setError(err)
	}
	if p.err != nil {
		t = token{kind: tokEnd, start: len(p.lex.src), end: len(p.lex.src)}
	}
	p.tok = t
}

func (p *parser) setError(err *mistake) {
	if p.err == nil {
		p.err = err
		p.tok = token{kind: tokEnd, start: len(p.lex.src), end: len(p.lex.src)}
	}
}

// fail reports that the current token is not what was expected.
func (p *parser) fail(what, expected string) {
	p.failAt(p.tok, what, expected, "")
}

func (p *parser) failAt(t token, what, expected, fix string) {
	found := "the end of the expression"
	if t.kind != tokEnd {
		found = p.lex.src[t.start:t.end]
	}
	p.setError(&mistake{at: t.start, what: what, expected: expected, found: found, fix: fix})
}

// take moves behind a token that must be there.
func (p *parser) take(text string) {
	if !p.tok.is(text) {
		p.fail("The expression does not go on as it began.", text)
		return
	}
	p.advance()
}

// enter bounds nesting, so that no expression can exhaust the stack.
func (p *parser) enter() bool {
	if p.depth++; p.depth > maxNesting {
		p.failAt(p.tok, "The expression is nested too deeply.", fmt.Sprintf("at most %d levels", maxNesting), "")
		return false
	}
	return true
}

func (p *parser) leave() { p.depth-- }

// link bounds the length of chains, which nest to the left.
func (p *parser) link() bool {
	if p.chain++; p.chain > maxChain {
		p.failAt(p.tok, "The expression has too many parts.", fmt.Sprintf("at most %d steps and operators", maxChain), "")
		return false
	}
	return true
}

// expression parses operators that bind tighter than the given power.
func (p *parser) expression(power int) node {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	left := p.prefix()
	for p.err == nil {
		op := p.tok
		own, ok := powers[op.text]
		if !ok || op.kind != tokPunct && op.kind != tokName || own <= power || !p.link() {
			break
		}
		p.advance()
		if op.text == "is" || op.text == "as" {
			left = &typed{place: place(op.start), cast: op.text == "as", input: left, typ: p.typeName()}
			continue
		}
		left = infix(op, left, p.expression(own))
	}
	return left
}

func infix(op token, l, r node) node {
	switch op.text {
	case "and", "or", "xor", "implies":
		return &logic{place: place(op.start), op: op.text, l: l, r: r}
	}
	return &binary{place: place(op.start), op: binaryOperators[op.text], l: l, r: r}
}

func (p *parser) prefix() node {
	op := p.tok
	if op.is("-") || op.is("+") {
		p.advance()
		return &sign{place: place(op.start), minus: op.text == "-", x: p.expression(signPower)}
	}
	return p.postfix(p.term())
}

// postfix parses .name, .name() and [index].
func (p *parser) postfix(n node) node {
	for p.err == nil {
		switch t := p.tok; {
		case t.is("."):
			p.advance()
			n = p.invocation(n)
		case t.is("["):
			p.advance()
			n = &indexer{place: place(t.start), input: n, index: p.expression(0)}
			p.take("]")
		default:
			return n
		}
		if !p.link() {
			return n
		}
	}
	return n
}

func (p *parser) term() node {
	t := p.tok
	at := place(t.start)
	switch {
	case t.is("("):
		p.advance()
		n := p.expression(0)
		p.take(")")
		return n
	case t.is("{"):
		p.advance()
		p.take("}")
		return &literal{place: at}
	case t.kind == tokString:
		p.advance()
		return &literal{at, Collection{StringItem(t.text)}}
	case t.kind == tokNumber:
		p.advance()
		return p.number(t)
	case t.kind == tokTemporal:
		p.advance()
		return p.temporal(t)
	case t.kind == tokExternal:
		p.advance()
		return &external{at, t.text}
	case t.kind == tokSpecial:
		return p.special(t)
	case t.kind == tokName && (t.text == "true" || t.text == "false"):
		p.advance()
		return &literal{at, Collection{BooleanItem(t.text == "true")}}
	case t.kind == tokName || t.kind == tokDelimited:
		return p.invocation(nil)
	}
	p.fail("A value is missing.", "a name, a literal, a variable or (")
	return nil
}

func (p *parser) special(t token) node {
	p.advance()
	switch t.text {
	case "$this":
		return &this{place(t.start)}
	case "$index":
		return &position{place(t.start)}
	case "$total":
		return &total{place(t.start)}
	}
	p.failAt(t, "There is no such variable.", "$this, $index or $total", "")
	return nil
}

// reserved words are no element names unless they stand in backticks. One is
// the name of an element all the same, and HL7's own paths say it plainly:
// Patient.text.div, which can be nothing else behind a dot.
var reserved = []string{"and", "div", "false", "implies", "mod", "or", "true", "xor"}

// invocation parses a step or a call; what comes before it, if anything, is
// its input.
func (p *parser) invocation(input node) node {
	t := p.tok
	switch t.kind {
	case tokSpecial:
		if input == nil {
			break
		}
		return p.special(t)
	case tokDelimited:
		p.advance()
		return &member{place: place(t.start), input: input, name: t.text}
	case tokName:
		if slices.Contains(reserved, t.text) && (input == nil || t.text != "div") {
			p.failAt(t, "This word is an operator.", "a name", "Put it between backticks if it is the name of an element.")
			return nil
		}
		p.advance()
		if p.tok.is("(") {
			return p.call(input, t)
		}
		return &member{place: place(t.start), input: input, name: t.text}
	}
	p.fail("A name is missing.", "the name of an element or a function")
	return nil
}

func (p *parser) call(input node, name token) node {
	fn := functions[name.text]
	if fn == nil {
		p.failAt(name, "There is no such function.", suggestion(name.text), "")
		return nil
	}
	c := &call{place: place(name.start), input: input, fn: fn}
	p.advance()
	if fn.takesType {
		if !fn.anyType || !p.tok.is(")") {
			c.typ = p.typeName()
		}
		p.take(")")
		return c
	}
	for p.err == nil && !p.tok.is(")") {
		if len(c.args) > 0 {
			p.take(",")
		}
		c.args = append(c.args, p.expression(0))
	}
	p.take(")")
	if n := len(c.args); p.err == nil && (n < fn.min || n > fn.max) {
		p.failAt(name, "The function has a different number of parameters.", fn.usage(name.text), "")
		p.err.found = strconv.Itoa(n) + " parameters"
	}
	return c
}

// typeName parses Patient, FHIR.Patient or System.`Boolean`.
func (p *parser) typeName() typeName {
	t := typeName{start: p.tok.start}
	t.name = p.name()
	for p.err == nil && p.tok.is(".") {
		// FHIR.Patient.contact is a type too, but 'x is Patient.name' means
		// nothing else, so everything up to the last name is part of the type.
		p.advance()
		next := p.name()
		if t.space == "" && (t.name == "FHIR" || t.name == "System") {
			t.space, t.name = t.name, next
		} else {
			t.name += "." + next
		}
	}
	t.resolve()
	return t
}

func (p *parser) name() string {
	t := p.tok
	if t.kind != tokName && t.kind != tokDelimited {
		p.fail("A type is missing.", "the name of a type, such as Patient or System.Boolean")
		return ""
	}
	p.advance()
	return t.text
}

// number parses an Integer, a Decimal or a Quantity.
func (p *parser) number(t token) node {
	at := place(t.start)
	d, ok := parseDecimal(t.text)
	if !ok {
		p.failAt(t, "The number has too many digits.", fmt.Sprintf("at most %d", maxDigits), "")
		return nil
	}
	if u := p.tok; u.kind == tokString || u.kind == tokName && isCalendar(u.text) {
		p.advance()
		return &literal{at, Collection{quantityItem(d, u.text, u.kind == tokName)}}
	}
	if d.Exponent() < 0 {
		return &literal{at, Collection{DecimalItem(d)}}
	}
	// One more than the largest Integer, so that a minus can make it the least.
	if i, err := strconv.ParseInt(t.text, 10, 64); err == nil && i <= maxInteger+1 {
		return &literal{at, Collection{{kind: integer, num: i}}}
	}
	p.failAt(t, "The number is too large for an Integer.", "at most 2147483647", "Write it as a Decimal, with .0 behind it.")
	return nil
}

func (p *parser) temporal(t token) node {
	v, ok := parseTemporal(t.text)
	if !ok {
		p.failAt(t, "This is no date or time.", "@YYYY-MM-DD, @YYYY-MM-DDThh:mm:ss.fff+hh:mm or @Thh:mm:ss, or the beginning of one", "")
		return nil
	}
	return &literal{place(t.start), Collection{temporalItem(v)}}
}
