package warehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// Taken is what became of an event.
type Taken string

// What becomes of events.
const (
	Done  Taken = "done"
	Known Taken = "known" // it tells nothing new
	Early Taken = "early" // what it follows has not come yet: it is done when that comes
)

// Take takes an event of the warehouse or a courier, once: the same id with the same
// content is known, with another it is refused. Events may come in any order. What an
// order does not allow is refused, and where goods may be lost or sent twice by it the
// order waits for a person besides. who is the system that sends it.
func (s *Service) Take(ctx context.Context, who fhir.Principal, e Event, now time.Time) (Taken, error) {
	if s.off {
		return "", fhir.E("warehouse-event", fhir.NotSupported, fhir.Issue{Rule: "STOCK-0", Message: "This server keeps no stock ledger.", Fix: "Its operator starts one with serve --stock."})
	}
	if err := e.check(); err != nil {
		return "", err
	}
	if e.When.After(now.Add(ahead)) {
		return "", eventError("timestamp", "It has not happened yet.", "a time until "+instant(now), instant(e.When))
	}
	digest := sha256.Sum256(e.Text())
	key := "warehouse-event\x00" + e.ID
	request := hex.EncodeToString(digest[:])
	s.moving.Lock()
	defer s.moving.Unlock()
	for range attempts {
		if first, ok, err := s.db.ReceiptFor(ctx, key); ok || err != nil {
			return Known, errors.Join(err, repeated(first, request, e.ID))
		}
		state := s.db.State(ctx)
		b := newBook(state, now, who)
		o, err := b.order(e.Order)
		if err != nil {
			return "", err
		}
		if o == nil || !who.ActsFor(o.org) {
			return "", fhir.E("warehouse-event", fhir.NotFound, fhir.Issue{Rule: "GOODS-2", Expression: "event.data.order", Message: "There is no such order.", Expected: "the id of an order that the warehouse was told of", Found: e.Order})
		}
		if err := b.known(o); err != nil {
			return "", err
		}
		before := o.trouble
		taken, refused := b.take(o, &e)
		if refused != nil && o.trouble == before {
			return "", told(refused)
		}
		if taken == Done {
			b.again(o)
		}
		said := fhir.Obj("request", request, "taken", string(taken))
		if refused != nil {
			said = fhir.Obj("request", request, "refused", refused.Text())
		}
		commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: b.changes(), Receipt: fhir.Receipt{Key: key, Body: said.JSON()}, Derived: true, Requester: who, RequestID: e.ID, Time: now})
		switch {
		case err == nil && commit.Repeated:
			return Known, repeated(commit.Receipt, request, e.ID)
		case err == nil:
			return taken, told(refused)
		case fhir.KindOf(err) != fhir.Conflict:
			return "", err
		}
	}
	return "", fhir.E("warehouse-event", fhir.Throttled, fhir.Issue{Message: "Other writers changed the same order at the same time, again and again.", Fix: "Send it again."})
}

// repeated is what an event is answered that came before: nothing where it was taken,
// why not where it was refused, and that it is another one where it is.
func repeated(receipt fhir.Receipt, request, id string) error {
	if receipt.Key == "" {
		return nil
	}
	if fhir.RequestOf(receipt) != request {
		return fhir.E("warehouse-event", fhir.Conflict, fhir.Issue{Rule: "GOODS-3", Expression: "event.id", Message: "Another event had this id.", Expected: "a new id for each event", Found: id})
	}
	r, err := fhir.Parse(receipt.Body)
	if err != nil {
		return err
	}
	why := r.Get("refused").Text()
	if why == "" {
		return nil
	}
	return fhir.E("warehouse-event", fhir.BusinessRule, fhir.Issue{Rule: "GOODS-5", Expression: "event", Message: "The event was refused when it came first: " + why, Fix: "Send a new event when the order was looked into."})
}

// ahead is how far the clock of a warehouse may be ahead.
const ahead = 5 * time.Minute

