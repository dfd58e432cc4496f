package ucum

import (
	"strconv"
	"strings"
)

// Product is the code of the unit that an amount in a times an amount in b is
// in: "cm" and "cm" give "cm2". The same units are gathered, different ones
// are not converted into one another.
func Product(a, b string) string { return joined(a, b, 1) }

// Quotient is the code of the unit that an amount in a by an amount in b is
// in: "cm2" and "cm" give "cm".
func Quotient(a, b string) string { return joined(a, b, -1) }

func joined(a, b string, sign int) string {
	fa, ok1 := factors(a)
	fb, ok2 := factors(b)
	if !ok1 || !ok2 {
		if sign < 0 {
			return grouped(a) + "/" + grouped(b)
		}
		return grouped(a) + "." + grouped(b)
	}
next:
	for _, f := range fb {
		for i := range fa {
			if fa[i].code == f.code {
				fa[i].exp += sign * f.exp
				continue next
			}
		}
		fa = append(fa, power{f.code, sign * f.exp})
	}
	return written(fa)
}

// factors takes a product of units apart; ok is false when it has brackets or
// numbers in it.
func factors(code string) (list []power, ok bool) {
	if code == "1" {
		return nil, true
	}
	p := &parser{src: code}
	for sign := 1; ; {
		if p.peek() == '/' && p.pos == 0 {
			p.pos, sign = 1, -1
		}
		start := p.pos
		if p.symbol(); p.pos == start || p.err != nil {
			return nil, false
		}
		symbol := code[start:p.pos]
		exp, given := p.exponent()
		if !given {
			exp = 1
		}
		if p.peek() == '{' {
			annotation := p.pos
			p.annotation()
			symbol += code[annotation:p.pos]
		}
		list = append(list, power{symbol, sign * exp})
		switch {
		case p.err != nil:
			return nil, false
		case p.pos == len(code):
			return list, true
		case p.peek() == '.':
			sign = 1
		case p.peek() == '/':
			sign = -1
		default:
			return nil, false
		}
		p.pos++
	}
}

// written puts a product together again, what is divided by last.
func written(list []power) string {
	var b strings.Builder
	for _, over := range []bool{false, true} {
		for _, f := range list {
			switch {
			case f.exp == 0 || f.exp < 0 != over:
				continue
			case over:
				b.WriteByte('/')
			case b.Len() > 0:
				b.WriteByte('.')
			}
			b.WriteString(f.code)
			if n := max(f.exp, -f.exp); n != 1 {
				b.WriteString(strconv.Itoa(n))
			}
		}
	}
	if b.Len() == 0 {
		return "1"
	}
	return b.String()
}

// grouped puts brackets around a unit that is a product itself.
func grouped(unit string) string {
	if strings.HasPrefix(unit, "/") {
		unit = "1" + unit // only a whole unit may begin with a slash
	}
	if strings.ContainsAny(unit, "./") {
		return "(" + unit + ")"
	}
	return unit
}
