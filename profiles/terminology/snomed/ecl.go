package snomed

import (
	"fmt"
	"slices"
	"strings"
)

// The part of the Expression Constraint Language 2.x that is understood:
// concepts with or without their terms, *, the operators < << <! <<! > >> >! >>! !!> !!<
// and ^ in symbols or words, AND, OR, MINUS, the comma, parentheses and
// comments; refinements with groups, cardinalities, reversed attributes, = and !=;
// dotted paths; the filters term and active; history supplements. Concrete values,
// and filters of dialects, types, modules and members, are refused. See https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language

// ECLError is a mistake in an expression, or a part of the language that is not
// understood here.
type ECLError struct {
	Offset  int // in bytes
	Message string
}

func (e *ECLError) Error() string {
	return fmt.Sprintf("the expression constraint cannot be read at offset %d: %s", e.Offset, e.Message)
}

// constraint is a node of an expression.
type constraint struct {
	op    string // AND OR MINUS, one of the unary operators, "" for a concept, * for any, : . {{ and +
	id    ID
	parts []*constraint
	// of :, what the concepts of the first part have to be like
	refined *refinement
	// of {{, what the concepts of the first part have to be called, or whether they
	// are in use
	filter *filter
	// of +, the associations by which concepts out of use are added
	history []ID
}

// words are the operators in words, in lower case.
var words = map[string]string{
	"descendantof": "<", "descendantorselfof": "<<", "childof": "<!", "childorselfof": "<<!",
	"ancestorof": ">", "ancestororselfof": ">>", "parentof": ">!", "parentorselfof": ">>!",
	"memberof": "^", "any": "*", "and": "AND", "or": "OR", "minus": "MINUS",
}

// symbols are the operators in symbols, the longer ones first.
var symbols = []string{"<<!", ">>!", "!!>", "!!<", "<<", ">>", "<!", ">!", "!=", "<", ">", "^", "*", "(", ")", ",", ":", "=", "{", "}", "."}

// prefixes are the operators before one constraint.
var prefixes = []string{"<", "<<!", "<<", "<!", ">>", ">", ">>!", ">!", "^", "!!>", "!!<"}

const (
	maxECL   = 1 << 16 // bytes of an expression
	maxNodes = 64      // of expressions within expressions
)

type eclToken struct {
	text string // an operator, digits, R, [ with a cardinality or {{ with a filter
	at   int
	rest string // what is in the brackets
}

// parseECL reads an expression.
func parseECL(src string) (*constraint, error) {
	if len(src) > maxECL {
		return nil, &ECLError{maxECL, "it is too long"}
	}
	tokens, err := lexECL(src)
	if err != nil {
		return nil, err
	}
	p := &eclParser{tokens: append(tokens, eclToken{at: len(src)})}
	c, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if t := p.tokens[p.pos]; t.text != "" {
		return nil, &ECLError{t.at, fmt.Sprintf("expected AND, OR, MINUS or the end, found %s", t.text)}
	}
	return c, nil
}

func lexECL(src string) ([]eclToken, error) {
	var out []eclToken
	for i := 0; i < len(src); {
		rest := src[i:]
		switch c := src[i]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest, "*/")
			if end < 0 {
				return nil, &ECLError{i, "the comment is not closed: expected */"}
			}
			i += end + 2
		case c == '|':
			end := strings.IndexByte(rest[1:], '|')
			if end < 0 {
				return nil, &ECLError{i, "the term is not closed: expected |"}
			}
			if len(out) == 0 || out[len(out)-1].text[0] < '0' || out[len(out)-1].text[0] > '9' {
				return nil, &ECLError{i, "a term stands behind the identifier of its concept"}
			}
			i += end + 2
		case c == '[' || strings.HasPrefix(rest, "{{"):
			open, shut := rest[:1], "]"
			if c == '{' {
				open, shut = "{{", "}}"
			}
			end := closing(rest, shut)
			if end < 0 {
				return nil, &ECLError{i, "the bracket is not closed: expected " + shut}
			}
			out = append(out, eclToken{open, i, rest[len(open):end]})
			i += end + len(shut)
		case (c == 'R' || c == 'r') && (len(rest) == 1 || strings.IndexByte(" \t\r\n<>^*(0123456789", rest[1]) >= 0):
			out = append(out, eclToken{text: "R", at: i})
			i++
		case c >= '0' && c <= '9':
			n := span(rest, func(c byte) bool { return c >= '0' && c <= '9' })
			if _, ok := digits([]byte(rest[:n])); !ok || n < 6 || c == '0' {
				return nil, &ECLError{i, "an identifier has 6 to 18 digits, found " + rest[:n]}
			}
			out = append(out, eclToken{text: rest[:n], at: i})
			i += n
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			n := span(rest, func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' })
			op, ok := words[strings.ToLower(rest[:n])]
			if !ok {
				return nil, &ECLError{i, "the word " + rest[:n] + " is not understood: expected an operator such as descendantOf, memberOf, AND, OR or MINUS"}
			}
			out = append(out, eclToken{text: op, at: i})
			i += n
		default:
			op, err := symbol(rest, i)
			if err != nil {
				return nil, err
			}
			out = append(out, eclToken{text: op, at: i})
			i += len(op)
		}
	}
	return out, nil
}