// again does the events that came before those that they follow.
func (b *book) again(o *order) {
	for progress := true; progress; {
		progress = false
		early := o.early
		o.early = nil
		sorting.Stably(early, func(x, y Event) int { return x.When.Compare(y.When) })
		for i := range early {
			taken, refused := b.take(o, &early[i])
			progress = progress || taken == Done
			if refused != nil && o.trouble == "" {
				b.stop(o, refused.Text())
			}
		}
	}
}

// take does an event on an order, or says why not.
func (b *book) take(o *order, e *Event) (Taken, *fhir.Issue) {
	wrong := func(rule, place, message, expected, found string) *fhir.Issue {
		return &fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: rule, Expression: "event." + place, Message: message, Expected: expected, Found: fhir.OrNothing(found)}
	}
	later := func() (Taken, *fhir.Issue) {
		if len(o.early) >= mostEarly {
			return "", wrong("GOODS-4", "type", "Too much of the order came before what it follows.", "the events in their order", string(e.Kind))
		}
		if !slices.ContainsFunc(o.early, func(x Event) bool { return x.ID == e.ID }) {
			o.early = append(o.early, *e)
			b.wrote("SupplyRequest", o.id)
		}
		return Early, nil
	}
	if o.revision == 0 {
		return "", wrong("GOODS-2", "data.order", "The order is not released.", "an order that the warehouse was told of", e.Order)
	}
	if e.Revision > o.revision && e.Kind != TrackedEvent {
		return "", b.unknown(o, e, wrong)
	}
	why := cause{When: nhs.DateOf(e.When).String(), Source: "event " + e.ID, Reason: reasonOf(e)}
	switch e.Kind {
	case TrackedEvent:
		scan := instant(e.When) + " " + e.Outcome
		if slices.Contains(o.scans, scan) {
			return Known, nil
		}
		o.scans = append(o.scans, scan)
		slices.Sort(o.scans)
		o.scans = o.scans[max(0, len(o.scans)-mostScans):]
		b.wrote("SupplyRequest", o.id)
		if e.Outcome == "lost" || e.Outcome == "damaged" || e.Outcome == "refused" {
			b.stop(o, "The courier says of the consignment "+o.tracking+": "+e.Outcome+".")
		}
		return Done, nil
	case PickedEvent:
		if rank[o.stage] >= rank[stagePicked] {
			return Known, nil
		}
		if stale := o.stale(e, wrong); stale != nil {
			return "", stale
		}
		b.steps(o, stock.Allocated, stock.Pick, stock.Picked, o.in(stock.Allocated), "", why)
		o.stage = stagePicked
	case PackedEvent:
		return b.packed(o, e, why, wrong)
	case DispatchedEvent:
		switch {
		case rank[o.stage] >= rank[stageDispatched] && o.stage != stageFailed:
			if o.tracking == e.Tracking {
				return Known, nil
			}
			issue := wrong("GOODS-5", "data.tracking", "The order was sent before, with another consignment.", o.carrier+" "+o.tracking, e.Carrier+" "+e.Tracking)
			b.stop(o, issue.Text())
			return "", issue
		case o.stage != stagePacked && o.stage != stageFailed:
			return later()
		}
		if stale := o.stale(e, wrong); stale != nil && o.stage == stagePacked {
			b.stop(o, stale.Text())
			return "", stale
		}
		if o.stage == stagePacked {
			if issue := b.dispatchAll(o, e, why); issue != nil {
				b.stop(o, issue.Text())
				return "", issue
			}
		}
		o.stage, o.carrier, o.tracking = stageDispatched, e.Carrier, e.Tracking
		o.acts = append(o.acts, act{Kind: ActDispatch, Courier: strings.TrimSpace(e.Carrier + " " + e.Tracking), Expected: e.Expected, When: instant(e.When)})
	case DeliveredEvent:
		switch {
		case o.stage == stageDelivered:
			return Known, nil
		case o.stage != stageDispatched && o.stage != stageFailed:
			return later()
		}
		if issue := o.handedRight(e, b.day, wrong); issue != nil {
			b.stop(o, issue.Text())
			return "", issue
		}
		o.stage = stageDelivered
		o.acts = append(o.acts, act{Kind: ActHandOver, Courier: strings.TrimSpace(o.carrier + " " + o.tracking), When: instant(e.When), Signed: e.Recipient, Identity: e.Identity, Note: e.Outcome})
	case FailedEvent:
		switch {
		case o.stage == stageFailed || rank[o.stage] > rank[stageFailed]:
			return Known, nil
		case o.stage != stageDispatched:
			return later()
		}
		o.stage = stageFailed
		o.acts = append(o.acts, act{Kind: ActFail, Reason: e.Reason, When: instant(e.When)})
	case ReturnedEvent:
		switch {
		case rank[o.stage] >= rank[stageDelivered]:
			return Known, nil
		case o.stage != stageDispatched && o.stage != stageFailed:
			return later()
		}
		o.stage = stageReturned
		o.acts = append(o.acts, act{Kind: ActPutBack, Reason: orElse(e.Reason, "Back from the courier."), When: instant(e.When)})
	}
	b.wrote("SupplyRequest", o.id)
	return Done, nil
}

