package warehouse

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// orderGoods is Basic/$order-goods. The same order again is the one that there is.
func orderGoods(f *form) []any {
	q, unit := f.amount("quantity", false, false)
	p, unit := f.product(unit)
	text := func(name, message, expected string) string {
		f.want(f.text(name) != "", name, message, expected)
		return f.text(name)
	}
	o := &purchase{org: f.org, product: p, unit: unit, quantity: q, pence: f.pence("price"), expected: f.date("expected"), status: orderActive, authored: instant(f.call.Time), supplier: f.text("supplier"),
		number: text("number", "The number of the purchase order is missing.", "the number by which the supplier and the accounts know it")}
	if !o.expected.IsZero() && o.expected.Before(f.day) {
		f.add("expected", fhir.Issue{Rule: "STOCK-6", Message: "Goods that are ordered are still to come.", Expected: "a day from " + f.day.String(), Found: o.expected.String()})
	}
	if requisitioned(p.Schedule, f.day) {
		o.purpose = text("purpose", "It is not told for what the controlled drug is required.", "the purpose, such as stock of the pharmacy")
		o.signed, o.as = f.signed()
		f.want(o.signed != "", "authority", "The name of who signed the order of a controlled drug is missing.", "the part name")
		f.want(o.as != "", "authority", "The profession of who signed the order of a controlled drug is missing.", "the part role")
	}
	if len(f.issues) > 0 {
		return nil
	}
	i, err := f.b.keep(f.org, p, unit)
	if err != nil {
		f.err = err
		return nil
	}
	if o.supplier == "" {
		o.supplier = i.source
	}
	if f.want(o.supplier != "", "supplier", "It is not told from whom it is ordered.", "the supplier, here or by Basic/$stock-level"); len(f.issues) > 0 {
		return nil
	}
	if o.expected.IsZero() && i.days > 0 {
		o.expected = nhs.Date{Time: f.day.AddDate(0, 0, i.days)}
	}
	o.item = i.id
	o.id = purchaseID(f.org, o.number, i.id)
	known, err := f.b.purchase(o.id)
	if err != nil {
		f.err = err
		return nil
	}
	if known == nil {
		f.b.purchases[o.id] = o
		f.b.wrote("SupplyRequest", o.id)
		return []any{fhir.Obj("name", "order", "resource", o.resource())}
	}
	if !f.get("expected").Exists() {
		o.expected = known.expected // which follows from the day of that order
	}
	if !known.same(o) || known.status == orderCancelled {
		f.add("number", fhir.Issue{Rule: "STOCK-7", Code: fhir.Duplicate, Message: "The product was ordered under this number already, in other terms, or cancelled.", Expected: "another number, or the same order",
			Found: known.Ref() + ", " + known.status + ", of " + known.quantity.String() + " " + known.unit + " from " + known.supplier, Fix: "Order under another number, and cancel what is not wanted (SupplyRequest/[id]/$cancel-order)."})
		return nil
	}
	return []any{fhir.Obj("name", "order", "resource", known.resource())}
}

// signed is who signed an order of a controlled drug, and their profession.
func (f *form) signed() (name, role string) {
	for part := range f.get("authority").Get("part").Items() {
		switch text := strings.TrimSpace(part.Get("valueString").Text()); part.Get("name").Text() {
		case "name":
			name = text
		case "role":
			role = text
		}
	}
	return name, role
}

// cancelOrder is SupplyRequest/[id]/$cancel-order: nothing more comes of it. What was
// received stays.
func (s *Service) cancelOrder(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "cancel-order"
	if s.off {
		_, err := s.pharmacyFor(op, call)
		return nil, err
	}
	p, err := newBook(s.db.State(ctx), call.Time, call.Requester).purchase(call.ID)
	if err != nil {
		return nil, err
	}
	if p == nil || !call.Requester.ActsFor(p.org) {
		return nil, fhir.E(op, fhir.NotFound, fhir.Issue{Expression: "SupplyRequest", Message: "There is no such purchase order.", Expected: "a purchase order of the caller's pharmacy", Found: "SupplyRequest/" + call.ID})
	}
	return s.decided(ctx, op, p.org, call, func(f *form) []any {
		p, err := f.b.purchase(call.ID)
		if err != nil || p == nil {
			f.err = err
			return nil
		}
		f.want(f.text("reason") != "", "reason", "The reason is missing.", "why it is cancelled")
		if p.status != orderActive {
			f.add("reason", fhir.Issue{Rule: "STOCK-7", Message: "Nothing is outstanding of the purchase order.", Expected: "an order that is active", Found: p.status})
		}
		if len(f.issues) > 0 {
			return nil
		}
		p.status, p.ended, p.reason = orderCancelled, f.day, f.text("reason")
		f.b.wrote("SupplyRequest", p.id)
		return []any{fhir.Obj("name", "order", "resource", p.resource())}
	})
}
