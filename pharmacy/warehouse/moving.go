package warehouse

import (
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// receive is Basic/$receive-goods.
func receive(f *form) []any {
	q, unit := f.amount("quantity", false, false)
	p, unit := f.product(unit)
	f.free(p, "Basic/$receive-stock")
	expiry, on, price := f.date("expiry"), f.past("received"), f.pence("price")
	f.want(f.text("batch") != "", "batch", "The batch is missing.", "the batch number")
	order := f.get("order").Path("valueReference", "reference").Text()
	f.want(order != "" || !f.get("order").Exists(), "order", "The purchase order is not named.", "a reference to it, such as Basic/$order-goods answers")
	if !expiry.IsZero() && expiry.Before(f.day) {
		f.add("expiry", fhir.Issue{Rule: "STOCK-3", Message: "What is expired is not taken into the stock.", Expected: "a day from " + f.day.String(), Found: expiry.String()})
	}
	if len(f.issues) > 0 {
		return nil
	}
	i, err := f.b.keep(f.org, p, unit)
	if err != nil {
		f.err = err
		return nil
	}
	if !i.open {
		i.open = true
		f.b.wrote("Basic", i.id)
	}
	l, err := f.b.lot(i, f.text("batch"), expiry, f.text("location"))
	if err != nil {
		f.err = err
		return nil
	}
	if l.Recalled || f.recalled(i, l.Batch) {
		f.add("batch", fhir.Issue{Rule: "STOCK-3", Message: "The batch is recalled.", Expected: "a batch that is not recalled", Found: l.Batch, Fix: "Return it to the supplier."})
		return nil
	}
	o, issue, err := f.b.receipt(l, goods{order: order, item: i, q: q, from: f.text("from"), pence: price, priced: f.get("price").Exists()},
		cause{When: on.String(), Party: f.text("from"), Paper: f.text("paper")})
	switch {
	case err != nil:
		f.err = err
	case issue != nil:
		f.add("order", *issue)
	case o != nil:
		return []any{fhir.Obj("name", "order", "resource", o.resource())}
	}
	return nil
}

// recalled reports whether a batch of an item is recalled in any of its lots.
func (f *form) recalled(i *item, batch string) bool {
	lots, err := f.b.lotsOf(i)
	if err != nil {
		f.err = err
	}
	for _, l := range lots {
		if l.Batch == batch && l.Recalled {
			return true
		}
	}
	return false
}

// adjust is Basic/$adjust-stock.
func adjust(f *form) []any {
	q, unit := f.amount("change", true, false)
	p, unit := f.product(unit)
	f.free(p, "Basic/$correct-register")
	f.want(f.text("reason") != "", "reason", "The reason is missing.", "what was found, and why the stock is corrected")
	if _, l := f.stored(p, unit); l != nil {
		m := stock.Move{Kind: stock.Adjust, To: stock.Available, Quantity: q}
		if q.IsNegative() {
			m.From, m.To, m.Quantity = stock.Available, stock.Outside, q.Neg()
		} else if balance := l.Balance(); balance.IsPositive() { // what is found is worth as much as the rest
			m.Pence = decimal.NewFromInt(l.Pence).Mul(q).DivRound(balance, 8).RoundBank(0).IntPart()
		}
		f.moved(l, m, cause{Reason: f.text("reason")})
	}
	return nil
}

// destroy is Basic/$destroy-goods: what is in quarantine first.
func destroy(f *form) []any {
	q, unit := f.amount("quantity", false, false)
	p, unit := f.product(unit)
	f.want(f.text("reason") != "", "reason", "The reason is missing.", "why it is destroyed")
	from := []stock.State{stock.Quarantine, stock.Available}
	if f.yes("returned") {
		from = []stock.State{stock.Returned}
	}
	f.free(p, "Basic/$destroy")
	_, l := f.stored(p, unit)
	if l == nil {
		return nil
	}
	has := decimal.Zero
	for _, s := range from {
		has = has.Add(l.In(s))
	}
	if q.GreaterThan(has) {
		f.add("quantity", fhir.Issue{Rule: "STOCK-2", Message: "There is less of the lot that may be destroyed.", Expected: "at most " + has.String(), Found: q.String(), Fix: "What is allocated to an order is released first."})
		return nil
	}
	for _, s := range from {
		if part := decimal.Min(q, l.In(s)); part.IsPositive() {
			f.moved(l, stock.Move{Kind: stock.Destroy, From: s, Quantity: part}, cause{Reason: f.text("reason")})
			q = q.Sub(part)
		}
	}
	return nil
}

// giveBack is Basic/$return-goods.
func giveBack(f *form) []any {
	q, unit := f.amount("quantity", false, false)
	p, unit := f.product(unit)
	f.free(p, "Basic/$destroy with returned = true, when it is destroyed")
	f.want(f.text("reason") != "", "reason", "The reason is missing.", "why it was brought back")
	expiry := f.date("expiry")
	f.want(f.text("batch") != "", "batch", "The batch is missing.", "the batch number")
	if len(f.issues) > 0 {
		return nil
	}
	i, err := f.b.keep(f.org, p, unit)
	if err != nil {
		f.err = err
		return nil
	}
	l, err := f.b.lot(i, f.text("batch"), expiry, returnedLocation)
	if err != nil {
		f.err = err
		return nil
	}
	f.moved(l, stock.Move{Kind: stock.Return, To: stock.Returned, Quantity: q}, cause{Reason: f.text("reason")})
	return nil
}

// returnedLocation is where the ledger has what patients brought back.
const returnedLocation = "patient-returns"

// recall is Basic/$recall-batch: of every lot of the batch that is at the pharmacy.
func recall(f *form) []any {
	p, unit := f.product("")
	batch, lift := f.text("batch"), f.yes("lift")
	f.want(f.text("reason") != "", "reason", "The reason is missing.", "the notice by which it is recalled, such as its number")
	if len(f.issues) > 0 {
		return nil
	}
	i, err := f.b.item(itemID(f.org, p, unit))
	var lots []*lot
	if err == nil && i != nil {
		lots, err = f.b.lotsOf(i)
	}
	if err != nil {
		f.err = err
		return nil
	}
	found := false
	for _, l := range lots {
		if l.Batch != batch || l.Unrecorded() {
			continue
		}
		found = true
		l.Recalled = !lift
		f.b.wrote("Basic", l.id)
		if lift {
			continue
		}
		for _, s := range []stock.State{stock.Available, stock.Allocated, stock.Picked, stock.Packed} {
			q := l.In(s)
			if !q.IsPositive() {
				continue
			}
			f.moved(l, stock.Move{Kind: stock.Hold, From: s, To: stock.Quarantine, Quantity: q}, cause{Reason: f.text("reason")})
			if err := f.takenFrom(l, s); err != nil {
				f.err = err
			}
		}
	}
	if !found {
		f.add("batch", fhir.Issue{Rule: "STOCK-6", Code: fhir.NotFound, Message: "The ledger has no such batch.", Expected: "a batch of " + p.Name, Found: fhir.OrNothing(batch)})
	}
	return nil
}

// takenFrom takes what a recall has taken from the orders that had it: they are short
// of it, and are filled from other lots when they are looked at next.
func (f *form) takenFrom(l *lot, s stock.State) error {
	ids, err := f.b.state.Find("SupplyRequest", nhs.Query("identifier", idHas, l.id))
	if err != nil {
		return err
	}
	for _, id := range ids {
		o, err := f.b.order(id)
		if err != nil || o == nil {
			return err
		}
		for _, r := range o.rows {
			if r.lot == l.id && r.state == s {
				o.put(r.lot, s, r.quantity.Neg())
				o.short = o.short.Add(r.quantity)
				f.b.tell(o)
				f.b.wrote("SupplyRequest", o.id)
				break
			}
		}
	}
	return nil
}

// clearHeld is Basic/$clear-quarantine.
func clearHeld(f *form) []any {
	q, unit := f.amount("quantity", false, false)
	p, unit := f.product(unit)
	f.want(f.text("reason") != "", "reason", "The reason is missing.", "why it is fit to be supplied")
	if _, l := f.stored(p, unit); l != nil {
		if l.Recalled {
			f.add("batch", fhir.Issue{Rule: "STOCK-3", Message: "The batch is recalled.", Expected: "a batch that is not recalled", Found: l.Batch, Fix: "Lift the recall first: Basic/$recall-batch with lift = true."})
			return nil
		}
		f.moved(l, stock.Move{Kind: stock.Clear, From: stock.Quarantine, To: stock.Available, Quantity: q}, cause{Reason: f.text("reason")})
	}
	return nil
}

// relocate is Basic/$move-stock.
func relocate(f *form) []any {
	q, unit := f.amount("quantity", false, false)
	p, unit := f.product(unit)
	f.want(f.text("to") != "", "to", "It is not clear where it is moved to.", "the location")
	i, l := f.stored(p, unit)
	if l == nil {
		return nil
	}
	if l.Location == f.text("to") {
		f.add("to", fhir.Issue{Rule: "STOCK-6", Message: "It is there already.", Expected: "another location", Found: l.Location})
		return nil
	}
	other, err := f.b.lot(i, l.Batch, l.Expiry, f.text("to"))
	if err != nil {
		f.err = err
		return nil
	}
	other.Recalled = l.Recalled
	why := cause{Reason: "Moved from " + fhir.OrNothing(l.Location) + " to " + f.text("to") + "."}
	before := l.Pence
	f.moved(l, stock.Move{Kind: stock.Relocate, From: stock.Available, Quantity: q}, why)
	f.moved(other, stock.Move{Kind: stock.Relocate, To: stock.Available, Quantity: q, Pence: before - l.Pence}, why)
	return nil
}

// count is Basic/$count-stock.
func count(f *form) []any {
	q, unit := f.amount("counted", false, true)
	p, unit := f.product(unit)
	f.want(f.get("counted").Exists(), "counted", "It is not told how much was counted.", "a Quantity from 0")
	_, l := f.stored(p, unit)
	if l == nil {
		return nil
	}
	expected := l.Balance().Sub(l.In(stock.InTransit))
	said := nhs.Parts{}
	said.Reference("lot", "Basic/"+l.id)
	said.Number("counted", fhir.Raw(q.String()))
	said.Number("expected", fhir.Raw(expected.String()))
	said.Number("difference", fhir.Raw(q.Sub(expected).String()))
	said.Text("by", "valueString", f.call.Requester.Agent)
	id := pharmacy.ID("stock-count", l.id, f.call.RequestID, instant(f.call.Time))
	r := fhir.Obj("resourceType", "Basic", "id", id, "extension", fhir.List(said.Extension(extCount)), "identifier", fhir.List(nhs.IdentifierValue(idLedger, f.org)),
		"code", stockCode(codeCount), "created", f.day.String(), "author", keeper(f.org)).Resource()
	f.b.others = append(f.b.others, write("Basic", id, "", r))
	quantity := func(d decimal.Decimal) fhir.Value { return fhir.Obj("value", fhir.Raw(d.String()), "unit", l.unit) }
	return []any{fhir.Obj("name", "count", "resource", r), fhir.Obj("name", "expected", "valueQuantity", quantity(expected)), fhir.Obj("name", "difference", "valueQuantity", quantity(q.Sub(expected)))}
}

// setLevel is Basic/$stock-level.
func setLevel(f *form) []any {
	level, unit := f.amount("level", false, true)
	batch, other := f.amount("order", false, false)
	if unit == "" {
		unit = other
	}
	p, unit := f.product(unit)
	days := whole(parameter(f.call, "leadDays"))
	if days < 0 || days > 365 {
		f.add("leadDays", fhir.Issue{Rule: "STOCK-6", Code: fhir.Invalid, Message: "So many days are none.", Expected: "1 to 365", Found: parameter(f.call, "leadDays").Text()})
	}
	if len(f.issues) > 0 {
		return nil
	}
	i, err := f.b.keep(f.org, p, unit)
	if err != nil {
		f.err = err
		return nil
	}
	i.open, i.level, i.batch, i.days, i.source = true, level, batch, days, f.text("supplier")
	f.b.wrote("Basic", i.id)
	return []any{fhir.Obj("name", "item", "resource", i.change().Resource)}
}
