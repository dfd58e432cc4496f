package register

import (
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Operations are what the server can be asked about the register.
func (s *Service) Operations() []fhir.Operation {
	return []fhir.Operation{
		{Name: "receive-stock", Type: "Basic", Handle: s.receiveStock, Parameters: receiveInputs,
			Doc: "Enters in the controlled drugs register what was obtained: from whom, what and how much."},
		{Name: "supply-requisition", Type: "Basic", Handle: s.supplyRequisition, Parameters: requisitionInputs,
			Doc: "Enters in the controlled drugs register what was supplied on a requisition: to whom, what and how much, and on whose authority."},
		{Name: "destroy", Type: "Basic", Handle: s.destroy, Parameters: destroyInputs,
			Doc: "Records a destruction: of stock in the presence of an authorised witness, or of what patients returned, in the book kept for that."},
		{Name: "stock-check", Type: "Basic", Handle: s.stockCheck, Parameters: checkInputs,
			Doc: "Records how much two people counted, with the balance of the register and the difference. It changes no balance."},
		{Name: "correct-register", Type: "Basic", Handle: s.correct, Parameters: correctInputs,
			Doc: "Adds a dated note to the register, with a correction of the balance where one is due. Nothing that was entered is altered."},
		{Name: "responsible-pharmacist", Type: "Basic", Handle: s.responsibleOperation, Parameters: responsibleInputs,
			Doc: "Signs the caller in or out as the responsible pharmacist of a pharmacy, or records an absence and the return from it."},
		{Name: "register", Type: "Basic", Idempotent: true, Handle: s.registerOperation, Parameters: registerInputs,
			Doc: "Returns pages of the controlled drugs register with their running balances, as they are or as they were at a time."},
	}
}

// record decides on an entry and writes it, one at a time: what is decided on the
// balance is decided on the one that the entry meets.
func (s *Service) record(ctx context.Context, call *fhir.Call, kind Kind, decide func(state fhir.State, f *form) (*Entry, *Page)) (*fhir.Reply, error) {
	s.entering.Lock()
	defer s.entering.Unlock()
	var err error
	for range attempts { // the stock ledger has other writers
		var reply *fhir.Reply
		if reply, err = s.recordOnce(ctx, call, kind, decide); err == nil || fhir.KindOf(err) != fhir.Conflict || fhir.IsReused(err) {
			return reply, err
		}
	}
	return nil, err
}

// attempts bounds how often an entry is decided on anew.
const attempts = 50

func (s *Service) recordOnce(ctx context.Context, call *fhir.Call, kind Kind, decide func(state fhir.State, f *form) (*Entry, *Page)) (*fhir.Reply, error) {
	state, left := s.db.State(ctx), 0
	if kind != Obtained { // which no balance decides on
		var err error
		if state, left, err = s.settled(ctx); err != nil {
			return nil, err
		}
	}
	f := &form{s: s, call: call, op: opOf[kind], today: nhs.DateOf(call.Time)}
	e, page := decide(state, f)
	if f.err != nil {
		return nil, f.err
	}
	if left > 0 {
		return nil, fhir.E(f.op, fhir.Throttled, fhir.Issue{Message: "Supplies that were recorded are not entered yet, so that the balance is not known.", Fix: "Send the same request again in a moment."})
	}
	if len(f.issues) > 0 {
		return nil, refusal(f.op, f.issues...)
	}
	e.Kind, e.Page, e.Org, e.Unit = kind, page.ID, page.Org, page.Unit
	e.By = Party{ID: call.Requester.Agent, Name: call.Requester.Display}
	e.ID = entryID(string(kind), call.RequestID, call.Requester.Agent, page.ID, instant(call.Time))
	known, err := pageOf(state, page.ID)
	if err != nil {
		return nil, err
	}
	var changes []fhir.Change
	if known == nil {
		changes = append(changes, page.change())
	}
	entries, err := entriesFound(state, nhs.Query("identifier", idPage, page.ID))
	if err != nil {
		return nil, err
	}
	balance := sum(entries)
	if kind == StockCheck {
		e.Expected = balance
	}
	entry := e.change()
	moved, err := s.moved(state, page, e, entries, call)
	if err != nil {
		return nil, err
	}
	changes = append(append(changes, moved...), f.also...)
	reply := &fhir.Reply{Resource: e.answer(entry.Resource, page.Book, balance.Add(e.Change))}
	commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: append(changes, entry), Receipt: call.Answer(reply), Derived: true,
		Requester: call.Requester, RequestID: call.RequestID, Time: call.Time})
	if err != nil {
		return nil, err
	}
	if commit.Repeated {
		if fhir.RequestOf(commit.Receipt) != string(call.Receipt.Body) {
			return nil, fhir.Reused(f.op)
		}
		return fhir.ReplyOf(commit.Receipt)
	}
	return reply, nil
}

