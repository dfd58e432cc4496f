package warehouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// History is what a recount reads of a database.
type History interface {
	StateAt(ctx context.Context, at fhir.Seq) fhir.State
	Head() fhir.Seq
	Log(ctx context.Context, after fhir.Seq, limit int) ([]fhir.LogEntry, error)
}

// batch is how many commits are read at once.
const batch = 256

// Recount adds the ledger up from the log, from its first commit: every lot has what
// its entries come to and nothing else, no entry is missing, was altered or removed,
// and what orders have of a lot is what the lot says that they have. It writes nothing.
// What is wrong is told to report.
func Recount(ctx context.Context, db History, report func(text string)) error {
	c := counter{lots: map[string]*lot{}, rows: map[string]decimal.Decimal{}, entries: map[string]bool{}, came: map[string]decimal.Decimal{}, report: report}
	head := db.Head()
	for at := fhir.Seq(0); at < head; {
		commits, err := db.Log(ctx, at, batch)
		if err != nil {
			return err
		}
		if len(commits) == 0 {
			break
		}
		for _, commit := range commits {
			if at = commit.Seq; at > head {
				break
			}
			if err := c.commit(&commit); err != nil {
				return err
			}
		}
	}
	return c.compare(db.StateAt(ctx, head))
}

// counter is a recount under way.
type counter struct {
	lots    map[string]*lot
	rows    map[string]decimal.Decimal // lot and state
	entries map[string]bool
	came    map[string]decimal.Decimal // by purchase order
	report  func(string)
}

// commit adds up the entries of a commit, and compares its lots with them.
func (c *counter) commit(commit *fhir.LogEntry) error {
	day := nhs.DateOf(commit.Time)
	var entries []*entry
	for _, v := range commit.Versions {
		if v.Type != "Basic" {
			continue
		}
		if c.entries[v.ID] {
			c.report(fmt.Sprintf("Basic/%s: an entry of the stock ledger was altered or removed by version %s", v.ID, v.VersionID))
			continue
		}
		if again, err := readReassigned(v); err != nil {
			return err
		} else if again != nil {
			c.entries[v.ID] = true
			for _, order := range []string{again.from, again.to} {
				if order != "" {
					c.came[order] = c.came[order].Add(again.change(order))
				}
			}
			continue
		}
		e, err := readEntry(v)
		if err != nil {
			return err
		}
		if e != nil {
			c.entries[v.ID] = true
			if e.ofPurchase() {
				c.came[e.Order] = c.came[e.Order].Add(e.Quantity)
			}
			entries = append(entries, e)
		}
	}
	sorting.Stably(entries, func(a, b *entry) int { return a.place - b.place })
	for _, v := range commit.Versions {
		if v.Type != "Basic" || c.entries[v.ID] {
			continue
		}
		is, err := readLot(v)
		if err != nil {
			return err
		}
		if is == nil {
			if c.lots[v.ID] != nil {
				c.report(fmt.Sprintf("Basic/%s: a lot of the stock ledger was removed by version %s", v.ID, v.VersionID))
			}
			continue
		}
		c.take(is, entries, day)
	}
	return nil
}

func (c *counter) take(is *lot, entries []*entry, day nhs.Date) {
	was := c.lots[is.id]
	if was == nil {
		was = &lot{id: is.id, item: is.item, Lot: stock.Lot{Batch: is.Batch, Expiry: is.Expiry, Location: is.Location}}
		c.lots[is.id] = was
	}
	was.Recalled = false // whether it might be moved was decided when it was
	for _, e := range entries {
		if e.lotID != is.id {
			continue
		}
		if issue := was.Apply(&e.Move, day); issue != nil {
			c.report(fmt.Sprintf("Basic/%s: %s", e.id, issue.Text()))
		}
		if e.place != was.Moves {
			c.report(fmt.Sprintf("Basic/%s: the entry has the number %d, and is the %d. of its lot", e.id, e.place, was.Moves))
		}
	}
	for _, s := range stock.States {
		if !was.In(s).Equal(is.In(s)) {
			c.report(fmt.Sprintf("Basic/%s: the lot %s has %s %s, and its entries come to %s", is.id, fhir.OrNothing(is.Batch), is.In(s), s, was.In(s)))
		}
	}
	if was.Pence != is.Pence {
		c.report(fmt.Sprintf("Basic/%s: the lot %s is worth %d pence, and its entries come to %d", is.id, fhir.OrNothing(is.Batch), is.Pence, was.Pence))
	}
	*was = *is
	was.Held = maps.Clone(is.Held)
}

