package warehouse

import (
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// Operations are what the server can be asked about stock.
func (s *Service) Operations() []fhir.Operation {
	list := []fhir.Operation{
		{Name: "receive-goods", Type: "Basic", Parameters: receiveInputs, Handle: s.record("receive-goods", receive),
			Doc: "Enters goods in the stock ledger that were received: what, how much, its batch and expiry, where it is put and what was paid."},
		{Name: "adjust-stock", Type: "Basic", Parameters: adjustInputs, Handle: s.record("adjust-stock", adjust),
			Doc: "Corrects how much is available of a lot, by a new entry with its reason."},
		{Name: "destroy-goods", Type: "Basic", Parameters: destroyInputs, Handle: s.record("destroy-goods", destroy),
			Doc: "Enters a destruction: of stock that is available or in quarantine, or of what patients brought back."},
		{Name: "return-goods", Type: "Basic", Parameters: returnInputs, Handle: s.record("return-goods", giveBack),
			Doc: "Enters what a patient brought back: it is kept beside the stock until it is destroyed, and never supplied again."},
		{Name: "recall-batch", Type: "Basic", Parameters: recallInputs, Handle: s.record("recall-batch", recall),
			Doc: "Recalls a batch, or lifts a recall: nothing of it is allocated or sent, and what is at the pharmacy goes into quarantine."},
		{Name: "clear-quarantine", Type: "Basic", Parameters: clearInputs, Handle: s.record("clear-quarantine", clearHeld),
			Doc: "Makes available again what a pharmacist has found fit to be supplied."},
		{Name: "move-stock", Type: "Basic", Parameters: moveInputs, Handle: s.record("move-stock", relocate),
			Doc: "Moves what is available to another location."},
		{Name: "count-stock", Type: "Basic", Parameters: countInputs, Handle: s.record("count-stock", count),
			Doc: "Records how much was counted of a lot, with its balance and the difference. It changes no balance."},
		{Name: "stock-level", Type: "Basic", Parameters: levelInputs, Handle: s.record("stock-level", setLevel),
			Doc: "Sets from which level a product is to be ordered, how much at a time, from whom and with how many days to the delivery."},
		{Name: "stock", Type: "Basic", Idempotent: true, Parameters: stockInputs, Handle: s.stock,
			Doc: "Returns the stock of a pharmacy: each product with its lots, how much is in which state, what it is worth, when it is ordered, and what orders are short of."},
		{Name: "stock-journal", Type: "Basic", Idempotent: true, Parameters: journalInputs, Files: []string{"text/csv"}, Handle: s.journal,
			Doc: "Returns a journal of the stock of some days as CSV: what was received, supplied and changed, what it is worth, what is to be ordered, and the control totals."},
		{Name: "order-goods", Type: "Basic", Parameters: orderInputs, Handle: s.record("order-goods", orderGoods),
			Doc: "Orders a product from a supplier: what is received is entered against the order, until nothing is outstanding."},
		{Name: "cancel-order", Type: "SupplyRequest", Instance: true, Parameters: cancelInputs, Handle: s.cancelOrder,
			Doc: "Cancels what is outstanding of a purchase order. What was received of it stays."},
		{Name: "resume", Type: "SupplyRequest", Instance: true, Parameters: resumeInputs, Handle: s.resume,
			Doc: "Has an order of the warehouse go on that waits for a person: what was refused is tried again, or left, and what came back is sent again, or not."},
		{Name: "warehouse-resume", Type: "Basic", Parameters: []fhir.Parameter{orgInput}, Handle: s.resumeLink,
			Doc: "Tells the warehouse again what it was not told, after it has failed: at once, also where no attempt was made any more."},
	}
	for i := range list {
		list[i].ByName = true // a right to a type is none to the stock
	}
	return list
}

// attempts bounds how often something is decided anew because another writer was
// quicker.
const attempts = 50

// record decides on what is moved and writes it, again where another writer was
// quicker. decide answers with parameters beside the entries and their lots.
func (s *Service) record(op string, decide func(f *form) []any) func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	return func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
		org, err := s.pharmacyFor(op, call)
		if err != nil {
			return nil, err
		}
		return s.decided(ctx, op, org, call, decide)
	}
}

// decided decides on the stock of a pharmacy for which the caller acts, as record does.
func (s *Service) decided(ctx context.Context, op, org string, call *fhir.Call, decide func(f *form) []any) (*fhir.Reply, error) {
	s.moving.Lock()
	defer s.moving.Unlock()
	for range attempts {
		state := s.db.State(ctx)
		f := &form{s: s, call: call, op: op, org: org, day: nhs.DateOf(call.Time)}
		f.b = newBook(state, f.day, call.Requester)
		answer := decide(f)
		if f.err != nil {
			return nil, f.err
		}
		if len(f.issues) > 0 {
			return nil, &fhir.Error{Op: op, Kind: f.coded()[0].Code, Issues: f.issues}
		}
		reply := f.answer(answer)
		commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: f.b.changes(), Receipt: call.Answer(reply), Derived: true, Requester: call.Requester, RequestID: call.RequestID, Time: call.Time})
		switch {
		case err == nil && commit.Repeated:
			return fhir.ReplyOf(commit.Receipt)
		case err == nil:
			return reply, nil
		case fhir.KindOf(err) != fhir.Conflict || fhir.IsReused(err):
			return nil, err
		}
	}
	return nil, fhir.E(op, fhir.Conflict, fhir.Issue{Message: "Other writers moved the same stock at the same time, again and again.", Fix: "Send it again."})
}

