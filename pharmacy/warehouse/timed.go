package warehouse

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// Timed are to be driven as time passes.
func (s *Service) Timed() []pharmacy.Timed {
	if s.off {
		return nil
	}
	return []pharmacy.Timed{filling{s}}
}

// filling fills orders that are short as soon as there is stock, those first that were
// made first, and takes from orders what has expired since it was allocated.
type filling struct{ s *Service }

var _ pharmacy.Timed = filling{}

// atOnce bounds how many orders of an item are filled in one commit.
const atOnce = 64

// Name is the agent of its commits.
func (filling) Name() string { return "stock" }

// Next is midnight in London: lots expire.
func (filling) Next(now time.Time) time.Time { return nhs.NextDay(now) }

// Due are the items for which an order waits, and those of which an expired lot is
// allocated.
func (f filling) Due(state fhir.State, now time.Time) (items []string, err error) {
	add := func(id string) {
		if id != "" && !slices.Contains(items, id) {
			items = append(items, id)
		}
	}
	orders, err := state.Find("SupplyRequest", anyOf(idWaiting))
	if err != nil {
		return nil, err
	}
	for _, id := range orders {
		v, err := state.Current("SupplyRequest", id)
		if err != nil {
			return nil, err
		}
		o, err := readOrder(v)
		if err != nil {
			return nil, err
		}
		if o != nil {
			add(o.item)
		}
	}
	lots, err := state.Find("Basic", anyOf(idLot))
	if err != nil {
		return nil, err
	}
	for _, id := range lots {
		v, err := state.Current("Basic", id)
		if err != nil {
			return nil, err
		}
		l, err := readLot(v)
		if err != nil {
			return nil, err
		}
		if l != nil && l.In(stock.Allocated).IsPositive() && l.Usable(nhs.DateOf(now)) != "" {
			add(l.item)
		}
	}
	return items, nil
}

// anyOf is a search for any identifier of a system.
func anyOf(system string) string { return "identifier=" + url.QueryEscape(system+"|") }

// Looks looks at the item of a lot of which something is available.
func (filling) Looks(v *fhir.Version, now time.Time) (string, error) {
	if v.Type != "Basic" {
		return "", nil
	}
	l, err := readLot(v)
	if err != nil || l == nil || !l.In(stock.Available).IsPositive() || l.Usable(nhs.DateOf(now)) != "" {
		return "", err
	}
	return l.item, nil
}

// Pass fills the orders that wait for an item.
func (f filling) Pass(state fhir.State, id string, now time.Time) ([]fhir.Change, error) {
	b := newBook(state, now, fhir.Principal{Agent: "timer|" + f.Name()})
	i, err := b.item(id)
	if err != nil || i == nil {
		return nil, err
	}
	lots, err := b.lotsOf(i)
	if err != nil {
		return nil, err
	}
	for _, l := range lots {
		if l.In(stock.Allocated).IsPositive() && l.Usable(b.day) != "" {
			if err := b.expire(l); err != nil {
				return nil, err
			}
		}
	}
	waiting, err := b.waitingFor(i)
	if err != nil {
		return nil, err
	}
	for _, o := range waiting[:min(len(waiting), atOnce)] {
		if err := b.fill(o); err != nil {
			return nil, err
		}
		if o.short.IsPositive() {
			break // nothing is left
		}
	}
	return b.changes(), nil
}

// fill reserves what an order is short of, as far as it is there.
func (b *book) fill(o *order) error {
	before := o.short
	short, err := b.allocate(o, before, cause{Reason: "Filled when stock was there."})
	if err != nil {
		return err
	}
	if o.short = short; !short.IsPositive() {
		o.expected = nhs.Date{}
	}
	if !short.Equal(before) {
		b.tell(o)
	}
	return nil
}

// expire takes back from orders what they have of a lot that may not be used any more.
func (b *book) expire(l *lot) error {
	ids, err := b.state.Find("SupplyRequest", nhs.Query("identifier", idHas, l.id))
	if err != nil {
		return err
	}
	for _, id := range ids[:min(len(ids), atOnce)] {
		o, err := b.order(id)
		if err != nil {
			return err
		}
		if o == nil {
			continue
		}
		for _, r := range slices.Clone(o.rows) {
			if r.lot != l.id || r.state != stock.Allocated {
				continue
			}
			if issue := b.step(o, r, stock.Release, stock.Available, r.quantity, cause{Reason: "The lot " + l.Batch + " is not to be used any more."}); issue != nil {
				return told(issue)
			}
			o.short = o.short.Add(r.quantity)
			b.tell(o)
		}
	}
	return nil
}

// waitingFor are the orders that are short of an item, oldest first.
func (b *book) waitingFor(i *item) (list []*order, err error) {
	ids, err := b.state.Find("SupplyRequest", nhs.Query("identifier", idWaiting, i.id))
	if err != nil {
		return nil, err
	}
	for id := range b.orders {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		o, err := b.order(id)
		if err != nil {
			return nil, err
		}
		if o != nil && o.item == i.id && o.short.GreaterThan(decimal.Zero) {
			list = append(list, o)
		}
	}
	sorting.By(list, func(x, y *order) int { return cmp.Or(cmp.Compare(x.authored, y.authored), cmp.Compare(x.id, y.id)) })
	return list, nil
}
