package register

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Product is what the head of a page says of a medicine: its class (the substance),
// form and strength.
type Product struct {
	Code     string // the virtual product in dm+d, "" where no code is known
	Name     string
	Class    string
	Form     string
	Strength string
	Unit     string // in which it is counted, "" where that is not known
	Schedule string // CD1 … CD5, "" for what is not controlled
}

// Medicines is what the server knows of medicines.
type Medicines interface {
	// Product is the virtual product of a medicine, by its code or by the words of
	// its name, on a day; ok is false for one that is not known.
	Product(c fhir.Coding, on nhs.Date) (p Product, ok bool)
	// Unit is the name of the unit of a quantity: one for all the ways to write it.
	Unit(unit, system, code string, on nhs.Date) string
}

// product is a medicine as the register names it: what is known of it, and, of what
// nobody knows, its own words. claimed is the schedule that an order says, "" for
// none; the stricter one counts.
func product(known Medicines, c fhir.Coding, claimed string, on nhs.Date) Product {
	p, ok := known.Product(c, on)
	if !ok {
		p = Product{Name: strings.TrimSpace(c.Display)}
		if p.Name == "" {
			p.Name = c.Code
		}
	}
	if p.Schedule == "" || claimed != "" && claimed < p.Schedule {
		p.Schedule = claimed
	}
	return p
}

// key is what tells a product from the others.
func (p Product) key() string {
	if p.Code != "" {
		return p.Code
	}
	return strings.ToLower(strings.Join(strings.Fields(p.Name), " "))
}

// Quantity is an amount with its unit.
type Quantity struct {
	Value              decimal.Decimal
	Unit, System, Code string
}

// readQuantity reads a Quantity; ok is false where its value is no number, or it has
// a comparator, which is no amount.
func readQuantity(n fhir.Node) (q Quantity, ok bool) {
	q = Quantity{Unit: n.Get("unit").Text(), System: n.Get("system").Text(), Code: n.Get("code").Text()}
	text := n.Get("value").Text()
	if len(text) > 40 || strings.ContainsAny(text, "eE") && len(text) > 20 || n.Get("comparator").Exists() {
		return q, false
	}
	value, err := decimal.NewFromString(text)
	if err != nil || value.Exponent() > 12 || value.Exponent() < -12 {
		return q, false
	}
	q.Value = value
	return q, true
}

// of is another amount in the same unit.
func (q Quantity) of(value decimal.Decimal) Quantity {
	q.Value = value
	return q
}

// element writes a Quantity; nothing for one without a unit and an amount.
func (q Quantity) element() fhir.Value {
	return fhir.Obj("value", fhir.Raw(q.Value.String()), "unit", q.Unit, "system", q.System, "code", q.Code)
}

// String is "28 tablet".
func (q Quantity) String() string { return strings.TrimSpace(q.Value.String() + " " + q.Unit) }
