package invoicing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Event is what a provider tells. Events come several times and in any order: each
// is recorded once, by what it is about.
type Event struct {
	Kind      EventKind
	Provider  string
	Key       string // of the request that a payment answers, "" where it names none
	Reference string // of the payment, the refund or the dispute
	Payment   string // of a refund or a dispute: the reference of its payment
	Pence     int64  // above 0
	When      time.Time
	Payout    *Payout
}

// EventKind is what an event tells.
type EventKind string

// The kinds of events.
const (
	Paid            EventKind = "paid"
	Declined        EventKind = "declined"
	Expired         EventKind = "expired"
	Refunded        EventKind = "refunded"
	RefundFailed    EventKind = "refund-failed" // the money of a refund came back to the provider's balance
	Disputed        EventKind = "disputed"
	DisputeReversed EventKind = "dispute-reversed"
	PaidOut         EventKind = "paid-out"
)

// Payout is what a provider pays into the pharmacy's bank account, with what makes
// it up.
type Payout struct {
	ID    string
	Pence int64 // below 0 where the provider takes it from the account
	Items []PayoutItem
}

// PayoutItem is a part of a payout. The sum of Net is the payout.
type PayoutItem struct {
	Kind      string // payment, refund, dispute, dispute-reversed, fee or adjustment
	Reference string // of the payment, refund or dispute
	Gross     int64  // what was paid, below 0 for what was given back
	Fee       int64  // what the provider keeps
}

// Receive records what a provider tells.
func (s *Service) Receive(ctx context.Context, e Event, now time.Time) error {
	_, err := s.commit(ctx, &fhir.Call{Requester: fhir.Principal{Agent: "Device/" + e.Provider, Display: e.Provider}, Time: now}, "payment event", func(state fhir.State) ([]fhir.Change, *fhir.Reply, error) {
		changes, err := s.received(state, e, now)
		return changes, &fhir.Reply{}, err
	})
	return err
}

// received are the changes that record an event; none where they are there.
func (s *Service) received(state fhir.State, e Event, now time.Time) ([]fhir.Change, error) {
	switch e.Kind {
	case PaidOut:
		return s.paidOut(state, e, now)
	case Declined, Expired:
		a, err := s.askedFor(state, e)
		if err != nil || a == nil || a.state == askedPaid || a.state == string(e.Kind) {
			return nil, err
		}
		a.state = string(e.Kind)
		return []fhir.Change{a.change()}, nil
	case Paid:
		return s.paid(state, e, now)
	}
	return s.takenBack(state, e, now)
}

func (s *Service) askedFor(state fhir.State, e Event) (*asked, error) {
	if e.Key == "" {
		return nil, nil
	}
	a, err := askedOf(state, e.Key)
	if err != nil || a == nil || a.provider != e.Provider {
		return nil, err
	}
	return a, nil
}

// paid records a payment: on the account of its request, or as one that nobody asked
// for.
func (s *Service) paid(state fhir.State, e Event, now time.Time) ([]fhir.Change, error) {
	m := &movement{kind: moneyPaid, provider: e.Provider, reference: e.Reference, pence: e.Pence, paid: e.When, recorded: now, account: moneyUnmatched + "/" + e.Provider, pharmacy: s.site}
	a, err := s.askedFor(state, e)
	if err != nil {
		return nil, err
	}
	var changes []fhir.Change
	if a != nil {
		m.account, m.pharmacy, m.request = a.account, a.pharmacy, a.ref
		if a.state != askedPaid {
			a.state = askedPaid
			changes = append(changes, a.change())
		}
	} else {
		m.note = "The payment names no request of this server."
	}
	return append(changes, m.changes()...), nil
}

