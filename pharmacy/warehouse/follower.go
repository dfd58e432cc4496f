package warehouse

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// follower keeps the ledger as prescriptions move on: it makes the orders and reserves
// stock for them, moves what goes into the bag and to the courier, and takes out of the
// stock what is supplied, whatever way it was recorded.
type follower struct{ s *Service }

var _ pharmacy.Together = follower{}

// Name is the name of the cursor.
func (follower) Name() string { return "stock" }

// Consumes are the supplies, the Tasks of prescriptions, and whose address may change.
func (follower) Consumes() []string { return []string{"MedicationDispense", "Task", "Patient"} }

// Produces are the ledger, the orders and the deliveries.
func (follower) Produces() []string { return []string{"Basic", "SupplyRequest", "SupplyDelivery"} }

// Step is StepAll of one version.
func (f follower) Step(ctx context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	return f.StepAll(ctx, state, []*fhir.Version{v})
}

// StepAll enters what was supplied, and then does what the Tasks ask for: what a
// hand-over takes from the bag is supplied, and not put back.
func (f follower) StepAll(_ context.Context, state fhir.State, versions []*fhir.Version) ([]fhir.Change, error) {
	b := newBook(state, versions[0].LastUpdated, versions[0].Requester)
	for _, typ := range f.Consumes() {
		for _, v := range versions {
			if v.Type != typ {
				continue
			}
			now, err := state.Current(typ, v.ID)
			if err != nil {
				return nil, err
			}
			if now == nil || now.VersionID != v.VersionID {
				continue // a later version is on its way
			}
			switch typ {
			case "Task":
				err = f.s.follow(b, v)
			case "Patient":
				err = f.s.relocated(b, v)
			default:
				err = f.s.supplied(b, v)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return b.changes(), nil
}

// supplied enters what a MedicationDispense states now: what is more than was entered
// of it goes out of the stock, what is less comes back.
func (s *Service) supplied(b *book, v *fhir.Version) error {
	if s.supplies == nil {
		return nil
	}
	if v.Deleted() { // of one that was purged the supply was made all the same
		first, err := b.state.First(v.Type, v.ID)
		if err != nil || first != nil && first.Purged != nil {
			return err
		}
	}
	had, err := entriesOf(b.state, nhs.Query("identifier", idSource, v.Ref()))
	if err != nil {
		return err
	}
	want, ok, err := s.supplies.Supplied(b.state, v)
	if err != nil || !ok && len(had) == 0 {
		return err
	}
	id := ""
	if ok {
		id = itemID(want.Org, want.Product, want.Unit)
		i, err := b.item(id)
		if err != nil {
			return err
		}
		if i == nil && !s.kept(want.Product, b.day) && len(had) == 0 {
			return nil // no product of the ledger
		}
		if i == nil {
			if _, err = b.keep(want.Org, want.Product, want.Unit); err != nil {
				return err
			}
		}
	}
	out := map[string]decimal.Decimal{} // by item
	for _, e := range had {
		out[e.item] = out[e.item].Sub(e.Change())
	}
	if ok {
		out[id] = out[id].Sub(want.Quantity)
	}
	why := cause{Source: v.Ref() + "/_history/" + v.VersionID, When: handedOver(v)}
	orders, err := b.ordersOf(v)
	if err != nil {
		return err
	}
	for _, of := range sortedKeys(out) {
		switch more := out[of].Neg(); {
		case more.IsPositive():
			err = b.takeOut(of, more, want.Batch, orders, why)
		case more.IsNegative():
			err = b.takeBack(of, more.Neg(), had, why)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// handedOver is the day on which a MedicationDispense says that it was handed over.
func handedOver(v *fhir.Version) string {
	if v.Deleted() {
		return ""
	}
	r, err := v.Resource()
	if err != nil {
		return ""
	}
	return nhs.ReadDate(r.Get("whenHandedOver").Text()).String()
}

// ordersOf are the orders of the prescription of a supply, those first of which most
// is on its way.
func (b *book) ordersOf(v *fhir.Version) (list []*order, err error) {
	if v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	for ref := range r.Get("authorizingPrescription").Items() {
		request := idIn("MedicationRequest", ref.Get("reference").Text())
		if request == "" {
			continue
		}
		ids, err := b.state.Find("SupplyRequest", nhs.Query("identifier", idOf, request))
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			o, err := b.order(id)
			if err != nil {
				return nil, err
			}
			if o == nil {
				continue
			}
			if err := b.known(o); err != nil {
				return nil, err
			}
			list = append(list, o)
		}
	}
	sorting.Stably(list, func(x, y *order) int {
		return y.in(stock.InTransit, stock.Packed).Cmp(x.in(stock.InTransit, stock.Packed))
	})
	return list, nil
}

// takeOut takes a supply out of the stock: from what its order has, from what is there
// of its batch, by first expiry where no batch is told, and the rest from what was
// never received.
func (b *book) takeOut(id string, want decimal.Decimal, batch string, orders []*order, why cause) error {
	i, err := b.item(id)
	if err != nil || i == nil {
		return err
	}
	for _, o := range orders {
		if o.item != id {
			continue
		}
		want = b.suppliedFrom(o, want, batch, why, stock.InTransit, stock.Packed, stock.Picked, stock.Allocated)
	}
	lots, takes, _, err := b.byExpiry(i, want)
	if err != nil {
		return err
	}
	if batch != "" {
		takes = nil
		for n, l := range lots {
			if q := decimal.Min(want, l.In(stock.Available)); strings.EqualFold(l.Batch, batch) && q.IsPositive() {
				takes = append(takes, stock.Take{Lot: n, Quantity: q})
				break
			}
		}
	}
	for _, t := range takes {
		if _, issue := b.move(lots[t.Lot], stock.Move{Kind: stock.Supply, From: stock.Available, Quantity: t.Quantity}, why); issue == nil {
			want = want.Sub(t.Quantity)
		}
	}
	for _, o := range orders { // what is gone from here is what was handed over, whatever batch was told
		if o.item == id {
			want = b.suppliedFrom(o, want, "", why, stock.InTransit, stock.Packed)
		}
	}
	if !want.IsPositive() {
		return nil
	}
	l, err := b.unrecorded(i)
	if err != nil {
		return err
	}
	_, issue := b.move(l, stock.Move{Kind: stock.Supply, From: stock.Available, Quantity: want}, why)
	return told(issue)
}

// suppliedFrom supplies from the rows of an order in some states: those of the batch, or
// any where no batch is told. It returns what is left.
func (b *book) suppliedFrom(o *order, want decimal.Decimal, batch string, why cause, states ...stock.State) decimal.Decimal {
	for _, from := range states {
		for _, r := range slices.Clone(o.rows) {
			l := b.lots[r.lot]
			if r.state != from || !want.IsPositive() || l == nil || batch != "" && !strings.EqualFold(l.Batch, batch) {
				continue
			}
			q := decimal.Min(want, r.quantity)
			if b.step(o, r, stock.Supply, stock.Outside, q, why) == nil {
				o.supplied, want = o.supplied.Add(q), want.Sub(q)
			}
		}
	}
	return want
}

// takeBack takes a supply back into the stock: into quarantine, of the lots from which
// it came, the last first.
func (b *book) takeBack(id string, want decimal.Decimal, had []*entry, why cause) error {
	back := map[string]decimal.Decimal{}
	for _, e := range had {
		if e.item == id {
			back[e.lotID] = back[e.lotID].Sub(e.Change())
		}
	}
	why.Reason = "The record of the supply was amended or taken back."
	for n := len(had) - 1; n >= 0 && want.IsPositive(); n-- {
		q := decimal.Min(want, back[had[n].lotID])
		if had[n].item != id || !q.IsPositive() {
			continue
		}
		l, err := b.lotByID(had[n].lotID)
		if err != nil || l == nil {
			return err
		}
		if _, err = b.item(l.item); err != nil {
			return err
		}
		to := stock.Quarantine
		if l.Unrecorded() {
			to = stock.Available
		}
		if _, issue := b.move(l, stock.Move{Kind: stock.SupplyBack, To: to, Quantity: q, Pence: valueOf(had, l.id, q)}, why); issue != nil {
			return told(issue)
		}
		back[l.id], want = back[l.id].Sub(q), want.Sub(q)
		o, err := b.order(idIn("SupplyRequest", had[n].Order))
		if err != nil {
			return err
		}
		if o != nil {
			o.supplied = decimal.Max(o.supplied.Sub(q), decimal.Zero)
			b.wrote("SupplyRequest", o.id)
		}
	}
	return nil
}

// valueOf is the part of what went out of a lot by entries that an amount of it is
// worth.
func valueOf(had []*entry, lot string, q decimal.Decimal) int64 {
	total, pence := decimal.Zero, int64(0)
	for _, e := range had {
		if e.lotID == lot {
			total, pence = total.Sub(e.Change()), pence+e.Pence*int64(-e.Change().Sign())
		}
	}
	if !total.IsPositive() || q.GreaterThanOrEqual(total) {
		return max(pence, 0)
	}
	return decimal.NewFromInt(pence).Mul(q).DivRound(total, 8).RoundBank(0).IntPart()
}

// follow does what a Task asks for.
func (s *Service) follow(b *book, v *fhir.Version) error {
	if v.Deleted() {
		return nil
	}
	t, err := readTask(b.state, v)
	if err != nil || t == nil {
		return err
	}
	if s.ready != nil && t.taken {
		if t.sendable, err = s.ready(b.state, v, v.LastUpdated); err != nil {
			return err
		}
	}
	for n := range t.lines {
		if err := s.followLine(b, t, &t.lines[n], v); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) followLine(b *book, t *task, l *line, v *fhir.Version) error {
	request := idIn("MedicationRequest", l.request)
	o, err := b.order(orderID(request, t.issue))
	if err != nil {
		return err
	}
	wanted := t.taken && l.outstanding
	if o == nil {
		p, unit := s.productOf(l, b.day)
		i, err := b.item(itemID(t.org, p, unit))
		if err != nil || i == nil || !i.open || !wanted || !l.quantity.IsPositive() {
			return err
		}
		before, err := s.suppliedBefore(b.state, t, l.request, i.id)
		if err != nil {
			return err
		}
		o = &order{id: orderID(request, t.issue), org: t.org, task: t.ref, request: l.request, number: l.number, issue: t.issue, patient: t.patient, item: i.id, product: i.product, unit: unit,
			quantity: l.quantity, supplied: before, status: orderActive, authored: instant(v.LastUpdated)}
		b.orders[o.id] = o
		b.wrote("SupplyRequest", o.id)
	}
	if err := b.known(o); err != nil {
		return err
	}
	why := cause{Source: v.Ref() + "/_history/" + v.VersionID}
	ready := wanted && (s.ready == nil || slices.ContainsFunc(t.sendable, func(item string) bool { return nhs.SameUUID(item, l.number) }))
	if ready != o.ready {
		o.ready = ready
		b.wrote("SupplyRequest", o.id)
	}
	b.putBack(o, l, why)
	if err := b.bagged(o, l, why); err != nil {
		return err
	}
	need := decimal.Zero
	if wanted {
		need = decimal.Max(o.quantity.Sub(o.supplied), decimal.Zero)
	}
	return b.settle(o, need, wanted, why)
}

// suppliedBefore is what was supplied of an item before it became an order. Of a
// repeatable prescription each issue is an order, and earlier supplies are of earlier
// issues.
func (s *Service) suppliedBefore(state fhir.State, t *task, request, item string) (sum decimal.Decimal, err error) {
	if s.supplies == nil || t.issue > 1 {
		return sum, nil
	}
	ids, err := state.Find("MedicationDispense", "prescription="+nhs.Text(request))
	if err != nil {
		return sum, err
	}
	for _, id := range ids {
		v, err := state.Current("MedicationDispense", id)
		if err != nil || v == nil {
			return sum, err
		}
		x, ok, err := s.supplies.Supplied(state, v)
		if err != nil {
			return sum, err
		}
		if ok && itemID(x.Org, x.Product, x.Unit) == item {
			sum = sum.Add(x.Quantity)
		}
	}
	return sum, nil
}

// putBack returns what was put back from the bag since: to the stock where it never
// left the pharmacy, else into quarantine.
func (b *book) putBack(o *order, l *line, why cause) {
	n := 0
	for _, bag := range l.bags {
		if !bag.back {
			continue
		}
		if n++; n <= o.putBacks {
			continue
		}
		o.putBacks = n
		if o.out() || o.stage == stageDispatched || o.stage == stageFailed {
			o.stage = stageReturned // a person decides whether it is sent again
			b.raise(o)
		}
		b.wrote("SupplyRequest", o.id)
		why.Reason = "Put back from the bag."
		left := bag.quantity
		if bag.sent {
			left = b.steps(o, stock.InTransit, stock.Release, stock.Quarantine, left, bag.batch, why)
			b.delivered(o, "abandoned")
		}
		b.steps(o, stock.Packed, stock.Release, stock.Available, left, bag.batch, why)
	}
}

// bagged moves what is in the bag to where it is: packed, or with the courier.
func (b *book) bagged(o *order, l *line, why cause) error {
	packed, sent, courier, batch := decimal.Zero, decimal.Zero, "", ""
	for _, bag := range l.bags {
		switch {
		case bag.back:
		case bag.sent:
			sent, courier, batch = sent.Add(bag.quantity), bag.courier, bag.batch
		default:
			packed, batch = packed.Add(bag.quantity), bag.batch
		}
	}
	missing := packed.Add(sent).Sub(o.in(stock.Packed, stock.InTransit))
	for _, from := range []stock.State{stock.Picked, stock.Allocated} {
		if missing.IsPositive() {
			missing = b.steps(o, from, stock.Pack, stock.Packed, missing, batch, why)
		}
	}
	if missing.IsPositive() {
		if _, err := b.allocate(o, missing, why); err != nil {
			return err
		}
		b.steps(o, stock.Allocated, stock.Pack, stock.Packed, missing, batch, why)
	}
	if more := sent.Sub(o.in(stock.InTransit)); more.IsPositive() {
		if left := b.steps(o, stock.Packed, stock.Dispatch, stock.InTransit, more, batch, why); left.LessThan(more) {
			b.dispatched(o, more.Sub(left), courier)
		}
	}
	return nil
}

// settle reserves what an order still needs, and releases what it does not.
func (b *book) settle(o *order, need decimal.Decimal, wanted bool, why cause) error {
	before := *o
	over := o.has().Sub(need)
	for _, from := range []stock.State{stock.Allocated, stock.Picked, stock.Packed} {
		if over.IsPositive() && (from != stock.Packed || !wanted) {
			over = b.steps(o, from, stock.Release, stock.Available, over, "", why)
		}
	}
	o.short = decimal.Zero
	if missing := need.Sub(o.has()); missing.IsPositive() {
		short, err := b.allocate(o, missing, why)
		if err != nil {
			return err
		}
		o.short = short
	}
	switch {
	case wanted || o.in(stock.InTransit).IsPositive():
		o.status = orderActive
	case o.supplied.IsPositive():
		o.status = orderCompleted
	default:
		o.status = orderCancelled
	}
	if !o.short.IsPositive() {
		o.expected = nhs.Date{}
	} else if i := b.items[o.item]; o.expected.IsZero() && i != nil && i.days > 0 {
		o.expected = nhs.Date{Time: b.day.AddDate(0, 0, i.days)}
	}
	if o.supplied.IsPositive() && !o.in(stock.InTransit).IsPositive() {
		b.delivered(o, "completed")
	}
	b.owe(o)
	b.tell(o)
	if o.status != before.status || !o.short.Equal(before.short) || o.expected != before.expected {
		b.wrote("SupplyRequest", o.id)
	}
	return nil
}

// dispatched makes the SupplyDelivery of what a courier took.
func (b *book) dispatched(o *order, q decimal.Decimal, courier string) {
	o.deliveries++
	b.wrote("SupplyRequest", o.id)
	id := deliveryID(o.id, o.deliveries)
	b.others = append(b.others, fhir.Change{Method: fhir.Create, Type: "SupplyDelivery", ID: id, IfAbsent: true, Resource: fhir.Obj("resourceType", "SupplyDelivery", "id", id,
		"identifier", fhir.List(fhir.Obj("system", idCourier, "value", courier)),
		"basedOn", fhir.List(fhir.Obj("reference", "SupplyRequest/"+o.id)), "status", "in-progress", "patient", fhir.Obj("reference", o.patient),
		"type", fhir.Obj("coding", fhir.List(fhir.Obj("system", "http://terminology.hl7.org/CodeSystem/supply-item-type", "code", "medication"))),
		"suppliedItem", fhir.Obj("quantity", fhir.Obj("value", fhir.Raw(q.String()), "unit", o.unit),
			"itemCodeableConcept", fhir.Obj("coding", fhir.List(fhir.Obj("system", dmdOf(o.product), "code", o.product.Code, "display", o.product.Name)), "text", o.product.Name)),
		"occurrenceDateTime", b.day.String(), "supplier", keeper(o.org)).Resource()})
}

func deliveryID(order string, n int) string {
	return pharmacy.ID("SupplyDelivery", order, strconv.Itoa(n))
}

// delivered ends the delivery of an order that is under way, if there is one.
func (b *book) delivered(o *order, status string) {
	if o.deliveries == 0 {
		return
	}
	v, err := b.state.Current("SupplyDelivery", deliveryID(o.id, o.deliveries))
	if err != nil || v == nil || v.Deleted() {
		return
	}
	r, err := v.Resource()
	if err != nil || r.Get("status").Text() != "in-progress" {
		return
	}
	if slices.ContainsFunc(b.others, func(c fhir.Change) bool { return c.ID == v.ID }) {
		return
	}
	b.others = append(b.others, fhir.Change{Method: fhir.Update, Type: "SupplyDelivery", ID: v.ID, IfMatch: v.VersionID, Resource: withStatus(r, status)})
}

// told is an issue as an error.
func told(issue *fhir.Issue) error {
	if issue == nil {
		return nil
	}
	return &fhir.Error{Op: "stock", Kind: issue.Code, Issues: []fhir.Issue{*issue}}
}

// entriesOf are the entries that a search finds, those of a lot in their order.
func entriesOf(state fhir.State, query string) (list []*entry, err error) {
	ids, err := state.Find("Basic", query)
	if err != nil {
		return nil, err
	}
	type placed struct {
		*entry
		seq fhir.Seq
	}
	var all []placed
	for _, id := range ids {
		v, err := state.Current("Basic", id)
		if err != nil {
			return nil, err
		}
		e, err := readEntry(v)
		if err != nil {
			return nil, err
		}
		if e != nil {
			all = append(all, placed{e, v.Seq})
		}
	}
	sorting.By(all, func(x, y placed) int {
		switch {
		case x.seq != y.seq:
			return int(int64(x.seq) - int64(y.seq))
		case x.lotID != y.lotID:
			if x.lotID < y.lotID {
				return -1
			}
			return 1
		}
		return x.place - y.place
	})
	for _, e := range all {
		list = append(list, e.entry)
	}
	return list, nil
}
