package warehouse

import (
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// guard keeps the ledger, whatever way a change comes: its records are written by the
// server alone, a lot changes by the entries that are written with it, and no entry is
// altered or removed.
func (s *Service) guard(_ context.Context, state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	switch after.Type {
	case "Basic", "SupplyRequest", "SupplyDelivery":
	case "Task":
		return s.guardDispatch(state, before, after)
	default:
		return nil
	}
	was, err := ours(before)
	if err != nil {
		return err
	}
	is, err := ours(after)
	if err != nil || !was && !is || tx.Purges() {
		return err
	}
	if !pharmacy.Own(tx, after) {
		return refusal("stock", fhir.Issue{Rule: "STOCK-4", Expression: after.Type, Message: "A record of the stock ledger is written by the server alone.", Found: after.Ref(),
			Fix: "Record what happened by Basic/$receive-goods, $adjust-stock, $destroy-goods, $return-goods, $recall-batch, $clear-quarantine, $move-stock or $count-stock; order from a supplier by Basic/$order-goods; correct against which order something was received by Basic/$correct-receipt. An order of a patient's goods follows from its prescription."})
	}
	if after.Type == "SupplyRequest" {
		return guardPurchase(tx, before, after)
	}
	if after.Type != "Basic" {
		return nil
	}
	if after.Deleted() {
		return refusal("stock", fhir.Issue{Rule: "STOCK-4", Expression: "Basic", Message: "A record of the stock ledger is not removed.", Found: after.Ref(), Fix: "What was wrong is moved back by a new entry."})
	}
	r, err := after.Resource()
	if err != nil {
		return err
	}
	switch nhs.Coded(r.Get("code"), csStock) {
	case codeItem, codeLink:
		return nil
	case codeLot:
		return guardLot(tx, before, after)
	}
	if before != nil {
		return refusal("stock", fhir.Issue{Rule: "STOCK-4", Expression: "Basic", Message: "An entry of the stock ledger is not altered.", Found: after.Ref(), Fix: "What was wrong is moved back by a new entry."})
	}
	if nhs.Coded(r.Get("code"), csStock) == codeReassigned {
		return guardReassigned(state, tx, after)
	}
	return guardEntry(tx, after)
}

// ours reports whether a version is of the ledger: by its code, by the identifiers by
// which it would be found, or by what it would say.
func ours(v *fhir.Version) (bool, error) {
	if v == nil || v.Deleted() {
		return false, nil
	}
	r, err := v.Resource()
	if err != nil {
		return false, err
	}
	if nhs.CodingOf(r.Get("code"), csStock).Exists() || nhs.CodingOf(r.Get("category"), csStock).Exists() {
		return true, nil
	}
	for _, system := range []string{idLedger, idLot, idEntry, idSource, idOrder, idOf, idWaiting, idHas, idSend, idAct, idTrouble, idCourier, idPurchase, idOutstanding, idReassigned} {
		if nhs.Identifier(r.Root(), system).Exists() {
			return true, nil
		}
	}
	for _, ext := range []string{extItem, extLot, extEntry, extOrder, extCount, extLink, extPurchase, extReassigned} {
		if nhs.Extension(r.Root(), ext).Exists() {
			return true, nil
		}
	}
	return false, nil
}

// entriesIn are the entries that a transaction writes of a lot, in their order.
func entriesIn(tx *fhir.Transaction, lot string) (list []*entry, err error) {
	for _, c := range tx.Changes {
		if c.Type != "Basic" || c.Resource == nil || !nhs.Extension(c.Resource.Root(), extEntry).Exists() {
			continue
		}
		e, err := readEntry(&fhir.Version{Type: "Basic", ID: c.ID, Method: fhir.Create, JSON: c.Resource.JSON()})
		if err != nil {
			return nil, err
		}
		if e.lotID == lot {
			list = append(list, e)
		}
	}
	sorting.By(list, func(a, b *entry) int { return a.place - b.place })
	return list, nil
}

// guardLot adds up: what a lot has after a commit is what it had and the entries of
// the commit.
func guardLot(tx *fhir.Transaction, before, after *fhir.Version) error {
	was, err := readLot(before)
	if err != nil {
		return err
	}
	is, err := readLot(after)
	if err != nil {
		return err
	}
	wrong := func(message, expected, found string) error {
		return refusal("stock", fhir.Issue{Rule: "STOCK-5", Expression: "Basic", Message: message, Expected: expected, Found: found})
	}
	if was == nil {
		was = &lot{id: is.id, item: is.item, org: is.org, unit: is.unit, Lot: stock.Lot{Batch: is.Batch, Expiry: is.Expiry, Location: is.Location}}
	}
	if id := lotID(is.item, is.Batch, is.Expiry.String(), is.Location); !was.same(is) || is.id != id {
		return wrong("A lot is of one item, batch, expiry and location for good.", "Basic/"+id, after.Ref())
	}
	entries, err := entriesIn(tx, is.id)
	if err != nil {
		return err
	}
	day := nhs.DateOf(after.LastUpdated)
	if day.IsZero() {
		day = nhs.DateOf(tx.Time)
	}
	for _, e := range entries {
		told := e.Move
		if issue := was.Apply(&e.Move, day); issue != nil {
			return &fhir.Error{Op: "stock", Kind: issue.Code, Issues: []fhir.Issue{*issue}}
		}
		if e.place != was.Moves || e.Pence != told.Pence {
			return wrong("An entry is not the next of its lot, or not worth what it says.", e.String(), told.String())
		}
	}
	for _, state := range stock.States {
		if !was.In(state).Equal(is.In(state)) {
			return wrong("A lot changes by entries of the same commit and by nothing else.", string(state)+" "+was.In(state).String(), is.In(state).String())
		}
	}
	if was.Pence != is.Pence || was.Moves != is.Moves {
		return wrong("A lot is worth what its entries come to.", decimal.New(was.Pence, -2).String(), decimal.New(is.Pence, -2).String())
	}
	return nil
}

// guardEntry wants that an entry comes with its lot, and with the purchase order that it names.
func guardEntry(tx *fhir.Transaction, after *fhir.Version) error {
	e, err := readEntry(after)
	if err != nil {
		return err
	}
	if e == nil { // a count, which moves nothing
		return nil
	}
	with := slices.ContainsFunc(tx.Changes, func(c fhir.Change) bool { return c.Type == "Basic" && c.ID == e.lotID && c.Resource != nil })
	if !with || e.id != entryID(e.lotID, e.place) {
		return refusal("stock", fhir.Issue{Rule: "STOCK-5", Expression: "Basic", Message: "An entry is written with its lot, under the id that follows from it.", Expected: "Basic/" + entryID(e.lotID, e.place), Found: after.Ref()})
	}
	if e.ofPurchase() && !slices.ContainsFunc(tx.Changes, func(c fhir.Change) bool {
		return c.Type == "SupplyRequest" && "SupplyRequest/"+c.ID == e.Order && c.Resource != nil
	}) {
		return refusal("stock", fhir.Issue{Rule: "STOCK-5", Expression: "Basic", Message: "What is received against a purchase order is written with the order.", Expected: e.Order, Found: after.Ref()})
	}
	return nil
}

// guardDispatch refuses that a courier gets what is expired or recalled, whoever
// records it.
func (s *Service) guardDispatch(state fhir.State, before, after *fhir.Version) error {
	if s.off || before == nil || before.Deleted() || after.Deleted() {
		return nil
	}
	was, err := sentOf(state, before)
	if err != nil {
		return err
	}
	is, err := sentOf(state, after)
	if err != nil {
		return err
	}
	day := nhs.DateOf(after.LastUpdated)
	for id, n := range is {
		if n <= was[id] {
			continue
		}
		v, err := state.Current("SupplyRequest", id)
		if err != nil {
			return err
		}
		o, err := readOrder(v)
		if err != nil || o == nil {
			return err
		}
		for _, r := range o.rows {
			if r.state != stock.Packed {
				continue
			}
			v, err := state.Current("Basic", r.lot)
			if err != nil {
				return err
			}
			l, err := readLot(v)
			if err != nil || l == nil {
				return err
			}
			if why := l.Usable(day); why != "" {
				return refusal("dispatch", fhir.Issue{Rule: "STOCK-3", Expression: "Task.input", Message: "Nothing of this batch may be sent: " + why + ".", Expected: "a batch that is not expired and not recalled", Found: "batch " + l.Batch,
					Fix: "Put it back with Task/$put-back, and pack another batch."})
			}
		}
	}
	return nil
}

// sentOf counts the bags that a courier has, by order.
func sentOf(state fhir.State, v *fhir.Version) (map[string]int, error) {
	r, err := v.Resource()
	if err != nil || r == nil || r.Root().Path("groupIdentifier", "system").Text() != nhs.IDOrder {
		return nil, err
	}
	any := slices.ContainsFunc(slices.Collect(r.Get("input").Items()), func(in fhir.Node) bool {
		return nhs.Extension(nhs.Extension(in, extDispensing), "stage").Exists()
	})
	if !any {
		return nil, nil
	}
	t, err := readTask(state, v)
	if err != nil || t == nil {
		return nil, err
	}
	count := map[string]int{}
	for _, l := range t.lines {
		for _, bag := range l.bags {
			if bag.sent && !bag.back {
				count[orderID(idIn("MedicationRequest", l.request), t.issue)]++
			}
		}
	}
	return count, nil
}

// refusal gathers issues as the refusal of an operation or a commit.
func refusal(op string, issues ...fhir.Issue) error {
	for i := range issues {
		issues[i].Severity = fhir.Err
		if issues[i].Code == "" {
			issues[i].Code = fhir.BusinessRule
		}
	}
	return &fhir.Error{Op: op, Kind: issues[0].Code, Issues: issues}
}
