package fhirpath

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// conversion turns a System value into another type; nothing when it cannot.
type conversion func(v *Item) Item

// fnConvert makes a to…() function.
func fnConvert(to conversion) func(m *machine, c *call, base int) error {
	return func(m *machine, c *call, base int) error {
		it, err := m.only(c, base)
		if err != nil {
			return err
		}
		m.cut(base)
		v := it.value()
		if r := to(&v); r.kind != nothing {
			m.push(r)
		}
		return nil
	}
}

// fnConverts makes a convertsTo…() function.
func fnConverts(to conversion) func(m *machine, c *call, base int) error {
	return func(m *machine, c *call, base int) error {
		it, err := m.only(c, base)
		if err != nil || it.kind == nothing {
			return err
		}
		v := it.value()
		r := to(&v)
		return m.answer(base, BooleanItem(r.kind != nothing))
	}
}

func toBoolean(v *Item) Item {
	switch v.kind {
	case boolean:
		return *v
	case integer:
		if v.num == 0 || v.num == 1 {
			return BooleanItem(v.num == 1)
		}
	case number:
		if d := v.ref.dec; d.IsZero() || d.Equal(decimal.NewFromInt(1)) {
			return BooleanItem(!d.IsZero())
		}
	case str:
		switch strings.ToLower(v.str) {
		case "true", "t", "yes", "y", "1", "1.0":
			return BooleanItem(true)
		case "false", "f", "no", "n", "0", "0.0":
			return BooleanItem(false)
		}
	}
	return Item{}
}

func toInteger(v *Item) Item {
	switch v.kind {
	case integer:
		return *v
	case boolean:
		return Item{kind: integer, num: v.num}
	case str:
		if i, err := strconv.ParseInt(v.str, 10, 32); err == nil {
			return Item{kind: integer, num: i}
		}
	}
	return Item{}
}

func toDecimal(v *Item) Item {
	switch v.kind {
	case number:
		return *v
	case integer, boolean:
		return DecimalItem(decimal.NewFromInt(v.num))
	case str:
		if d, ok := parseDecimal(v.str); ok && !strings.ContainsAny(v.str, "eE") {
			return DecimalItem(d)
		}
	}
	return Item{}
}

func toText(v *Item) Item {
	if v.kind == nothing || v.kind == element || v.kind == typeInfo {
		return Item{}
	}
	return StringItem(v.String())
}

func toDate(v *Item) Item {
	switch v.kind {
	case date, dateTime:
		t := v.ref.time
		t.kind = date
		t.cut(toDay)
		return temporalItem(t)
	case str:
		if t, ok := parseDateTime(v.str); ok {
			return toDate(&Item{kind: dateTime, ref: &boxed{time: t}})
		}
	}
	return Item{}
}

func toDateTime(v *Item) Item {
	switch v.kind {
	case date, dateTime:
		t := v.ref.time
		t.kind = dateTime
		return temporalItem(t)
	case str:
		if t, ok := parseDateTime(v.str); ok {
			return temporalItem(t)
		}
	}
	return Item{}
}

func toTime(v *Item) Item {
	switch v.kind {
	case timeOfDay:
		return *v
	case str:
		if t, ok := parseTime(v.str); ok {
			return temporalItem(t)
		}
	}
	return Item{}
}

// toQuantity with a parameter converts to that unit.
func (m *machine) quantityOf(c *call, base int) (Item, error) {
	it, err := m.only(c, base)
	if err != nil {
		return Item{}, err
	}
	v := it.value()
	var q Item
	switch v.kind {
	case boolean:
		q = quantityItem(decimal.NewFromInt(v.num), "1", false)
	case str:
		q, _ = parseQuantity(v.str)
	default:
		q = v.toQuantity()
	}
	if len(c.args) == 0 || q.kind == nothing {
		return q, nil
	}
	unit, ok, err := m.textArg(c, 0)
	if err != nil || !ok {
		return Item{}, err
	}
	wanted := quantityItem(decimal.Decimal{}, unit, isCalendar(unit))
	amount, ok := q.amountIn(&wanted)
	if !ok {
		return Item{}, nil
	}
	return quantityItem(amount, unit, isCalendar(unit)), nil
}

func fnToQuantity(m *machine, c *call, base int) error {
	q, err := m.quantityOf(c, base)
	m.cut(base)
	if q.kind != nothing {
		m.push(q)
	}
	return err
}

func fnConvertsToQuantity(m *machine, c *call, base int) error {
	if len(m.stack) == base {
		return nil
	}
	q, err := m.quantityOf(c, base)
	if err != nil {
		return err
	}
	return m.answer(base, BooleanItem(q.kind != nothing))
}
