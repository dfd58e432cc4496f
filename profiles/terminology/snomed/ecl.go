package snomed

import (
	"fmt"
	"strings"
)

// The subset of the Expression Constraint Language 2.x that is understood:
// concepts with or without their terms, *, the operators < << <! <<! > >> >! >>!
// and ^ in symbols or words, AND, OR, MINUS, the comma, parentheses and
// comments. Refinements, filters, dotted paths and history supplements are
// refused. See https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language

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
	op    string // AND OR MINUS, one of the unary operators, "" for a concept, * for any
	id    ID
	parts []*constraint
}

// words are the operators in words, in lower case.
var words = map[string]string{
	"descendantof": "<", "descendantorselfof": "<<", "childof": "<!", "childorselfof": "<<!",
	"ancestorof": ">", "ancestororselfof": ">>", "parentof": ">!", "parentorselfof": ">>!",
	"memberof": "^", "any": "*", "and": "AND", "or": "OR", "minus": "MINUS",
}

// symbols are the operators in symbols, the longer ones first.
var symbols = []string{"<<!", ">>!", "<<", ">>", "<!", ">!", "<", ">", "^", "*", "(", ")", ","}

const (
	maxECL   = 1 << 16 // bytes of an expression
	maxNodes = 64      // of expressions within expressions
)

type eclToken struct {
	text string // an operator, or digits
	at   int
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
	p := &eclParser{tokens: append(tokens, eclToken{"", len(src)})}
	c, err := p.compound(0)
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
		case c >= '0' && c <= '9':
			n := span(rest, func(c byte) bool { return c >= '0' && c <= '9' })
			if _, ok := digits([]byte(rest[:n])); !ok || n < 6 || c == '0' {
				return nil, &ECLError{i, "an identifier has 6 to 18 digits, found " + rest[:n]}
			}
			out = append(out, eclToken{rest[:n], i})
			i += n
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			n := span(rest, func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' })
			op, ok := words[strings.ToLower(rest[:n])]
			if !ok {
				return nil, &ECLError{i, "the word " + rest[:n] + " is not understood: expected an operator such as descendantOf, memberOf, AND, OR or MINUS"}
			}
			out = append(out, eclToken{op, i})
			i += n
		default:
			op, err := symbol(rest, i)
			if err != nil {
				return nil, err
			}
			out = append(out, eclToken{op, i})
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
	switch rest[0] {
	case ':':
		return "", &ECLError{at, "refinements (:) are not supported"}
	case '{':
		return "", &ECLError{at, "filters and history supplements ({{ }}) are not supported"}
	case '.':
		return "", &ECLError{at, "dotted paths are not supported"}
	case '!':
		return "", &ECLError{at, "top and bottom (!!> and !!<) are not supported"}
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
}

func (p *eclParser) take() eclToken {
	t := p.tokens[p.pos]
	if t.text != "" {
		p.pos++
	}
	return t
}

// compound reads operands with one kind of operator between them; the language
// wants parentheses where AND and OR meet, and around MINUS.
func (p *eclParser) compound(depth int) (*constraint, error) {
	first, err := p.operand(depth)
	if err != nil {
		return nil, err
	}
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
		c, err := p.compound(depth + 1)
		if err != nil {
			return nil, err
		}
		if end := p.take(); end.text != ")" {
			return nil, &ECLError{end.at, "expected )"}
		}
		return c, nil
	case t.text == "*":
		return &constraint{op: "*"}, nil
	case t.text != "" && strings.Contains("< <<! << <! >> > >>! >! ^", t.text):
		c, err := p.operand(depth + 1)
		if err != nil {
			return nil, err
		}
		return &constraint{op: t.text, parts: []*constraint{c}}, nil
	case t.text != "" && t.text[0] >= '1' && t.text[0] <= '9':
		n, _ := digits([]byte(t.text))
		return &constraint{id: ID(n)}, nil
	case t.text == "":
		return nil, &ECLError{t.at, "expected a concept, found the end"}
	}
	return nil, &ECLError{t.at, "expected a concept, found " + t.text}
}
