package fhirpath

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// itemKind says what an [Item] holds.
type itemKind uint8

const (
	nothing    itemKind = iota
	element             // a node of the tree, or a type alone
	shadow              // a primitive that has no value, only the node of its _sibling
	boolean             // num is 0 or 1
	integer             // num
	str                 // str
	number              // ref.dec
	date                // ref.time
	dateTime            // ref.time
	timeOfDay           // ref.time
	quantity            // ref.dec, unit in str
	typeInfo            // typ, or str for a System type
	unreadable          // the value of a primitive that is not in the form of its type; str
)

var systemTypes = [...]string{boolean: "Boolean", integer: "Integer", str: "String", number: "Decimal", date: "Date",
	dateTime: "DateTime", timeOfDay: "Time", quantity: "Quantity", typeInfo: "SimpleTypeInfo", unreadable: "String"}

// Item is one value of a collection: a node of a resource's tree with its R4
// type, or a computed value. The zero Item is no value.
type Item struct {
	node fhir.Node
	typ  *r4.Type
	str  string
	num  int64
	ref  *boxed
	kind itemKind
}

// boxed holds the values that are too large for an Item.
type boxed struct {
	dec  decimal.Decimal
	time temporal
}

// Collection is the result of an evaluation, in order.
type Collection []Item

// NodeItem is a focus at any place of a tree, whose R4 type the caller knows:
// "HumanName", "Patient.contact", "string". An empty type means a resource,
// which says its type itself. An absent node gives the zero Item.
func NodeItem(n fhir.Node, r4type string) Item {
	if !n.Exists() {
		return Item{}
	}
	if r4type == "" || r4type == "Resource" {
		return Item{kind: element, node: n, typ: r4.TypeOf(n.Get("resourceType").Text())}
	}
	return Item{kind: element, node: n, typ: r4.TypeOf(r4type)}
}

// TypedItem is [NodeItem] for callers that hold the type.
func TypedItem(n fhir.Node, t *r4.Type) Item {
	if !n.Exists() {
		return Item{}
	}
	return Item{kind: element, node: n, typ: t}
}

// ResourceItem is a resource as a focus.
func ResourceItem(r *fhir.Resource) Item { return NodeItem(r.Root(), "") }

// TypeItem is a resource of which nothing is known but its type. A [Resolver]
// without access to the resource gives it, and `resolve() is Patient` holds.
func TypeItem(resourceType string) Item { return Item{kind: element, typ: r4.TypeOf(resourceType)} }

// StringItem is a System.String.
func StringItem(s string) Item { return Item{kind: str, str: s} }

// BooleanItem is a System.Boolean.
func BooleanItem(b bool) Item {
	if b {
		return Item{kind: boolean, num: 1}
	}
	return Item{kind: boolean}
}

// IntegerItem is a System.Integer.
func IntegerItem(i int) Item { return Item{kind: integer, num: int64(i)} }

// DecimalItem is a System.Decimal.
func DecimalItem(d decimal.Decimal) Item { return Item{kind: number, ref: &boxed{dec: d}} }

// IsZero reports whether there is no value.
func (it Item) IsZero() bool { return it.kind == nothing }

// Node is the place in the tree, absent for a computed value. For a primitive
// that has extensions but no value it is the member with the underscore.
func (it Item) Node() fhir.Node {
	if it.kind == element || it.kind == shadow {
		return it.node
	}
	return fhir.Node{}
}

// Type names the type: an R4 name such as "HumanName", "Patient.contact" or
// "code" for a node, a System name such as "System.Boolean" for a computed
// value, "" when nothing is known.
func (it Item) Type() string {
	switch it.kind {
	case nothing:
		return ""
	case element, shadow:
		if it.typ == nil {
			return ""
		}
		return it.typ.Name
	}
	return "System." + systemTypes[it.kind]
}

// R4Type is the entry of the R4 tables for a node's type, nil for a computed
// value.
func (it Item) R4Type() *r4.Type {
	if it.kind == element || it.kind == shadow {
		return it.typ
	}
	return nil
}

// Bool is the value of a boolean, computed or in the tree.
func (it Item) Bool() (value, ok bool) {
	v := it.value()
	return v.num == 1, v.kind == boolean
}

// Int is the value of an integer, computed or in the tree.
func (it Item) Int() (value int64, ok bool) {
	v := it.value()
	return v.num, v.kind == integer
}

// Decimal is the value of a decimal or integer, computed or in the tree, with
// the digits that were written.
func (it Item) Decimal() (value decimal.Decimal, ok bool) {
	switch v := it.value(); v.kind {
	case integer:
		return decimal.NewFromInt(v.num), true
	case number:
		return v.ref.dec, true
	}
	return decimal.Decimal{}, false
}

// Quantity is the value and UCUM unit of a System.Quantity or an R4 Quantity.
func (it Item) Quantity() (value decimal.Decimal, unit string, ok bool) {
	v := it.value()
	if v.kind != quantity {
		return decimal.Decimal{}, "", false
	}
	return v.ref.dec, v.str, true
}

// HasValue reports whether the item is a primitive with a value.
func (it Item) HasValue() bool {
	switch it.kind {
	case nothing, shadow:
		return false
	case element:
		switch it.node.Kind() {
		case fhir.String, fhir.Number, fhir.True, fhir.False:
			return true
		}
		return false
	}
	return true
}

// String is the value of a primitive as text: what stands in the tree, or what
// toString() gives. A complex element gives its JSON, a primitive without a
// value nothing.
func (it Item) String() string {
	switch it.kind {
	case element:
		switch it.node.Kind() {
		case fhir.Object, fhir.Array, fhir.Null:
			return string(it.node.Raw())
		}
		return it.node.Text()
	case boolean:
		return strconv.FormatBool(it.num == 1)
	case integer:
		return strconv.FormatInt(it.num, 10)
	case str, unreadable:
		return it.str
	case number:
		return decimalText(it.ref.dec)
	case date, dateTime, timeOfDay:
		return it.ref.time.String()
	case quantity:
		return it.quantityText()
	case typeInfo:
		return it.str
	}
	return ""
}
