// Package stripe takes card payments by Stripe: it opens Checkout pages, refunds, and
// reads the events that Stripe sends. Card data are entered on Stripe's own pages and
// never reach this server. The package knows Stripe; what a payment means is in
// package invoicing.
package stripe

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing"
)

// Config is what the adapter is made with.
type Config struct {
	Key     string   // the secret key of the account, or a restricted one
	Secrets []string // of the webhook: the newest, and those that it replaces until Stripe no longer signs with them
	Return  string   // where Checkout leads when it is done: https://pharmacy.example
	URL     string   // of Stripe's API; "" for the real one
	// Tolerance is how old a signature may be; five minutes when 0.
	Tolerance time.Duration
}

// Provider is Stripe as a provider of payments.
type Provider struct {
	url, key  string
	secrets   []string
	back      string
	tolerance time.Duration
}

// name is the name of the provider in the identifiers of its payments.
const name = "stripe"

// New makes the adapter. It refuses a configuration that would take money and not
// hear of it.
func New(c Config) (*Provider, error) {
	switch {
	case c.Key == "" && len(c.Secrets) == 0:
		return nil, errors.New("neither the key of Stripe nor the secret of its webhook is set")
	case c.Key == "":
		return nil, errors.New("the secret of Stripe's webhook is set, and the key of the account is not")
	case len(c.Secrets) == 0:
		return nil, errors.New("the key of Stripe is set, and the secret of its webhook is not: payments would be taken and never recorded")
	case !strings.HasPrefix(c.Key, "sk_") && !strings.HasPrefix(c.Key, "rk_"):
		return nil, errors.New("the key of Stripe is not a secret or restricted key: expected sk_… or rk_…")
	case !strings.HasPrefix(c.Return, "https://") && c.URL == "":
		return nil, errors.New("Stripe returns payers to an address of https alone") //nolint:staticcheck // a name
	}
	for _, s := range c.Secrets {
		if !strings.HasPrefix(s, "whsec_") || len(s) < len("whsec_")+8 {
			return nil, errors.New("the secret of Stripe's webhook is not one: expected whsec_…")
		}
	}
	return &Provider{url: strings.TrimSuffix(cmp.Or(c.URL, address), "/"), key: c.Key, secrets: c.Secrets, back: strings.TrimSuffix(c.Return, "/"),
		tolerance: cmp.Or(c.Tolerance, webhook.DefaultTolerance)}, nil
}

// Name is "stripe".
func (p *Provider) Name() string { return name }

// keyOf is the metadata by which a payment names the request that it answers.
const keyOf = "pestle_request"

// Request opens a Checkout page. What Stripe is told is an amount, the pharmacy's
// code and the key of the request: no name and no medicine.
func (p *Provider) Request(ctx context.Context, r invoicing.PaymentRequest) (invoicing.Session, error) {
	form := url.Values{
		"mode":                                          {"payment"},
		"client_reference_id":                           {r.Key},
		"success_url":                                   {p.back + "/paid"},
		"cancel_url":                                    {p.back + "/paid?cancelled"},
		"payment_method_types[0]":                       {"card"},
		"metadata[" + keyOf + "]":                       {r.Key},
		"line_items[0][quantity]":                       {"1"},
		"line_items[0][price_data][currency]":           {sterling},
		"line_items[0][price_data][unit_amount]":        {strconv.FormatInt(r.Pence, 10)},
		"line_items[0][price_data][product_data][name]": {r.Description},
		"payment_intent_data[metadata][" + keyOf + "]":  {r.Key},
	}
	var s checkoutSession
	if err := p.post(ctx, "/v1/checkout/sessions", form, r.Key, &s); err != nil {
		return invoicing.Session{}, failed("request-payment", err)
	}
	return invoicing.Session{ID: s.ID, URL: s.URL}, nil
}

// Refund returns a part of a payment to the payer.
func (p *Provider) Refund(ctx context.Context, r invoicing.RefundRequest) (string, error) {
	var made refund
	if err := p.post(ctx, "/v1/refunds", url.Values{"payment_intent": {r.Payment}, "amount": {strconv.FormatInt(r.Pence, 10)}}, r.Key, &made); err != nil {
		return "", failed("refund", err)
	}
	if made.failed() {
		return "", fhir.E("refund", fhir.BusinessRule, fhir.Issue{Message: "Stripe did not refund the payment: " + made.FailureReason + ".", Found: made.Status})
	}
	return made.ID, nil
}

// failed is what the caller is told of a failure: what is wrong with the request, or
// that Stripe cannot be reached. Nothing of the account is told.
func failed(op string, err error) error {
	var e *refusal
	if !errors.As(err, &e) || e.transient() {
		return &fhir.Error{Op: op, Kind: fhir.Timeout, Err: err, Issues: []fhir.Issue{{Severity: fhir.Err, Code: fhir.Timeout, Message: "Stripe could not be reached, or could not answer.", Fix: "Send it again: nothing is done twice."}}}
	}
	kind := fhir.BusinessRule
	switch {
	case e.status == http.StatusUnauthorized || e.status == http.StatusForbidden:
		return &fhir.Error{Op: op, Kind: fhir.Exception, Err: err, Issues: []fhir.Issue{{Severity: fhir.Err, Code: fhir.Exception, Message: "Stripe does not accept the key of this server."}}}
	case e.Type == "idempotency_error" || e.status == http.StatusConflict:
		kind = fhir.Conflict
	}
	return &fhir.Error{Op: op, Kind: kind, Err: err, Issues: []fhir.Issue{{Severity: fhir.Err, Code: kind, Message: "Stripe refused it: " + e.Message, Found: e.Code}}}
}