// moved is what the stock ledger writes with an entry; what patients returned was never
// stock.
func (s *Service) moved(state fhir.State, page *Page, e *Entry, before []*Entry, call *fhir.Call) ([]fhir.Change, error) {
	if s.stock == nil && e.Against != "" {
		return nil, fhir.E("receive-stock", fhir.NotSupported, fhir.Issue{Message: "This server keeps no stock ledger, and has no purchase orders.", Found: e.Against})
	}
	if s.stock == nil || page.Book != Register {
		return nil, nil
	}
	total := e.Change
	for _, b := range before {
		if b.Source == "" {
			total = total.Add(b.Change)
		}
	}
	return s.stock.Entered(state, page, e, total, call.Requester, nhs.DateOf(call.Time))
}

// opOf are the operations by what they enter.
var opOf = map[Kind]string{Obtained: "receive-stock", Supplied: "supply-requisition", Destroyed: "destroy", StockCheck: "stock-check", Corrected: "correct-register"}

// answer is what an operation answers: the entry, and the balance after it, which the
// book of what patients return does not have.
func (e *Entry) answer(entry *fhir.Resource, book Book, balance decimal.Decimal) *fhir.Resource {
	list := []any{fhir.Obj("name", "entry", "resource", entry)}
	if book == Register {
		list = append(list, fhir.Obj("name", "balance", "valueQuantity", e.Unit.of(balance).element()))
	}
	if e.Kind == StockCheck {
		list = append(list, fhir.Obj("name", "difference", "valueQuantity", e.Unit.of(e.Counted.Sub(e.Expected)).element()))
	}
	return fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource()
}

// receiveStock is Basic/$receive-stock (MDR-19, obtained).
func (s *Service) receiveStock(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	return s.record(ctx, call, Obtained, func(state fhir.State, f *form) (*Entry, *Page) {
		date := f.day("received", f.today)
		p, c := f.product(date)
		page, q := f.page(Register, p, "quantity", date)
		from := f.party("from")
		f.want(from.Address != "", "from", "The address of who supplied the stock is missing.", "the part address")
		e := &Entry{Date: date.String(), Change: q.Value, Product: c, Other: from, Batch: f.text("batch"), Expiry: f.date("expiry").String(),
			Against: f.get("order").Path("valueReference", "reference").Text()}
		f.want(e.Against != "" || !f.get("order").Exists(), "order", "The purchase order is not named.", "a reference to it, such as Basic/$order-goods answers")
		return e, page
	})
}

