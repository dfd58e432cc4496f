package ucum

import (
	"fmt"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
)

// Limits on units from outside.
const (
	maxLength   = 256
	maxNesting  = 16
	maxExponent = 64
	maxBits     = 4096 // of a factor's numerator or denominator
)

// Parse reads a unit such as "mg/dL", "10*3/uL", "{tablet}" or "m[H2O]". The
// error is a [*fhir.Error] that names the place.
func Parse(code string) (Unit, error) {
	if u, ok := known.Load(code); ok {
		return u.(Unit), nil
	}
	u, at, err := parse(code)
	if err != nil {
		return Unit{}, fhir.E("ucum", fhir.CodeInvalid, fhir.Issue{Rule: "ucum", Position: fhir.Position{Line: 1, Column: at + 1},
			Message: fmt.Sprintf("%q is no UCUM unit.", code), Expected: err.expected, Found: err.found})
	}
	u.code = code
	u.settle()
	remember(code, u)
	return u, nil
}

// known holds the units met so far, up to a number that no honest sender reaches.
var (
	known      sync.Map
	knownCount struct {
		sync.Mutex
		n int
	}
)

func remember(code string, u Unit) {
	knownCount.Lock()
	defer knownCount.Unlock()
	if knownCount.n++; knownCount.n > 10_000 {
		known.Clear()
		knownCount.n = 0
	}
	known.Store(strings.Clone(code), u)
}

// Valid reports whether the code is a UCUM unit.
func Valid(code string) bool {
	_, err := Parse(code)
	return err == nil
}

type parser struct {
	src   string
	pos   int
	depth int
	err   *mistake
}

type mistake struct{ expected, found string }

// parse reads a unit; at is the place of the mistake.
func parse(src string) (u Unit, at int, err *mistake) {
	p := &parser{src: src}
	if src == "" || len(src) > maxLength {
		p.fail(fmt.Sprintf("a unit of 1 to %d characters", maxLength))
		p.err.found = fmt.Sprintf("%d characters", len(src))
		return Unit{}, 0, p.err
	}
	u = p.term(true)
	if p.err == nil && p.pos < len(src) {
		p.fail(". or / or the end")
	}
	return u, p.pos, p.err
}

func (p *parser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

func (p *parser) fail(expected string) {
	if p.err != nil {
		return
	}
	found := "the end of the unit"
	if p.pos < len(p.src) {
		found = p.src[p.pos:]
	}
	p.err = &mistake{expected, found}
}

// term is components joined by . and /, from left to right. The whole unit may
// begin with a slash, as if a 1 stood before it.
func (p *parser) term(whole bool) Unit {
	if p.depth++; p.depth > maxNesting {
		p.fail(fmt.Sprintf("at most %d levels of brackets", maxNesting))
		return Unit{}
	}
	defer func() { p.depth-- }()
	var u Unit
	if !whole || p.peek() != '/' {
		u = p.component()
	}
	for p.err == nil && (p.peek() == '.' || p.peek() == '/') {
		divide := p.peek() == '/'
		p.pos++
		v := p.component()
		if p.err != nil {
			break
		}
		if u.special != nil || v.special != nil {
			p.fail("no product with a unit on a scale such as Cel or pH")
			break
		}
		u = u.times(v, divide)
		p.bound(u)
	}
	return u
}

func (p *parser) bound(u Unit) {
	if u.rat().Num().BitLen() > maxBits || u.rat().Denom().BitLen() > maxBits {
		p.fail("a unit of sensible size")
	}
}

func (p *parser) component() Unit {
	if p.err != nil {
		return Unit{}
	}
	switch c := p.peek(); {
	case c == '(':
		p.pos++
		u := p.term(false)
		if p.peek() != ')' {
			p.fail(")")
			return Unit{}
		}
		p.pos++
		return u
	case c == '{':
		p.annotation()
		return Unit{}
	case c >= '0' && c <= '9' && !p.powerOfTen():
		return p.number()
	}
	u := p.simple()
	if p.peek() == '{' {
		p.annotation()
	}
	return u
}

// powerOfTen reports whether the atom 10* or 10^ comes next.
func (p *parser) powerOfTen() bool {
	rest := p.src[p.pos:]
	return strings.HasPrefix(rest, "10*") || strings.HasPrefix(rest, "10^")
}

// annotation skips {text}, which carries no meaning.
func (p *parser) annotation() {
	n := strings.IndexByte(p.src[p.pos:], '}')
	text := p.src[p.pos+1 : p.pos+max(n, 1)]
	if n < 0 || strings.ContainsFunc(text, func(r rune) bool { return r < '!' || r > '~' || r == '{' }) {
		p.fail("an annotation of ASCII characters without spaces, closed by }")
		return
	}
	p.pos += n + 1
}

func (p *parser) number() Unit {
	start := p.pos
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.pos++
	}
	if p.pos-start > 18 {
		p.fail("a number of at most 18 digits")
		return Unit{}
	}
	f := ratOf(p.src[start:p.pos])
	if f.Sign() == 0 {
		p.fail("a number above 0")
		return Unit{}
	}
	return Unit{factor: f}
}

// simple is a symbol with an optional exponent.
func (p *parser) simple() Unit {
	start := p.pos
	symbol := p.symbol()
	u, ok := resolve(symbol)
	if !ok {
		p.pos = start
		p.fail("a unit")
		return Unit{}
	}
	exp, ok := p.exponent()
	if !ok || exp == 1 {
		return u
	}
	if u.special != nil {
		p.fail("no exponent on a unit on a scale such as Cel or pH")
		return Unit{}
	}
	if bits := max(u.rat().Num().BitLen(), u.rat().Denom().BitLen()); exp > maxExponent || -exp > maxExponent || bits*max(exp, -exp) > maxBits {
		p.fail(fmt.Sprintf("an exponent between -%d and %d", maxExponent, maxExponent))
		return Unit{}
	}
	u = u.raised(exp)
	return u
}

// symbol takes the characters of a unit's code: 10*, or anything up to an
// operator, a bracket or a digit, with what stands between square brackets.
func (p *parser) symbol() string {
	start := p.pos
	if p.powerOfTen() {
		p.pos += 3
		return p.src[start:p.pos]
	}
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		if c == '[' {
			n := strings.IndexByte(p.src[p.pos:], ']')
			if n < 0 {
				p.fail("]")
				break
			}
			p.pos += n + 1
			continue
		}
		if c <= ' ' || c > '~' || strings.IndexByte(`"()+-./={}]0123456789`, c) >= 0 {
			break
		}
		p.pos++
	}
	return p.src[start:p.pos]
}

func (p *parser) exponent() (exp int, ok bool) {
	rest := p.src[p.pos:]
	n := 0
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		n = 1
	}
	sign := n
	for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' && n < 5 {
		exp = exp*10 + int(rest[n]-'0')
		n++
	}
	if n == sign {
		return 0, false
	}
	p.pos += n
	if rest[0] == '-' {
		exp = -exp
	}
	return exp, true
}
