package patch

import (
	"bytes"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
)

func show(v *value) string {
	const enough = 80
	b := v.append(nil)
	if len(b) > enough {
		return string(bytes.ToValidUTF8(b[:enough], nil)) + "…"
	}
	return string(b)
}

// equal compares by RFC 6902 section 4.6: numbers by their value, objects
// without regard to order.
func equal(a, b *value) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case fhir.String:
		return a.node.Text() == b.node.Text()
	case fhir.Number:
		return equalNumbers(a.node.Text(), b.node.Text())
	case fhir.Array:
		a.open()
		b.open()
		if len(a.items) != len(b.items) {
			return false
		}
		for i := range a.items {
			if !equal(a.items[i], b.items[i]) {
				return false
			}
		}
	case fhir.Object:
		a.open()
		b.open()
		if len(a.members) != len(b.members) {
			return false
		}
		for _, m := range a.members {
			if other := b.get(m.name); other == nil || !equal(m.value, other) {
				return false
			}
		}
	}
	return true
}

func equalNumbers(a, b string) bool {
	if a == b {
		return true
	}
	const long = 64 // beyond it a power of ten could take all memory to compare
	if len(a) > long || len(b) > long {
		return false
	}
	x, errX := decimal.NewFromString(a)
	y, errY := decimal.NewFromString(b)
	if errX != nil || errY != nil {
		return false
	}
	if x.IsZero() || y.IsZero() {
		return x.IsZero() && y.IsZero()
	}
	if diff := (x.NumDigits() + int(x.Exponent())) - (y.NumDigits() + int(y.Exponent())); diff != 0 {
		return false
	}
	return x.Equal(y)
}
