package fhirpath

import (
	"fmt"
	"math"
	"math/big"

	"github.com/shopspring/decimal"
)

// numberInput is the input as one number or quantity; nothing when it is empty.
func (m *machine) numberInput(c *call, base int) (Item, error) {
	it, err := m.only(c, base)
	if err != nil {
		return Item{}, err
	}
	v := it.value()
	switch v.kind {
	case nothing, integer, number, quantity:
		return v, nil
	}
	return Item{}, expectType(c, "a number", it)
}

// numberChange makes a function of a change to a Decimal; quantities only
// where withUnit says so.
func numberChange(m *machine, c *call, base int, withUnit bool, change func(decimal.Decimal) Item) error {
	v, err := m.numberInput(c, base)
	if err != nil || v.kind == nothing {
		return err
	}
	if v.kind == quantity {
		if !withUnit {
			return expectType(c, "a number without unit", v)
		}
		r := v
		r.ref = change(v.ref.dec).ref
		return m.answer(base, r)
	}
	return m.answerNumber(base, change(v.decimal()))
}

func fnAbs(m *machine, c *call, base int) error {
	v, err := m.numberInput(c, base)
	if err != nil || v.kind == nothing {
		return err
	}
	if v.kind == integer {
		v.num = max(v.num, -v.num)
		return m.answerNumber(base, v)
	}
	v.ref = &boxed{dec: v.ref.dec.Abs()}
	return m.answer(base, v)
}

func fnCeiling(m *machine, c *call, base int) error {
	return numberChange(m, c, base, false, func(d decimal.Decimal) Item { return wholeItem(d.Ceil()) })
}

func fnFloor(m *machine, c *call, base int) error {
	return numberChange(m, c, base, false, func(d decimal.Decimal) Item { return wholeItem(d.Floor()) })
}

func fnTruncate(m *machine, c *call, base int) error {
	return numberChange(m, c, base, false, func(d decimal.Decimal) Item { return wholeItem(d.Truncate(0)) })
}

// wholeItem is a whole number as an Integer.
func wholeItem(d decimal.Decimal) Item {
	if i := d.BigInt(); i.IsInt64() {
		return Item{kind: integer, num: i.Int64()}
	}
	return Item{}
}

func fnRound(m *machine, c *call, base int) error {
	places, _, err := m.integerArg(c, 0)
	if err != nil {
		return err
	}
	if places < 0 || places > maxScale {
		return &mistake{at: c.args[0].at(), what: "round() cannot round to so many digits.", expected: fmt.Sprintf("0 to %d", maxScale), found: fmt.Sprint(places)}
	}
	return numberChange(m, c, base, true, func(d decimal.Decimal) Item { return DecimalItem(d.Round(int32(places))) })
}

// fnSqrt is exact where the root has an end.
func fnSqrt(m *machine, c *call, base int) error {
	return numberChange(m, c, base, false, func(d decimal.Decimal) Item {
		if d.Sign() < 0 {
			return Item{}
		}
		scale := int32(quotientDigits)
		squared := d.Shift(2 * scale).BigInt()
		return DecimalItem(plain(decimal.NewFromBigInt(new(big.Int).Sqrt(squared), -scale)))
	})
}

func fnExp(m *machine, c *call, base int) error {
	return numberChange(m, c, base, false, func(d decimal.Decimal) Item { return floatItem(math.Exp(d.InexactFloat64())) })
}

func fnLn(m *machine, c *call, base int) error {
	return numberChange(m, c, base, false, func(d decimal.Decimal) Item { return floatItem(math.Log(d.InexactFloat64())) })
}

func fnLog(m *machine, c *call, base int) error {
	by, err := m.numberArg(c)
	if err != nil || by.kind == nothing {
		m.cut(base)
		return err
	}
	return numberChange(m, c, base, false, func(d decimal.Decimal) Item {
		return floatItem(math.Log(d.InexactFloat64()) / math.Log(by.decimal().InexactFloat64()))
	})
}

// numberArg is the first parameter as a number without unit.
func (m *machine) numberArg(c *call) (Item, error) {
	it, err := m.single(c.args[0])
	if err != nil {
		return Item{}, err
	}
	v := it.value()
	if v.kind != nothing && !v.isNumber() {
		return Item{}, expectType(c.args[0], "a number", it)
	}
	return v, nil
}

// floatItem is a result of floating point as a Decimal of the 15 digits that
// are sure; nothing for what is no number.
func floatItem(f float64) Item {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Item{}
	}
	d, ok := parseDecimal(fmt.Sprintf("%.15g", f))
	if !ok {
		return Item{}
	}
	return DecimalItem(d)
}

// fnPower is exact for whole exponents. Integers give an Integer.
func fnPower(m *machine, c *call, base int) error {
	exponent, err := m.numberArg(c)
	if err != nil || exponent.kind == nothing {
		m.cut(base)
		return err
	}
	v, err := m.numberInput(c, base)
	if err != nil || v.kind == nothing {
		return err
	}
	if v.kind == quantity {
		return expectType(c, "a number without unit", v)
	}
	return m.answerNumber(base, power(v, exponent))
}

func power(v, exponent Item) Item {
	x, e := v.decimal(), exponent.decimal()
	if !e.IsInteger() {
		return floatItem(math.Pow(x.InexactFloat64(), e.InexactFloat64()))
	}
	n := e.Abs()
	if n.GreaterThan(decimal.NewFromInt(4 * maxDigits)) {
		return trivialPower(x, e)
	}
	k := n.IntPart()
	if int64(x.Coefficient().BitLen())*k > 8*maxDigits || int64(max(x.Exponent(), -x.Exponent()))*k > 2*maxScale {
		return Item{}
	}
	r := decimal.NewFromBigInt(new(big.Int).Exp(x.Coefficient(), big.NewInt(k), nil), x.Exponent()*int32(k))
	switch {
	case e.Sign() >= 0 && v.kind == integer:
		return wholeItem(r)
	case e.Sign() >= 0:
		return DecimalItem(r)
	case r.IsZero():
		return Item{}
	}
	return DecimalItem(divide(decimal.NewFromInt(1), r))
}

// trivialPower is the power to a huge exponent where that is a sensible number.
func trivialPower(x, e decimal.Decimal) Item {
	one := decimal.NewFromInt(1)
	switch {
	case x.Equal(one), x.IsZero() && e.Sign() > 0:
		return DecimalItem(x)
	case x.Equal(one.Neg()) && e.Mod(decimal.NewFromInt(2)).IsZero():
		return DecimalItem(one)
	case x.Equal(one.Neg()):
		return DecimalItem(x)
	}
	return Item{}
}
