package fhirpath

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/ucum"
)

// text notices strings that have grown too long, before they are built where
// the caller can tell.
func (m *machine) text(n node, length int) error {
	if length > maxText {
		return &mistake{at: n.at(), kind: fhir.TooCostly, what: "The expression builds too long a string.", expected: fmt.Sprintf("at most %d bytes", maxText)}
	}
	return m.work(n, length/64)
}

func (it *Item) decimal() decimal.Decimal {
	if it.kind == integer {
		return decimal.NewFromInt(it.num)
	}
	return it.ref.dec
}

// toQuantity is the implicit conversion to Quantity; nothing when there is none.
func (it *Item) toQuantity() Item {
	switch it.kind {
	case quantity:
		return *it
	case integer, number:
		return quantityItem(it.decimal(), "1", false)
	}
	return Item{}
}

func (n *sign) eval(m *machine) error {
	base := len(m.stack)
	it, err := m.single(n.x)
	if err != nil {
		return err
	}
	v := it.value()
	switch v.kind {
	case nothing:
		return nil
	case integer, number, quantity:
		if !n.minus {
			return m.answer(base, v)
		}
		return m.answerNumber(base, negated(v))
	}
	return expectType(n, "a number or quantity", it)
}

func negated(v Item) Item {
	if v.kind == integer {
		v.num = -v.num
		return v
	}
	v.ref = &boxed{dec: v.ref.dec.Neg()}
	return v
}

// answerNumber makes a number the result from 'base', or nothing where it is
// out of the range of its type.
func (m *machine) answerNumber(base int, v Item) error {
	switch v.kind {
	case nothing:
		return m.answerNothing(base)
	case integer:
		if v.num > maxInteger || v.num < minInteger {
			return m.answerNothing(base)
		}
	case number, quantity:
		if !sized(v.ref.dec) {
			return m.answerNothing(base)
		}
	}
	return m.answer(base, v)
}

func runArithmetic(m *machine, n *binary, base, mid int) error {
	l, r, err := m.operands(n, base, mid)
	if err != nil {
		return err
	}
	x, y := l.value(), r.value()
	if x.isOpaque() || y.isOpaque() {
		return m.answerNothing(base)
	}
	v, err := m.arithmetic(n, &x, &y)
	if err != nil {
		return err
	}
	return m.answerNumber(base, v)
}

// arithmetic gives nothing where the result is not defined, such as a quotient
// by zero.
func (m *machine) arithmetic(n *binary, x, y *Item) (Item, error) {
	op := n.op.symbol
	switch {
	case x.kind == integer && y.kind == integer && op != "/":
		return integerResult(op, x.num, y.num), nil
	case x.isNumber() && y.isNumber():
		return decimalResult(op, x.decimal(), y.decimal()), nil
	case x.isText() && y.isText() && op == "+":
		return StringItem(x.str + y.str), m.text(n, len(x.str)+len(y.str))
	case (x.isPoint() || x.kind == timeOfDay) && y.kind == quantity && (op == "+" || op == "-"):
		return shifted(n, x, y, op == "-")
	case x.kind == quantity || y.kind == quantity:
		xq, yq := x.toQuantity(), y.toQuantity()
		if xq.kind == quantity && yq.kind == quantity && op != "div" && op != "mod" {
			return quantityResult(op, &xq, &yq), nil
		}
	}
	expected := "two numbers or two quantities"
	if op == "+" || op == "-" {
		expected += ", or a date or time and a quantity of time"
	}
	if op == "+" {
		expected += ", or two strings"
	}
	return Item{}, &mistake{at: n.at(), what: "The operator " + op + " does not take these two.", expected: expected, found: fmt.Sprintf("%s and %s", describe(x), describe(y))}
}

func integerResult(op string, a, b int64) Item {
	switch op {
	case "+":
		a += b
	case "-":
		a -= b
	case "*":
		a *= b
	default:
		if b == 0 {
			return Item{}
		}
		if op == "div" {
			a /= b
		} else {
			a %= b
		}
	}
	return Item{kind: integer, num: a}
}

func decimalResult(op string, a, b decimal.Decimal) Item {
	switch op {
	case "+":
		return DecimalItem(a.Add(b))
	case "-":
		return DecimalItem(a.Sub(b))
	case "*":
		return DecimalItem(a.Mul(b))
	}
	if b.IsZero() {
		return Item{}
	}
	whole, rest := a.QuoRem(b, 0)
	switch op {
	case "div":
		if n := whole.BigInt(); n.IsInt64() {
			return Item{kind: integer, num: n.Int64()}
		}
		return Item{}
	case "mod":
		return DecimalItem(rest)
	}
	return DecimalItem(divide(a, b))
}

// quantityResult adds and subtracts in the finer of the two units, and
// multiplies and divides units along with amounts.
func quantityResult(op string, x, y *Item) Item {
	switch op {
	case "+", "-":
		return sum(x, y, op == "-")
	case "*":
		return quantityItem(x.ref.dec.Mul(y.ref.dec), ucum.Product(x.unitCode(), y.unitCode()), false)
	}
	if y.ref.dec.IsZero() {
		return Item{}
	}
	return quantityItem(divide(x.ref.dec, y.ref.dec), ucum.Quotient(x.unitCode(), y.unitCode()), false)
}

// sum is nothing when the units measure different things.
func sum(x, y *Item, minus bool) Item {
	unit := x
	if y.finer(x) {
		unit = y
	}
	a, ok1 := x.amountIn(unit)
	b, ok2 := y.amountIn(unit)
	if !ok1 || !ok2 {
		return Item{}
	}
	if minus {
		b = b.Neg()
	}
	r := *unit
	r.ref = &boxed{dec: a.Add(b)}
	return r
}