// compare compares the newest orders with the lots.
func (c *counter) compare(state fhir.State) error {
	ids, err := state.Find("SupplyRequest", nhs.Query("category", csStock, codeOrder))
	if err != nil {
		return err
	}
	for _, id := range ids {
		v, err := state.Current("SupplyRequest", id)
		if err != nil {
			return err
		}
		o, err := readOrder(v)
		if err != nil {
			return err
		}
		if o == nil {
			continue
		}
		for _, r := range o.rows {
			key := r.lot + " " + string(r.state)
			c.rows[key] = c.rows[key].Add(r.quantity)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.lots)) {
		for _, s := range []stock.State{stock.Allocated, stock.Picked, stock.Packed, stock.InTransit} {
			if has, rows := c.lots[id].In(s), c.rows[id+" "+string(s)]; !has.Equal(rows) {
				c.report(fmt.Sprintf("Basic/%s: the lot %s has %s %s, and the orders have %s of it", id, fhir.OrNothing(c.lots[id].Batch), has, s, rows))
			}
		}
	}
	return c.purchases(state)
}

// purchases compares the newest purchase orders with the receipts.
func (c *counter) purchases(state fhir.State) error {
	orders, err := purchasesOf(state, anyOf(idLedger))
	if err != nil {
		return err
	}
	for _, p := range orders {
		if came := c.came[p.Ref()]; !came.Equal(p.received) {
			c.report(fmt.Sprintf("%s: the purchase order %s has %s received, and its receipts come to %s", p.Ref(), p.number, p.received, came))
		}
		delete(c.came, p.Ref())
	}
	for _, ref := range slices.Sorted(maps.Keys(c.came)) {
		c.report(ref + ": a purchase order was removed, against which goods were received")
	}
	return nil
}

// RegisterBalance is the balance of a page of the controlled drugs register.
type RegisterBalance struct {
	Org     string
	Product Product
	Unit    string
	Balance decimal.Decimal
	Entered decimal.Decimal // without what was entered of supplies
}

// Compare tells where the ledger has another balance of a controlled drug than its
// register. What was entered in the register while no ledger was kept is not in the
// ledger before the next entry, and is not compared; nor is anything while the
// followers of either have supplies to enter.
func Compare(ctx context.Context, db interface {
	History
	CursorAt(ctx context.Context, name string) (fhir.Seq, error)
}, pages []RegisterBalance, report func(text string)) error {
	at, head := db.Head(), db.Head()
	for _, name := range []string{follower{}.Name(), "register"} {
		cursor, err := db.CursorAt(ctx, name)
		if err != nil {
			return err
		}
		at = min(at, cursor)
	}
	for at < head {
		commits, err := db.Log(ctx, at, batch)
		if err != nil || len(commits) == 0 {
			return err
		}
		for _, commit := range commits {
			at = commit.Seq
			if slices.ContainsFunc(commit.Versions, func(v *fhir.Version) bool { return v.Type == "MedicationDispense" }) {
				return nil
			}
		}
	}
	b := newBook(db.StateAt(ctx, head), time.Time{}, fhir.Principal{})
	for _, p := range pages {
		i, err := b.item(itemID(p.Org, p.Product, p.Unit))
		if err != nil {
			return err
		}
		if i == nil || !i.entered.Equal(p.Entered) {
			continue
		}
		lots, err := b.lotsOf(i)
		if err != nil {
			return err
		}
		if has := (Holding{item: i, lots: lots}).Balance(); !has.Equal(p.Balance) {
			report(fmt.Sprintf("Basic/%s: the stock ledger has %s %s of %s, and its controlled drugs register %s", i.id, has, i.unit, i.product.Name, p.Balance))
		}
	}
	return nil
}