// coded are the issues, each with a code.
func (f *form) coded() []fhir.Issue {
	for i := range f.issues {
		if f.issues[i].Code == "" {
			f.issues[i].Code = fhir.BusinessRule
		}
	}
	return f.issues
}

// noLedger is why nothing is done with stock.
func noLedger() fhir.Issue {
	return fhir.Issue{Rule: "STOCK-0", Message: "This server keeps no stock ledger.", Fix: "Its operator starts one with serve --stock."}
}

// pharmacyFor is the pharmacy whose stock a call is about: the one that it names, which
// the caller must act for, else the caller's, else the server's.
func (s *Service) pharmacyFor(op string, call *fhir.Call) (string, error) {
	if s.off {
		return "", fhir.E(op, fhir.NotSupported, noLedger())
	}
	named := parameter(call, "org")
	org := strings.ToUpper(named.Text())
	if org == "" {
		org = strings.ToUpper(call.Requester.OnBehalf)
	}
	if org == "" && !call.Requester.Bound() {
		org = s.site
	}
	if !call.Requester.ActsFor(org) && !(strings.HasPrefix(op, "stock") && op != "stock-level" && call.Requester.SeesAll && org != "") {
		return "", call.Requester.NotFor(op, named, org)
	}
	if org == "" {
		return "", refusal(op, fhir.Issue{Rule: "STOCK-6", Code: fhir.Required, Message: "It is not clear whose stock is meant.", Expected: "org, the ODS code of the pharmacy", Expression: "Parameters.parameter"})
	}
	return org, nil
}

// parameter is the value of a parameter of the query string or of a Parameters body.
func parameter(call *fhir.Call, name string) fhir.Node {
	if call.Params.Has(name) {
		return fhir.Obj("value", call.Params.Get(name)).Resource().Get("value")
	}
	if call.Body == nil {
		return fhir.Node{}
	}
	for p := range call.Body.Get("parameter").Items() {
		if p.Get("name").Text() != name {
			continue
		}
		for m := range p.Members() {
			if strings.HasPrefix(m.Name(), "value") {
				return m
			}
		}
	}
	return fhir.Node{}
}

// answer is what an operation answers: each entry, and each lot after it.
func (f *form) answer(more []any) *fhir.Reply {
	var list []any
	seen := map[string]bool{}
	for _, e := range f.b.entries {
		list = append(list, fhir.Obj("name", "entry", "resource", e.change(f.day).Resource))
	}
	for _, e := range f.b.entries {
		if l := e.of; !seen[l.id] {
			seen[l.id] = true
			list = append(list, fhir.Obj("name", "lot", "part", l.parts()))
		}
	}
	return &fhir.Reply{Impersonal: true, Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(append(list, more...)...)).Resource()}
}

// parts tell of a lot in an answer.
func (l *lot) parts() fhir.Value {
	quantity := func(q decimal.Decimal) fhir.Value { return fhir.Obj("value", fhir.Raw(q.String()), "unit", l.unit) }
	list := []any{named("batch", "valueString", l.Batch), named("expiry", "valueDate", l.Expiry.String()), named("location", "valueString", l.Location)}
	if l.Recalled {
		list = append(list, fhir.Obj("name", "recalled", "valueBoolean", true))
	}
	for _, s := range stock.States {
		if q := l.In(s); !q.IsZero() {
			list = append(list, fhir.Obj("name", string(s), "valueQuantity", quantity(q)))
		}
	}
	return fhir.List(append(list, fhir.Obj("name", "balance", "valueQuantity", quantity(l.Balance())), fhir.Obj("name", "value", "valueMoney", money(l.Pence)))...)
}

// named is a part with a text, nothing without one.
func named(name, kind, text string) fhir.Value {
	if text == "" {
		return fhir.Value{}
	}
	return fhir.Obj("name", name, kind, text)
}

// moved makes a move for an operation; why not is an issue.
func (f *form) moved(l *lot, m stock.Move, why cause) {
	if _, issue := f.b.move(l, m, why); issue != nil {
		issue.Expression = ""
		f.add("quantity", *issue)
	}
}

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

// stock is Basic/$stock.
func (s *Service) stock(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	org, err := s.pharmacyFor("stock", call)
	if err != nil {
		return nil, err
	}
	state := s.db.State(ctx)
	holdings, err := HoldingsOf(state, org)
	if err != nil {
		return nil, err
	}
	product := parameter(call, "product")
	code := orElse(product.Get("code").Text(), product.Text())
	if _, after, ok := strings.Cut(code, "|"); ok {
		code = after
	}
	var list []any
	b, today := newBook(state, nhs.Date{}, fhir.Principal{}), nhs.DateOf(call.Time)
	for _, h := range holdings {
		if code != "" && h.item.product.Code != code {
			continue
		}
		if err := h.wanted(b); err != nil {
			return nil, err
		}
		list = append(list, fhir.Obj("name", "item", "part", h.parts(today)))
	}
	return &fhir.Reply{Impersonal: true, Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource()}, nil
}
