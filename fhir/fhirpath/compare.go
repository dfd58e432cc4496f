package fhirpath

import (
	"fmt"
	"strings"
)

// order compares two items as < and > do. Known is false where precision or
// units do not decide, or where a value is missing; the error says that the
// types have no order.
func order(n node, a, b *Item) (order int, known bool, err error) {
	x, y := a.value(), b.value()
	switch {
	case x.isOpaque() || y.isOpaque():
		return 0, false, nil
	case x.isNumber() && y.isNumber():
		if x.kind == integer && y.kind == integer {
			return int(x.num - y.num), true, nil
		}
		return x.decimal().Cmp(y.decimal()), true, nil
	case x.kind == str && y.kind == str:
		return strings.Compare(x.str, y.str), true, nil
	case x.isPoint() && y.isPoint(), x.kind == timeOfDay && y.kind == timeOfDay:
		order, known = compareTemporal(x.ref.time, y.ref.time)
		return order, known, nil
	case x.kind == quantity || y.kind == quantity:
		xq, yq := x.toQuantity(), y.toQuantity()
		if xq.kind == quantity && yq.kind == quantity {
			order, known = compareQuantity(&xq, &yq)
			return order, known, nil
		}
	}
	return 0, false, &mistake{at: n.at(), what: "These two have no order.", expected: "two numbers, strings, dates, times or quantities", found: fmt.Sprintf("%s and %s", describe(a), describe(b))}
}

// isOpaque reports whether there is no value to reckon with: none at all, one
// that is not in the form of its type, or a quantity with a comparator or
// without a value.
func (it *Item) isOpaque() bool {
	return it.kind == nothing || it.kind == unreadable || it.kind == element && systemKinds[it.typ] == quantity
}

// describe names an item for a message.
func describe(it *Item) string {
	name := it.Type()
	if name == "" {
		name = "an element of unknown type"
	}
	switch it.kind {
	case element, shadow:
		if it.HasValue() {
			return name + " " + clip(it.String())
		}
		return name
	}
	return name + " " + clip(it.String())
}

func clip(s string) string {
	const limit = 40
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return "'" + s + "'"
}

func expectType(n node, expected string, found Item) error {
	return &mistake{at: n.at(), what: "This value has the wrong type.", expected: expected, found: describe(&found)}
}