// destroy is Basic/$destroy (MDR-27).
func (s *Service) destroy(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	return s.record(ctx, call, Destroyed, func(state fhir.State, f *form) (*Entry, *Page) {
		date, book := f.day("destroyed", f.today), Register
		if f.get("returned").Get("valueBoolean").Bool() {
			book = PatientReturns
		}
		p, c := f.product(date)
		page, q := f.page(book, p, "quantity", date)
		e := &Entry{Date: date.String(), Product: c, Batch: f.text("batch"), Reason: f.text("reason"), Witness: f.party("witness")}
		f.want(e.Reason != "", "reason", "The reason of the destruction is missing.", "why it was destroyed")
		if book == PatientReturns {
			f.want(f.get("denatured").Get("valueBoolean").Bool(), "denatured", "What patients return is denatured before it is disposed of.", "denatured = true")
			e.Change = q.Value.Neg()
			return e, page
		}
		f.want(e.Witness.Role != "", "witness", "The role of the authorised witness is missing.", "the part role")
		e.Change = q.Value.Neg()
		if f.err != nil {
			return e, page
		}
		if balance, err := balanceOf(state, page); err != nil {
			f.err = err
		} else if q.Value.GreaterThan(balance) {
			f.add("quantity", fhir.Issue{Rule: "MDR-27", Message: "The register has less of it than was destroyed.", Expected: "at most " + page.Unit.of(balance).String(), Found: q.String(),
				Fix: "Count the stock (Basic/$stock-check), and correct the balance with a reason (Basic/$correct-register)."})
		}
		return e, page
	})
}

// stockCheck is Basic/$stock-check: a difference is shown, and adjusts nothing.
func (s *Service) stockCheck(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	return s.record(ctx, call, StockCheck, func(state fhir.State, f *form) (*Entry, *Page) {
		date := f.day("counted-on", f.today)
		p, c := f.product(date)
		f.mayBeNone = true
		page, q := f.page(Register, p, "counted", date)
		return &Entry{Date: date.String(), Product: c, Counted: q.Value, Witness: f.party("witness"), Reason: f.text("note")}, page
	})
}

// correct is Basic/$correct-register (MDR-20).
func (s *Service) correct(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	return s.record(ctx, call, Corrected, func(state fhir.State, f *form) (*Entry, *Page) {
		p, c := f.product(f.today)
		f.mayBeNone, f.signed = true, true
		page, q := f.page(Register, p, "change", f.today)
		e := &Entry{Date: f.today.String(), Product: c, Change: q.Value, Reason: f.text("reason"), Witness: f.party("witness")}
		f.want(e.Reason != "", "reason", "The reason of the correction is missing.", "what was found, and why the register is corrected")
		if ref := f.get("entry").Get("valueReference").Get("reference"); ref.Exists() {
			e.Corrects = f.onPage(state, ref, page)
		}
		return e, page
	})
}

// onPage is the reference to an entry, which must be on the page.
func (f *form) onPage(state fhir.State, ref fhir.Node, page *Page) string {
	typ, id := local(ref.Text())
	v, err := state.Current("Basic", id)
	if err != nil {
		f.err = err
		return ""
	}
	if typ == "Basic" && v != nil && !v.Deleted() {
		if e, err := readEntry(v); err == nil && e.Page == page.ID {
			return e.Ref()
		}
	}
	f.add("entry", fhir.Issue{Rule: "REG-4", Message: "There is no such entry on the page.", Expected: "a reference to an entry of " + page.Product.Name, Found: ref.Text(), Position: ref.Position()})
	return ""
}

// pharmacyFor is the pharmacy whose register a call is about: the one that it names,
// which the caller must act for, else the caller's, else the server's.
func (s *Service) pharmacyFor(call *fhir.Call) (string, error) {
	named := parameter(call, "org")
	org := strings.ToUpper(named.Text())
	if org == "" {
		org = strings.ToUpper(call.Requester.OnBehalf)
	}
	if org == "" && !call.Requester.Bound() {
		org = s.site
	}
	if !call.Requester.ActsFor(org) {
		return "", call.Requester.NotFor("register", named, org)
	}
	if org == "" {
		return "", refusal("register", fhir.Issue{Rule: "REG-1", Code: fhir.Required, Message: "It is not clear whose register is meant.", Expected: "org, the ODS code of the pharmacy", Expression: "Parameters.parameter"})
	}
	return org, nil
}
