package warehouse

import (
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// Entered is an entry that the controlled drugs register makes of something else than
// the record of a supply: a supply on a requisition among them.
type Entered struct {
	Org     string
	Product Product
	Unit    string
	Kind    stock.Kind      // Receipt, Supply, Destroy or Adjust
	Change  decimal.Decimal // of the balance
	// Sum is what all such entries of the page come to, with this one.
	Sum    decimal.Decimal
	Batch  string
	Expiry nhs.Date
	Party  string
	Reason string
	Day    nhs.Date // on which it happened
	Entry  string   // the entry of the register: Basic/1
	Order  string   // of a receipt: the purchase order that it is against, SupplyRequest/1
	Who    fhir.Principal
}

// Enter is what the ledger writes in the commit of an entry of the register. What the
// register had before the ledger was begun, or while it was off, is entered as its
// opening balance, so that both have the same from there on.
func (s *Service) Enter(state fhir.State, e Entered, today nhs.Date) ([]fhir.Change, error) {
	if s.off && e.Order != "" {
		return nil, fhir.E("stock", fhir.NotSupported, noLedger())
	}
	if s.off || e.Change.IsZero() {
		return nil, nil
	}
	b := newBook(state, today.Time, e.Who)
	i, err := b.keep(e.Org, e.Product, e.Unit)
	if err != nil {
		return nil, err
	}
	why := cause{When: e.Day.String(), Source: e.Entry, Reason: e.Reason, Party: e.Party}
	if opening := e.Sum.Sub(e.Change).Sub(i.entered); !opening.IsZero() {
		l, err := b.unrecorded(i)
		if err != nil {
			return nil, err
		}
		before := why
		before.Reason, before.Party = "Balance of the controlled drugs register.", ""
		if err := b.change(l, stock.Opening, opening, before); err != nil {
			return nil, err
		}
	}
	i.entered, i.open = e.Sum, i.open || e.Kind == stock.Receipt
	b.wrote("Basic", i.id)
	if err := b.enter(i, e, why); err != nil {
		return nil, err
	}
	return b.changes(), nil
}

// enter moves what an entry of the register tells: into the lot of its batch, or out of
// it, and out of others by first expiry where no batch is told or it has less.
func (b *book) enter(i *item, e Entered, why cause) error {
	unrecorded, err := b.unrecorded(i)
	if err != nil {
		return err
	}
	if e.Change.IsPositive() {
		l := unrecorded
		if e.Batch != "" && !e.Expiry.IsZero() {
			if l, err = b.lot(i, e.Batch, e.Expiry, ""); err != nil {
				return err
			}
		}
		if e.Kind == stock.Receipt {
			_, issue, err := b.receipt(l, goods{order: e.Order, item: i, q: e.Change, from: e.Party}, why)
			if err != nil {
				return err
			}
			return told(issue)
		}
		return b.change(l, e.Kind, e.Change, why)
	}
	lots, err := b.lotsOf(i)
	if err != nil {
		return err
	}
	sorting.Stably(lots, func(x, y *lot) int {
		switch mine := func(l *lot) bool { return e.Batch != "" && l.Batch == e.Batch }; {
		case mine(x) != mine(y):
			if mine(x) {
				return -1
			}
			return 1
		}
		return x.Expiry.Compare(y.Expiry.Time)
	})
	want := e.Change.Neg()
	states := []stock.State{stock.Quarantine, stock.Available}
	if e.Kind == stock.Supply {
		states = states[1:]
	}
	for _, from := range states {
		for _, l := range lots {
			q := decimal.Min(want, l.In(from))
			if !q.IsPositive() || l.Unrecorded() && from == stock.Available {
				continue
			}
			if _, issue := b.move(l, stock.Move{Kind: e.Kind, From: from, Quantity: q}, why); issue != nil {
				return told(issue)
			}
			want = want.Sub(q)
		}
	}
	if !want.IsPositive() {
		return nil
	}
	return b.change(unrecorded, e.Kind, want.Neg(), why)
}

// change adds to what is available of a lot, or takes from it.
func (b *book) change(l *lot, kind stock.Kind, q decimal.Decimal, why cause) error {
	m := stock.Move{Kind: kind, To: stock.Available, Quantity: q}
	if q.IsNegative() {
		m.From, m.To, m.Quantity = stock.Available, stock.Outside, q.Neg()
	}
	_, issue := b.move(l, m, why)
	return told(issue)
}
