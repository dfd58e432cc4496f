// Package ecl knows the grammar of the Expression Constraint Language, by which
// sets of SNOMED CT concepts are described.
package ecl

import (
	"fmt"
	"strings"
)

// Check reports where an expression is not one of the Expression Constraint
// Language 2.2, the whole of it: what the
// releases that are loaded cannot answer may be right all the same. The error is an [*Error]. See
// https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language/appendices/appendix-a-abnf
func Check(src string) error {
	if len(src) > longest {
		return &Error{longest, "it is too long"}
	}
	c := &checker{src: src}
	c.expression(0)
	c.space()
	if c.err == nil && c.pos < len(src) {
		c.fail("expected an operator or the end, found " + c.ahead())
	}
	if c.err != nil {
		return c.err
	}
	return nil
}

// Error is a mistake in an expression.
type Error struct {
	Offset  int // in bytes
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("the expression constraint cannot be read at offset %d: %s", e.Offset, e.Message)
}

const (
	longest = 1 << 16 // bytes of an expression
	deepest = 64      // of expressions within expressions
)

// checker reads an expression by recursive descent. After the first mistake
// nothing is read.
type checker struct {
	src string
	pos int
	err *Error
}

func (c *checker) fail(message string) {
	if c.err == nil {
		c.err = &Error{c.pos, message}
	}
}

// ahead is what stands at the position, for messages.
func (c *checker) ahead() string {
	rest := strings.TrimSpace(c.src[c.pos:])
	if rest == "" {
		return "the end"
	}
	word, _, _ := strings.Cut(rest, " ")
	if runes := []rune(word); len(runes) > 20 {
		word = string(runes[:20]) + "…"
	}
	return word
}

// space skips white space and comments.
func (c *checker) space() {
	for c.err == nil && c.pos < len(c.src) {
		switch {
		case strings.IndexByte(" \t\r\n", c.src[c.pos]) >= 0:
			c.pos++
		case strings.HasPrefix(c.src[c.pos:], "/*"):
			end := strings.Index(c.src[c.pos+2:], "*/")
			if end < 0 {
				c.fail("the comment is not closed: expected */")
				return
			}
			c.pos += end + 4
		default:
			return
		}
	}
}

// take skips white space and takes one of the symbols, the first that is there;
// "" where none is.
func (c *checker) take(symbols ...string) string {
	c.space()
	for _, s := range symbols {
		if c.err == nil && strings.HasPrefix(c.src[c.pos:], s) {
			c.pos += len(s)
			return s
		}
	}
	return ""
}