func symbol(rest string, at int) (string, error) {
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			return s, nil
		}
	}
	if rest[0] == '#' || rest[0] == '"' {
		return "", &ECLError{at, "concrete values are not supported: the numbers and texts of relationships are not loaded"}
	}
	return "", &ECLError{at, fmt.Sprintf("the character %q has no meaning here", []rune(rest)[0])}
}

func span(s string, in func(byte) bool) int {
	n := 0
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}

type eclParser struct {
	tokens []eclToken
	pos    int
	costly int // attributes, filters and the like, for each of which all concepts are looked at
}

// maxCostly bounds how often all concepts are looked at for an expression.
const maxCostly = 100

func (p *eclParser) spend(at int) error {
	if p.costly++; p.costly > maxCostly {
		return &ECLError{at, fmt.Sprintf("it has more than %d attributes, paths and filters", maxCostly)}
	}
	return nil
}

func (p *eclParser) take() eclToken {
	t := p.tokens[p.pos]
	if t.text != "" {
		p.pos++
	}
	return t
}

// expression reads a constraint with what it is refined by, or compound.
func (p *eclParser) expression(depth int) (*constraint, error) {
	first, err := p.operand(depth)
	if err != nil {
		return nil, err
	}
	switch p.tokens[p.pos].text {
	case ":":
		p.pos++
		r, err := p.refinement(depth + 1)
		return &constraint{op: ":", parts: []*constraint{first}, refined: r}, err
	case ".":
		for p.tokens[p.pos].text == "." {
			if err := p.spend(p.take().at); err != nil {
				return nil, err
			}
			name, err := p.operand(depth + 1)
			if err != nil {
				return nil, err
			}
			first = &constraint{op: ".", parts: []*constraint{first, name}}
		}
		return p.filtered(first)
	}
	return p.compound(first, depth)
}

// compound reads further operands with one kind of operator between them; the language
// wants parentheses where AND and OR meet, and around MINUS.
func (p *eclParser) compound(first *constraint, depth int) (*constraint, error) {
	out := first
	op := ""
	for {
		t := p.tokens[p.pos]
		next := t.text
		if next == "," {
			next = "AND"
		}
		if next != "AND" && next != "OR" && next != "MINUS" {
			return out, nil
		}
		if op != "" && (next != op || op == "MINUS") {
			return nil, &ECLError{t.at, fmt.Sprintf("%s behind %s: put parentheses around the part that belongs together", next, op)}
		}
		p.pos++
		operand, err := p.operand(depth)
		if err != nil {
			return nil, err
		}
		if op == "" {
			out = &constraint{op: next, parts: []*constraint{out}}
			op = next
		}
		out.parts = append(out.parts, operand)
	}
}

func (p *eclParser) operand(depth int) (*constraint, error) {
	t := p.take()
	if depth > maxNodes {
		return nil, &ECLError{t.at, "it is nested too deeply"}
	}
	switch {
	case t.text == "(":
		c, err := p.expression(depth + 1)
		if err != nil {
			return nil, err
		}
		if end := p.take(); end.text != ")" {
			return nil, &ECLError{end.at, "expected )"}
		}
		return p.filtered(c)
	case t.text == "*":
		return p.filtered(&constraint{op: "*"})
	case slices.Contains(prefixes, t.text):
		if strings.HasPrefix(t.text, "!!") {
			if err := p.spend(t.at); err != nil {
				return nil, err
			}
		}
		c, err := p.operand(depth + 1)
		if err != nil {
			return nil, err
		}
		if c.op == "{{" || c.op == "+" { // a filter is of all that is before it
			inner := c
			for len(inner.parts) == 1 && (inner.parts[0].op == "{{" || inner.parts[0].op == "+") {
				inner = inner.parts[0]
			}
			inner.parts[0] = &constraint{op: t.text, parts: []*constraint{inner.parts[0]}}
			return c, nil
		}
		return &constraint{op: t.text, parts: []*constraint{c}}, nil
	case t.text != "" && t.text[0] >= '1' && t.text[0] <= '9':
		n, _ := digits([]byte(t.text))
		return p.filtered(&constraint{id: ID(n)})
	case t.text == "":
		return nil, &ECLError{t.at, "expected a concept, found the end"}
	}
	return nil, &ECLError{t.at, "expected a concept, found " + t.text}
}