// reasonOf tells who did what an event tells.
func reasonOf(e *Event) string {
	text := ""
	if e.By != "" {
		text = "By " + e.By
		if e.Checked != "" {
			text += ", checked by " + e.Checked
		}
		text += "."
	}
	return strings.TrimSpace(text + " " + strings.TrimSpace(e.Carrier+" "+e.Tracking))
}

// stale refuses what was done on an order that has changed since: it was to wait, or
// goes to another address.
func (o *order) stale(e *Event, wrong func(rule, place, message, expected, found string) *fhir.Issue) *fhir.Issue {
	switch {
	case o.stage == "" || o.stage == stageReturned || o.status != orderActive:
		return wrong("GOODS-6", "data.order", "The order is not wanted any more.", "an order that is released", string(orElseStage(o.stage)))
	case o.paused:
		return wrong("GOODS-6", "data.order", "The order is to wait: the prescription is held, or stock was taken from it.", "an order that is released", "revision "+itoa(e.Revision))
	case e.Revision != o.revision:
		return wrong("GOODS-6", "data.revision", "The order has changed since.", "revision "+itoa(o.revision), "revision "+itoa(e.Revision))
	}
	return nil
}

// unknown refuses an event of a revision that the order has not had, as after the restoration
// of a backup that is older than the revision. Where the warehouse may have it, it is told of
// the order anew, and a person looks into what was done meanwhile.
func (b *book) unknown(o *order, e *Event, wrong func(rule, place, message, expected, found string) *fhir.Issue) *fhir.Issue {
	issue := wrong("GOODS-6", "data.revision", "The order has not had this revision: it may be from after the backup from which the server was restored.", "revision "+itoa(o.revision), "revision "+itoa(e.Revision))
	if e.Revision <= revisionAt(b.now) {
		b.stop(o, issue.Text())
		if o.out() {
			b.raise(o)
		}
	}
	return issue
}

func orElseStage(s stage) stage {
	if s == "" {
		return "not released"
	}
	return s
}

