package fhirpath

import (
	"strings"
	"unicode"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// equal is the operator = between two items; unknown where precision or units
// do not decide.
func equal(a, b *Item) truth {
	if a.node.Exists() && a.node == b.node && a.kind == b.kind {
		return isTrue
	}
	x, y := a.value(), b.value()
	switch {
	case x.kind == nothing || y.kind == nothing:
		// Primitives without a value are told apart by their extensions.
		return equalNodes(a, b, false)
	case x.kind == element || y.kind == element:
		if x.kind != y.kind {
			return isFalse
		}
		return equalNodes(&x, &y, false)
	}
	return equalValues(&x, &y)
}

func equalValues(x, y *Item) truth {
	if x.kind == quantity || y.kind == quantity {
		xq, yq := x.toQuantity(), y.toQuantity()
		if xq.kind == nothing || yq.kind == nothing {
			return isFalse
		}
		order, known := compareQuantity(&xq, &yq)
		return tri(order == 0, known)
	}
	switch {
	case x.isNumber() && y.isNumber():
		if x.kind == integer && y.kind == integer {
			return truthOf(x.num == y.num)
		}
		return truthOf(x.decimal().Equal(y.decimal()))
	case x.isPoint() && y.isPoint(), x.kind == timeOfDay && y.kind == timeOfDay:
		order, known := compareTemporal(x.ref.time, y.ref.time)
		return tri(order == 0, known)
	case x.isText() && y.isText(), x.kind == typeInfo && y.kind == typeInfo:
		return truthOf(x.str == y.str && x.typ == y.typ)
	}
	return truthOf(x.kind == boolean && y.kind == boolean && x.num == y.num)
}

func tri(b, known bool) truth {
	if !known {
		return unknown
	}
	return truthOf(b)
}

func (it *Item) isNumber() bool { return it.kind == integer || it.kind == number }
func (it *Item) isPoint() bool  { return it.kind == date || it.kind == dateTime }
func (it *Item) isText() bool   { return it.kind == str || it.kind == unreadable }

// equivalent is the operator ~ between two items.
func equivalent(a, b *Item) bool {
	if a.node.Exists() && a.node == b.node && a.kind == b.kind {
		return true
	}
	x, y := a.value(), b.value()
	switch {
	case x.kind == nothing || y.kind == nothing:
		return equalNodes(a, b, true) == isTrue
	case x.kind == element || y.kind == element:
		return x.kind == y.kind && equalNodes(&x, &y, true) == isTrue
	case x.kind == quantity || y.kind == quantity:
		xq, yq := x.toQuantity(), y.toQuantity()
		return xq.kind != nothing && yq.kind != nothing && sameQuantity(&xq, &yq)
	case x.isNumber() && y.isNumber():
		return sameToLeast(x.decimal(), y.decimal())
	case x.isPoint() && y.isPoint(), x.kind == timeOfDay && y.kind == timeOfDay:
		return sameTemporal(x.ref.time, y.ref.time)
	case x.isText() && y.isText():
		return x.str == y.str || normal(x.str) == normal(y.str)
	}
	return equalValues(&x, &y) == isTrue
}

// normal is a string without regard to case and to which white space it has.
func normal(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return unicode.ToLower(r)
	}, s)
}

// equalNodes compares two elements child by child, without regard to the order
// in which the children are written; equivalence also lets go of the order of
// repetitions.
func equalNodes(a, b *Item, loose bool) truth {
	if a.node.Kind() != b.node.Kind() || a.kind != b.kind {
		return isFalse
	}
	if a.typ != b.typ && (a.typ == nil || b.typ == nil || a.typ.Kind != b.typ.Kind) {
		return isFalse
	}
	if string(a.node.Raw()) == string(b.node.Raw()) {
		return isTrue
	}
	if a.node.Kind() != fhir.Object || a.node.Len() != b.node.Len() {
		return isFalse
	}
	result := isTrue
	for m := range a.node.Members() {
		other := b.node.Get(m.Name())
		if !other.Exists() {
			return isFalse
		}
		switch equalMembers(m, other, memberType(a.typ, m.Name()), loose) {
		case isFalse:
			return isFalse
		case unknown:
			result = unknown
		}
	}
	return result
}

func memberType(of *r4.Type, name string) *r4.Type {
	if of == nil {
		return nil
	}
	if strings.HasPrefix(name, "_") {
		return r4.TypeOf("Element")
	}
	if p := of.Property(name); p != nil {
		return p.Of
	}
	return nil
}

func equalMembers(a, b fhir.Node, of *r4.Type, loose bool) truth {
	if a.Kind() != fhir.Array || b.Kind() != fhir.Array {
		return equalChild(a, b, of, loose)
	}
	if a.Len() != b.Len() {
		return isFalse
	}
	if loose && a.Len() <= maxPermuted {
		return truthOf(samePermuted(a, b, of))
	}
	result, other := isTrue, b.First()
	for item := a.First(); item.Exists(); item = item.Next() {
		switch equalChild(item, other, of, loose) {
		case isFalse:
			return isFalse
		case unknown:
			result = unknown
		}
		other = other.Next()
	}
	return result
}

// maxPermuted is up to how many repetitions equivalence looks for a partner in
// another place; longer lists must have the same order.
const maxPermuted = 500

// samePermuted reports whether every item of one list has a partner of its own
// in the other.
func samePermuted(a, b fhir.Node, of *r4.Type) bool {
	taken := make([]bool, b.Len())
next:
	for item := range a.Items() {
		i := 0
		for other := range b.Items() {
			if !taken[i] && equalChild(item, other, of, true) == isTrue {
				taken[i] = true
				continue next
			}
			i++
		}
		return false
	}
	return true
}

func equalChild(a, b fhir.Node, of *r4.Type, loose bool) truth {
	if a.Kind() == fhir.Null || b.Kind() == fhir.Null {
		return truthOf(a.Kind() == b.Kind())
	}
	x, y := TypedItem(a, of), TypedItem(b, of)
	if of == resourceType {
		x, y = NodeItem(a, ""), NodeItem(b, "")
	}
	if loose {
		return truthOf(equivalent(&x, &y))
	}
	return equal(&x, &y)
}
