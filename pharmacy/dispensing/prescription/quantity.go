package prescription

import (
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
)

// Quantity is an amount of a product, exact.
type Quantity struct {
	Value              decimal.Decimal
	Unit, System, Code string
}

// Of returns another amount in the same unit.
func (q Quantity) Of(value decimal.Decimal) Quantity {
	q.Value = value
	return q
}

// ReadQuantity reads a Quantity; one whose value is not an amount of a medicine
// is of zero.
func ReadQuantity(n node) Quantity {
	value, _ := Amount(n.Get("value").Text())
	return Quantity{value, n.Get("unit").Text(), n.Get("system").Text(), n.Get("code").Text()}
}

// Element writes a Quantity with extensions.
func (q Quantity) Element(extensions ...fhir.Value) fhir.Value {
	return fhir.Obj("extension", extensions, "value", fhir.Raw(q.Value.String()), "unit", q.Unit, "system", q.System, "code", q.Code)
}