// packed records what was packed: all of what is to be supplied and nothing else, of
// lots that may be sent. Lots that were not allocated take the place of those that were.
func (b *book) packed(o *order, e *Event, why cause, wrong func(rule, place, message, expected, found string) *fhir.Issue) (Taken, *fhir.Issue) {
	if rank[o.stage] >= rank[stagePacked] {
		return Known, nil
	}
	if stale := o.stale(e, wrong); stale != nil {
		return "", stale
	}
	want, total := o.quantity.Sub(o.supplied), decimal.Zero
	for _, p := range e.Lots {
		total = total.Add(p.Quantity)
	}
	if !total.Equal(want) {
		return "", wrong("GOODS-7", "data.lots", "Another quantity was packed than is to be supplied.", want.String()+" "+o.unit, total.String())
	}
	if how := handlingOf(o.product.Schedule, b.day); len(how) > 0 && (strings.TrimSpace(e.Checked) == "" || strings.EqualFold(strings.TrimSpace(e.Checked), strings.TrimSpace(e.By))) {
		return "", wrong("GOODS-8", "data.checkedBy", "A controlled drug is checked by a second person before it is sent.", "another person than who packed it", e.Checked)
	}
	// On a copy: what is refused halfway must leave the order as it was.
	trial := b.copy(o)
	x := trial.orders[o.id]
	for _, from := range []stock.State{stock.Allocated, stock.Picked} {
		trial.steps(x, from, stock.Release, stock.Available, x.in(from), "", why)
	}
	i, err := trial.item(o.item)
	if err != nil || i == nil {
		return "", wrong("GOODS-9", "data.lots", "The product cannot be read.", "a product of the ledger", o.item)
	}
	lots, err := trial.lotsOf(i)
	if err != nil {
		return "", wrong("GOODS-9", "data.lots", err.Error(), "", "")
	}
	why.Order = "SupplyRequest/" + o.id
	for n, p := range e.Lots {
		left := p.Quantity
		for _, l := range lots {
			if l.Batch != p.Batch || p.Expiry != "" && l.Expiry.String() != p.Expiry || !left.IsPositive() {
				continue
			}
			q := decimal.Min(left, l.In(stock.Available))
			if !q.IsPositive() {
				continue
			}
			if _, issue := trial.move(l, stock.Move{Kind: stock.Allocate, From: stock.Available, To: stock.Allocated, Quantity: q}, why); issue != nil {
				issue.Expression = "event.data.lots[" + itoa(n) + "]"
				return "", issue
			}
			if _, issue := trial.move(l, stock.Move{Kind: stock.Pack, From: stock.Allocated, To: stock.Packed, Quantity: q}, why); issue != nil {
				return "", issue
			}
			x.put(l.id, stock.Packed, q)
			left = left.Sub(q)
		}
		if left.IsPositive() {
			return "", wrong("GOODS-9", "data.lots["+itoa(n)+"]", "The ledger has less of the batch that is available.", "at most "+p.Quantity.Sub(left).String()+" of "+p.Batch, p.Quantity.String())
		}
	}
	x.stage, x.packs = stagePacked, e.Lots
	x.acts = append(x.acts, act{Kind: ActBag, Packs: e.Lots, When: instant(e.When)})
	*o = *x
	trial.orders[o.id] = o
	trial.wrote("SupplyRequest", o.id)
	*b = *trial
	return Done, nil
}

// dispatchAll gives a courier what is packed; nothing of it, where a part may not be
// sent.
func (b *book) dispatchAll(o *order, e *Event, why cause) *fhir.Issue {
	q := o.in(stock.Packed)
	for _, r := range slices.Clone(o.rows) {
		l := b.lots[r.lot]
		if r.state != stock.Packed || l == nil {
			continue
		}
		if not := l.Usable(b.day); not != "" {
			return &fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "STOCK-3", Expression: "event", Message: "Nothing of this batch may be sent: " + not + ".", Expected: "a batch that is not expired and not recalled", Found: l.Batch}
		}
	}
	if b.steps(o, stock.Packed, stock.Dispatch, stock.InTransit, q, "", why); o.in(stock.InTransit).IsPositive() {
		b.dispatched(o, q, strings.TrimSpace(e.Carrier+" "+e.Tracking))
	}
	return nil
}

// handedRight wants that what is signed for was signed for, and that proof of identity
// was asked for where it is to be.
func (o *order) handedRight(e *Event, day nhs.Date, wrong func(rule, place, message, expected, found string) *fhir.Issue) *fhir.Issue {
	how := handlingOf(o.product.Schedule, day)
	switch {
	case slices.Contains(how, signedFor) && (e.Outcome != "delivered-signed" || strings.TrimSpace(e.Recipient) == ""):
		return wrong("GOODS-8", "data.outcome", "A controlled drug is delivered against a signature.", "delivered-signed, with the recipient", strings.TrimSpace(e.Outcome+" "+e.Recipient))
	case slices.Contains(how, identity) && e.Identity == nil:
		return wrong("GOODS-8", "data.identity", "It is not told whether proof of identity was shown.", "true or false", "")
	}
	return nil
}
