package invoicing

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// recordPayment is $record-payment of an Invoice or a Task: what was paid in another
// way than by a page of the provider.
func (s *Service) recordPayment(typ string) func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "record-payment"
	return func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
		m, err := paymentIn(call, op)
		if err != nil {
			return nil, err
		}
		return s.commit(ctx, call, op, func(state fhir.State) ([]fhir.Change, *fhir.Reply, error) {
			of, err := s.subject(state, call, typ, op)
			if err != nil {
				return nil, nil, err
			}
			m.account, m.pharmacy, m.request = of.account, of.pharmacy, of.ref
			m.provider = strings.ToLower(of.pharmacy) + "." + text(call, "method")
			if err := unrecorded(state, m, op); err != nil {
				return nil, nil, err
			}
			changes := once(m.changes())
			return changes, &fhir.Reply{Resource: changes[1].Resource}, nil
		})
	}
}

// once makes a second recording of the same a conflict, so that nobody is told that it
// is recorded who recorded nothing.
func once(changes []fhir.Change) []fhir.Change {
	for i := range changes {
		changes[i].Method, changes[i].IfAbsent, changes[i].IfNoneMatch = fhir.Update, false, true
	}
	return changes
}

// paymentIn reads what is to be recorded, with all that is wrong with it.
func paymentIn(call *fhir.Call, op string) (*movement, error) {
	m := &movement{kind: moneyPaid, reference: text(call, "reference"), paid: call.Time, recorded: call.Time}
	var issues []fhir.Issue
	add := func(err error) {
		if e, ok := err.(*fhir.Error); ok { //nolint:errorlint // made here
			issues = append(issues, e.Issues...)
		}
	}
	pence, given, err := amountIn(call, op)
	if m.pence = pence; err != nil {
		add(err)
	} else if !given {
		add(refuse(op, "PRIV-4", fhir.Required, place("amount"), "It is not said how much was paid.", "the amount", "nothing", ""))
	}
	if method := text(call, "method"); !slices.Contains(manual, method) {
		add(refuse(op, "PRIV-4", fhir.CodeInvalid, place("method"), "It is not known how it was paid.", strings.Join(manual, ", "), fhir.OrNothing(method), "What a card provider takes is recorded by itself."))
	}
	if m.reference == "" || len(m.reference) > 100 {
		add(refuse(op, "PRIV-4", fhir.Required, place("reference"), "What the payment is known by is missing or too long.", "a reference of 100 characters at most", fhir.OrNothing(m.reference), ""))
	}
	if day := value(call, "paid").Text(); day != "" {
		if m.paid = nhs.Day(day); m.paid.IsZero() || len(day) != len("2026-11-01") || m.paid.After(nhs.Midnight(call.Time)) {
			add(refuse(op, "PRIV-4", fhir.ValueCode, place("paid"), "The day is not one on which it was paid.", "a day until today", day, ""))
		}
	}
	if issues != nil {
		return nil, &fhir.Error{Op: op, Kind: issues[0].Code, Issues: issues}
	}
	return m, nil
}