// takenBack records a refund or a dispute of a payment, or that it came to nothing.
func (s *Service) takenBack(state fhir.State, e Event, now time.Time) ([]fhir.Change, error) {
	m := &movement{kind: moneyRefunded, provider: e.Provider, reference: e.Reference, pence: -e.Pence, paid: e.When, recorded: now}
	if e.Kind == Disputed || e.Kind == DisputeReversed {
		m.kind = moneyDisputed
	}
	of := noticeID(e.Provider + "/" + e.Payment)
	v, err := standing(state, "PaymentNotice", "PaymentNotice/"+of)
	if err != nil {
		return nil, err
	}
	if v == nil { // it comes before its payment: the provider tells of it again
		return nil, fhir.E("payment event", fhir.Throttled, fhir.Issue{Message: "The payment is not recorded yet.", Expected: "the event of the payment before that of what takes it back", Found: e.Payment})
	}
	p, err := readMovement(state, v)
	if err != nil || p == nil {
		return nil, err
	}
	m.account, m.pharmacy, m.request, m.of = p.account, p.pharmacy, p.request, v.Ref()
	changes := m.changes()
	// What was given again was taken back before, whichever is told first.
	if again := *m; e.Kind == DisputeReversed || e.Kind == RefundFailed {
		again.kind, again.pence, again.reference = moneyReturned, e.Pence, e.Reference+map[EventKind]string{DisputeReversed: "#reversed", RefundFailed: "#failed"}[e.Kind]
		changes = append(changes, again.changes()...)
	}
	return changes, nil
}

// paidOut records a payout: a PaymentReconciliation whose details are the payments,
// refunds and fees that make it up. Where they do not, it says by how much.
func (s *Service) paidOut(state fhir.State, e Event, now time.Time) ([]fhir.Change, error) {
	p := e.Payout
	key := e.Provider + "/payout/" + p.ID
	var details []any
	var unknown []string
	sum := int64(0)
	detail := func(kind, reference string, of fhir.Value, pence int64) {
		details = append(details, fhir.Obj("identifier", nhs.IdentifierValue(idPayment, reference), "type", nhs.Concept(fhir.Coding{System: csMoney, Code: kind, Display: moneyNames[kind]}), "request", of, "amount", money(pence)))
		sum += pence
	}
	for _, i := range p.Items {
		item, of := e.Provider+"/"+i.Reference, fhir.Value{}
		if i.Kind == moneyReturned {
			item += "#reversed"
		}
		if i.Kind != moneyFee && i.Kind != moneyOther {
			v, err := standing(state, "PaymentNotice", "PaymentNotice/"+noticeID(item))
			if err != nil {
				return nil, err
			}
			if v == nil {
				unknown = append(unknown, i.Kind+" "+i.Reference)
			} else {
				of = fhir.Obj("reference", v.Ref())
			}
		}
		if i.Gross != 0 {
			detail(i.Kind, item, of, i.Gross)
		}
		if i.Fee != 0 {
			detail(moneyFee, item, fhir.Value{}, -i.Fee)
		}
	}
	outcome, said := "complete", "Every payment of it is recorded, and they come to what was paid."
	if sum != p.Pence || len(unknown) > 0 {
		outcome, said = "partial", fmt.Sprintf("The parts come to %s, and %s was paid.", prices.Sterling(sum), prices.Sterling(p.Pence))
		if len(unknown) > 0 {
			said += " Not recorded here: " + strings.Join(unknown[:min(20, len(unknown))], ", ") + "."
		}
	}
	id := reconciliationID(key)
	r := fhir.Obj("resourceType", "PaymentReconciliation", "id", id, "identifier", fhir.List(nhs.IdentifierValue(idPayment, key)), "status", "active", "created", now.UTC().Format(fhir.InstantLayout),
		"requestor", organisation(s.site), "outcome", outcome, "disposition", said, "paymentDate", nhs.DateOf(e.When).String(), "paymentAmount", money(p.Pence), "paymentIdentifier", nhs.IdentifierValue(idPayment, key),
		"detail", fhir.List(details...)).Resource()
	return []fhir.Change{{Method: fhir.Create, Type: "PaymentReconciliation", ID: id, Resource: r, IfAbsent: true}}, nil
}
