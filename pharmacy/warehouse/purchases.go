package warehouse

import (
	"cmp"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// bought is a purchase order as it was at the end of some days.
type bought struct {
	*purchase
	came, before decimal.Decimal // what was received until the end, and before the first day
	pence        int64           // what was received of it in the days is worth
	status       string          // of the end
	moved        bool            // something was received of it in the days, or what was received was corrected
}

// left is what was outstanding at the end.
func (o *bought) left() decimal.Decimal {
	if o.status != orderActive {
		return decimal.Zero
	}
	return o.quantity.Sub(o.came)
}

// ordersIn reads the purchase orders of a pharmacy as they were at the end of the days, from
// the receipts of the ledger: those that were made, received, cancelled or outstanding in
// them, in the order of their days. all are the entries until then.
func (b *Books) ordersIn(state fhir.State, all []*entry) error {
	found, err := purchasesOf(state, nhs.Query("identifier", idLedger, b.Org)+"&date=lt"+b.To.AddDate(0, 0, 2).Format(time.DateOnly))
	if err != nil {
		return err
	}
	byRef := map[string]*bought{}
	for _, p := range found {
		if !b.To.Before(p.placed()) {
			byRef[p.Ref()] = &bought{purchase: p}
		}
	}
	came := func(order string, entered time.Time, q decimal.Decimal, pence int64) {
		o := byRef[order]
		if o == nil {
			return
		}
		if o.came = o.came.Add(q); nhs.DateOf(entered).Before(b.From) {
			o.before = o.before.Add(q)
			return
		}
		o.pence += pence
		o.moved = true
	}
	for _, e := range all {
		if e.ofPurchase() {
			came(e.Order, e.entered, e.Quantity, e.value())
		}
	}
	for _, r := range b.reassigned {
		came(r.from, r.entered, r.quantity.Neg(), -r.pence)
		came(r.to, r.entered, r.quantity, r.pence)
	}
	for _, o := range byRef {
		switch {
		case o.came.Equal(o.quantity):
			o.status = orderCompleted
		case !o.ended.IsZero() && !b.To.Before(o.ended):
			o.status = orderCancelled
		default:
			o.status = orderActive
		}
		if o.left().IsPositive() || !o.placed().Before(b.From) || o.moved || o.status == orderCancelled && !o.ended.Before(b.From) {
			b.bought = append(b.bought, o)
		}
	}
	sorting.By(b.bought, func(x, y *bought) int {
		return cmp.Or(x.placed().Compare(y.placed().Time), cmp.Compare(x.number, y.number), cmp.Compare(x.product.Name, y.product.Name), cmp.Compare(x.id, y.id))
	})
	return nil
}

// unordered is what was received in the days without a purchase order, in pence.
func (b *Books) unordered() (pence int64) {
	for _, e := range b.entries {
		if journalOf(e) == Purchases && !e.ofPurchase() {
			pence += e.value()
		}
	}
	for _, r := range b.reassigned {
		switch {
		case nhs.DateOf(r.entered).Before(b.From):
		case r.from == "":
			pence -= r.pence
		case r.to == "":
			pence += r.pence
		}
	}
	return pence
}

// ordered is what was received in the days, against purchase orders and without, in pence: it
// is what the purchases come to.
func (b *Books) ordered() int64 {
	sum := b.unordered()
	for _, o := range b.bought {
		sum += o.pence
	}
	return sum
}

// rows are the purchase orders as a table, with what was received without any and the total.
func (b *Books) rows(row func(cells ...string)) {
	row("pharmacy", "day", "order", "number", "placed", "supplier", "code", "product", "unit", "ordered", "received", "outstanding", "status", "expected", "price", "value")
	for _, o := range b.bought {
		row(b.Org, b.To.String(), o.id, o.number, o.placed().String(), o.supplier, o.product.Code, o.product.Name, o.unit, o.quantity.String(), o.came.String(), o.left().String(), o.status, o.expected.String(), pounds(o.purchase.pence), pounds(o.pence))
	}
	row("without an order", b.To.String(), "", "", "", "", "", "", "", "", "", "", "", "", "", pounds(b.unordered()))
	row("total", b.To.String(), "", "", "", "", "", "", "", "", "", "", "", "", "", pounds(b.ordered()))
}

// miscounted says of which purchase order more or less is recorded as received than the
// receipts come to; "" for none.
func (b *Books) miscounted() string {
	for _, o := range b.bought {
		if !o.came.Equal(o.received) {
			return "the receipts against " + o.Ref() + " come to " + o.came.String() + ", and it has " + o.received.String() + " received"
		}
	}
	return ""
}