// refund is PaymentNotice/…/$refund: a payment, or a part of it, is given back. Of a
// card it is the provider that does it, under a key that follows from the payment and
// how often it was refunded: a repeat after a failure refunds nothing twice. Above the
// limit of the terms one person asks for it, and another makes it by the same call.
func (s *Service) refund(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "refund"
	why := text(call, "reason")
	if why == "" {
		return nil, refuse(op, "PRIV-5", fhir.Required, place("reason"), "It is not said why it is refunded.", "the reason in words", "nothing", "")
	}
	asked, given, err := amountIn(call, op)
	if err != nil {
		return nil, err
	}
	state := s.db.State(ctx)
	p, n, left, err := s.refundable(state, call)
	if err != nil {
		return nil, err
	}
	if !given {
		asked = left
	}
	m := &movement{kind: moneyRefunded, provider: p.provider, account: p.account, pharmacy: p.pharmacy, request: p.request, of: "PaymentNotice/" + call.ID, pence: -asked, paid: call.Time, recorded: call.Time, note: why}
	if err := within(asked, left); err != nil {
		return nil, err
	}
	total := p.pence - left + asked
	_, ask, err := s.agreedRefund(state, m, n+1, total, call.Requester)
	if err != nil {
		return nil, err
	}
	if ask != nil {
		return s.commit(ctx, call, op, func(state fhir.State) ([]fhir.Change, *fhir.Reply, error) {
			_, ask, err := s.agreedRefund(state, m, n+1, total, call.Requester)
			if err != nil || ask == nil { // another was quicker, who asked for the same
				return nil, nil, cmp.Or(err, refuse(op, "PRIV-5", fhir.Conflict, "PaymentNotice", "Another person asked for the same refund at the same time.", "one request at a time", "PaymentNotice/"+call.ID, "Send it again: that confirms it."))
			}
			return []fhir.Change{*ask}, &fhir.Reply{Resource: ask.Resource}, nil
		})
	}
	m.reference = p.reference + "#" + itoa(n+1)
	switch card := !byHand(p.provider); {
	case card && p.provider != providerName(s.provider):
		return nil, refuse(op, "", fhir.NotSupported, "PaymentNotice", "The payment was taken by a card provider that this server does not use, so nothing would be returned.", "a payment by "+fhir.OrNothing(providerName(s.provider))+", or one that was recorded by a person", p.provider, "Set the provider of the payment: docs/private.md says how. A refund that is made on its own pages is recorded by its event.")
	case card:
		if m.reference, err = s.provider.Refund(ctx, RefundRequest{Key: refundKey(call.ID, n+1), Payment: p.reference, Pence: asked}); err != nil {
			return nil, err
		}
	}
	return s.commit(ctx, call, op, func(state fhir.State) ([]fhir.Change, *fhir.Reply, error) {
		if had, err := state.Current("PaymentNotice", noticeID(m.key())); err != nil || had != nil { // the provider told of it before, or another was quicker
			return s.alreadyRefunded(call, m, had, err)
		}
		_, _, left, err := s.refundable(state, call)
		if err != nil {
			return nil, nil, err
		}
		done, ask, err := s.agreedRefund(state, m, n+1, total, call.Requester)
		if err != nil || ask != nil {
			return nil, nil, cmp.Or(err, refuse(op, "PRIV-5", fhir.Conflict, "PaymentNotice", "Another person asked for another refund at the same time.", "one request at a time", "PaymentNotice/"+call.ID, "Read its Task, and send it again."))
		}
		if p.provider != providerName(s.provider) { // what the provider has given back is recorded
			if err := within(asked, left); err != nil {
				return nil, nil, err
			}
		}
		changes := once(m.changes())
		reply := &fhir.Reply{Resource: changes[1].Resource}
		if done != nil {
			changes = append(changes, *done)
		}
		return changes, reply, nil
	})
}

// byHand reports whether a person recorded a payment, by its provider: fa565.cash.
func byHand(provider string) bool {
	_, method, _ := strings.Cut(provider, ".")
	return slices.Contains(manual, method)
}

func providerName(p Provider) string {
	if p == nil {
		return ""
	}
	return p.Name()
}

// alreadyRefunded answers with a refund that is recorded: of a provider it is this
// one, since its reference is.
func (s *Service) alreadyRefunded(call *fhir.Call, m *movement, had *fhir.Version, err error) ([]fhir.Change, *fhir.Reply, error) {
	if err != nil {
		return nil, nil, err
	}
	if m.provider != providerName(s.provider) {
		return nil, nil, refuse("refund", "PRIV-5", fhir.Conflict, "PaymentNotice", "The payment was refunded by another call at the same time.", "one refund at a time", had.Ref(), "Read what is left of it and send it again.")
	}
	r, err := had.Resource()
	return nil, &fhir.Reply{Resource: r}, err
}

func within(asked, left int64) error {
	if asked <= left && asked > 0 {
		return nil
	}
	return refuse("refund", "PRIV-5", fhir.BusinessRule, place("amount"), "More is to be refunded than is left of the payment.", "£"+pounds(left)+" at most", "£"+pounds(asked), "")
}

// refundable is the payment that a call is on, how often it was refunded, and what
// is left of it.
func (s *Service) refundable(state fhir.State, call *fhir.Call) (p *movement, n int, left int64, err error) {
	v, err := standing(state, "PaymentNotice", "PaymentNotice/"+call.ID)
	if err != nil {
		return nil, 0, 0, err
	}
	if v != nil {
		if p, err = readMovement(state, v); err != nil {
			return nil, 0, 0, err
		}
	}
	if p == nil || !call.Requester.ActsFor(p.pharmacy) {
		return nil, 0, 0, refuse("refund", "", fhir.NotFound, "PaymentNotice", "There is no such payment of private money.", "a PaymentNotice that the server has made of a payment", "PaymentNotice/"+call.ID, "")
	}
	if p.kind != moneyPaid {
		return nil, 0, 0, refuse("refund", "PRIV-5", fhir.BusinessRule, "PaymentNotice", "Only a payment is refunded.", moneyPaid, p.kind, "")
	}
	n, gone, err := refundsOf(state, call.ID)
	return p, n, p.pence - gone, err
}
