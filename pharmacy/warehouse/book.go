package warehouse

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// book is the ledger while a commit is made: what is moved is seen by what is moved
// after it. It is used by one goroutine.
type book struct {
	state fhir.State
	now   time.Time // of the commit; the zero time where nothing is committed
	day   nhs.Date  // of now
	who   cause     // By and ByName of every entry

	items     map[string]*item
	lots      map[string]*lot
	orders    map[string]*order
	purchases map[string]*purchase
	others    []fhir.Change // deliveries and counts
	entries   []*entry
	written   []string // Basic/1, SupplyRequest/1, in the order in which they were first written
}

func newBook(state fhir.State, now time.Time, who fhir.Principal) *book {
	return &book{state: state, now: now, day: nhs.DateOf(now), who: cause{By: who.Agent, ByName: who.Display}, items: map[string]*item{}, lots: map[string]*lot{}, orders: map[string]*order{}, purchases: map[string]*purchase{}}
}

// copy is the book to try something on.
func (b *book) copy(o *order) *book {
	c := *b
	c.lots, c.items, c.orders = map[string]*lot{}, maps.Clone(b.items), maps.Clone(b.orders)
	for id, l := range b.lots {
		x := *l
		x.Held = maps.Clone(l.Held)
		c.lots[id] = &x
	}
	x := *o
	x.rows, x.acts = slices.Clone(o.rows), slices.Clone(o.acts)
	c.orders[o.id] = &x
	c.entries, c.written, c.others = slices.Clone(b.entries), slices.Clone(b.written), slices.Clone(b.others)
	return &c
}

// wrote notes that a resource is to be written.
func (b *book) wrote(typ, id string) {
	if ref := typ + "/" + id; !slices.Contains(b.written, ref) {
		b.written = append(b.written, ref)
	}
}

// item is the item of an id, nil where there is none.
func (b *book) item(id string) (*item, error) {
	if i, ok := b.items[id]; ok {
		return i, nil
	}
	i, err := itemOf(b.state, id)
	if err != nil {
		return nil, err
	}
	b.items[id] = i
	return i, nil
}

// keep is the item of a product, which is made where there is none.
func (b *book) keep(org string, p Product, unit string) (*item, error) {
	id := itemID(org, p, unit)
	i, err := b.item(id)
	if err != nil || i != nil {
		return i, err
	}
	i = &item{id: id, org: org, product: p, unit: unit}
	b.items[id] = i
	b.wrote("Basic", id)
	return i, nil
}

// lot is the lot of an item with a batch and expiry in a location, empty where there is
// none yet.
func (b *book) lot(i *item, batch string, expiry nhs.Date, location string) (*lot, error) {
	id := lotID(i.id, batch, expiry.String(), location)
	l, err := b.lotByID(id)
	if err != nil || l != nil {
		return l, err
	}
	l = &lot{id: id, item: i.id, org: i.org, unit: i.unit, Lot: stock.Lot{Batch: batch, Expiry: expiry, Location: location, Held: map[stock.State]decimal.Decimal{}}}
	b.lots[id] = l
	return l, nil
}

func (b *book) lotByID(id string) (*lot, error) {
	if l := b.lots[id]; l != nil {
		return l, nil
	}
	v, err := b.state.Current("Basic", id)
	if err != nil || v == nil {
		return nil, err
	}
	l, err := readLot(v)
	if err != nil || l == nil {
		return nil, err
	}
	b.lots[id] = l
	return l, nil
}

// unrecorded is the lot from which is taken what was never received.
func (b *book) unrecorded(i *item) (*lot, error) { return b.lot(i, "", nhs.Date{}, "") }

// lotsOf are the lots of an item in which there is anything.
func (b *book) lotsOf(i *item) (list []*lot, err error) {
	ids, err := b.state.Find("Basic", nhs.Query("identifier", idLot, i.id))
	if err != nil {
		return nil, err
	}
	for _, ref := range b.written {
		if id, ok := strings.CutPrefix(ref, "Basic/"); ok && b.lots[id] != nil && b.lots[id].item == i.id && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		l, err := b.lotByID(id)
		if err != nil {
			return nil, err
		}
		if l != nil && !l.Empty() {
			list = append(list, l)
		}
	}
	return list, nil
}

// move moves a part of a lot, or says why not.
func (b *book) move(l *lot, m stock.Move, why cause) (*entry, *fhir.Issue) {
	if issue := l.Apply(&m, b.day); issue != nil {
		return nil, issue
	}
	if why.By == "" {
		why.By, why.ByName = b.who.By, b.who.ByName
	}
	e := &entry{id: entryID(l.id, l.Moves), of: l, item: l.item, place: l.Moves, Move: m, cause: why}
	if i := b.items[l.item]; i != nil {
		e.product = i.product
	}
	b.entries = append(b.entries, e)
	b.wrote("Basic", l.id)
	return e, nil
}

// byExpiry takes an amount of an item from what is available.
func (b *book) byExpiry(i *item, want decimal.Decimal) (lots []*lot, takes []stock.Take, short decimal.Decimal, err error) {
	if lots, err = b.lotsOf(i); err != nil {
		return nil, nil, want, err
	}
	plain := make([]*stock.Lot, len(lots))
	for n, l := range lots {
		plain[n] = &l.Lot
	}
	takes, short = stock.ByExpiry(plain, want, b.day)
	return lots, takes, short, nil
}

// changes write everything: the entries with their lots, the items and the orders.
func (b *book) changes() (list []fhir.Change) {
	for _, e := range b.entries {
		list = append(list, e.change(b.day))
	}
	for _, ref := range b.written {
		typ, id, _ := strings.Cut(ref, "/")
		switch {
		case typ == "SupplyRequest" && b.purchases[id] != nil:
			list = append(list, b.purchases[id].change())
		case typ == "SupplyRequest":
			list = append(list, b.orders[id].change())
		case b.lots[id] != nil:
			list = append(list, b.lots[id].change())
		case b.items[id] != nil:
			list = append(list, b.items[id].change())
		}
	}
	return append(list, b.others...)
}
