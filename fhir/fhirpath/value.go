package fhirpath

import (
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// The types that the engine must know by themselves.
var (
	booleanType  = r4.TypeOf("boolean")
	resourceType = r4.TypeOf("Resource")

	// systemKinds are the R4 types whose values convert to something else than
	// a String.
	systemKinds = map[*r4.Type]itemKind{
		booleanType:              boolean,
		r4.TypeOf("integer"):     integer,
		r4.TypeOf("positiveInt"): integer,
		r4.TypeOf("unsignedInt"): integer,
		r4.TypeOf("decimal"):     number,
		r4.TypeOf("date"):        date,
		r4.TypeOf("dateTime"):    dateTime,
		r4.TypeOf("instant"):     dateTime,
		r4.TypeOf("time"):        timeOfDay,
		r4.TypeOf("Quantity"):    quantity,
		r4.TypeOf("Age"):         quantity,
		r4.TypeOf("Count"):       quantity,
		r4.TypeOf("Distance"):    quantity,
		r4.TypeOf("Duration"):    quantity,
	}
)

// value is the System value that an item implicitly converts to; nothing for a
// primitive without a value, the item itself for a complex element.
func (it Item) value() Item {
	switch it.kind {
	case shadow:
		return Item{}
	case element:
	default:
		return it
	}
	if it.typ == nil {
		return untypedValue(it)
	}
	switch it.node.Kind() {
	case fhir.Object:
		if systemKinds[it.typ] == quantity {
			return quantityValue(it)
		}
		return it
	case fhir.String, fhir.Number, fhir.True, fhir.False:
		if it.typ.Kind != r4.Primitive {
			return it
		}
		return primitiveValue(systemKinds[it.typ], it.node)
	}
	return it
}

// primitiveValue reads a node as the type says; unreadable when it is not in
// the form of the type.
func primitiveValue(kind itemKind, n fhir.Node) Item {
	text := n.Text()
	switch kind {
	case nothing:
		return StringItem(text)
	case boolean:
		if k := n.Kind(); k == fhir.True || k == fhir.False {
			return BooleanItem(k == fhir.True)
		}
	case integer:
		if i, err := strconv.ParseInt(text, 10, 32); err == nil && n.Kind() == fhir.Number {
			return Item{kind: integer, num: i}
		}
	case number:
		if d, ok := parseDecimal(text); ok && n.Kind() == fhir.Number {
			return DecimalItem(d)
		}
	case timeOfDay:
		if t, ok := parseTime(text); ok {
			return temporalItem(t)
		}
	case date:
		if t, ok := parseTemporal(text); ok && t.kind == date {
			return temporalItem(t)
		}
	case dateTime:
		if t, ok := parseDateTime(text); ok {
			return temporalItem(t)
		}
	}
	return Item{kind: unreadable, str: text}
}

// untypedValue takes the type from JSON where the tables know nothing.
func untypedValue(it Item) Item {
	switch it.node.Kind() {
	case fhir.String:
		return StringItem(it.node.Text())
	case fhir.True, fhir.False:
		return BooleanItem(it.node.Bool())
	case fhir.Number:
		if d, ok := parseDecimal(it.node.Text()); ok {
			return DecimalItem(d)
		}
	}
	return it
}

func temporalItem(t temporal) Item { return Item{kind: t.kind, ref: &boxed{time: t}} }
