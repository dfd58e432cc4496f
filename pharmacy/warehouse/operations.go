package warehouse

import (
	"context"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
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
		{Name: "correct-receipt", Type: "Basic", Parameters: reassignInputs, Handle: s.record("correct-receipt", reassign),
			Doc: "Corrects against which purchase order something was received: it is taken off the order, and put on another one or on none. The stock stays as it is."},
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
		f.b = newBook(state, f.call.Time, call.Requester)
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
	b, today := newBook(state, time.Time{}, fhir.Principal{}), nhs.DateOf(call.Time)
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
