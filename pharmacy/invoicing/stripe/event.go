package stripe

import (
	"context"
	"encoding/json"
	"time"

	api "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing"
)

// Events are what a webhook of Stripe tells, none where it is of no money of ours. A
// body without a good signature is refused with [fhir.Login].
func (p *Provider) Events(ctx context.Context, body []byte, signature string) ([]invoicing.Event, error) {
	e, err := p.verified(body, signature)
	if err != nil {
		return nil, err
	}
	event, err := p.event(ctx, e)
	if err != nil || event == nil {
		return nil, err
	}
	event.Provider = name
	if event.When.IsZero() {
		event.When = time.Unix(e.Created, 0)
	}
	return []invoicing.Event{*event}, nil
}

// verified is the event in a body that one of the secrets signed, not too long ago.
func (p *Provider) verified(body []byte, signature string) (api.Event, error) {
	var err error
	for _, secret := range p.secrets {
		if err = webhook.ValidatePayloadWithTolerance(body, signature, secret, p.tolerance); err == nil {
			break
		}
	}
	var e api.Event
	if err != nil {
		return e, &fhir.Error{Op: "stripe", Kind: fhir.Login, Err: err, Issues: []fhir.Issue{{Severity: fhir.Err, Code: fhir.Login, Message: "The signature of the event is not one of this server's secrets, or is too old.", Expected: "the header Stripe-Signature of Stripe"}}}
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, &fhir.Error{Op: "stripe", Kind: fhir.Structure, Err: err, Issues: []fhir.Issue{{Severity: fhir.Err, Code: fhir.Structure, Message: "The body is not an event of Stripe.", Expected: "JSON with id, type and data"}}}
	}
	return e, nil
}

// event reads an event; nil for one that moves no money.
func (p *Provider) event(ctx context.Context, e api.Event) (*invoicing.Event, error) {
	switch e.Type {
	case api.EventTypePaymentIntentSucceeded, api.EventTypePaymentIntentPaymentFailed:
		i, err := object[api.PaymentIntent](e)
		if err != nil || i.Currency != api.CurrencyGBP {
			return nil, err
		}
		if e.Type == api.EventTypePaymentIntentPaymentFailed {
			return &invoicing.Event{Kind: invoicing.Declined, Key: i.Metadata[keyOf], Reference: i.ID}, nil
		}
		return &invoicing.Event{Kind: invoicing.Paid, Key: i.Metadata[keyOf], Reference: i.ID, Pence: i.AmountReceived}, nil
	case api.EventTypeCheckoutSessionExpired:
		s, err := object[api.CheckoutSession](e)
		if err != nil {
			return nil, err
		}
		return &invoicing.Event{Kind: invoicing.Expired, Key: s.ClientReferenceID}, nil
	case api.EventTypeRefundCreated, api.EventTypeRefundUpdated, api.EventTypeRefundFailed:
		return refunded(e)
	case api.EventTypeChargeDisputeFundsWithdrawn, api.EventTypeChargeDisputeFundsReinstated:
		d, err := object[api.Dispute](e)
		if err != nil || d.PaymentIntent == nil || d.Currency != api.CurrencyGBP {
			return nil, err
		}
		kind := invoicing.Disputed
		if e.Type == api.EventTypeChargeDisputeFundsReinstated {
			kind = invoicing.DisputeReversed
		}
		return &invoicing.Event{Kind: kind, Reference: d.ID, Payment: d.PaymentIntent.ID, Pence: d.Amount}, nil
	case api.EventTypePayoutReconciliationCompleted:
		o, err := object[api.Payout](e)
		if err != nil || o.Currency != api.CurrencyGBP {
			return nil, err
		}
		return p.paidOut(ctx, o)
	}
	return nil, nil
}

// refunded reads an event of a refund: it counts when Stripe has made it, and is taken
// back when it failed.
func refunded(e api.Event) (*invoicing.Event, error) {
	r, err := object[api.Refund](e)
	if err != nil || r.PaymentIntent == nil || r.Currency != api.CurrencyGBP {
		return nil, err
	}
	event := &invoicing.Event{Kind: invoicing.Refunded, Reference: r.ID, Payment: r.PaymentIntent.ID, Pence: r.Amount}
	switch r.Status {
	case api.RefundStatusSucceeded:
		return event, nil
	case api.RefundStatusFailed, api.RefundStatusCanceled:
		event.Kind = invoicing.RefundFailed
		return event, nil
	}
	return nil, nil // it is on its way
}

func object[T any](e api.Event) (*T, error) {
	var value T
	if e.Data == nil || json.Unmarshal(e.Data.Raw, &value) != nil {
		return nil, fhir.E("stripe", fhir.Structure, fhir.Issue{Message: "The event " + e.ID + " does not hold what its type says.", Found: string(e.Type)})
	}
	return &value, nil
}

// paidOut asks Stripe for the parts of a payout.
func (p *Provider) paidOut(ctx context.Context, o *api.Payout) (*invoicing.Event, error) {
	out := &invoicing.Payout{ID: o.ID, Pence: o.Amount}
	params := &api.BalanceTransactionListParams{Payout: api.String(o.ID)}
	params.AddExpand("data.source")
	for t, err := range p.client.V1BalanceTransactions.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, failed("payout", err)
		}
		if t.Type == api.BalanceTransactionTypePayout {
			continue
		}
		out.Items = append(out.Items, item(t))
	}
	return &invoicing.Event{Kind: invoicing.PaidOut, Reference: o.ID, When: time.Unix(o.ArrivalDate, 0), Payout: out}, nil
}

// item reads a part of a payout. Its reference is that by which the payment, refund
// or dispute was recorded.
func item(t *api.BalanceTransaction) invoicing.PayoutItem {
	i := invoicing.PayoutItem{Kind: "adjustment", Reference: t.ID, Gross: t.Amount, Fee: t.Fee}
	switch s := t.Source; {
	case t.Type == api.BalanceTransactionTypeStripeFee:
		i.Kind, i.Gross, i.Fee = "fee", 0, t.Fee-t.Amount
	case s == nil:
	case s.Charge != nil && s.Charge.PaymentIntent != nil:
		i.Kind, i.Reference = "payment", s.Charge.PaymentIntent.ID
	case s.Refund != nil:
		i.Kind, i.Reference = "refund", s.Refund.ID
		if t.Amount > 0 { // a refund that failed
			i.Kind, i.Reference = "adjustment", t.ID
		}
	case s.Dispute != nil:
		i.Kind, i.Reference = "dispute", s.Dispute.ID
		if t.Amount > 0 {
			i.Kind = "dispute-reversed"
		}
	}
	return i
}