// word takes one of the words, in whatever case, as a word of its own.
func (c *checker) word(words ...string) string {
	c.space()
	if c.err != nil {
		return ""
	}
	rest := c.src[c.pos:]
	n := span(rest, isLetter)
	for _, w := range words {
		if strings.EqualFold(rest[:n], w) {
			c.pos += n
			return w
		}
	}
	return ""
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func isDigit(b byte) bool  { return b >= '0' && b <= '9' }

// peek reports whether a symbol is next.
func (c *checker) peek(symbol string) bool {
	c.space()
	return c.err == nil && strings.HasPrefix(c.src[c.pos:], symbol)
}

// expression is a sub-expression that may be refined, dotted, or joined with
// others by operators of one kind.
func (c *checker) expression(depth int) {
	if depth > deepest {
		c.fail("it is nested too deeply")
		return
	}
	c.operand(depth)
	if c.take(":") != "" {
		c.refined(depth)
		return
	}
	if c.dotted(depth) {
		return
	}
	first := ""
	for c.err == nil {
		at := c.pos
		op := c.conjunction()
		if op == "" {
			op = c.word("OR", "MINUS")
		}
		if op == "" {
			return
		}
		if first != "" && (op != first || op == "MINUS") {
			c.pos = at
			c.fail(fmt.Sprintf("%s after %s: put parentheses around the part that belongs together", op, first))
			return
		}
		first = op
		c.operand(depth)
	}
}

func (c *checker) conjunction() string {
	if c.take(",") != "" || c.word("AND") != "" {
		return "AND"
	}
	return ""
}

// dotted reads the attributes after dots and reports whether there are any.
func (c *checker) dotted(depth int) bool {
	found := false
	for c.take(".") != "" {
		found = true
		c.operand(depth)
	}
	return found
}

// operand is a sub-expression: a concept or an expression in parentheses, with the
// operators before it and the filters after it.
func (c *checker) operand(depth int) {
	if depth > deepest {
		c.fail("it is nested too deeply")
		return
	}
	if c.take("!!>", "!!<", "<<!", ">>!", "<<", ">>", "<!", ">!", "<", ">") == "" {
		c.word("descendantOrSelfOf", "descendantOf", "childOrSelfOf", "childOf", "ancestorOrSelfOf", "ancestorOf", "parentOrSelfOf", "parentOf", "top", "bottom")
	}
	if c.take("^") != "" || c.word("memberOf") != "" {
		if c.take("[") != "" {
			c.fields()
		}
	}
	switch {
	case c.take("(") != "":
		c.expression(depth + 1)
		c.close(")")
	case c.take("*") != "" || c.word("any") != "":
	default:
		c.concept()
	}
	for c.err == nil && c.peek("{{") {
		c.filter()
	}
}

// fields are the names of columns that a member-of selects.
func (c *checker) fields() {
	if c.take("*") == "" {
		for {
			c.space()
			n := span(c.src[c.pos:], func(b byte) bool { return isLetter(b) || isDigit(b) || b == '_' })
			if n == 0 {
				c.fail("expected the name of a field, found " + c.ahead())
				return
			}
			c.pos += n
			if c.take(",") == "" {
				break
			}
		}
	}
	c.close("]")
}

// concept is an identifier, of SNOMED CT or of another scheme, with or without its
// term.
func (c *checker) concept() {
	c.space()
	if c.err != nil {
		return
	}
	rest := c.src[c.pos:]
	n := span(rest, isDigit)
	switch {
	case n > 0 && (n < 6 || n > 18 || rest[0] == '0'):
		c.fail("an identifier has 6 to 18 digits, found " + rest[:n])
	case n > 0:
		c.pos += n
	default:
		c.alternate()
	}
	c.term()
}

// alternate is a code of another scheme: LOINC#54486-6, "a scheme"#code.
func (c *checker) alternate() {
	rest := c.src[c.pos:]
	scheme := span(rest, func(b byte) bool { return isLetter(b) || isDigit(b) || b == '-' || b == '.' || b == ':' || b == '/' })
	if scheme == 0 || scheme >= len(rest) || rest[scheme] != '#' {
		c.fail("expected a concept, found " + c.ahead())
		return
	}
	code := rest[scheme+1:]
	n := span(code, func(b byte) bool { return isLetter(b) || isDigit(b) || b == '-' || b == '.' || b == '_' })
	if strings.HasPrefix(code, `"`) {
		n = 1 + quoted(code[1:])
	}
	if n == 0 {
		c.fail("expected a code after #")
		return
	}
	c.pos += scheme + 1 + n
}

// term is the name of a concept between bars.
func (c *checker) term() {
	if c.take("|") == "" {
		return
	}
	end := strings.IndexByte(c.src[c.pos:], '|')
	if end < 0 {
		c.fail("the term is not closed: expected |")
		return
	}
	if strings.TrimSpace(c.src[c.pos:c.pos+end]) == "" {
		c.fail("the term is empty")
		return
	}
	c.pos += end + 1
}

// quoted is how long a string is after its opening quotation mark, with the one
// that closes it; 0 where none does.
func quoted(text string) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// refinement is attributes and groups of them, joined by AND, OR or commas. It
// reports whether all of them are compared with something: in parentheses they may
// also be the name of an attribute, which the grammar does not tell before the end.
func (c *checker) refinement(depth int) (compared bool) {
	if depth > deepest {
		c.fail("it is nested too deeply")
		return false
	}
	compared = true
	joined := ""
	for c.err == nil {
		if !c.attribute(depth) {
			compared = false
		}
		at := c.pos
		op := c.conjunction()
		if op == "" {
			op = c.word("OR", "MINUS")
		}
		if op == "" {
			return compared
		}
		if joined != "" && op != joined {
			c.pos = at
			c.fail(fmt.Sprintf("%s after %s: put parentheses around the part that belongs together", op, joined))
		}
		joined = op
	}
	return false
}

// refined is a refinement whose attributes are all compared.
func (c *checker) refined(depth int) {
	if !c.refinement(depth) {
		c.fail("expected a comparison such as =, found " + c.ahead())
	}
}

// attribute is one attribute, one group, or several in parentheses.
func (c *checker) attribute(depth int) (compared bool) {
	if c.take("[") != "" {
		c.cardinality()
	}
	if c.take("{") != "" {
		c.refined(depth + 1)
		c.close("}")
		return true
	}
	if c.take("(") != "" {
		compared = c.refinement(depth + 1)
		c.close(")")
	} else {
		if !c.peek("R#") { // a scheme
			c.word("R", "reverseOf")
		}
		c.operand(depth + 1)
		if c.take(":") != "" {
			c.refined(depth + 1)
		}
	}
	return c.comparison(depth) || compared
}

func (c *checker) close(symbol string) {
	if c.take(symbol) == "" {
		c.fail("expected " + symbol + ", found " + c.ahead())
	}
}

// cardinality is how often an attribute may stand, after its bracket: [1..*].
func (c *checker) cardinality() {
	c.number("expected how often at least")
	if c.take("..", "to") == "" {
		c.fail("expected .., found " + c.ahead())
	}
	if c.take("*") == "" {
		c.number("expected how often at most, or *")
	}
	c.close("]")
}

func (c *checker) number(expected string) {
	c.space()
	if c.err != nil {
		return
	}
	n := span(c.src[c.pos:], isDigit)
	if n == 0 {
		c.fail(expected + ", found " + c.ahead())
	}
	c.pos += n
}

// comparison is an operator with the value of an attribute, where there is one.
func (c *checker) comparison(depth int) bool {
	op := c.take("!=", "<>", "<=", ">=", "=", "<", ">")
	if op == "" {
		return false
	}
	switch {
	case c.take("#") != "":
		c.take("+", "-")
		c.number("expected a number")
		if c.err == nil && strings.HasPrefix(c.src[c.pos:], ".") && c.pos+1 < len(c.src) && isDigit(c.src[c.pos+1]) {
			c.pos++
			c.number("expected decimal places")
		}
	case op != "=" && op != "!=" && op != "<>":
		c.fail("expected a number after " + op + ", written as #1, found " + c.ahead())
	case c.peek(`"`), c.peek("match:"), c.peek("wild:"):
		c.text()
	case c.word("true", "false") != "":
	case c.texts():
	default:
		c.operand(depth + 1)
	}
	return true
}

// text is a search term in quotation marks.
func (c *checker) text() {
	c.take("match:", "wild:")
	if c.take(`"`) == "" {
		c.fail(`expected ", found ` + c.ahead())
		return
	}
	n := quoted(c.src[c.pos:])
	if n == 0 {
		c.fail(`the string is not closed: expected "`)
	}
	c.pos += n
}

// texts are search terms in parentheses.
func (c *checker) texts() bool {
	start := c.pos
	if c.take("(") == "" || !c.peek(`"`) && !c.peek("match:") && !c.peek("wild:") {
		c.pos = start
		return false
	}
	for c.err == nil && !c.peek(")") {
		c.text()
	}
	c.close(")")
	return true
}

// filter is a filter of descriptions, concepts or members, or a history
// supplement, in double braces. Of its content, of which each part has a grammar
// of its own, the strings and the parentheses are looked at.
func (c *checker) filter() {
	c.take("{{")
	start, open := c.pos, 0
	for c.err == nil {
		c.space()
		switch {
		case c.pos >= len(c.src):
			c.fail("the filter is not closed: expected }}")
		case open == 0 && c.peek("}}"):
			if strings.TrimSpace(c.src[start:c.pos]) == "" {
				c.fail("the filter is empty")
			}
			c.take("}}")
			return
		case c.peek(`"`):
			c.text()
		case c.take("(") != "":
			open++
		case c.take(")") != "":
			if open--; open < 0 {
				c.fail("a parenthesis is closed that none opens")
			}
		case c.peek("|"):
			c.term()
		case c.peek("{"), c.peek("}"):
			c.fail("a brace has no meaning in a filter")
		default:
			c.pos++
		}
	}
}

// span is how many bytes at the start of a text are of a kind.
func span(s string, in func(byte) bool) int {
	n := 0
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}
