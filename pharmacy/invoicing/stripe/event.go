package stripe

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing"
)

// event is what a webhook is told: https://docs.stripe.com/api/events/object
type event struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Created int64  `json:"created"`
	Data    struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

// Events are what a webhook of Stripe tells, none where it is of no money of ours. A
// body without a good signature is refused with [fhir.Login].
func (p *Provider) Events(ctx context.Context, body []byte, signature string) ([]invoicing.Event, error) {
	e, err := p.verified(body, signature)
	if err != nil {
		return nil, err
	}
	told, err := p.told(ctx, e)
	if err != nil || told == nil {
		return nil, err
	}
	told.Provider = name
	if told.When.IsZero() {
		told.When = time.Unix(e.Created, 0)
	}
	return []invoicing.Event{*told}, nil
}

// verified is the event in a body that one of the secrets signed, not too long ago.
func (p *Provider) verified(body []byte, signature string) (event, error) {
	var err error
	for _, secret := range p.secrets {
		if err = webhook.ValidatePayloadWithTolerance(body, signature, secret, p.tolerance); err == nil {
			break
		}
	}
	var e event
	if err != nil {
		return e, &fhir.Error{Op: "stripe", Kind: fhir.Login, Err: err, Issues: []fhir.Issue{{Severity: fhir.Err, Code: fhir.Login, Message: "The signature of the event is not one of this server's secrets, or is too old.", Expected: "the header Stripe-Signature of Stripe"}}}
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, &fhir.Error{Op: "stripe", Kind: fhir.Structure, Err: err, Issues: []fhir.Issue{{Severity: fhir.Err, Code: fhir.Structure, Message: "The body is not an event of Stripe.", Expected: "JSON with id, type and data"}}}
	}
	return e, nil
}

// told reads an event; nil for one that moves no money.
func (p *Provider) told(ctx context.Context, e event) (*invoicing.Event, error) {
	switch e.Type {
	case "payment_intent.succeeded", "payment_intent.payment_failed":
		i, err := object[paymentIntent](e)
		if err != nil || i.Currency != sterling {
			return nil, err
		}
		if e.Type == "payment_intent.payment_failed" {
			return &invoicing.Event{Kind: invoicing.Declined, Key: i.Metadata[keyOf], Reference: i.ID}, nil
		}
		return &invoicing.Event{Kind: invoicing.Paid, Key: i.Metadata[keyOf], Reference: i.ID, Pence: i.AmountReceived}, nil
	case "checkout.session.expired":
		s, err := object[checkoutSession](e)
		if err != nil {
			return nil, err
		}
		return &invoicing.Event{Kind: invoicing.Expired, Key: s.ClientReferenceID}, nil
	case "refund.created", "refund.updated", "refund.failed":
		return refunded(e)
	case "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated":
		d, err := object[dispute](e)
		if err != nil || d.PaymentIntent == "" || d.Currency != sterling {
			return nil, err
		}
		kind := invoicing.Disputed
		if e.Type == "charge.dispute.funds_reinstated" {
			kind = invoicing.DisputeReversed
		}
		return &invoicing.Event{Kind: kind, Reference: d.ID, Payment: string(d.PaymentIntent), Pence: d.Amount}, nil
	case "payout.reconciliation_completed":
		o, err := object[payout](e)
		if err != nil || o.Currency != sterling {
			return nil, err
		}
		return p.paidOut(ctx, o)
	}
	return nil, nil
}

// refunded reads an event of a refund: it counts when Stripe has made it, and is taken
// back when it failed.
func refunded(e event) (*invoicing.Event, error) {
	r, err := object[refund](e)
	if err != nil || r.PaymentIntent == "" || r.Currency != sterling {
		return nil, err
	}
	told := &invoicing.Event{Kind: invoicing.Refunded, Reference: r.ID, Payment: string(r.PaymentIntent), Pence: r.Amount}
	switch {
	case r.Status == "succeeded":
		return told, nil
	case r.failed():
		told.Kind = invoicing.RefundFailed
		return told, nil
	}
	return nil, nil // it is on its way
}

func object[T any](e event) (*T, error) {
	var value T
	if json.Unmarshal(e.Data.Object, &value) != nil {
		return nil, fhir.E("stripe", fhir.Structure, fhir.Issue{Message: "The event " + e.ID + " does not hold what its type says.", Found: e.Type})
	}
	return &value, nil
}

// paidOut asks Stripe for the parts of a payout.
func (p *Provider) paidOut(ctx context.Context, o *payout) (*invoicing.Event, error) {
	out := &invoicing.Payout{ID: o.ID, Pence: o.Amount}
	query := url.Values{"payout": {o.ID}, "limit": {"100"}, "expand[0]": {"data.source"}}
	for more := true; more; {
		var page balanceTransactions
		if err := p.get(ctx, "/v1/balance_transactions", query, &page); err != nil {
			return nil, failed("payout", err)
		}
		for i := range page.Data {
			query.Set("starting_after", page.Data[i].ID)
			if page.Data[i].Type != "payout" {
				out.Items = append(out.Items, item(&page.Data[i]))
			}
		}
		more = page.HasMore && len(page.Data) > 0
	}
	return &invoicing.Event{Kind: invoicing.PaidOut, Reference: o.ID, When: time.Unix(o.ArrivalDate, 0), Payout: out}, nil
}

// item reads a part of a payout. Its reference is that by which the payment, refund
// or dispute was recorded.
func item(t *balanceTransaction) invoicing.PayoutItem {
	i := invoicing.PayoutItem{Kind: "adjustment", Reference: t.ID, Gross: t.Amount, Fee: t.Fee}
	switch s := t.Source; {
	case t.Type == "stripe_fee":
		i.Kind, i.Gross, i.Fee = "fee", 0, t.Fee-t.Amount
	case s == nil:
	case s.Object == "charge" && s.PaymentIntent != "":
		i.Kind, i.Reference = "payment", string(s.PaymentIntent)
	case s.Object == "refund":
		i.Kind, i.Reference = "refund", s.ID
		if t.Amount > 0 { // a refund that failed
			i.Kind, i.Reference = "adjustment", t.ID
		}
	case s.Object == "dispute":
		i.Kind, i.Reference = "dispute", s.ID
		if t.Amount > 0 {
			i.Kind = "dispute-reversed"
		}
	}
	return i
}
