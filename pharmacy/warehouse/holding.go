package warehouse

import (
	"cmp"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// Holding is what a pharmacy has of a product.
type Holding struct {
	item   *item
	lots   []*lot
	coming decimal.Decimal // outstanding of purchase orders
	// owed is what orders are short of, and expected the first day on which some of that
	// is expected; read by [Holding.wanted].
	owed     decimal.Decimal
	expected nhs.Date
}

// HoldingsOf is the stock of a pharmacy, in the order of the products' names.
func HoldingsOf(state fhir.State, org string) (list []Holding, err error) {
	items, err := itemsOf(state, org)
	if err != nil {
		return nil, err
	}
	coming, err := comingOf(state, org)
	if err != nil {
		return nil, err
	}
	b := newBook(state, time.Time{}, fhir.Principal{})
	for _, i := range items {
		lots, err := b.lotsOf(i)
		if err != nil {
			return nil, err
		}
		sorting.By(lots, func(x, y *lot) int {
			return cmp.Or(x.Expiry.Compare(y.Expiry.Time), cmp.Compare(x.Batch, y.Batch), cmp.Compare(x.Location, y.Location))
		})
		list = append(list, Holding{item: i, lots: lots, coming: coming[i.id]})
	}
	sorting.By(list, func(x, y Holding) int {
		return cmp.Or(cmp.Compare(x.item.product.Name, y.item.product.Name), cmp.Compare(x.item.unit, y.item.unit))
	})
	return list, nil
}

// comingOf is what is outstanding of the purchase orders of a pharmacy, by item.
func comingOf(state fhir.State, org string) (map[string]decimal.Decimal, error) {
	orders, err := purchasesOf(state, nhs.Query("identifier", idOutstanding, org))
	if err != nil {
		return nil, err
	}
	coming := map[string]decimal.Decimal{}
	for _, p := range orders {
		coming[p.item] = coming[p.item].Add(p.outstanding())
	}
	return coming, nil
}

// Product is what it is a holding of.
func (h Holding) Product() Product { return h.item.product }

// Unit is the unit in which it is counted.
func (h Holding) Unit() string { return h.item.unit }

// Balance is how much the pharmacy has of it, wherever it is.
func (h Holding) Balance() (sum decimal.Decimal) {
	for _, l := range h.lots {
		sum = sum.Add(l.Balance())
	}
	return sum
}

// Available is how much of it orders may be filled from.
func (h Holding) Available(on nhs.Date) (sum decimal.Decimal) {
	for _, l := range h.lots {
		if l.Usable(on) == "" {
			sum = sum.Add(l.In(stock.Available))
		}
	}
	return sum
}

// Pence is what it is worth.
func (h Holding) Pence() (sum int64) {
	for _, l := range h.lots {
		sum += l.Pence
	}
	return sum
}

// wanted reads what the orders of a product are short of.
func (h *Holding) wanted(b *book) error {
	waiting, err := b.waitingFor(h.item)
	if err != nil {
		return err
	}
	for _, o := range waiting {
		h.owed = h.owed.Add(o.short)
		if !o.expected.IsZero() && (h.expected.IsZero() || o.expected.Before(h.expected)) {
			h.expected = o.expected
		}
	}
	return nil
}

// parts tell of a holding as it is on a day.
func (h Holding) parts(on nhs.Date) fhir.Value {
	i := h.item
	quantity := func(q decimal.Decimal) fhir.Value { return fhir.Obj("value", fhir.Raw(q.String()), "unit", i.unit) }
	list := []any{fhir.Obj("name", "product", "valueCoding", fhir.Obj("system", dmdOf(i.product), "code", i.product.Code, "display", i.product.Name)), named("schedule", "valueCode", i.product.Schedule),
		fhir.Obj("name", "balance", "valueQuantity", quantity(h.Balance())), fhir.Obj("name", "value", "valueMoney", money(h.Pence()))}
	if i.level.IsPositive() {
		list = append(list, fhir.Obj("name", "level", "valueQuantity", quantity(i.level)), fhir.Obj("name", "low", "valueBoolean", h.Low(on)))
	}
	if i.batch.IsPositive() {
		list = append(list, fhir.Obj("name", "order", "valueQuantity", quantity(i.batch)))
	}
	if i.days > 0 {
		list = append(list, fhir.Obj("name", "leadDays", "valuePositiveInt", i.days))
	}
	list = append(list, named("supplier", "valueString", i.source))
	if h.owed.IsPositive() {
		list = append(list, fhir.Obj("name", "owed", "valueQuantity", quantity(h.owed)), named("expected", "valueDate", h.expected.String()))
	}
	if h.coming.IsPositive() {
		list = append(list, fhir.Obj("name", "onOrder", "valueQuantity", quantity(h.coming)))
	}
	for _, l := range h.lots {
		list = append(list, fhir.Obj("name", "lot", "part", l.parts()))
	}
	return fhir.List(list...)
}

// Low reports whether less of it is available on a day than the level at which it is
// ordered; never where no level is set.
func (h Holding) Low(on nhs.Date) bool {
	return h.item.level.IsPositive() && h.Available(on).LessThan(h.item.level)
}
